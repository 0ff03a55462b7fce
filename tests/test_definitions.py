"""Report definitions: what a file may say, what comes before what, and that the shipped ones work."""

import html
import json
import os
import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from analytics.definitions import FORMATS, SECTIONS, Definition, Studied, available, find, folders
from analytics.errors import OptionError, OutputError
from analytics.pipeline import write_each_region, write_report
from analytics.pipeline.reporting import file_name
from analytics.report import FORMS, FormOptions, PdfOptions
from analytics.settings import Settings
from analytics.store import Store
from tests.conftest import ROOT
from tests.desk import CLOCK, LAST, add, incidents, record

pytest_plugins = ["tests.databases"]
SHIPPED = {"demo", "election-watch", "monthly", "quarter", "region", "weekly"}


def toml(folder: Path, text: str, name: str = "mine") -> Path:
    """A definition file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_definition_says_all_it_may(tmp_path: Path) -> None:
    """Every kind of key arrives as it was written, each of its type."""
    path = toml(
        tmp_path,
        'title = "Q"\nperiod = "quarter"\nlevel = "admin2"\nregions = ["Kifri", "disputed-territories"]\n'
        'measures = ["incidents", "killed"]\nsections = ["flags", "map"]\nformats = ["html", "csv"]\n'
        '[[events]]\nkind = "election"\nstudy = { after = 13 }\n[[events]]\nids = ["a", "b"]\n'
        '[recipients]\nhtml = ["desk@example.org"]\n[policy]\nwatch_q = 0.2\n',
    )
    made = Definition.read(path)
    assert made.settings == Settings(
        title="Q", level="admin2", regions=("Kifri", "disputed-territories"), measures=("incidents", "killed"), policy={"watch_q": 0.2}
    )  # fmt: skip
    assert (made.name, made.period, made.sections, made.formats) == (
        "mine",
        "quarter",
        ("flags", "map"),
        ("html", "csv"),
    )
    assert made.events == (Studied(kind="election", study={"after": 13}), Studied(ids=("a", "b")))
    assert made.recipients == {"html": ("desk@example.org",)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tittle = 3", r"mine\.toml: unknown option 'tittle'; did you mean 'title'"),
        ("secions = []", r"mine\.toml: unknown option 'secions'; did you mean 'sections'"),
        ('measure = "killed"', "did you mean 'measures'"),
        ('name = "other"', "unknown option 'name'"),
        ('sections = ["flagz"]', r"mine\.toml: sections: 'flagz' is not known; did you mean 'flags'"),
        ('sections = ["map", "map"]', "names one of them twice"),
        ('formats = ["word"]', r"formats: 'word' is not known; choose from html, light, pdf"),
        ('formats = "html"', r"formats must be a list, as \[.*\], got 'html'"),
        ('period = "fortnight"', r"mine\.toml: period 'fortnight' is not known"),
        ('period = "month"\nweeks = 4', "period and weeks say the same"),
        ("[[events]]\n", "events need a kind or ids, one of the two"),
        ('[[events]]\nkid = "x"', r"mine\.toml: events: unknown option 'kid'; did you mean 'kind'"),
        ('[recipients]\npdf = ["a@b.org"]', "recipients: 'pdf' is not known; choose from html, csv, json"),
        ('[recipients]\nhtml = "a@b.org"', r"recipients\.html must be a list"),
        ("measures = []", "measures must name at least one"),
        ("title = ", r"report definition .*mine\.toml is not valid TOML"),
    ],
)
def test_a_wrong_definition_names_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    """Whatever is wrong, the error says in which file, at which key, and what would do."""
    with pytest.raises(OptionError, match=message):
        Definition.read(toml(tmp_path, text))


def test_what_is_said_nearer_comes_first(small: Path, tmp_path: Path) -> None:
    """Command line before definition before incidents.toml before defaults, option by option within a section."""
    config = toml(
        tmp_path, 'title = "From the file"\nlevel = "country"\nchart_weeks = 50\n[policy]\nwatch_q = 0.3\nmin_observed = 2\n', "incidents"
    )  # fmt: skip
    toml(tmp_path / "reports", 'title = "From the definition"\nlevel = "admin1"\n[policy]\nwatch_q = 0.2\n')
    out = tmp_path / "out"
    done = incidents(
        "--db", shutil.copy(small, tmp_path / "own.duckdb"), "--config", config, "report", "mine", "--set", "policy.alert_q=0.02",
        "--out", out,
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    page = (out / "mine_2021-12-26.html").read_text(encoding="utf-8")
    shown = dict(re.findall(r'<tr><th scope="row"><bdi>([\w.]+)</bdi></th><td><bdi>(.*?)</bdi>', page))
    assert (shown["title"], shown["level"], shown["chart_weeks"]) == ("From the definition", "admin1", "50")
    assert [shown[f"policy.{name}"] for name in ("watch_q", "min_observed", "alert_q", "warning_q")] == [
        "0.20", "2", "0.02", "0.05",
    ]  # fmt: skip


def test_definitions_are_found_beside_the_settings_then_here_then_among_the_bundled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The nearest of those that share a name is taken, and a name that could leave the folder is no name."""
    beside = toml(tmp_path / "a" / "reports", "", "weekly")
    here = toml(tmp_path / "b" / "reports", "", "own")
    toml(tmp_path / "b" / "reports", "", "weekly")
    toml(tmp_path / "b" / "reports", "", "no good")
    monkeypatch.chdir(tmp_path / "b")
    found = available(folders(tmp_path / "a" / "incidents.toml"))
    assert set(found) == SHIPPED | {"own"}
    assert (found["weekly"], found["own"].resolve()) == (beside, here)
    assert find("x/y.toml", []) == Path("x/y.toml")
    with pytest.raises(OptionError, match="no report definition 'weakly'; did you mean 'weekly'"):
        find("weakly", folders(None))
    for name in ("../weekly", "a/b", "", ".hidden", "weekly\n", "-x"):
        with pytest.raises(OptionError, match="cannot name a report"):
            find(name, folders(None))
    with pytest.raises(OptionError, match="'no good' cannot name a report"):
        Definition.read(tmp_path / "b" / "reports" / "no good.toml")


