"""Charts of answers: what is inferred from columns, what is drawn of them, and what is refused."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import analytics
from analytics.errors import OptionError, OutputError
from analytics.figures.blocks import text_chart
from analytics.figures.plot import drawing, panels
from analytics.figures.shades import shades
from analytics.figures.spec import ChartSpec, complete, placed
from analytics.report import plot as plots
from analytics.report.plot import Plot, picture, plot_page, write_plot
from tests.browsers import NEEDS_BROWSER, broken_rules
from tests.desk import incidents

pytest_plugins = ["tests.databases"]

HOSTILE = "\"><script>alert('x')</script>\u202e\x1b[31m"
DAYS = pd.to_datetime(["2021-11-01", "2021-11-08", "2021-11-22"])
WEEKS = pd.DataFrame({"week": DAYS, "value": [1.0, None, 4.0]})
PLACES = pd.DataFrame({"region": ["Diyala", "Kirkuk"], "killed": [3, 10]})
SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]


def boundaries(*names: str) -> dict[str, Any]:
    """Squares side by side, one for each name."""
    shapes = [[[x + 2 * place, y] for x, y in SQUARE] for place in range(len(names))]
    features = [
        {
            "properties": {"region_id": f"R{place}", "name": name, "names": [f"{name} Governorate"]},
            "geometry": {"type": "Polygon", "coordinates": [shapes[place]]},
        }
        for place, name in enumerate(names)
    ]
    return {"features": features}


def plotted(frame: pd.DataFrame, chart: str = "", **given: Any) -> Plot:
    """A plot of a frame."""
    regions = [feature["properties"] for feature in given.get("boundaries", {"features": []})["features"]]
    places = {name.lower() for region in regions for name in (region["name"], *region["names"])}
    spec = complete(ChartSpec.parse(chart), frame, frozenset(places))
    return Plot(title="Title", spec=spec, frame=frame, sql="from x where a < 'b'", **given)


def two_ways() -> pd.DataFrame:
    """Two regions in two weeks."""
    return pd.DataFrame({"week": [*DAYS[:2]] * 2, "region": ["A", "A", "B", "B"], "n": [1, 2, 3, 4]})


@pytest.mark.parametrize(
    ("frame", "chart", "found"),
    [
        (WEEKS, "", "line week value"),
        (two_ways(), "", "line week n region"),
        (PLACES, "", "map region killed"),
        (PLACES, "bar", "bar region killed"),
        (PLACES.assign(killed=[-1, 2]), "", "bar region killed"),
        (PLACES.assign(region=["Paris", "Rome"]), "", "bar region killed"),
        (pd.DataFrame({"year": [2020, 2021], "n": [1, 2], "m": [3, 4]}), "", "line year n,m"),
        (pd.DataFrame({"year": [2020, 2021], "n": [1, 2], "m": [3000, 4]}), "", "line year n"),
        (pd.DataFrame({"a": ["x", "x"], "b": ["y", "z"], "n": [1, 2]}), "", "bar a,b n"),
        (WEEKS, "bar", "bar week value"),
    ],
)  # fmt: skip
def test_what_a_spec_leaves_out_is_inferred(frame: pd.DataFrame, chart: str, found: str) -> None:
    """Dates and years are x of a line, text labels bars, regions with boundaries a map, and text tells rows apart."""
    spec = complete(ChartSpec.parse(chart), frame, frozenset({"diyala", "kirkuk"}))
    assert " ".join(filter(None, (spec.kind, ",".join(spec.x), ",".join(spec.y), spec.by))) == found


@pytest.mark.parametrize(
    ("frame", "chart", "words"),
    [
        (WEEKS, "pie", "is not KIND x=COLUMN"),
        (WEEKS, "bar z=week", "is not KIND x=COLUMN"),
        (WEEKS, "line y=valu", "no column 'valu' in week, value; did you mean value"),
        (WEEKS, "line y=week", "y=week is no column of numbers"),
        (PLACES, "line x=region", "x=region holds neither dates nor numbers"),
        (PLACES, "bar y=a,b,c,d", "no column 'a'"),
        (pd.DataFrame({"n": [1, 2]}), "", "nothing to draw in n; a column of dates, years or text is needed"),
        (WEEKS.head(0), "", "there are no rows to draw"),
        (pd.DataFrame({"week": [DAYS[0]] * 2, "n": [1, 2]}), "", "several rows have the same week; sum or filter"),
        (pd.DataFrame({"week": DAYS[0], "n": 1, "r": [str(n) for n in range(40)]}), "by=r", "40 values; up to 36"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_one_clear_error(frame: pd.DataFrame, chart: str, words: str) -> None:
    """A wrong spec, no numbers, no rows, and rows that no column tells apart are told with what to do."""
    with pytest.raises(OptionError, match=re.escape(words)):
        complete(ChartSpec.parse(chart), frame)


@pytest.mark.parametrize(
    ("steps", "count"),
    [
        (["2021-11-01", "2021-11-15"], 3), (["2021-11-01", "2021-11-08", "2021-11-22"], 4), (["2021-01-01", "2021-04-01"], 4),
        (["2019-01-01", "2021-01-01"], 3), (["2021-11-01", "2021-11-03"], 3),
    ],
)  # fmt: skip
def test_every_step_of_time_has_its_place(steps: list[str], count: int) -> None:
    """Weeks, months, years and days without a row stay empty, so that no gap is drawn shut."""
    frame = pd.DataFrame({"day": pd.to_datetime(steps), "n": 1.0})
    (panel,) = panels(frame, complete(ChartSpec(), frame))
    assert len(panel.across) == count
    assert np.nansum(panel.series["n"]) == len(steps)
    assert panel.across[0] == date.fromisoformat(steps[0]) and panel.status.count("none") == count - len(steps)


def test_unknown_is_not_zero() -> None:
    """A row without a number is hatched, a step without a row is empty, and a line goes through neither."""
    page = plot_page(plotted(WEEKS))
    assert page.count('class="gap"') == 1 and '<span class="swatch unknown"></span>unknown' in page
    assert re.search(r'class="series-1" d="M[\d. ]+L[\d. ]+M[\d. ]+L[\d. ]+"', page)
    (bars,) = drawing(
        panels(PLACES.assign(killed=[3.0, None]), ChartSpec(kind="bar", x=("region",), y=("killed",))), ChartSpec(), "x"
    )
    assert ">unknown</text>" in bars


def test_bars_reach_down_where_a_number_is_below_zero() -> None:
    """Lengths are in proportion, from one line of zero, to its left for what is below."""
    spec = ChartSpec(kind="bar", x=("region",), y=("killed",))
    (drawn,) = drawing(panels(PLACES.assign(killed=[-5, 10]), spec), spec, "label")
    (left, _, short), (zero, _, long) = re.findall(r'class="bar-1" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"', drawn)
    assert float(left) + float(short) == pytest.approx(float(zero), abs=0.1)
    assert float(long) == pytest.approx(2 * float(short), abs=0.1)


def test_numbers_are_told_apart_without_colour() -> None:
    """Lines differ by their dashes, bars by filling, outline and hatching, and a legend names each."""
    style = (Path(plots.__file__).parent / "templates" / "style.css").read_text(encoding="utf-8")
    dashes = {
        name: re.findall(rf"\.{name} \{{[^}}]*stroke-dasharray: ([\d. ]+)", style)
        for name in ("series-1", "series-2", "series-3")
    }
    assert (
        dashes["series-1"] == []
        and dashes["series-2"]
        and dashes["series-3"]
        and dashes["series-2"] != dashes["series-3"]
    )
    frame = PLACES.assign(wounded=[1, 2], third=[3, 4])
    page = plot_page(plotted(frame, "bar y=killed,wounded,third"))
    for number, name in enumerate(("killed", "wounded", "third"), start=1):
        assert re.search(rf'<svg class="key".*class="bar-{number}".*<bdi>{name}</bdi>', page)


def test_a_map_shades_regions_by_amount() -> None:
    """Regions are found by any name, each has its number and its shade in equal steps, and one without a row says so."""
    assert shades(321, whole=True) == [100, 200, 300, 400]
    assert shades(0.3, whole=False) == pytest.approx([0.1, 0.2, 0.3])
    frame = PLACES.assign(region=["diyala governorate", "Kirkuk"])
    page = plot_page(plotted(frame, boundaries=boundaries("Diyala", "Kirkuk", "Wasit")))
    assert (
        'aria-label="Diyala: 3"' in page and 'aria-label="Kirkuk: 10"' in page and 'aria-label="Wasit: no row"' in page
    )
    assert page.count('class="area shade-') == 2 and "over 2 to 4" in page and "over 8 to 10" in page
    assert plotted(frame, boundaries=boundaries("Kirkuk")).text(80).count("█") > 10


@pytest.mark.parametrize("chart", ["bar x=region", "line x=week by=region", "map x=region"])
def test_hostile_text_is_text(chart: str) -> None:
    """Names of columns and values, title, SQL and facts run nothing, in the page, the picture, a notebook and a terminal."""
    frame = pd.DataFrame({"week": DAYS[:2], "region": [HOSTILE, "b"], HOSTILE: [1, 2]})
    frame = frame.drop(columns="week") if "week" not in chart else frame
    plot = Plot(
        title=HOSTILE, description=HOSTILE, sql=HOSTILE, facts={"a": HOSTILE}, frame=frame, boundaries=boundaries(HOSTILE),
        spec=complete(ChartSpec.parse(chart), frame, frozenset({HOSTILE.lower()})),
    )  # fmt: skip
    for page in (plot_page(plot), plot._repr_html_()):
        assert "<script" not in page and "alert(" in page
    assert "\x1b" not in plot.text(80) and "\u202e" not in plot.text(80)
    assert "sandbox" in plot._repr_html_()


def test_a_page_has_chart_table_and_sql_and_equal_bytes() -> None:
    """One file that asks for nothing: its table has every row, its SQL is as it was asked, simulated data are named so."""
    plot = plotted(two_ways(), simulated=True)
    page = plot_page(plot)
    assert page == plot_page(plotted(two_ways(), simulated=True))
    assert page.count("<tr>") == 5 and "from x where a &lt; &#39;b&#39;" in page
    assert "<strong>Simulated.</strong>" in page and "<title>Simulated: Title</title>" in page
    assert "default-src 'none'" in page.replace("&#39;", "'") and not re.search(r'(?:src|href)="http', page)
    assert "(simulated)" in plot.text(80)
    assert "Simulated" not in plot_page(plotted(two_ways()))


def test_what_is_left_out_is_said() -> None:
    """Rows without a date, bars beyond the sixtieth, numbers that are not drawn, and a cut answer are named."""
    dated = pd.DataFrame({"week": [DAYS[0], None], "n": [1, 2], "m": [1000, 1]})
    notes = plotted(dated, more=True).notes
    assert notes == (
        "The answer was cut: there are more rows than these.", "Not drawn: 1 row without week.", "Not drawn: m; the table has them.",
    )  # fmt: skip
    many = pd.DataFrame({"a": [f"a{n}" for n in range(70)], "n": range(70)})
    assert plotted(many).notes == ("The first 60 of 70 rows are drawn; the table has all.",)
    assert len(placed(many, plotted(many).spec)) == 70


def test_charts_in_a_terminal() -> None:
    """Bars are in proportion, unknown weeks are dots, and small multiples are a line each on one scale."""
    spec = complete(ChartSpec(), PLACES)
    assert text_chart(panels(PLACES, spec), 40).splitlines() == ["Diyala │█████▍ 3", "Kirkuk │██████████████████ 10"]
    lines = text_chart(panels(WEEKS, complete(ChartSpec(), WEEKS)), 11).splitlines()
    assert lines[0] == "4 │ " + " " * 5 + "██" and lines[9] == "  │██" + " " * 4 + "██" and lines[10] == "0 └──····──"
    assert "2021-11-01" in lines[11] and "2021-11-22" in lines[11]
    many = text_chart(panels(two_ways(), complete(ChartSpec(), two_ways())), 40).splitlines()
    assert many[:2] == ["A ▂▄ 2", "B ▆█ 4"]
    wide = text_chart(panels(PLACES.assign(region=["دیالە", "漢字"]), spec), 40).splitlines()
    assert wide[0].startswith("دیالە │") and wide[1].startswith(" 漢字 │")


def test_from_the_command_line(small: Path, tmp_path: Path) -> None:
    """--plot draws in the terminal, --out a page, --chart says how; a saved query has its own chart and its title."""
    text = incidents("--db", small, "sql", "select admin1, sum(killed) as killed from incidents group by all", "--plot")
    assert text.exit_code == 0, text.stderr
    assert re.search(r"^killed by admin1\n", text.stdout) and re.search(r"Diyala │█+[▏▎▍▌▋▊▉]? [\d,]+", text.stdout)
    out = tmp_path / "weeks.html"
    done = incidents("--db", small, "sql", "@deadliest_weeks", "--param", "weeks=4", "--out", out)
    assert (done.exit_code, done.stdout) == (0, "") and f"drawn: {out}" in done.stderr
    page = out.read_text(encoding="utf-8")
    assert "<h1><bdi>Deadliest weeks</bdi></h1>" in page and page.count('class="bar-1"') == 5 and "$weeks" in page
    for words, code, message in (
        (["select 1 as x", "--plot"], 2, "nothing to draw in x"),
        (["select 1", "--out", tmp_path / "x.pdf"], 6, "name a file that ends in .html or .png"),
    ):
        done = incidents("--db", small, "sql", *words)
        assert done.exit_code == code and message in done.stderr, words


def test_maps_know_their_regions(small: Path) -> None:
    """A region column is a map by the database's own boundaries; the page tells until when its records are known."""
    made = analytics.plot(analytics.open(small), "select admin1, count(*) as n from incidents group by all")
    assert made.spec.kind == "map" and len(made.boundaries["features"]) == 18  # type: ignore[index]
    assert made.facts["Rows"] == "4" and made.facts["Database"] == small.name and "2021" in made.facts["Known until"]
    assert plot_page(made).count('class="area shade-') == 4


