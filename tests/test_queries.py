"""Saved queries: each answers on simulated and on real records, and says what it can be asked with."""

import json
import re
from datetime import date
from pathlib import Path

import pytest

from analytics.errors import InputError, OptionError
from analytics.figures.plot import drawing, panels
from analytics.figures.spec import complete
from analytics.query.database import Answer
from analytics.query.plotting import drawable
from analytics.query.saved import Parameter, saved_queries, saved_query
from analytics.store import Question, Store
from tests.conftest import ROOT
from tests.desk import Demo, add, incidents, record, small_store

pytest_plugins = ["tests.databases"]

BUNDLED = sorted(path.stem for path in (ROOT / "reports" / "queries").glob("*.sql"))
EMPTY_ON_SIMULATED = {"rejected_records"}


def answer(database: Path, name: str, **given: str) -> list[dict[str, object]]:
    """Rows of a saved query."""
    query = saved_query(name)
    with Store(database, locked=True) as store:
        question = Question(store, query.sql, query.values(given))
        names = [column.name for column in question.columns]
        return [dict(zip(names, row, strict=True)) for batch in question.rows() for row in batch]


def test_there_are_twenty_that_say_what_they_answer() -> None:
    """The starter set has at least twenty queries, each with a title, parameters that are explained, and defaults."""
    queries = [saved_query(name) for name in BUNDLED]
    assert len(queries) >= 20
    assert all(query.title and query.description for query in queries)
    assert all(parameter.doc and parameter.default for query in queries for parameter in query.parameters)
    assert all(f"${parameter.name}" in query.sql for query in queries for parameter in query.parameters)


@pytest.mark.parametrize("name", BUNDLED)
def test_each_answers_on_simulated_records(demonstration: Demo, name: str) -> None:
    """Every query runs on the bundled demonstration, and finds something where there is something to find."""
    rows = answer(demonstration.folder / "simulated.duckdb", name)
    assert bool(rows) is (name not in EMPTY_ON_SIMULATED)


@pytest.mark.parametrize("name", [name for name in BUNDLED if saved_query(name).chart])
def test_each_chart_fits_its_answer(demonstration: Demo, name: str) -> None:
    """A saved query's chart names columns that it has, and draws what it answers by its defaults."""
    query = saved_query(name)
    with Store(demonstration.folder / "simulated.duckdb", locked=True) as store:
        frame = drawable(Answer(Question(store, query.sql, query.values({})).reader().read_all()))
    assert query.chart is not None
    query.chart.check(list(frame.columns))
    if name not in EMPTY_ON_SIMULATED:
        spec = complete(query.chart, frame)
        assert drawing(panels(frame, spec), spec, query.title)


