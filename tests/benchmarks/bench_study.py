"""How long one event study takes with all its placebo dates: 20 regions x 10 years, against the 20 s it may take.

Run from the repository root: python -m tests.benchmarks.bench_study
"""

import time

import numpy as np

from analytics.models.event_study import EventStudy, StudyEvent
from analytics.panel import Panel

REGIONS, WEEKS, LIMIT = 20, 520, 20.0


def regions() -> Panel:
    """Twenty regions from one incident in three weeks to twenty a week, with a season."""
    rng = np.random.default_rng(1)
    season = np.exp(0.3 * np.cos(2 * np.pi * np.arange(WEEKS) / 52.18))[:, None]
    values = rng.poisson(rng.gamma(2.0, np.geomspace(0.3, 20, REGIONS) * season / 2)).astype(float)
    names = tuple(f"R{number:02d}" for number in range(REGIONS))
    weeks = np.datetime64("2012-01-02") + 7 * np.arange(WEEKS)
    status = np.zeros(values.shape, dtype=np.uint8)
    return Panel(weeks=weeks, region_ids=names, region_names=names, values=values, status=status)


def main() -> None:
    """Print the seconds of a study of all regions, and of one of half against the other half."""
    panel = regions()
    event = StudyEvent(event_id="event", starts_on=(panel.weeks[470] + 2).astype(object))
    half = panel.region_ids[: REGIONS // 2]
    for name, given in (
        ("all regions", {}),
        ("half against half", {"regions": half, "against": panel.region_ids[10:]}),
    ):
        started, worked = time.perf_counter(), time.process_time()
        result = EventStudy().fit(panel, [event], **given)
        took, worked = time.perf_counter() - started, time.process_time() - worked
        dates = int(result.headline()["placebo_dates"]) + int(result.headline()["left_out"])
        print(
            f"{name}: {took:.1f} s ({worked:.1f} s of work) with {dates} placebo dates, {took / LIMIT:.2f} of {LIMIT:.0f} s"
        )


if __name__ == "__main__":
    main()
