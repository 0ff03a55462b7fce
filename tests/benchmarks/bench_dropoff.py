"""How often `drop_offs` marks a feed that never stopped, and how soon it finds one that did.

Feeds of 260 independent weeks, Poisson and negative binomial (variance 3 and 8 times the mean), then the same cut to
nothing for 8 weeks from week 200 on; and feeds whose level halves every 13 weeks from week 130 on, as a war that ends.
Run `python -m tests.benchmarks.bench_dropoff`; it takes some five minutes and prints a table.
"""

import numpy as np
from numpy.typing import NDArray

from analytics.dropoff import drop_offs

FEEDS, WEEKS, CUT, SILENT = 2000, 260, 200, 8
MEANS = (0.2, 0.5, 1, 2, 5, 10, 20)
DISPERSIONS = (1, 3, 8)


def drawn(rng: np.random.Generator, mean: NDArray[np.float64], dispersion: float) -> NDArray[np.int64]:
    """FEEDS x WEEKS counts of a weekly *mean* (WEEKS,) and variance *dispersion* times that."""
    level = np.broadcast_to(mean, (FEEDS, WEEKS))
    if dispersion > 1:
        level = rng.gamma(level / (dispersion - 1), dispersion - 1)
    return rng.poisson(level).astype(np.int64)


def marked(counts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Weeks found silent, FEEDS x WEEKS, all weeks being covered and in doubt."""
    all_weeks = np.ones(WEEKS, dtype=bool)
    found = np.zeros(counts.shape, dtype=bool)
    for row, feed in zip(found, counts, strict=True):
        for silence in drop_offs(feed, all_weeks, all_weeks):
            row[silence.first : silence.first + silence.weeks] = True
    return found


def main() -> None:
    """Print a line per mean and dispersion."""
    print("mean  dispersion  feeds marked  weeks marked  cut found  ending feeds marked")
    for mean in MEANS:
        for dispersion in DISPERSIONS:
            rng = np.random.default_rng(7)
            counts = drawn(rng, np.full(WEEKS, float(mean)), dispersion)
            whole = marked(counts)
            counts[:, CUT : CUT + SILENT] = 0
            cut = marked(counts)[:, CUT : CUT + SILENT].all(axis=1)
            ending = drawn(rng, mean * 0.5 ** (np.maximum(np.arange(WEEKS) - 130, 0) / 13), dispersion)
            print(
                f"{mean:4}  {dispersion:10}  {whole.any(axis=1).mean():12.4f}  {whole.mean():12.6f}  {cut.mean():9.3f}  "
                f"{marked(ending).any(axis=1).mean():19.4f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
