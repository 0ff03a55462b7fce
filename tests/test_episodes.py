"""Episodes: their rules by hand, names that last, an append-only log, and the priority of flags."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from analytics.errors import OptionError
from analytics.flags import LEVELS, PARTS, Policy, judge, lasting_ids, settled
from analytics.flags.episodes import follow, history, open_in, opening
from analytics.flags.priority import with_priority
from analytics.pipeline import Analysis, analyse
from analytics.pipeline import analysis as analysing
from analytics.pipeline.changes import changes_since
from analytics.pipeline.narrative import headline
from analytics.pipeline.recording import record
from analytics.settings import Settings
from analytics.store import Fingerprint, Store
from tests.desk import FIRST, LAST, SPIKE, add, records
from tests.desk import record as incident
from tests.test_flags import START, result

pytest_plugins = ["tests.databases"]

LETTERS = {"w": 0, "W": 1, "A": 2}
WORDS = {"opened": "o", "continued": "c", "escalated": "e", "reopened": "r", "closed": "x"}

HISTORIES = [
    # levels by week (. for none), gap, cool-down, what happens by week, and the episode it happens to
    ("wwA.", 0, 2, "ocex", "0000"),
    ("AwA.", 0, 2, "occx", "0000"),  # as high as before is no escalation
    ("A.w.", 0, 2, "oxrx", "0000"),
    ("A..A.", 0, 2, "ox.rx", "00.00"),
    ("A...w", 0, 2, "ox..o", "00..1"),  # the cool-down is over
    ("w.W", 0, 2, "oxo", "001"),  # higher than its peak: another episode
    ("wW.w.W.A", 0, 2, "oexrxrxo", "00000001"),
    ("A.w", 0, 0, "oxo", "001"),  # no cool-down
    ("A.A..", 1, 0, "o.c.x", "0.0.0"),
    ("w.A..A", 1, 1, "o.e.xr", "0.0.00"),
    ("w.A...A", 1, 1, "o.e.x.o", "0.0.0.1"),
    ("..W", 0, 8, "..o", "..0"),
    ("...", 0, 8, "...", "..."),
]


def sequence(levels: str) -> tuple[list[int], list[int]]:
    """Weeks and ranks of the flags in a string of levels."""
    found = [(week, LETTERS[letter]) for week, letter in enumerate(levels) if letter != "."]
    return [week for week, _ in found], [rank for _, rank in found]


@pytest.mark.parametrize(("levels", "gap", "cooldown", "happens", "whose"), HISTORIES)
def test_the_rules_by_hand(levels: str, gap: int, cooldown: int, happens: str, whose: str) -> None:
    """What happens in each week, and to which episode, is what the table of rules says."""
    events = history(*sequence(levels), len(levels) - 1, gap=gap, cooldown=cooldown)
    by_week = {event.week: event for event in events}
    assert len(by_week) == len(events)
    weeks = range(len(levels))
    assert "".join(WORDS[by_week[week].what] if week in by_week else "." for week in weeks) == happens
    assert "".join(str(by_week[week].episode) if week in by_week else "." for week in weeks) == whose


@given(st.text("wWA....", max_size=40), st.integers(0, 2), st.integers(0, 6))
def test_every_flag_is_in_one_episode(levels: str, gap: int, cooldown: int) -> None:
    """Each flagged week has one event; each episode opens once, first, and closes after each time it opened or reopened."""
    weeks, ranks = sequence(levels)
    events = history(weeks, ranks, len(levels) - 1, gap=gap, cooldown=cooldown)
    assert [event.week for event in events if event.what != "closed"] == weeks
    for episode in {event.episode for event in events}:
        own = [event for event in events if event.episode == episode]
        assert [event.what for event in own].count("opened") == 1
        assert own[0].what == "opened"
        begins, ends = (sum(event.what in what for event in own) for what in (("opened", "reopened"), ("closed",)))
        assert begins - ends in (0, 1)
        for before, event in pairwise(own):
            assert (before.what == "closed") == (event.what == "reopened")
            if event.what == "escalated":
                assert event.rank > max(earlier.rank for earlier in own if earlier.week < event.week)


def flags_of(levels: dict[str, str]) -> pd.DataFrame:
    """Flags of regions from strings of levels, as `judge` hands them to `follow`."""
    rows = [
        {
            "week": pd.Timestamp(START) + pd.Timedelta(weeks=week), "region_id": region, "region": region,
            "measure": "incidents", "level": LEVELS[LETTERS[letter]], "observed": 9.0, "excess": 8.0,
        }
        for region, text in levels.items()
        for week, letter in enumerate(text)
        if letter in LETTERS
    ]  # fmt: skip
    columns = ["week", "region_id", "region", "measure", "level", "observed", "excess"]
    return pd.DataFrame(rows, columns=columns).astype({"week": "datetime64[s]"})


def streams_of(levels: dict[str, str]) -> pd.DataFrame:
    """The region-weeks of `flags_of`: those with a question mark were not judged."""
    rows = [
        {
            "week": pd.Timestamp(START) + pd.Timedelta(weeks=week), "region_id": region, "measure": "incidents",
            "status": "not judged" if letter == "?" else "judged",
        }
        for region, text in levels.items()
        for week, letter in enumerate(text)
    ]  # fmt: skip
    return pd.DataFrame(rows).astype({"week": "datetime64[s]"})


def week_number(number: int) -> date:
    """The week with this number, from 0."""
    return START + timedelta(weeks=number)


@settings(max_examples=60)
@given(
    st.lists(
        st.one_of(st.text("wWA.....???", min_size=30, max_size=30), st.text("wA?????", min_size=30, max_size=30)),
        min_size=1, max_size=3,
    ),
    st.integers(0, 2), st.integers(0, 4), st.integers(0, 20), st.integers(1, 9),
)  # fmt: skip
def test_a_settled_beginning_changes_nothing(texts: list[str], gap: int, cooldown: int, start: int, lead: int) -> None:
    """Where `settled` says so, weeks before the first that was judged change no episode that is open in the weeks asked for."""
    policy = Policy(episode_gap=gap, cooldown_weeks=cooldown)
    begin, first = pd.Timestamp(week_number(start)), week_number(start + lead)
    levels = {f"R{number}": text for number, text in enumerate(texts)}
    whole, streams = flags_of(levels), streams_of(levels)
    part, few = whole[whole["week"] >= begin], streams[streams["week"] >= begin]

    def asked(flags: pd.DataFrame, streams: pd.DataFrame) -> tuple[list[tuple[Any, ...]], pd.DataFrame]:
        found, episodes, _ = follow(flags, streams, policy)
        kept = found[found["week"] >= pd.Timestamp(first)].sort_values(["week", "region_id"])
        columns = ["week", "region_id", "episode_id", "episode_week"]
        return [tuple(row) for row in kept[columns].itertuples(index=False)], episodes[open_in(episodes, first)]

    earlier = set(whole[whole["week"] < begin]["region_id"])
    if settled(part, few, first, policy, earlier):
        (flags, episodes), (all_flags, all_episodes) = asked(part, few), asked(whole, streams)
        assert flags == all_flags
        assert plain(episodes) == plain(all_episodes)
        if len(earlier) == len(texts):
            assert settled(whole, streams, first, policy, set()), "nothing earlier can be flagged"


def plain(episodes: pd.DataFrame) -> list[list[str]]:
    """Episodes row by row, as text."""
    return episodes.astype(str).to_numpy().tolist()


def test_an_unsettled_beginning_is_noticed() -> None:
    """A flag so soon after the first judged week that an earlier one might have opened its episode is not settled."""
    policy = Policy(cooldown_weeks=2)  # depends on flags at most three weeks before

    def sure(first: int, *levels: str, earlier: str = "RS") -> bool:
        texts = dict(zip("RS", levels, strict=False))
        return settled(flags_of(texts), streams_of(texts), week_number(first), policy, set(earlier))

    assert not sure(2, "..A")
    assert sure(3, "...A")
    assert not sure(9, "A..A..A..A")
    assert sure(7, "A...A..A"), "a reset: three weeks without a flag"
    assert sure(3, "A......", "......."), "no flag is asked for"
    assert not sure(3, "A......", "???...."), "one may be open from before the weeks that were not judged"
    assert sure(3, "A......", "???....", earlier="R"), "none was: its counts before were too low"
    assert not sure(3, "..?A"), "two judged weeks before the flag's, and the policy looks back three"
    assert sure(6, "?.?.?.A"), "three"


def test_the_judged_range_reaches_back_as_far_as_episodes_do(
    blank: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few weeks are judged before those asked for, an episode that was reopened keeps its first week."""
    before = SPIKE - timedelta(weeks=6)
    again = [incident(f"again-{number}", before + timedelta(days=1), "Basra") for number in range(9)]
    add(blank, tmp_path / "again.csv", records() + again, covers=(FIRST, LAST))
    monkeypatch.setattr(analysing, "LEAD_IN", 2)
    found = analyse(blank, Settings(), first=SPIKE, to=SPIKE + timedelta(days=6))
    assert found.episodes["episode_id"].tolist() == [f"IQ-BA/incidents/{before}"]
    assert found.spikes.weeks[0] <= np.datetime64(before - timedelta(weeks=9))
    assert found.episodes[["weeks", "reopened", "status"]].to_numpy().tolist() == [[2, 1, "open"]]


