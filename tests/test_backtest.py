"""Flags replayed on the past, and judged by what came after."""

import json
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analytics.definitions import Definition
from analytics.errors import OptionError
from analytics.figures import numbers
from analytics.models.methods import spike_model
from analytics.panel import Panel, Status
from analytics.pipeline import write_report
from analytics.pipeline.analysis import analyse, judging_hash
from analytics.pipeline.backtest_page import backtest_page, known_words, sentence
from analytics.pipeline.backtest_record import record, recorded_part
from analytics.pipeline.backtesting import Backtest, backtest_panel, backtest_store, judged
from analytics.pipeline.replay import Block, Replay, joined, scores
from analytics.report.page import render
from analytics.settings import Settings
from analytics.store import Store
from analytics.weeks import week_range
from tests.desk import SPIKE, incidents, records, small_store
from tests.desk import record as row

MONDAY = date(2020, 1, 6)
RULES = {"acled-surge": (2.0, True), "acled-threat": (2.0, True), "hdx-maximum": (52.0, False), "mean-sd": (2.0, False)}


def panel_of(values: Any, names: tuple[str, ...]) -> Panel:
    """Counts (T, R) as a panel whose first week is MONDAY."""
    values = np.array(values, dtype=np.float64)
    return Panel(
        weeks=week_range(MONDAY, MONDAY + timedelta(weeks=len(values) - 1)),
        region_ids=names,
        region_names=names,
        values=values,
        status=np.where(np.isnan(values), Status.UNKNOWN, Status.KNOWN).astype(np.uint8),
    )


def said(cells: list[tuple[int, str, float]]) -> pd.DataFrame:
    """Flags, or cells, in weeks by number and regions, each with its count; one was expected."""
    frame = pd.DataFrame(cells, columns=["number", "region_id", "observed"])
    weeks = pd.to_datetime([MONDAY + timedelta(weeks=int(number)) for number in frame["number"]]).astype(
        "datetime64[s]"
    )
    frame = frame.assign(week=weeks, region=frame["region_id"], measure="incidents", expected=1.0, level="watch")
    return frame.assign(excess=frame["observed"] - 1, recent=frame["observed"], recent_expected=1.0).drop(
        columns="number"
    )


QUIET = [1, 0, 1, 0]
UP = [*QUIET, 1, 3, 4, 5, 0, 0, 0, 0, 1]
DOWN = [*QUIET, 1, 0, 1, 0, 1, 0, 1, 0, 1]
# Judged are weeks 4 to 12. What came after is known until week 10: in UP it is a higher level in weeks 4, 5 and 6 of seven,
# in DOWN in none (the mean of two weeks is .5, the third smallest of four is 1).
TINY = {"weeks_after": 2, "weeks_before": 4, "quantile": 0.75, "against": ["mean-sd"]}


def tiny() -> Backtest:
    """A backtest worked by hand: flags in UP in weeks 3 (before those judged), 6 and 12, in DOWN in week 7."""
    flags = said([(3, "up", 0), (6, "up", 4), (12, "up", 1), (7, "down", 0)])
    other = said([(4, "up", 1), (5, "up", 3), (6, "up", 4), (7, "up", 5), (12, "down", 1), (4, "down", 1)]).drop(
        columns="level"
    )
    cells = other.assign(alarm=[False, True, True, True, False, True], score=[1.0, 4.0, 4.0, 3.0, 2.0, np.nan])
    told = Replay(flags=flags, cells={"mean-sd": cells}, known=np.array([], dtype="datetime64[D]"))
    settings = Settings(backtest=TINY, policy={"cooldown_weeks": 0})
    return judged(panel_of(np.column_stack([UP, DOWN]), ("up", "down")), settings, MONDAY + timedelta(weeks=4), told)


def test_measures_by_hand() -> None:
    """Precision, base rate, censoring, lead and misses are what one gets with pencil and paper."""
    ours = tiny().table.iloc[0].to_dict()
    assert (ours["flags"], ours["episodes"], ours["censored"], ours["followed"]) == (3, 3, 1, 1)
    assert ours["precision"] == 1 / 2
    assert (ours["low"], ours["high"]) == pytest.approx(
        (0.012579, 0.987421), abs=1e-6
    )  # 1 of 2: 1 - sqrt(.975), sqrt(.975)
    assert ours["base_rate"] == pytest.approx((3 / 7 + 0) / 2)
    assert ours["flags_per_region_year"] == pytest.approx(3 / (18 * 7 / 365.25))
    # UP rises from week 5 (3, above 1) to 7 (5, the highest) and is over in 8: the flag of week 3 is in time.
    assert [ours[name] for name in ("escalations", "in_time", "late", "missed", "lead")] == [1, 1, 0, 0, 4]


