"""What a map and its table say of each region in the latest week: flagged, not flagged, not judged or unknown."""

from itertools import accumulate

import numpy as np
import pandas as pd

from analytics.figures import numbers
from analytics.figures.levels import LEVELS, highest
from analytics.models.base import SpikeResult
from analytics.panel import Panel, Status

STATES = {
    **{name: f"{name} in the latest week" for name in reversed(LEVELS)},
    "earlier": "flagged earlier in the period",
    "none": "judged, no flag",
    "not-judged": "not judged",
    "incomplete": "incomplete: reported for part of the week",
    "unknown": "unknown: no reporting",
    "absent": "not in this report",
}
"""States of a region, in the order of a legend, with their words."""


def region_states(panel: Panel, spikes: SpikeResult | None, flags: pd.DataFrame | None) -> pd.DataFrame:
    """One row per region of the panel, for the latest judged week (the panel's last without a spike result).

    Columns: region_id, region, week, observed, expected, upper, state (a key of `STATES`), earlier (highest level
    flagged in an earlier week, or ""), words (a sentence with all of it).
    """
    latest = _latest(panel, spikes)
    row = int(np.flatnonzero(panel.weeks == latest)[0])
    frame = pd.DataFrame({"region_id": panel.region_ids, "region": panel.region_names})
    frame["week"] = pd.Timestamp(latest)
    frame["observed"] = panel.values[row]
    for name in ("expected", "upper"):
        frame[name] = np.nan if spikes is None else _last(spikes, name, panel)
    found = _levels(flags, pd.Timestamp(latest))
    levels = [found.get(region_id, ("", "")) for region_id in panel.region_ids]
    frame["earlier"] = [earlier for _, earlier in levels]
    judged = frame["expected"].notna() if spikes is not None else pd.Series(True, index=frame.index)
    frame["state"] = [
        _state(now, earlier, Status(known), judged=bool(on))
        for (now, earlier), known, on in zip(levels, panel.status[row], judged, strict=True)
    ]
    frame["words"] = [_words(region) for region in frame.to_dict("records")]
    return frame


def _latest(panel: Panel, spikes: SpikeResult | None) -> np.datetime64:
    """The latest judged week, or the panel's last."""
    weeks = panel.weeks if spikes is None or len(spikes.weeks) == 0 else spikes.weeks
    latest: np.datetime64 = weeks[-1].astype("datetime64[D]")
    return latest


def _last(spikes: SpikeResult, name: str, panel: Panel) -> list[float]:
    """The last row of one of the result's tables, in the panel's order of regions; NaN where it has none."""
    if len(spikes.weeks) == 0:
        return [float("nan")] * len(panel.region_ids)
    known = dict(zip(spikes.panel.region_ids, getattr(spikes, name)[-1], strict=True))
    return [float(known.get(region_id, np.nan)) for region_id in panel.region_ids]


def _levels(flags: pd.DataFrame | None, latest: pd.Timestamp) -> dict[str, tuple[str, str]]:
    """Highest level in the latest week and in the weeks before, by region; flags of places in it count as its own."""
    levels: dict[str, tuple[str, str]] = {}
    for flag in [] if flags is None else flags.to_dict("records"):
        for region_id in accumulate(str(flag["region_id"]).split("/"), "{}/{}".format):
            now, earlier = levels.get(region_id, ("", ""))
            if pd.Timestamp(flag["week"]) >= latest:
                now = highest([level for level in (now, flag["level"]) if level])
            else:
                earlier = highest([level for level in (earlier, flag["level"]) if level])
            levels[region_id] = now, earlier
    return levels


def _state(now: str, earlier: str, known: Status, *, judged: bool) -> str:
    """The first state that holds."""
    if now:
        return now
    if known != Status.KNOWN:
        return known.name.lower()
    if not judged:
        return "not-judged"
    return "earlier" if earlier else "none"


def _words(region: dict[str, object]) -> str:
    """`Diyala: alert in the latest week; 14 observed, 3.2 expected`."""
    parts = [STATES[str(region["state"])]]
    if not numbers.is_missing(region["observed"]):
        parts.append(f"{numbers.amount(region['observed'])} observed")
    if not numbers.is_missing(region["expected"]):
        parts.append(f"{numbers.amount(region['expected'])} expected")
    if region["earlier"]:
        parts.append(f"{region['earlier']} earlier in the period")
    return f"{region['region']}: {'; '.join(parts)}"
