"""R's answers for the methods other than Farrington flexible, beside ours."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analytics.models.bayes import PRESETS as BAYES_PRESETS
from analytics.models.bayes import Bayes
from analytics.models.cusum import Cusum, CusumOptions
from analytics.models.ears import EarsC1, EarsC2, EarsC3
from analytics.models.farrington_1996 import Farrington1996, Farrington1996Options
from analytics.models.glr import GlrNb, GlrNbOptions, GlrOptions, GlrPoisson
from analytics.models.rki import PRESETS as RKI_PRESETS
from analytics.models.rki import Rki
from analytics.panel import Panel
from analytics.weeks import as_date
from tests.reference.farrington_panels import panel_of

REFERENCE = Path(__file__).parent
FIRST = 280


def poisson(**options: Any) -> GlrPoisson:
    """A Poisson chart that answers as R does."""
    return GlrPoisson(GlrOptions(reference=True, **options))


def negative_binomial(**options: Any) -> GlrNb:
    """A negative binomial chart that answers as R does."""
    return GlrNb(GlrNbOptions(**{"reference": True, "dispersion": 0.25, **options}))


THETA = float(np.log(1.5))
MODELS: dict[str, Callable[[], Any]] = {
    "ears-c1": EarsC1,
    "ears-c2": EarsC2,
    "ears-c3": EarsC3,
    **{name: lambda name=name: Bayes(BAYES_PRESETS[name]) for name in BAYES_PRESETS},
    **{name: lambda name=name: Rki(RKI_PRESETS[name]) for name in RKI_PRESETS},
    "farrington": lambda: Farrington1996(Farrington1996Options(low_count_cases=0)),
    "farrington-no-reweight": lambda: Farrington1996(Farrington1996Options(low_count_cases=0, reweight=False)),
    **{
        f"cusum-{name}": lambda name=name: Cusum(CusumOptions(transformation=name))
        for name in ("rossi", "standard", "anscombe", "anscombe2nd", "none")
    },
    "cusum-pearsonNegBin": lambda: Cusum(CusumOptions(transformation="pearson-nb", dispersion=0.2)),
    "cusum-season": lambda: Cusum(CusumOptions(transformation="rossi", mean="season")),
    "glr": poisson,
    "glr-window": lambda: poisson(window=26, burn_in=2),
    "glr-down": lambda: poisson(direction="down"),
    "glr-epidemic": lambda: poisson(change="epidemic"),
    "glr-trend": lambda: poisson(burn_in=4, harmonics=2, trend=True),
    "glr-theta": lambda: poisson(theta=THETA),
    "glr-nb-theta": lambda: negative_binomial(theta=THETA),
    "glr-nb": negative_binomial,
    "glr-nb-window": lambda: negative_binomial(window=26, burn_in=3),
    "glr-nb-down": lambda: negative_binomial(direction="down"),
    "glr-nb-estimated": lambda: negative_binomial(dispersion=None),
}
"""Name in the reference file -> our model with the same settings."""


@cache
def reference_panel() -> Panel:
    """The series that R judged, as one panel."""
    table = pd.read_parquet(REFERENCE / "methods_inputs.parquet")
    counts = table.pivot_table(index="week", columns="series", values="count", dropna=False)
    return panel_of(counts.to_numpy(), first="2014-12-29", names=list(counts.columns))


@cache
def reference_outputs() -> pd.DataFrame:
    """What R made of them: variant, series, week, upper, alarm, statistic, expected."""
    return pd.read_parquet(REFERENCE / "methods_outputs.parquet")


def beside(variant: str, model: Any = None) -> pd.DataFrame:
    """R's rows of a variant with our columns: upper, alarm, statistic, expected are ours, with _r R's."""
    panel = reference_panel()
    result = (model or MODELS[variant]()).fit(panel, first=as_date(panel.weeks[FIRST]))
    ours = result.frame().rename(columns={"region_id": "series"})
    ours["week"] = (ours["week"] - pd.Timestamp(panel.weeks[0])) // pd.Timedelta("7D")
    theirs = reference_outputs()
    theirs = theirs[theirs["variant"] == variant]
    ours = ours.assign(statistic=ours.get("statistic", np.nan))
    return theirs.merge(ours, on=["series", "week"], suffixes=("_r", ""))


def apart(ours: pd.Series, theirs: pd.Series, floor: float = 1e-300) -> float:
    """Largest relative difference of two columns, of their absolute size where that is below *floor*."""
    both = ours.notna() & theirs.notna()
    gap = (ours - theirs).abs() / np.maximum(theirs.abs(), floor)
    return float(gap[both & (ours != theirs)].max()) if (both & (ours != theirs)).any() else 0.0