def test_other_methods_by_hand() -> None:
    """A method's own flags are its alarms; matched are the highest scores, as many as ours; the floor leaves out small ones."""
    own, matched, floored = (tiny().table.iloc[number].to_dict() for number in (1, 2, 3))
    assert (own["flags"], own["episodes"], own["followed"], own["in_time"]) == (4, 2, 1, 1)
    assert (matched["flags"], matched["threshold"], matched["episodes"], matched["followed"]) == (3, 3.0, 1, 1)
    # The floor of a watch is 3 incidents, 1.5 times and 2 more than the one expected: 3, 4 and 5 in UP.
    assert (floored["flags"], floored["threshold"], floored["late"]) == (3, 3.0, 0)


def test_a_difference_is_drawn_with_both_methods() -> None:
    """Ours less the other, of the same draws: one of two first flags against the only one; as wide as such few flags are."""
    apart = tiny().ahead["mean-sd"]
    assert apart.value == 1 / 2 - 1
    # Ours are right in week 6 and wrong in 7, the other's in week 5: at best both are right in a draw, at worst only ours fails.
    assert (apart.low, apart.high) == (-1, 0)


def test_the_sentence_says_the_table() -> None:
    """What is read aloud has the table's numbers, and says how many episodes are too recent to tell."""
    found = sentence(tiny())
    assert "3 flags in 3 episodes" in found
    assert "first flags of 2 episodes (1 more are too recent to tell), 1 were followed" in found
    assert (
        "the best of the other methods, mean-sd, comes to 100\N{NARROW NO-BREAK SPACE}%: ours less that, in points, is \N{MINUS SIGN}50"
        in found
    )
    assert "Of 1 escalations 1 were flagged at or before their onset, 0 later and 0 not" in found


@pytest.mark.parametrize("method", RULES)
def test_a_rule_flags_where_its_score_is_beyond_its_threshold(method: str) -> None:
    """The score on which a rule is matched is the one that its own threshold is set on."""
    rng = np.random.default_rng(5)
    counts = rng.poisson([0.2, 1.5, 6], size=(400, 3))
    counts[200:203] *= 4
    panel = panel_of(counts, ("a", "b", "c"))
    result = spike_model(method, {}).fit(panel, first=MONDAY + timedelta(weeks=60))
    limit, at = RULES[method]
    score = scores(result)
    assert result.alarm.sum() > 5
    np.testing.assert_array_equal((score >= limit) if at else (score > limit), result.alarm)


def test_blocks_are_joined_only_where_the_panel_is_the_same() -> None:
    """Neighbouring weeks of one panel are one piece of work; a week with a panel of its own stays alone."""
    weeks = [MONDAY + timedelta(weeks=number) for number in range(5)]
    moment = datetime.combine(weeks[4], time.max)
    blocks = [
        Block(first=week, last=week, known=number < 4, moment=moment if number == 2 else None)
        for number, week in enumerate(weeks)
    ]
    found = [(weeks.index(block.first), weeks.index(block.last)) for block in joined(blocks)]
    assert found == [(0, 1), (2, 2), (3, 3), (4, 4)]


@pytest.fixture(scope="module")
def revised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small store where five of the spike's incidents became known late, and twelve of Kirkuk turned out to be Diyala's."""
    rows = records()
    late = [one for one in rows if one["source_id"].startswith(f"Basra-{(SPIKE - date(2018, 1, 1)).days // 7}-")][-5:]
    for one in late:
        one["known_at"] = SPIKE + timedelta(weeks=3)
    day = SPIKE - timedelta(weeks=4)
    moved = [row(f"moved-{number}", day, "Kirkuk") for number in range(12)]
    moved += [row(f"moved-{number}", day, "Diyala", known=day + timedelta(days=20)) for number in range(12)]
    return small_store(tmp_path_factory.mktemp("revised"), rows + moved)


@pytest.fixture(scope="module")
def twice(revised: Path) -> list[Backtest]:
    """The backtest of the revised store, made twice."""
    with Store(revised, read_only=True) as store:
        return [backtest_store(store, FEW, first=FROM, to=TO) for _ in range(2)]


FROM, TO = SPIKE - timedelta(weeks=5), SPIKE + timedelta(days=6)
FEW = Settings(backtest={"against": ["mean-sd"]})
KEYS = ["week", "region_id", "level", "observed", "expected"]


def test_replay_is_what_the_flags_said_week_by_week(revised: Path, twice: list[Backtest]) -> None:
    """Each week's flags are those of `incidents flags --as-of` the day after its end, also where records changed later."""
    with Store(revised, read_only=True) as store:
        then = []
        for week in week_range(FROM, SPIKE).tolist():
            end = week + timedelta(days=6)
            moment = datetime.combine(end + timedelta(days=1), time.max)
            then.append(analyse(store, FEW, first=week, to=end, as_of=moment).flags)
        now = backtest_store(store, Settings(backtest=FEW.backtest | {"replay": "retrospective"}), first=FROM, to=TO)
    expected = pd.concat(then).sort_values(["week", "region_id"]).reset_index(drop=True)[KEYS]
    replayed = twice[0]
    pd.testing.assert_frame_equal(replayed.flags[KEYS], expected, check_dtype=False)
    assert replayed.known_weeks == replayed.weeks == 6
    assert ("IQ-KI" in set(replayed.flags["region_id"])) > ("IQ-KI" in set(now.flags["region_id"]))
    assert "judged on what was known 1 day after its end" in known_words(replayed)
    assert "retrospective" in known_words(now)


