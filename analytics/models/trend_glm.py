"""The regression that trends are made of: counts on a log scale, fitted by statsmodels."""

import warnings
from typing import Any

from statsmodels.genmod.families import NegativeBinomial, Poisson
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

from analytics.models.base import Floats


def log_linear(
    counts: Floats, design: Floats, offset: Floats, *, alpha: float = 0.0, start: Floats | None = None
) -> Any:
    """Results of statsmodels' GLM for log mean = design @ b + offset; counts and offset (T,), design (T, K).

    The variance is mean + alpha x mean^2: Poisson for an alpha of 0, else negative binomial with alpha given.
    The caller has checked that b is finite.
    """
    family = NegativeBinomial(alpha=alpha) if alpha > 0 else Poisson()
    model = GLM(counts, design, family=family, offset=offset)
    with warnings.catch_warnings():
        # The same count in every week is a perfect fit, which statsmodels takes for a slope that is not finite.
        warnings.simplefilter("ignore", PerfectSeparationWarning)
        return model.fit(start_params=start)


def pearson(fit: Any) -> float:
    """Pearson's chi2 over the residual degrees of freedom."""
    return float(fit.pearson_chi2 / fit.df_resid)
