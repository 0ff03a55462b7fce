"""Make methods_inputs.parquet and methods_outputs.parquet: simulated weeks, and what R makes of them.

Needs R with the package surveillance (1.20.3 made the files here). Run from the repository root:
python tests/reference/make_methods.py
"""

import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
WEEKS = 330
SEED = 19961206


def counts(rng: np.random.Generator, mean: float | np.ndarray, phi: float = 1.0) -> np.ndarray:
    """Counts with this mean and variance phi mean; shape (WEEKS,)."""
    mu = np.broadcast_to(mean, WEEKS)
    found = rng.poisson(mu) if phi == 1 else rng.negative_binomial(np.maximum(mu, 1e-9) / (phi - 1), 1 / phi)
    return found.astype(float)


def series(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The inputs: ordinary streams, sparse and busy, and the awkward ones."""
    t = np.arange(WEEKS)
    wave = np.exp(0.7 * np.cos(2 * np.pi * (t - 5) / 52.18))
    made = {
        "sparse": counts(rng, 0.1),
        "poisson_1": counts(rng, wave),
        "nb_6": counts(rng, 6 * wave, 2.0),
        "nb_60": counts(rng, 60 * wave, 4.0),
        "rising": counts(rng, 2 * np.exp(0.008 * (t - 165)), 1.5),
        "falling": counts(rng, 8 * np.exp(-0.01 * (t - 165)), 1.5),
        "burst": counts(rng, 0.15),
        "outbreaks": counts(rng, 5.0, 2.0),
        "quiet_then": np.where(t < 290, 0.0, counts(rng, 3.0, 2.0)),
        "then_quiet": np.where(t < 250, counts(rng, 3.0, 2.0), 0.0),
        "winter": counts(rng, 3.0 * (np.cos(2 * np.pi * t / 52.18) > 0.5), 1.5),
        "gaps": counts(rng, 4.0, 2.0),
    }
    made["burst"][[5, 50, 120, 200, 284, 300, 301, 325]] += [1, 1, 20, 3, 8, 30, 5, 60]
    made["outbreaks"][[60, 61, 150, 151, 152, 255, 256, 309]] += [30, 40, 25, 50, 20, 35, 60, 45]
    made["gaps"][[3, 70, 71, 140, 215, 290, 310]] = np.nan
    return made


def inputs(seed: int) -> pd.DataFrame:
    """One row per series and week: series, week, date, count."""
    dates = (np.datetime64("2014-12-29") + 7 * np.arange(WEEKS)).astype(str)
    made = series(np.random.default_rng(seed)).items()
    return pd.concat(
        [pd.DataFrame({"series": k, "week": np.arange(WEEKS), "date": dates, "count": v}) for k, v in made],
        ignore_index=True,
    )


def judged(made: pd.DataFrame) -> pd.DataFrame:
    """R's answers on these inputs: variant, series, week, upper, alarm, statistic, expected."""
    with tempfile.TemporaryDirectory() as folder:
        given, found = Path(folder) / "inputs.csv", Path(folder) / "outputs.csv"
        made.to_csv(given, index=False, na_rep="NA", float_format="%.17g")
        subprocess.run(["Rscript", str(HERE / "make_methods.R"), str(given), str(found)], check=True)
        return pd.read_csv(found, skipinitialspace=True, na_values=["NA"])


def main(seed: int = SEED, folder: Path = HERE) -> None:
    """Write both files into *folder*."""
    made = inputs(seed)
    judged(made).to_parquet(folder / "methods_outputs.parquet", compression="zstd", index=False)
    made.drop(columns="date").to_parquet(folder / "methods_inputs.parquet", compression="zstd", index=False)


if __name__ == "__main__":
    main()