def test_an_episode_waits_for_reporting_to_resume(
    blank: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long its region is not reported on, and however few weeks are judged before, an episode is there and waits.

    The spike is the last week reported on but one; reporting resumes 30 weeks later, the shortest look back being 2.
    """
    silent, resumed = SPIKE + timedelta(weeks=1), SPIKE + timedelta(weeks=31)
    rows = [row for row in records() if row["occurred_on"] < silent]
    add(blank, tmp_path / "then.csv", rows, covers=(FIRST, silent - timedelta(days=1)))
    later = [incident("later", resumed, "Anbar", known=resumed + timedelta(days=14))]
    add(blank, tmp_path / "later.csv", later, covers=(resumed, resumed + timedelta(days=13)))
    monkeypatch.setattr(analysing, "LEAD_IN", 2)
    name, dates = f"IQ-BA/incidents/{SPIKE}", ["closed_week", "not_judged_since"]
    waits, over = (
        analyse(blank, Settings(), first=resumed - timedelta(weeks=4), to=resumed + timedelta(days=days))
        for days in (-1, 6)
    )
    for found, status, week in ((waits, "open", [None, silent]), (over, "closed", [resumed, None])):
        mine = found.episodes[found.episodes["region_id"] == "IQ-BA"]
        assert mine[["episode_id", "status"]].to_numpy().tolist() == [[name, status]]
        assert [None if pd.isna(day) else day.date() for day in mine[dates].iloc[0]] == week
    write(blank, analyse(blank, Settings(), first=SPIKE, to=SPIKE + timedelta(days=6)))
    told = changes_since(blank, "weekly", waits)
    assert "1 episode open but not judged (Basra)" in told.sentence
    assert told.episodes[["change", "level_now"]].to_numpy().tolist() == [["not judged", "alert"]]
    write(blank, waits)
    assert "1 episode closed (Basra)" in changes_since(blank, "weekly", over).sentence
    assert headline(waits, pd.DataFrame({"incidents": [0], "killed": [0]}), "Iraq").endswith(
        "Episodes that stay open, as their regions are not judged: Basra (alert, not judged since 22 Nov 2021)."
    )
    assert blank.rows("SELECT status, not_judged_since FROM episodes") == [("open", silent)]
    write(blank, over)
    assert blank.rows("SELECT status, not_judged_since, closed_week FROM episodes") == [("closed", None, resumed)]
    late = analyse(blank, Settings(), first=resumed + timedelta(weeks=1), to=resumed + timedelta(days=13))
    assert late.episodes.empty, "it closed before the weeks asked for"


UNJUDGED = [
    # levels by week (. for none, ? not judged), what happens by week, whose it is, and the last: closed in, not judged since
    ("A?.", "o.x", "0.0", 2, None),
    ("A???", "o...", "0...", None, 1),
    ("A??A", "o..c", "0..0", None, None),  # nothing is known of the weeks between: it went on
    ("A.?.?.A", "ox....o", "00....1", None, None),  # three quiet weeks: the cool-down of two is over
    ("A.??.w??", "ox...r..", "00...0..", None, 6),  # one quiet week of the cool-down, then it went on
    ("A.??????????????????.w", "ox...................r", "00...................0", None, None),
    ("?w?W?.?", ".o.e.x.", ".0.0.0.", 5, None),
]


@pytest.mark.parametrize(("levels", "happens", "whose", "closed", "since"), UNJUDGED)
def test_weeks_that_were_not_judged_say_nothing(
    levels: str, happens: str, whose: str, closed: int | None, since: int | None
) -> None:
    """They end no episode and do not count for its cool-down; an episode that waits says since when."""
    _, episodes, events = follow(flags_of({"R": levels}), streams_of({"R": levels}), Policy(cooldown_weeks=2))
    by_week = {(row.week.date() - START).days // 7: row for row in events.itertuples()}
    assert "".join(WORDS[by_week[week].what] if week in by_week else "." for week in range(len(levels))) == happens
    order = list(dict.fromkeys(row.episode_id for row in events.itertuples()))
    found = "".join(
        str(order.index(by_week[week].episode_id)) if week in by_week else "." for week in range(len(levels))
    )
    assert found == whose
    last = episodes.iloc[-1]
    assert last["status"] == ("open" if closed is None else "closed")
    for column, expected in (("closed_week", closed), ("not_judged_since", since)):
        assert (None if pd.isna(last[column]) else (last[column].date() - START).days // 7) == expected


@given(
    st.text("wWA....", min_size=1, max_size=25), st.lists(st.integers(0, 3), min_size=25, max_size=25),
    st.integers(0, 2), st.integers(0, 4),
)  # fmt: skip
def test_putting_in_weeks_that_were_not_judged_changes_nothing(
    levels: str, put: list[int], gap: int, cooldown: int
) -> None:
    """However many weeks that were not judged stand between the others, the same happens in each judged week."""
    policy = Policy(episode_gap=gap, cooldown_weeks=cooldown)
    stretched = "".join(letter + "?" * number for letter, number in zip(levels, put, strict=False))

    def told(text: str) -> list[tuple[Any, ...]]:
        """What happens, with weeks as numbers of judged weeks, and whether each flag opens an episode."""
        flags, streams = flags_of({"R": text}), streams_of({"R": text})
        judged = streams[streams["status"] == "judged"]["week"].tolist()
        _, episodes, events = follow(flags, streams, policy)
        number = {f"{week:%Y-%m-%d}": place for place, week in enumerate(judged)}
        rows = [(judged.index(row.week), row.what, number[row.episode_id[-10:]]) for row in events.itertuples()]
        return [*rows, tuple(episodes["status"]), tuple(opening(flags, streams, policy))]

    assert told(stretched) == told(levels)


def test_a_filter_marks_the_name() -> None:
    """Episodes of a part of the incidents bear other names than those of all, and of another part."""
    flags = flags_of({"R": "A"})
    streams = streams_of({"R": "A"})
    names = {where: follow(flags, streams, Policy(), where=where)[1]["episode_id"][0] for where in ("", "a", "b")}
    assert names[""] == "R/incidents/2021-01-04"
    assert len(set(names.values())) == 3
    assert all(name.startswith("R/incidents~") and name.endswith("/2021-01-04") for name in (names["a"], names["b"]))


def spans(*rows: tuple[str, int, int]) -> pd.DataFrame:
    """Episodes by name, first and last week number."""
    frame = pd.DataFrame(rows, columns=["episode_id", "first_week", "last_week"])
    return frame.assign(
        **{name: [pd.Timestamp(week_number(number)) for number in frame[name]] for name in frame.columns[1:]}
    )


def name(number: int, region: str = "R") -> str:
    """Name of the episode that begins in the week of this number."""
    return f"{region}/incidents/{week_number(number)}"


NAMES = [
    # own, known (longest first), own name -> lasting name
    ([(3, 4)], [], {3: 3}),
    ([(3, 4)], [(3, 3)], {3: 3}),
    ([(2, 4)], [(3, 3)], {2: 3}),  # it began earlier than was known
    ([(4, 6)], [(3, 5)], {4: 3}),  # its first week is no longer flagged
    ([(5, 6)], [(3, 4)], {5: 5}),  # no week is shared
    ([(2, 8)], [(6, 7), (3, 4)], {2: 6}),  # two became one: the longest known
    ([(3, 4), (6, 8)], [(3, 8)], {3: 3, 6: 6}),  # one became two: the first week tells which
    ([(2, 4), (6, 8)], [(3, 8)], {2: 3, 6: 6}),
    ([(2, 6)], [(9, 9), (4, 5), (2, 2)], {2: 2}),
]


@pytest.mark.parametrize(("own", "known", "expected"), NAMES)
def test_names_last(own: list[tuple[int, int]], known: list[tuple[int, int]], expected: dict[int, int]) -> None:
    """An episode is the one that earlier runs had where they share weeks, by hand."""
    episodes = spans(*[(name(first), first, last) for first, last in own])
    earlier = spans(*[(name(first), first, last) for first, last in known])
    assert lasting_ids(episodes, earlier) == {name(own): name(lasting) for own, lasting in expected.items()}


def test_names_do_not_leave_their_region() -> None:
    """An episode of another region, or measure, is never the same."""
    assert lasting_ids(spans((name(2), 2, 4)), spans((name(3, "S"), 3, 4))) == {name(2): name(2)}


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 3)), max_size=5),
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 9)), max_size=5, unique_by=lambda pair: pair[0]),
)
def test_no_two_episodes_share_a_name(own: list[tuple[int, int]], known: list[tuple[int, int]]) -> None:
    """Whatever was known, the episodes of one run have each a name of its own."""
    apart = []
    for first, length in sorted(own):
        if not apart or first > apart[-1][1]:
            apart.append((first, first + length))
    episodes = spans(*[(name(first), first, last) for first, last in apart])
    names = lasting_ids(episodes, spans(*[(name(first), first, first + length) for first, length in known]))
    assert set(names) == set(episodes["episode_id"])
    assert len(set(names.values())) == len(names)


def run_of(levels: dict[str, str], weeks: int = 13, as_of: int = 0) -> Analysis:
    """An analysis whose flags are these, of the last *weeks* weeks, as known so many days after its end."""
    length = len(next(iter(levels.values())))
    counts = {"w": 3.0, "W": 4.5, "A": 12.0, ".": 1.0, "?": np.nan}
    observed = np.array([[counts[text[week]] for text in levels.values()] for week in range(length)])
    p = np.where(np.isnan(observed), np.nan, np.where(observed > 1, 1e-9, 0.9))
    spikes = result(observed, p)
    to = week_number(length) - timedelta(days=1)
    known = datetime.combine(to, datetime.min.time()) + timedelta(days=1 + as_of)
    panel = replace(spikes.panel, region_ids=tuple(levels), region_names=tuple(levels), to=to, as_of=known)
    spikes = replace(spikes, panel=panel, options={})  # type: ignore[arg-type]
    stand_in: Any = SimpleNamespace(options={})
    return Analysis(
        settings=Settings(), panel=panel, first=week_number(max(0, length - weeks)), last=week_number(length - 1),
        spikes=spikes, ramps=None, trends=stand_in, level_changes=stand_in, judgement=judge(spikes, Policy(cooldown_weeks=2)),
    )  # fmt: skip


def write(store: Store, run: Analysis, report: str = "weekly") -> None:
    """Record a run of stand-in data."""
    record(store, report, run, Fingerprint(incidents=1, versions=1, checksum="0"))


VIEWS = ("runs", "flags", "episodes", "episode_log")
LOGS = ("run", "flag", "episode", "episode_event")


def views(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """What the log's views hold, row by row."""
    return {name: store.rows(f"FROM {name}") for name in VIEWS}


def test_runs_in_any_order_make_the_same_history(blank_path: Path, tmp_path: Path) -> None:
    """Recorded late, twice, or backwards, the same runs make the same log and views, row for row.

    The runs revise each other: an episode begins earlier than was thought, two become one, one is withdrawn.
    """
    runs = [
        run_of({"R": "....A.A", "S": "..w...."}),
        run_of({"R": "...AA.AA", "S": "........"}),
        run_of({"R": "...AAAAA.", "S": "........w"}),
        run_of({"R": "...AAAAA.", "S": ".......ww"}, as_of=3),
        run_of({"R": "...AAAAA...A", "S": ".......wwWA."}),
    ]
    orders = [(0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (2, 0, 4, 1, 3, 2, 0), (3, 4, 0, 2, 1, 4)]
    found = []
    for number, order in enumerate(orders):
        path = tmp_path / f"{number}.duckdb"
        path.write_bytes(blank_path.read_bytes())
        with Store(path) as store:
            for turn in order:
                write(store, runs[turn])
            found.append(views(store))
    assert found[0]["episode_log"]
    for other in found[1:]:
        assert other == found[0]
    ids = [row[0] for row in found[0]["episodes"]]
    assert ids == [name(2, "S"), name(4), name(8, "S"), name(11)], "named after what was first known"


@settings(
    max_examples=5,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(st.text("wA...", min_size=4, max_size=14), min_size=2, max_size=5, unique_by=len),
    st.randoms(use_true_random=False),
)
def test_any_runs_in_any_order(
    blank_path: Path, tmp_path_factory: pytest.TempPathFactory, texts: list[str], shuffle: Any
) -> None:
    """Whatever runs found, their order of recording changes no view; and recording one more changes no row of the log."""
    runs = [run_of({"R": text}, weeks=6) for text in texts]
    found = []
    for order in (sorted(runs, key=lambda run: run.last), shuffle.sample(runs, len(runs))):
        path = tmp_path_factory.mktemp("order") / "log.duckdb"
        path.write_bytes(blank_path.read_bytes())
        with Store(path) as store:
            kept: dict[str, set[tuple[Any, ...]]] = {table: set() for table in LOGS}
            for run in order:
                write(store, run)
                now = {table: set(store.rows(f"FROM {table}")) for table in LOGS}
                assert all(kept[table] <= now[table] for table in LOGS), "the log is only added to"
                kept = now
            found.append(views(store))
    assert found[0] == found[1]


def test_the_log_says_what_happened(blank: Store) -> None:
    """Each thing that happened is in the log once, with the first run that said so; what later runs withdraw stays."""
    write(blank, run_of({"R": "..w"}))
    write(blank, run_of({"R": "..wA.w"}))
    write(blank, run_of({"R": "..wA.w."}))
    rows = blank.rows('SELECT week, what, level, "to" FROM episode_log')
    assert [(week, what, level) for week, what, level, _ in rows] == [
        (week_number(2), "opened", "watch"), (week_number(3), "escalated", "alert"), (week_number(4), "closed", ""),
        (week_number(5), "reopened", "watch"), (week_number(6), "closed", ""),
    ]  # fmt: skip
    assert [to for *_, to in rows] == [week_number(number) - timedelta(days=1) for number in (3, 6, 6, 6, 7)]
    assert blank.rows("SELECT status, weeks, reopened, closed_week FROM episodes") == [("closed", 3, 1, week_number(6))]
    write(blank, run_of({"R": "........"}))
    assert blank.rows("SELECT status FROM episodes") == [("withdrawn",)]
    assert len(blank.rows("FROM episode_log")) == 5
    assert blank.rows("FROM flags") == []


def test_an_open_episode_that_later_runs_did_not_reach_is_closed(blank: Store) -> None:
    """A later run whose weeks begin after an episode's last does not have it; it is over, not withdrawn."""
    write(blank, run_of({"R": "..A"}))
    write(blank, run_of({"R": "..A" + "." * 20}, weeks=5))
    assert blank.rows("SELECT status FROM episodes") == [("closed",)]


def one(**values: Any) -> pd.DataFrame:
    """What a flag's priority is made from."""
    plain = {
        "level": "warning", "excess": 10.0, "ratio": 10.0**0.5, "p_growing": 0.75, "killed": 20.0,
        "record_since": (130, ""), "episode_week": 2,
    }  # fmt: skip
    return pd.DataFrame([plain | values])


def test_priority_by_hand() -> None:
    """Half of each part's points, and two thirds of the level's: 20 + 10 + 5 + 5 + 7.5 + 2.5 + 5 = 55."""
    row = with_priority(one(), Policy()).iloc[0]
    assert row[list(PARTS)].tolist() == [20.0, 10.0, 5.0, 5.0, 7.5, 2.5, 5.0]
    assert row["priority"] == 55.0


@pytest.mark.parametrize(
    ("values", "part", "points"),
    [
        ({"level": "alert"}, "level", 30.0), ({"ratio": 1000.0}, "ratio", 10.0), ({"p_growing": np.nan}, "growth", 0.0),
        ({"p_growing": 0.2}, "growth", 0.0), ({"killed": None}, "lethality", 0.0), ({"killed": 0.0}, "lethality", 0.0),
        ({"record_since": (1300, "")}, "record", 5.0), ({"episode_week": 1}, "new", 10.0), ({"excess": 90.0}, "excess", 18.0),
    ],
)  # fmt: skip
def test_priority_at_its_edges(values: dict[str, Any], part: str, points: float) -> None:
    """Parts stop at all of their points, and what is not known has none."""
    assert with_priority(one(**values), Policy()).iloc[0][f"priority_{part}"] == points


def test_priority_orders_flags_within_a_level() -> None:
    """Flags of one week come by level, then by priority; the parts always add up, and weights may be set."""
    spikes = result([[12, 30, 3]], [[1e-9, 1e-9, 1e-9]])
    flags = judge(spikes).flags
    assert flags["region_id"].tolist() == ["R1", "R0", "R2"]
    assert flags["level"].tolist() == ["alert", "alert", "watch"]
    np.testing.assert_allclose(flags[list(PARTS)].sum(axis=1), flags["priority"], atol=1e-9)
    only = {f"priority_{part}": 0.0 for part in ("excess", "ratio", "growth", "lethality", "record", "new")}
    assert judge(spikes, Policy(**only)).flags["priority"].tolist() == [100.0, 100.0, 33.3]  # type: ignore[arg-type]
    assert flags["priority"].between(0, 100).all()
    with pytest.raises(OptionError, match="not all zero"):
        Policy(priority_level=0.0, **only)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="cooldown_weeks must not be negative"):
        Policy(cooldown_weeks=-1)
