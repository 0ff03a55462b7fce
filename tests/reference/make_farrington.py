"""Make farrington_inputs.parquet and farrington_outputs.parquet: simulated weeks, and what R makes of them.

Needs R with the package surveillance (1.20.3 made the files here). Run from the repository root:
python tests/reference/make_farrington.py
"""

import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
WEEKS = 8 * 52 + 1


def counts(rng: np.random.Generator, mean: float, phi: float, season: float = 0.0, growth: float = 0.0) -> np.ndarray:
    """Counts with this mean, variance phi mean, yearly wave and weekly growth; shape (WEEKS,)."""
    t = np.arange(WEEKS)
    mu = mean * np.exp(season * np.cos(2 * np.pi * t / 52.18) + growth * (t - WEEKS / 2))
    if phi == 1:
        return rng.poisson(mu).astype(float)
    return rng.negative_binomial(mu / (phi - 1), 1 / phi).astype(float)


def series(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The inputs: ordinary streams, and each of the ones that are awkward."""
    made = {
        "poisson_0.3": counts(rng, 0.3, 1),
        "poisson_1": counts(rng, 1, 1, season=0.5),
        "nb_5": counts(rng, 5, 3, season=0.6),
        "nb_20": counts(rng, 20, 2.5, growth=0.004),
        "nb_200": counts(rng, 200, 8, season=0.3),
        "declining": counts(rng, 6, 1.5, growth=-0.008),
        "huge": counts(rng, 6e9, 4e6),
        "all_zero": np.zeros(WEEKS),
        "winter": counts(rng, 1, 1.5) * (np.cos(2 * np.pi * np.arange(WEEKS) / 52.18) > 0.6),
        "bursts": np.where(rng.random(WEEKS) < 0.02, rng.poisson(5, WEEKS), 0).astype(float),
        "outbreaks": counts(rng, 3, 1.3),
        "gaps": counts(rng, 4, 2),
        "late_start": counts(rng, 7, 2, growth=0.003),
        "sundays": counts(rng, 2, 1.2, season=0.4),
    }
    made["outbreaks"][[100, 101, 102, 180, 181, 310, 330]] += [15, 25, 12, 20, 30, 14, 18]
    made["gaps"][[90, 91, 92, 200, 310, 340]] = np.nan
    made["late_start"][:40] = np.nan
    return made


def inputs() -> pd.DataFrame:
    """One row per series and week: series, week, date, count, population."""
    rng = np.random.default_rng(20131206)
    frames = []
    for name, values in series(rng).items():
        start = np.datetime64("2016-01-03" if name == "sundays" else "2016-01-04")
        frames.append(
            pd.DataFrame(
                {
                    "series": name,
                    "week": np.arange(WEEKS),
                    "date": (start + 7 * np.arange(WEEKS)).astype(str),
                    "count": values,
                    "population": np.round(1e5 * np.exp(0.002 * np.arange(WEEKS)) * rng.uniform(0.95, 1.05, WEEKS)),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def main() -> None:
    """Write both files beside this script."""
    made = inputs()
    with tempfile.TemporaryDirectory() as folder:
        given, found = Path(folder) / "inputs.csv", Path(folder) / "outputs.csv"
        made.to_csv(given, index=False, na_rep="NA", float_format="%.17g")
        subprocess.run(["Rscript", str(HERE / "make_farrington.R"), str(given), str(found)], check=True)
        outputs = pd.read_csv(found, skipinitialspace=True, na_values=["NA"])
    made.drop(columns="date").to_parquet(HERE / "farrington_inputs.parquet", compression="zstd", index=False)
    outputs.to_parquet(HERE / "farrington_outputs.parquet", compression="zstd", index=False)


if __name__ == "__main__":
    main()
