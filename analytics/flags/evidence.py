"""One p-value per stream, however many kinds of evidence went into it."""

import numpy as np
import pandas as pd

from analytics.errors import OptionError
from analytics.flags.policy import Policy
from analytics.models.base import SpikeResult
from analytics.models.discovery import q_values


def with_evidence(spikes: SpikeResult, ramps: SpikeResult | None, policy: Policy) -> pd.DataFrame:
    """Every stream of *spikes*, `SpikeResult.frame`, with its combined p_value and q_value, and what they rest on.

    p = min(1, p_spike / (1 - w), p_ramp / w), w = `Policy.ramp_share` (Bonferroni with weights, Genovese, Roeder &
    Wasserman 2006, Biometrika 93:509): it holds its level however the two depend on each other. Without *ramps*, or where
    they could not judge, p = p_spike. Where the spike method gives no p, there is none.
    Adds measure, p_spike, p_ramp, onset (datetime64), onset_edge (it is the first week that was looked at, and may be too
    late), ramp_growth (fraction per week) and q_value (`q_values` over the
    regions of a week). Raises OptionError where *ramps* are of other weeks or regions.
    """
    p_spike = spikes.p_value
    p_ramp, onset, edge, growth = _ramps(spikes, ramps)
    share = policy.ramp_share
    combined = np.fmin(p_spike / (1 - share), p_ramp / share) if share else p_spike
    combined = np.where(np.isnan(p_ramp), p_spike, np.minimum(combined, 1.0))
    combined = np.where(np.isnan(p_spike), np.nan, combined)
    frame = spikes.frame().drop(columns=["onset", "onset_edge", "growth"], errors="ignore")
    frame.insert(0, "measure", spikes.panel.measure)
    return frame.assign(
        p_value=combined.ravel(),
        p_spike=p_spike.ravel(),
        p_ramp=p_ramp.ravel(),
        onset=onset.ravel(),
        onset_edge=edge.ravel(),
        ramp_growth=growth.ravel(),
        q_value=q_values(combined).ravel(),
    )


def _ramps(spikes: SpikeResult, ramps: SpikeResult | None) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """p, first week, whether that is the first looked at, and growth of the build-up, shaped as *spikes*; missing without *ramps*."""
    shape = spikes.p_value.shape
    if ramps is None or ramps.onset is None or ramps.onset_edge is None or ramps.growth is None:
        missing = np.full(shape, np.nan)
        return missing, np.full(shape, np.datetime64("NaT", "s")), np.zeros(shape, dtype=bool), missing
    if ramps.p_value.shape != shape or ramps.weeks[0] != spikes.weeks[0]:
        raise OptionError(
            f"ramps are of {ramps.p_value.shape} weeks and regions, spikes of {shape}; judge the same ones"
        )
    return ramps.p_value, ramps.onset.astype("datetime64[s]"), ramps.onset_edge, np.expm1(ramps.growth)