@pytest.mark.parametrize("name", BUNDLED)
def test_each_answers_on_real_records(iraq: Path, name: str) -> None:
    """Every query runs on UCDP's records of Iraq, loaded from the file as it was published."""
    answer(iraq, name)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A database whose answers can be worked out by hand."""
    rows = [
        record("a", date(2021, 11, 1), "Diyala", killed=2),
        record("b", date(2021, 11, 2), "Diyala", killed=5),
        record("c", date(2021, 11, 3), "Diyala", killed=0),
        record("d", date(2021, 11, 20), "Diyala", killed=1),
        record("e", date(2021, 9, 1), "Kirkuk", killed=1),
    ]
    for row, place in zip(rows, ("Kifri", "Kifri", "Kifri", "Kifri", "Dibis"), strict=True):
        row |= {"admin2": place, "tactic": "hit-and-run" if place == "Kifri" else "IED", "actor1": "IS"}
    path = small_store(tmp_path, rows)
    later = [record("b", date(2021, 11, 2), "Diyala", known=date(2022, 1, 5), killed=9)]
    later[0] |= {"admin2": "Kifri", "tactic": "hit-and-run", "actor1": "IS"}
    with Store(path) as store:
        add(store, tmp_path / "later.csv", later)
    return path


def test_answers_worked_by_hand(desk: Path) -> None:
    """Clusters, revisions, elections, then and now, and first appearances are what a pencil says."""
    assert [(row["place"], row["began_on"], row["incidents"], row["killed"]) for row in answer(desk, "clusters")] == [
        ("Kifri", "2021-11-01", 3, 11)
    ]
    assert answer(desk, "clusters", attacks="4", days="20")[0]["incidents"] == 4
    assert answer(desk, "clusters", attacks="4", days="19") == []
    assert [(row["incident_id"], row["difference"]) for row in answer(desk, "large_revisions")] == [("desk:b", 4)]
    assert answer(desk, "large_revisions", change="5") == []
    around = answer(desk, "tactics_around_elections", weeks="8")
    assert [(row["tactic"], row["before"], row["after"], row["change"]) for row in around] == [
        ("IED", 1, 0, -1), ("hit-and-run", 0, 4, 4)
    ]  # fmt: skip
    known = answer(desk, "then_and_now", as_of="2021-12-12", measure="killed", level="country", weeks="6")
    changed = [(row["week"], row["then"], row["now"]) for row in known if row["difference"]]
    assert changed == [("2021-11-01", 7.0, 11.0)]
    moments = {"earlier": "2021-12-12", "later": "2022-02-01"}
    told = answer(desk, "what_changed", **moments, last="2021-12-12")
    assert [(row["incident_id"], row["change"], row["counts_in"], row["changes"]) for row in told] == [
        ("desk:b", "revised", "IQ-DI", "killed: 5 → 9")
    ]
    assert answer(desk, "what_changed", **moments, last="2021-11-01") == []
    (first,) = answer(desk, "first_appearance", actor="is")
    assert (first["first_on"], first["first_in"], first["last_on"], first["incidents"]) == (
        "2021-09-01",
        "Kirkuk",
        "2021-11-20",
        5,
    )


def test_asked_by_name_from_the_command_line(desk: Path) -> None:
    """@name and queries run answer alike, with typed parameters."""
    ask = ("--param", "attacks=4", "--param", "days=20", "--format", "json", "--db", desk)
    one, two = incidents("sql", "@clusters", *ask), incidents("queries", "run", "clusters", *ask)
    assert json.loads(one.stdout) == json.loads(two.stdout)
    assert json.loads(one.stdout)[0]["place"] == "Kifri"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["@cluster"], "no saved query @cluster; did you mean @clusters"),
        (["@../x"], "no saved query @../x; incidents queries list"),
        (["@clusters", "--param", "day=3"], "@clusters has no parameter 'day'; it has attacks, days"),
        (["@clusters", "--param", "days=x"], "--param days='x' is not a whole number"),
        (["@then_and_now", "--param", "as_of=yesterday"], r"is not a time \(YYYY-MM-DD HH:MM\)"),
    ],
)
def test_what_cannot_be_asked_is_told(small: Path, words: list[str], message: str) -> None:
    """A wrong name, parameter or value is an option error that names the right ones."""
    done = incidents("--db", small, "sql", *words)
    assert done.exit_code == 2
    assert re.search(message, done.stderr)


def test_ones_own_queries_come_first(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """reports/queries here is looked into before the bundled ones; check says which fail and ends with 5."""
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "reports" / "queries"
    own.mkdir(parents=True)
    (own / "clusters.sql").write_text("-- title: Mine\nselect 42 as x")
    (own / "broken.sql").write_text("-- title: Broken\nselect gone from incidents")
    (own / "drawn.sql").write_text(
        "-- title: Drawn\n-- chart: bar x=who y=killed\nselect admin1, killed from incidents"
    )
    assert incidents("--db", small, "sql", "@clusters", "--format", "csv").stdout == "x\n42\n"
    assert incidents("queries", "show", "clusters").stdout == "-- title: Mine\nselect 42 as x\n"
    assert {"clusters", "broken", "lethality"} <= {query.name for query in saved_queries()}
    good = incidents("--db", small, "queries", "check", "clusters", "--format", "csv")
    assert good.stdout.splitlines()[1].startswith("clusters,1,")
    bad = incidents("--db", small, "queries", "check", "broken", "--format", "csv")
    assert bad.exit_code == 5
    assert "Referenced column" in bad.stdout
    assert "1 of 1 saved queries failed: broken" in bad.stderr
    assert "no column 'who' in admin1, killed" in incidents("--db", small, "queries", "check", "drawn").stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("select 1", "the first lines must say what the query answers"),
        ("-- title: x\n-- colour: red\nselect 1", ":2: 'colour' is not one of title, description, param, chart"),
        ("-- title: x\n-- chart: pie\nselect 1", "chart 'pie' is not KIND"),
        ("-- title: x\n-- param: n whole = 3 | n\nselect $n", "is not NAME TYPE = DEFAULT"),
        ("-- title: x\n-- param: n integer = three | n\nselect $n", "the default of n cannot be"),
    ],
)
def test_a_wrong_comment_is_told_with_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    """A query's comment that does not say what it must is an input error that names the file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reports" / "queries").mkdir(parents=True)
    (tmp_path / "reports" / "queries" / "own.sql").write_text(text)
    with pytest.raises(InputError, match=rf"own\.sql.*{message}"):
        saved_query("own")


def test_parameters_are_typed() -> None:
    """A value is what its type says, null where the default is null, and needed where there is no default."""
    assert Parameter(name="d", type="date", default=None, doc="").value("2021-12-03") == date(2021, 12, 3)
    assert Parameter(name="b", type="boolean", default="true", doc="").value(None) is True
    assert Parameter(name="n", type="number", default="null", doc="").value(None) is None
    with pytest.raises(OptionError, match="a value is needed for d"):
        Parameter(name="d", type="date", default=None, doc="").value(None)


def test_the_schema_is_told(small: Path) -> None:
    """`incidents schema` lists what can be asked, and with a name its columns or arguments."""
    names = [row["name"] for row in json.loads(incidents("--db", small, "schema", "--format", "json").stdout)]
    assert names.index("incidents") < names.index("weekly") < names.index("incident_version")
    parts = json.loads(incidents("--db", small, "schema", "incidents", "--format", "json").stdout)
    assert {"name": "killed", "type": "INTEGER", "comment": "People killed, best estimate"} in parts
    arguments = json.loads(incidents("--db", small, "schema", "weekly", "--format", "json").stdout)
    assert [row["name"] for row in arguments][:2] == ["level", "measure"]
    assert incidents("--db", small, "schema", "incidens").exit_code == 2