def test_the_list_says_where_each_comes_from(tmp_path: Path) -> None:
    """`incidents report --list` prints name, title, period and file, and makes no report."""
    config = toml(tmp_path, "", "incidents")
    path = toml(tmp_path / "reports", 'title = "Mine"\nperiod = "year"\n')
    done = incidents("--config", config, "report", "--list", "--format", "json")
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert set(rows) == SHIPPED | {"mine"}
    assert rows["mine"] == {"name": "mine", "title": "Mine", "period": "year", "from": str(path)}
    assert rows["weekly"]["from"] == "bundled"


def test_shipped_definitions_say_for_whom_and_when() -> None:
    """Each begins with a comment of at least two lines, and all its keys are known."""
    for path in (ROOT / "reports").glob("*.toml"):
        if path.stem != "demo":
            head = path.read_text(encoding="utf-8").splitlines()[:3]
            assert all(line.startswith("#") for line in head), path.name
            assert " for " in " ".join(head).lower(), path.name
        assert set(Definition.read(path).formats) <= set(FORMATS)


def test_all_reports_of_the_simulated_data(demonstration: object, tmp_path: Path) -> None:
    """`--all` makes every shipped report but the demo's from the bundled records, each with its own period."""
    database = shutil.copy(demonstration.folder / "simulated.duckdb", tmp_path / "own.duckdb")  # type: ignore[attr-defined]
    done = incidents(
        "--db", database, "report", "--all", "--level", "country", "--to", "2022-01-02", "--out", tmp_path, "-q"
    )
    assert done.exit_code == 0, done.stderr
    names = {Path(line).name for line in done.stdout.splitlines()}
    assert names == {f"{name}_2022-01-02.html" for name in SHIPPED - {"demo"}}
    month = json.loads((tmp_path / "monthly_2022-01-02_flags.json").read_text(encoding="utf-8"))
    assert (month["period_first"], month["period_last"]) == ("2021-11-29", "2022-01-02")
    assert any(words.startswith("December 2021: the weeks from 2021-11-29 to 2022-01-02") for words in month["filters"])


