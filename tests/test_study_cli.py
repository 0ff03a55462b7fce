"""The command `incidents study`: its questions, formats, streams, and the bundled simulation's election."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from tests.desk import incidents

pytest_plugins = ["tests.databases"]

ELECTION = ("--event", "iq-election-2021-10", "--where", "tactic = 'hit-and-run'", "--level", "disputed-territories")


@pytest.fixture
def weekly_counts(tmp_path: Path) -> Path:
    """A CSV of weekly counts of two regions, the first of which triples on 6 October 2020."""
    rng = np.random.default_rng(1)
    path = tmp_path / "counts.csv"
    lines = ["region,week,count"]
    for number, week in enumerate(np.datetime64("2016-01-04") + 7 * np.arange(300)):
        mean = 12 if week > np.datetime64("2020-10-06") else 4
        lines += [f"north,{week},{rng.poisson(mean)}", f"south,{week},{rng.poisson(4 + number % 2)}"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_the_bundled_election_is_found(simulated: Path) -> None:
    """The simulated ramp-up after the election stands out from every other date, in the weeks before the operation and in all."""
    cut = json.loads(incidents("--db", simulated, "study", *ELECTION, "--format", "json").stdout)
    assert cut["terms"][0]["weeks"] == 3
    assert cut["terms"][0]["low"] > 1
    assert cut["placebo"]["larger"] == 0
    assert cut["placebo"]["p"] == pytest.approx(1 / (1 + cut["placebo"]["independent"]))
    assert cut["placebo"]["p"] < 0.03
    kept = json.loads(
        incidents("--db", simulated, "study", *ELECTION, "--set", "later=keep", "--format", "json").stdout
    )
    assert kept["terms"][0]["weeks"] == 26
    assert kept["placebo"]["larger"] == 0
    assert kept["placebo"]["p"] == pytest.approx(1 / (1 + kept["placebo"]["independent"]))
    assert kept["terms"][0]["wide_low"] > 1
    assert "hit-and-run attacks in the disputed territories were" in kept["sentence"]


def test_the_sentence_is_narration_but_in_json(simulated: Path) -> None:
    """Table and CSV have the sentence on stderr; JSON has it inside, and stdout is nothing but data."""
    table = incidents("--db", simulated, "study", *ELECTION)
    made = incidents("--db", simulated, "study", *ELECTION, "--format", "json")
    assert json.loads(made.stdout)["sentence"] in table.stderr
    assert "In the 3 weeks" not in table.stdout
    assert "In the 3 weeks" not in made.stderr
    assert "the records are simulated" in made.stderr
    assert incidents("--db", simulated, "study", *ELECTION, "-q").stderr == ""


def test_csv_has_every_term(simulated: Path) -> None:
    """CSV has the columns promised, one row per term, weeks included; the table leaves the weeks out."""
    rows = list(csv.DictReader(io.StringIO(incidents("--db", simulated, "study", *ELECTION, "--format", "csv").stdout)))
    promised = {
        "event",
        "date",
        "regions",
        "term",
        "rate_ratio",
        "low",
        "high",
        "p_value",
        "p_placebo",
        "placebo_dates",
    }
    assert promised <= set(rows[0])
    terms = [row["term"] for row in rows]
    assert terms[:6] == ["after", "early", "late", "level", "slope", "pre-trend"]
    assert terms[6:] == [f"week {week}" for week in range(-26, 27)]
    assert "week 5" not in incidents("--db", simulated, "study", *ELECTION).stdout


def test_a_kind_is_studied_one_by_one_and_stacked(simulated: Path) -> None:
    """--kind studies every event of the kind, says which cannot be studied, and stacks the others."""
    done = incidents(
        "--db", simulated, "study", "--kind", "election", "--level", "disputed-territories", "--format", "json",
        "--set", "placebo=50", "--set", "later=keep",
    )  # fmt: skip
    made = json.loads(done.stdout)
    names = {row["event"] for row in made["terms"]}
    assert {"iq-election-2018-05", "iq-election-2021-10", "stacked"} <= names
    stacked = next(row for row in made["terms"] if row["event"] == "stacked")
    assert "iq-election-2010-03" in stacked["note"]
    assert made["sentence"] == made["sentences"][0]
    assert len(made["sentences"]) == len(names)


def test_any_date_of_any_counts(weekly_counts: Path) -> None:
    """--counts and --date need no database; --regions chooses, --against compares, --set reaches the options."""
    done = incidents(
        "study", "--counts", weekly_counts, "--date", "2020-10-06", "--regions", "north", "--against", "south",
        "--set", "after=13", "--format", "json",
    )  # fmt: skip
    row = json.loads(done.stdout)["terms"][0]
    assert (row["regions"], row["weeks"]) == ("north", 13)
    assert row["low"] < 3 < row["high"]
    assert row["low"] > 1.5


def test_another_date_cuts_the_weeks_after(weekly_counts: Path) -> None:
    """--other names a date of which the database does not know, from which on weeks do not count."""
    done = incidents(
        "study", "--counts", weekly_counts, "--date", "2020-10-06", "--other", "2020-11-04", "--format", "json"
    )
    assert json.loads(done.stdout)["terms"][0]["weeks"] == 3


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "say what to study by one of"),
        (("--date", "2020-10-06", "--kind", "election"), "say what to study by one of"),
        (("--event", "nothing"), "event 'nothing' is not among the dated events"),
        (("--kind", "party"), "no dated event here is of kind 'party'"),
        (("--date", "2020-10-06", "--regions", "IQ-XX"), "region 'IQ-XX' is neither a region nor a region group"),
        (("--date", "2020-10-06", "--measure", "killed"), "sums of casualties are no counts of independent incidents"),
        (("--date", "2020-10-06", "--measure", "avg(killed)"), "judge 'incidents', with --where for a part of them"),
        (("--date", "2020-10-06", "--measure", "incidnts"), "measure 'incidnts' is not known"),
        (("--date", "2020-10-06", "--set", "befor=52"), "did you mean 'before'?"),
        (("--date", "2020-10-06", "--set", "before=5"), "before must be at least 26"),
    ],
)
def test_questions_that_cannot_be_asked_say_why(simulated: Path, words: tuple[str, ...], message: str) -> None:
    """A wrong question ends with code 2 and one line that says what is wrong."""
    done = incidents("--db", simulated, "study", *words)
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stdout == ""


def test_counts_have_no_events(weekly_counts: Path) -> None:
    """Counts of one's own come without dated events."""
    done = incidents("study", "--counts", weekly_counts, "--event", "iq-election-2021-10")
    assert done.exit_code == 2
    assert "name the date with --date" in done.stderr


def test_the_chart_is_a_page(simulated: Path, tmp_path: Path) -> None:
    """--chart writes the event-time chart as one page, says where, and leaves stdout to the data; a bad folder is told."""
    path = tmp_path / "new" / "election.html"
    done = incidents("--db", simulated, "study", *ELECTION, "--chart", path, "--format", "csv")
    assert done.stdout == incidents("--db", simulated, "study", *ELECTION, "--format", "csv").stdout
    assert f"chart: {path}" in done.stderr
    page = path.read_text(encoding="utf-8")
    assert "default-src &#39;none&#39;" in page
    assert 'id="chart-extra-1"' in page
    assert "Simulated." in page
    assert incidents("--db", simulated, "study", *ELECTION, "--chart", "/proc/nowhere/x.html", "-q").exit_code == 6
