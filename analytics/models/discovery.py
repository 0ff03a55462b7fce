"""False-discovery control: of what stands out among many, how much may be chance."""

import numpy as np
from scipy.stats import false_discovery_control

from analytics.models.base import Floats


def q_values(p_value: Floats) -> Floats:
    """Benjamini-Hochberg q-values within each row; p_value is (W, R) with NaN where nothing was judged.

    q_(i) = min over j >= i of p_(j) m / j, with m the judged streams of that row (Benjamini & Hochberg 1995).
    """
    result = np.full_like(p_value, np.nan)
    for row, p in enumerate(p_value):
        judged = ~np.isnan(p)
        if judged.any():
            result[row, judged] = false_discovery_control(p[judged], method="bh")
    return result