def test_a_report_of_regions_judges_and_shows_only_these(opened: Store, tmp_path: Path) -> None:
    """By id, by another spelling, and through a region above: the panel, the totals and the title have no other."""
    by_id = write_report(opened, Definition(settings=Settings(regions=("IQ-DI", "al-Basrah"))), tmp_path)
    panel = by_id.analysis.panel
    assert panel.region_names == ("Basra", "Diyala")
    assert len(by_id.analysis.streams) == 2 * 13
    recent = panel.values[-13:].sum()
    assert by_id.content.totals["13 weeks"]["incidents"] == recent
    assert "recorded in Basra, Diyala" in by_id.content.headline
    assert by_id.path.name == f"weekly_{file_name('IQ-BA IQ-DI')}_2021-12-26.html"
    whole = write_report(opened, Definition(settings=Settings(regions=("Iraq",))), tmp_path)
    assert len(whole.analysis.panel.region_ids) == 18


@pytest.mark.parametrize(
    ("regions", "message"),
    [
        (("Dyala",), "region 'Dyala' is not in this panel of admin1; did you mean 'Diyala'"),
        (("disputed-territories",), "made of regions of admin2 .--level admin2"),
        (("'; drop table region; --",), "is not in this panel"),
    ],
)
def test_a_region_that_is_none_is_answered(
    opened: Store, tmp_path: Path, regions: tuple[str, ...], message: str
) -> None:
    """The nearest region, or the level that a group is made of."""
    with pytest.raises(OptionError, match=message):
        write_report(opened, Definition(settings=Settings(regions=regions)), tmp_path)


def test_a_group_stands_for_its_regions(opened: Store, tmp_path: Path) -> None:
    """At the level of its members a group means them, and nothing else of their governorates."""
    made = write_report(
        opened, Definition(settings=Settings(level="admin2", regions=("Disputed Territories",))), tmp_path
    )
    members = {row[0] for row in opened.rows("SELECT DISTINCT region_id FROM region_member")}
    assert set(made.analysis.panel.region_ids) == members
    assert len(members) > 5


def test_measures_of_a_definition_are_in_its_totals(opened: Store, tmp_path: Path) -> None:
    """Any count or sum is in the totals; an average is refused, for weeks of it do not add up."""
    measures = ("incidents", "count(*) FILTER (killed > 1)")
    made = write_report(opened, Definition(settings=Settings(measures=measures)), tmp_path)
    assert set(made.content.totals["latest week"]) == set(measures)
    deadly = opened.value("SELECT count(*) FROM incidents WHERE killed > 1 AND occurred_on >= DATE '2021-09-27'")
    assert made.content.totals["13 weeks"][measures[1]] == deadly
    with pytest.raises(OptionError, match=r"'avg\(killed\)' cannot be in a report's totals"):
        write_report(opened, Definition(settings=Settings(measures=("incidents", "avg(killed)"))), tmp_path)


