"""`incidents note`, `mute` and `episodes`: what analysts say is kept, shown in the next report, and is text."""

import json
from datetime import date
from pathlib import Path

import pytest

from analytics.definitions import Definition
from analytics.errors import OptionError
from analytics.pipeline import analyse, write_report
from analytics.settings import Settings
from analytics.store import Store, add_mute, add_note, end_mute, mutes, notes
from tests.desk import LAST, SPIKE, incidents
from tests.store_files import at

pytest_plugins = ["tests.databases"]

EPISODE = f"IQ-BA/incidents/{SPIKE}"
HOSTILE = '<script>window.broken = 1</script>\'; DROP TABLE note; -- =HYPERLINK("x") \u202egnirts'
WHEN = at("2022-01-03 08:00")


@pytest.fixture(scope="module")
def recorded(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small store with one recorded report, to be copied."""
    folder = tmp_path_factory.mktemp("recorded")
    path = folder / "own.duckdb"
    path.write_bytes(small.read_bytes())
    with Store(path) as store:
        write_report(store, Definition(settings=Settings()), folder)
    return path


@pytest.fixture
def own(recorded: Path, tmp_path: Path) -> Path:
    """A copy of it, of the test's own."""
    path = tmp_path / "own.duckdb"
    path.write_bytes(recorded.read_bytes())
    return path


def test_notes_and_mutes_are_in_the_next_report(own: Path, tmp_path: Path) -> None:
    """Beside the flag and its episode stand what was said, by whom and when, and why it is muted; hostile text is text.

    The muted region is judged and listed, and not in the headline; the same report twice is the same bytes.
    """
    said = ("--author", "R. <K>", "--at", "2022-01-03 08:00", "--db", own)
    assert incidents("note", EPISODE, "--confirm", "--comment", HOSTILE, *said).exit_code == 0
    assert incidents("note", EPISODE, "--comment", "seen by two", "--at", "2022-01-04", "--db", own).exit_code == 0
    end = ("--from", SPIKE, "--until", "2022-01-31", "--reason", "drill & exercise", *said)
    assert incidents("mute", "IQ-BA", *end).exit_code == 0
    with Store(own) as store:
        made = [write_report(store, Definition(settings=Settings()), tmp_path / name) for name in ("one", "two")]
    pages = [report.path.read_bytes() for report in made]
    assert pages[0] == pages[1]
    page = pages[0].decode()
    assert "<script>window.broken" not in page
    assert page.count("confirmed 3 Jan 2022 by R. &lt;K&gt;: &lt;script&gt;window.broken = 1") >= 2, "flag and episode"
    assert "commented 4 Jan 2022: seen by two" in page
    assert "muted until 31 Jan 2022: drill &amp; exercise" in page
    assert "Basra" not in made[0].content.headline
    assert "beyond what is normal there in any of these weeks, 1 muted flag aside." in made[0].content.headline
    flags = made[0].content.flags
    assert flags is not None
    assert flags[["region", "muted"]].to_numpy().tolist() == [["Basra", "until 31 Jan 2022: drill & exercise"]]
    with Store(own, read_only=True) as store:
        assert store.value("SELECT count(*) FROM runs") == 1, "a note makes no other run"
        assert store.rows("SELECT verdict, len(notes) FROM episodes") == [("confirmed", 2)]
        assert store.rows("SELECT flag_id, muted FROM flags") == [(EPISODE, "2022-01-31: drill & exercise")]
        log = [what for (what,) in store.rows("SELECT what FROM episode_log ORDER BY noted_at NULLS FIRST, week, what")]
    assert log == ["opened", "closed", "confirmed", "muted", "commented"]


def test_episodes_are_listed(own: Path) -> None:
    """`incidents episodes` has their state and dates; with a name, their log."""
    listed = json.loads(incidents("episodes", "--db", own, "--format", "json").stdout)
    assert [(row["episode_id"], row["status"], row["weeks"]) for row in listed] == [(EPISODE, "closed", 1)]
    told = json.loads(incidents("episodes", EPISODE, "--db", own, "--format", "json").stdout)
    assert [(row["week"], row["what"]) for row in told] == [("2021-11-15", "opened"), ("2021-11-22", "closed")]
    missing = incidents("episodes", "IQ-BA/incidents/1999-01-04", "--db", own)
    assert (missing.exit_code, "no recorded episode" in missing.stderr) == (2, True)


def test_saved_queries_know_what_was_said(own: Path) -> None:
    """A flag waits until its episode is confirmed or muted; episodes and their story bear what was said."""

    def ask(name: str) -> list[dict[str, object]]:
        return list(json.loads(incidents("sql", f"@{name}", "--db", own, "--format", "json").stdout))

    assert [row["flag_id"] for row in ask("unanswered_flags")] == [EPISODE]
    with Store(own) as store:
        add_mute(store, "IQ-BA", starts_on=SPIKE, until=LAST, reason="drill", at=WHEN)
    assert ask("unanswered_flags") == []
    with Store(own) as store:
        end_mute(store, "IQ-BA", ends_on=SPIKE, at=WHEN)
        assert store.value("SELECT muted FROM flags") is None
        add_note(store, EPISODE, "confirmed", at=WHEN)
    assert ask("unanswered_flags") == []
    assert [(row["episode_id"], row["status"], row["verdict"]) for row in ask("episodes")] == [
        (EPISODE, "closed", "confirmed")
    ]
    assert {row["what"] for row in ask("episode_story")} == {"opened", "closed", "confirmed", "muted", "unmuted"}
    assert [(row["region"], row["flags"], row["muted"]) for row in ask("flag_history")] == [("Basra", 1, 0)]


def test_lists(own: Path) -> None:
    """`--list` shows all notes and mutes, oldest first, and needs no target."""
    with Store(own) as store:
        add_note(store, EPISODE, "dismissed", at=WHEN)
        add_mute(store, "IQ-BA", starts_on=SPIKE, until=LAST, reason="drill", at=WHEN)
    listed = json.loads(incidents("note", "--list", "--db", own, "--format", "json").stdout)
    assert [(row["flag_id"], row["what"]) for row in listed] == [(EPISODE, "dismissed")]
    listed = json.loads(incidents("mute", "--list", "--db", own, "--format", "json").stdout)
    assert [(row["region_id"], row["until"], row["reason"]) for row in listed] == [("IQ-BA", "2021-12-26", "drill")]


REFUSED = [
    (("note",), "name an episode or flag"),
    (("note", EPISODE), "--confirm, --dismiss or --comment"),
    (("note", EPISODE, "--comment", "  "), "the comment is empty"),
    (("note", "IQ-BA/incidents/2021-11-22", "--confirm"), f"did you mean '{EPISODE}'"),
    (("mute", "IQ-BA"), "--until"),
    (("mute", "IQ-BX", "--until", "2030-01-01", "--reason", "x"), "is no region or group; did you mean"),
    (("mute", "IQ-BA", "--until", "2030-01-01"), "needs a reason"),
    (("mute", "IQ-BA", "--until", "2014-12-31", "--reason", "x"), "before it starts"),
    (("mute", "IQ-BA", "--end"), "no mute of IQ-BA is in force"),
]


@pytest.mark.parametrize(("words", "message"), REFUSED)
def test_what_cannot_be_noted_is_refused(own: Path, words: tuple[str, ...], message: str) -> None:
    """With the reason, exit code 2, and nothing written."""
    done = incidents(*words, "--db", own)
    assert done.exit_code == 2
    assert message in done.stderr
    with Store(own, read_only=True) as store:
        assert notes(store).empty
        assert mutes(store).empty


def test_a_database_without_reports_has_nothing_to_note(small: Path, tmp_path: Path) -> None:
    """The message says what makes flags to speak of."""
    path = tmp_path / "own.duckdb"
    path.write_bytes(small.read_bytes())
    done = incidents("note", EPISODE, "--confirm", "--db", path)
    assert (done.exit_code, "no report has recorded any yet" in done.stderr) == (2, True)


def test_the_order_of_notes_is_their_own(own: Path) -> None:
    """Notes are read in the order of their times, whenever they were written, and the same note is there once."""
    with Store(own) as store:
        for text, moment in (("second", "2022-01-05"), ("first", "2022-01-04"), ("second", "2022-01-05")):
            add_note(store, EPISODE, "commented", text=text, at=at(moment))
        add_note(store, EPISODE, "dismissed", at=at("2022-01-07"))
        add_note(store, EPISODE, "confirmed", at=at("2022-01-06"))
        assert notes(store)["text"].tolist() == ["first", "second", "", ""]
        assert store.rows("SELECT verdict, notes FROM episodes") == [("dismissed", ["first", "second"])]
        analysis = analyse(store, Settings())
    assert analysis.episodes["verdict"].tolist() == ["dismissed"]
    assert analysis.flags["remarks"].tolist() == [
        "commented 4 Jan 2022: first; commented 5 Jan 2022: second; confirmed 6 Jan 2022; dismissed 7 Jan 2022"
    ]


def test_a_mute_is_in_force_from_its_start_to_its_end(own: Path) -> None:
    """It holds for the weeks that it touches, for its measure only, until it ends or is ended."""
    monday, sunday = SPIKE, date(2021, 11, 21)
    cases = [
        ({"starts_on": sunday, "until": LAST}, True),
        ({"starts_on": date(2021, 11, 22), "until": LAST}, False),
        ({"starts_on": date(2021, 1, 1), "until": monday}, True),
        ({"starts_on": date(2021, 1, 1), "until": date(2021, 11, 14)}, False),
        ({"starts_on": monday, "until": LAST, "measure": "count"}, False),
        ({"starts_on": monday, "until": LAST, "measure": "incidents"}, True),
    ]
    original = own.read_bytes()
    for mute, in_force in cases:
        own.write_bytes(original)
        with Store(own) as store:
            add_mute(store, "IQ-BA", reason="x", at=WHEN, **mute)  # type: ignore[arg-type]
            assert [muted is not None for (muted,) in store.rows("SELECT muted FROM flags")] == [in_force], mute


def test_a_mute_can_be_ended(own: Path) -> None:
    """From the day it is ended it is no longer in force, both rows stay, and another may follow."""
    with Store(own) as store:
        add_mute(store, "IQ-BA", starts_on=SPIKE, until=LAST, reason="drill", at=WHEN)
        end_mute(store, "IQ-BA", ends_on=SPIKE, at=at("2022-01-04"))
        assert store.rows("SELECT muted FROM flags") == [(None,)]
        assert store.value("SELECT count(*) FROM mute") == 2
        with pytest.raises(OptionError, match="no mute of IQ-BA is in force"):
            end_mute(store, "IQ-BA", ends_on=SPIKE, at=at("2022-01-05"))
        add_mute(store, "IQ-BA", starts_on=SPIKE, until=LAST, reason="again", at=at("2022-01-06"))
        assert store.rows("SELECT muted FROM flags") == [("2021-12-26: again",)]