def test_the_order_of_regions_changes_nothing() -> None:
    """Regions in another order give the same table and the same flags."""
    rng = np.random.default_rng(11)
    values = rng.poisson([0.3, 1, 3, 6], size=(190, 4))
    values[160:164, 1] += 6
    names = ("a", "b", "c", "d")
    panel = panel_of(values, names)
    one = backtest_panel(panel, Settings(), first=MONDAY + timedelta(weeks=150))
    other = backtest_panel(panel.take(["c", "a", "d", "b"]), Settings(), first=MONDAY + timedelta(weeks=150))
    pd.testing.assert_frame_equal(one.table, other.table)
    pd.testing.assert_frame_equal(one.flags, other.flags)
    assert len(one.flags) > 0


def test_same_bytes_twice(twice: list[Backtest]) -> None:
    """The page of equal records is equal bytes."""
    first, second = (render(backtest_page(one)) for one in twice)
    assert first == second


def test_the_report_shows_what_is_recorded(revised: Path, twice: list[Backtest], tmp_path: Path) -> None:
    """A backtest is written down once; the report of equal settings shows its numbers, or how to make one."""
    path = tmp_path / "own.duckdb"
    path.write_bytes(revised.read_bytes())
    definition = Definition(settings=FEW, sections=("backtest",))
    with Store(path) as store:
        analysis = analyse(store, FEW, first=SPIKE, to=TO)
        none, why = recorded_part(store, definition, analysis)
        assert [record(store, one) for one in twice] == [True, False]
        part, _ = recorded_part(store, definition, analysis)
        earlier, _ = recorded_part(store, definition, analyse(store, FEW, first=FROM, to=FROM + timedelta(days=6)))
    assert none is None
    assert "incidents backtest --set backtest.against=mean-sd --from" in why
    assert earlier is None
    assert part is not None
    assert sentence(twice[0]) in part.text
    assert part.table is not None
    assert part.table["Flags"].tolist() == twice[0].table["flags"].tolist()
    assert (
        judging_hash(Settings(policy={"watch_q": 0.05}))
        != judging_hash(FEW)
        == judging_hash(Settings(title="Another", weeks=4))
    )


def test_a_report_that_asks_for_evidence_makes_it(revised: Path, tmp_path: Path) -> None:
    """With `evidence = true` the backtest is made with the report, recorded, and read back as the same bytes."""
    path, day = tmp_path / "own.duckdb", date(2020, 1, 19)
    path.write_bytes(revised.read_bytes())
    definition = Definition(settings=FEW, sections=("backtest",), formats=("html",), evidence=True)
    with Store(path) as store:
        pages = [write_report(store, definition, tmp_path / name, to=day).path.read_bytes() for name in ("one", "two")]
        assert store.value("SELECT count(*) FROM backtest") == 1
    assert pages[0] == pages[1]
    assert b"How these settings did on the past" in pages[0]


def test_the_command(revised: Path, tmp_path: Path) -> None:
    """The table is on stdout in any format, its sentence on stderr; flags and escalations are asked for by name."""
    path = tmp_path / "own.duckdb"
    path.write_bytes(revised.read_bytes())
    asked = ("backtest", "--db", path, "--from", FROM, "--to", TO, "--set", "against=mean-sd,ears-c2")
    found = incidents(*asked, "--format", "json", "--out", tmp_path / "page.html")
    assert found.exit_code == 0, found.output
    table = json.loads(found.stdout)
    assert [line["method"] for line in table] == ["incidents flags", *["mean-sd"] * 3, *["ears-c2"] * 3]
    assert f"{numbers.several(table[0]['flags'], 'flag', 'flags')} in" in found.stderr
    assert (tmp_path / "page.html").exists()
    flags = incidents(*asked, "--flags", "--format", "csv").stdout.splitlines()
    assert flags[0] == "week,region_id,region,level,observed,expected,first,followed"
    assert len(flags) == table[0]["flags"] + 1


def test_what_cannot_be_meant_is_refused(revised: Path) -> None:
    """An unknown method, a way to replay that there is not, and weeks that are not there are errors that say so."""
    for setting, words in (
        ("against=mean", "method 'mean'"),
        ("replay=then", "replay 'then'"),
        ("delay_days=0", "delay_days"),
        ("resamples=0", "resamples must be at least 1"),
    ):
        found = incidents("backtest", "--db", revised, "--set", setting)
        assert (found.exit_code, words in found.stderr) == (2, True), found.output
    with Store(revised, read_only=True) as store, pytest.raises(OptionError, match="no week to judge"):
        backtest_store(store, FEW, first=date(2030, 1, 1))
