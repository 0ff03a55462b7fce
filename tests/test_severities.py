"""The incidents behind a sum of casualties: those that `weekly` counts, however it chooses them, and judged from the command line."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from analytics.errors import OptionError
from analytics.panel import Panel
from analytics.store import severities
from tests.desk import LAST, SPIKE, incidents
from tests.store_files import at, incident, load_rows, reference, xanadu

pytest_plugins = ["tests.databases"]

COVERS = (date(2020, 1, 6), date(2020, 1, 26))
DISPUTED = [{"group_id": "disputed", "group": "Disputed", "region_id": "XA-N/hill", "valid_from": "2020-01-08"}]


def figures(panel: Panel) -> dict[tuple[str, str], list[float]]:
    """Casualties of each incident by week and region."""
    found: dict[tuple[str, str], list[float]] = {}
    assert panel.severities is not None
    behind = panel.severities
    for week, region, figure in zip(behind.week, behind.region, behind.figure, strict=True):
        found.setdefault((str(panel.weeks[week]), panel.region_ids[region]), []).append(float(figure))
    return found


def test_they_are_the_incidents_that_are_summed(tmp_path: Path) -> None:
    """Zeros, unknown figures, months, other sources, later knowledge and a filter leave out the same incidents as in the sum."""
    rows = [
        incident("a", killed=3, admin2="Hill"), incident("b", killed=3), incident("c", killed=0), incident("d"),
        incident("e", "2020-01-15", killed=7, admin1="South"), incident("f", "2020-01-15", killed=9, date_precision="month"),
        incident("g", "2020-01-06", killed=2, admin2="Hill"),
    ]  # fmt: skip
    with xanadu(tmp_path / "db") as store:
        reference(store, tmp_path, "regions", DISPUTED)
        load_rows(store, tmp_path, rows, covers=COVERS, known_at=at("2020-02-01"))
        load_rows(store, tmp_path, [incident("a", killed=5, admin2="Hill")], known_at=at("2020-03-01"))
        load_rows(
            store, tmp_path, [incident("x", killed=4), incident("y", killed=1)], source="two",
            covers=(date(2020, 1, 6), date(2020, 1, 12)),
        )  # fmt: skip
        asked = {"measure": "killed", "source": "desk"}
        found = figures(Panel.from_store(store, **asked))
        for more in ({"level": "country"}, {"level": "admin2"}, {"level": "disputed"}, {"source": "two,desk"}):
            panel = Panel.from_store(store, **{**asked, **more})
            assert panel.severities is not None
            known = ~np.isnan(panel.values)
            assert np.array_equal(panel.severities.sums(panel.values.shape)[known], panel.values[known])
        before = figures(Panel.from_store(store, **asked, as_of=at("2020-02-15")))
        filtered = figures(Panel.from_store(store, **asked, where="killed > 4"))
        group = figures(Panel.from_store(store, **asked, level="disputed"))
        first = figures(Panel.from_store(store, measure="killed", source="two,desk"))
        assert Panel.from_store(store, **asked, dates="spread").severities is None
        with pytest.raises(OptionError, match="'incidents' is no sum of casualties; those are killed"):
            severities(store, measure="incidents", first=COVERS[0], last=COVERS[1])
    assert found == {("2020-01-06", "XA-N"): [2, 3, 5], ("2020-01-13", "XA-S"): [7]}
    assert before == {("2020-01-06", "XA-N"): [2, 3, 3], ("2020-01-13", "XA-S"): [7]}
    assert filtered == {("2020-01-06", "XA-N"): [5], ("2020-01-13", "XA-S"): [7]}
    assert group == {("2020-01-06", "disputed"): [5]}
    assert first == {("2020-01-06", "XA-N"): [1, 4], ("2020-01-13", "XA-S"): [7]}


def test_panels_keep_them() -> None:
    """Regions taken in another order and weeks cut off have the incidents of their cells."""
    from tests.test_compound import steady

    panel = steady(series=4)
    order = [panel.region_ids[column] for column in (2, 0)]
    cut = panel.take(order).until(date(2013, 1, 6))
    assert cut.severities is not None
    assert np.array_equal(cut.severities.sums(cut.values.shape), panel.values[: len(cut.weeks), [2, 0]])


def test_the_commands_judge_sums(small: Path) -> None:
    """`spikes` and `backtest` judge casualties by the compound method, and the week with nine incidents more is an alarm."""
    asked = ("--db", small, "--measure", "killed", "--from", SPIKE, "--to", LAST, "--format", "json")
    done = incidents("spikes", *asked)
    assert done.exit_code == 0, done.output
    rows = [row for row in json.loads(done.stdout) if row["region"] == "Basra" and row["week"].startswith(str(SPIKE))]
    assert [(row["alarm"], row["judged_by"]) for row in rows] == [(True, "compound")]
    replayed = incidents("backtest", *asked, "--set", "against=mean-sd,farrington-flexible")
    assert replayed.exit_code == 0, replayed.output
    assert json.loads(replayed.stdout)[0]["flags"] >= 1