def test_a_form_that_cannot_be_made_is_refused_before_anything_is_counted(tmp_path: Path, opened: Store) -> None:
    """No half of a report is left where one of its forms cannot be made."""
    nowhere = FormOptions(pdf=PdfOptions(chromium="no-such-browser"))
    with pytest.raises(OutputError, match="PDF needs Chromium or Chrome"):
        write_report(opened, Definition(formats=("html", "pdf")), tmp_path / "out", options=nowhere)
    with pytest.raises(OptionError, match="'nobody' is not one mail address"):
        write_report(opened, Definition(recipients={"html": ("nobody",)}), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_report_with_recipients_has_its_mails(opened: Store, tmp_path: Path) -> None:
    """Naming recipients is asking for the mail that each form is sent in."""
    made = write_report(opened, Definition(formats=("text",), recipients={"text": ("desk@example.org",)}), tmp_path)
    assert [path.name for path in made.files] == [
        f"weekly_{made.analysis.panel.to}{end}" for end in (".txt", "_text.eml")
    ]
    assert b"To: desk@example.org" in made.files[1].read_bytes()


def test_definitions_know_every_form_there_is() -> None:
    """What a definition may ask for is what can be written."""
    assert set(FORMATS) == set(FORMS)


def test_only_the_forms_asked_for_are_written(opened: Store, tmp_path: Path) -> None:
    """Of csv and json, those that the definition names."""
    write_report(opened, Definition(formats=("html", "csv")), tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} == {".html", ".csv"}


def test_pages_of_all_regions_are_one_judgement(opened: Store, tmp_path: Path) -> None:
    """Each region's page has the flags of the whole report, no others, and the index leads to all pages and nowhere else."""
    definition = Definition(
        settings=Settings(regions=("IQ-BA", "IQ-DI", "IQ-KI"), policy={"watch_q": 0.3, "watch_excess": 1.0})
    )
    whole = write_report(opened, definition, tmp_path)
    made = write_each_region(opened, definition, tmp_path)
    assert set(made.pages) == set(whole.analysis.panel.region_ids)
    rows = []
    for region, path in made.pages.items():
        document = json.loads(path.with_name(f"{path.stem}_flags.json").read_text(encoding="utf-8"))
        assert {row["region_id"] for row in document["flags"]} <= {region}
        rows += document["flags"]
        page = path.read_text(encoding="utf-8")
        assert page.count('class="chart"') == 1
    expected = json.loads(whole.path.with_name(f"{whole.path.stem}_flags.json").read_text(encoding="utf-8"))["flags"]
    key = ("week", "region_id", "level", "q_value", "reason")
    assert sorted(tuple(row[name] for name in key) for row in rows) == sorted(
        tuple(row[name] for name in key) for row in expected
    )
    assert len(expected) > 0
    index = made.path.read_text(encoding="utf-8")
    assert set(re.findall(r'href="([^"#]+)"', index)) == {path.name for path in made.pages.values()}
    assert "<script" not in index
    assert "default-src 'none'; script-src 'none'" in html.unescape(index)


def test_light_pages_of_all_regions_are_small(opened: Store, tmp_path: Path) -> None:
    """Asked for light pages alone, each region has one without script, its CSV beside it, and the index leads to them."""
    definition = Definition(settings=Settings(regions=("IQ-BA", "IQ-DI")), formats=("light",))
    made = write_each_region(opened, definition, tmp_path)
    names = {region: f"region_{region}_light.html" for region in ("IQ-BA", "IQ-DI")}
    assert {region: path.name for region, path in made.pages.items()} == names
    files = {path.name for path in made.path.parent.iterdir()}
    assert files == {"index.html", *names.values(), *(name.replace(".html", ".csv") for name in names.values())}
    assert set(re.findall(r'href="([^"#]+)"', made.path.read_text(encoding="utf-8"))) == set(names.values())
    for path in made.pages.values():
        assert path.stat().st_size < 200_000 and "<script" not in path.read_text(encoding="utf-8")
    assert made.bytes == sum(path.stat().st_size for path in made.path.parent.glob("region_*"))


def test_hostile_region_names_cannot_leave_the_folder_or_the_page(blank: Store, tmp_path: Path) -> None:
    """Names of regions that look like paths or markup give plain file names, and text in the index."""
    names = ["../../etc/passwd", "<script>alert(1)</script>", "a", "A", "نينوى", "x" * 300]
    rows = [
        {**record(f"n{number}", date(2021, 12, 22), name), "country": "Nowhere"} for number, name in enumerate(names)
    ]
    add(blank, tmp_path / "rows.csv", rows, covers=(date(2019, 12, 30), LAST))
    made = write_each_region(blank, Definition(settings=Settings(weeks=2)), tmp_path / "out", to=LAST, as_of=CLOCK)
    folder = made.path.parent
    files = [path.name for path in made.pages.values()]
    assert len({name.lower() for name in files}) == len(files) >= 5
    assert all(path.parent == folder for path in made.pages.values())
    assert all(re.fullmatch(r"region_[A-Za-z0-9-]{1,75}\.html", name) for name in files)
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {"out"}
    assert "<script>" not in made.path.read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["", ".", "..", "CON", "con", "a/b", "a\\b", "\0", "IQ-DI", "iq-di", "é" * 400])
def test_file_names_are_plain(text: str) -> None:
    """Whatever the text, its file name is letters, digits and -, not empty, and short."""
    assert re.fullmatch(r"[A-Za-z0-9-]{1,72}", file_name(text))
    assert os.sep not in file_name(text)


def test_sections_are_the_pages() -> None:
    """A definition knows the sections that the page has, and the default is all of them."""
    assert Definition().sections == SECTIONS