@NEEDS_BROWSER
def test_a_picture_holds_the_whole_chart(tmp_path: Path) -> None:
    """PNG is as wide as it says; without a browser the error names the other form."""
    data = write_plot(plotted(PLACES), tmp_path / "x.png").read_bytes()
    assert data.startswith(b"\x89PNG") and int.from_bytes(data[16:20]) == 2000 and int.from_bytes(data[20:24]) > 300


def test_a_picture_needs_a_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Chromium the error says what to do, and no file is left."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OutputError, match=r"PNG needs Chromium or Chrome.*write \.html instead"):
        picture(plotted(PLACES))


@NEEDS_BROWSER
def test_pages_in_a_browser(browser: Any, tmp_path: Path) -> None:
    """Every kind of chart fits a phone, asks for nothing, complains of nothing, and can be used by everyone."""
    page = browser.new_page(viewport={"width": 390, "height": 800})
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("request", lambda request: heard.append(request.url) if not request.url.startswith("file:") else None)
    squares = {"boundaries": boundaries("Diyala", "Kirkuk")}
    for plot in (
        plotted(WEEKS, simulated=True),
        plotted(two_ways()),
        plotted(PLACES, "bar"),
        plotted(PLACES, **squares),
    ):
        page.goto(write_plot(plot, tmp_path / "page.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert broken_rules(page) == []
    assert heard == []
