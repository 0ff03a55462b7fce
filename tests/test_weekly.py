"""The weekly panel, worked by hand on a country of two first-level regions."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from analytics.errors import AnalyticsError, OptionError
from analytics.store import Store, as_of_default, covered_to, sources_of, weekly, weekly_by_source
from tests.desk import incidents
from tests.store_files import Row, at, cells, incident, load_rows, panel, reference, xanadu

WEEKS = ("2020-01-06", "2020-01-13")
COVERS = (date(2020, 1, 6), date(2020, 1, 26))
DISPUTED = [{"group_id": "disputed", "group": "Disputed", "region_id": "XA-N/hill", "valid_from": "2020-01-08"}]


def test_zeros_are_explicit(tmp_path: Path) -> None:
    """Each region has a row for each week, zero where it is covered and nothing happened, and the unplaced have their own."""
    rows = [
        incident("a"),
        incident("b", admin1="Al Nord"),
        incident("c", "2020-01-15", admin1="South"),
        incident("d", admin1="Nord"),
    ]
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, rows, covers=COVERS)
        found = panel(store, "2020-01-06", "2020-01-19")
        assert panel(store, "2020-01-06", "2020-01-19", level="country")["2020-01-06", "XA"] == (3, "known")
    assert found == {
        (WEEKS[0], "XA-N"): (2, "known"), (WEEKS[0], "XA-S"): (0, "known"), (WEEKS[0], "(unplaced)"): (1, "known"),
        (WEEKS[1], "XA-N"): (0, "known"), (WEEKS[1], "XA-S"): (1, "known"), (WEEKS[1], "(unplaced)"): (0, "known"),
    }  # fmt: skip


def test_unknown_and_incomplete(tmp_path: Path) -> None:
    """A week outside coverage is unknown and null; one covered in part is incomplete, by range, coverage or a hole inside."""
    coverage = [
        {
            "source": "desk",
            "region_id": "XA",
            "covers_from": "2020-01-06",
            "covers_until": "2020-01-22",
            "reported": "true",
        },
        {
            "source": "desk",
            "region_id": "XA-S",
            "covers_from": "2020-01-10",
            "covers_until": "2020-01-19",
            "reported": "false",
        },
        {
            "source": "desk",
            "region_id": "XA-N/hill",
            "covers_from": "2020-01-14",
            "covers_until": "2020-01-14",
            "reported": "FALSE",
        },
    ]
    with xanadu(tmp_path / "db") as store:
        reference(store, tmp_path, "coverage", coverage)
        load_rows(store, tmp_path, [incident("a"), incident("b", "2020-01-14", admin1="South")])
        found = panel(store, "2020-01-06", "2020-02-02")
        started = panel(store, "2020-01-08", "2020-01-12")
    assert [found[week, "XA-N"] for week in (*WEEKS, "2020-01-20", "2020-01-27")] == [
        (1, "known"), (0, "incomplete"), (0, "incomplete"), (None, "unknown"),
    ]  # fmt: skip
    assert [found[week, "XA-S"] for week in WEEKS] == [(0, "incomplete"), (None, "unknown")]
    assert started["2020-01-06", "XA-N"] == (1, "incomplete")


def test_week_starts(tmp_path: Path) -> None:
    """A week bears the date of the day that starts it, Sunday if asked for; an unknown weekday is refused."""
    rows = [incident("saturday", "2020-01-11"), incident("sunday", "2020-01-12")]
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, rows, covers=COVERS)
        found = cells(weekly(store, week_start="sunday"))
        assert panel(store, "2020-01-06", "2020-01-12")["2020-01-06", "XA-N"] == (2, "known")
        with pytest.raises(AnalyticsError):
            weekly(store, week_start="funday")
    assert {key: value for key, value in found.items() if key[1] == "XA-N"} == {
        ("2020-01-12", "XA-N"): (1, "known"),
        ("2020-01-19", "XA-N"): (0, "known"),
    }


def test_default_range(tmp_path: Path) -> None:
    """Without a range the panel has the complete weeks that coverage spans, and no others."""
    with xanadu(tmp_path / "db") as store:
        assert weekly(store).empty
        load_rows(store, tmp_path, [incident("a")], covers=(date(2020, 1, 8), date(2020, 1, 27)))
        assert [week for week, region in cells(weekly(store)) if region == "XA-N"] == ["2020-01-13", "2020-01-20"]
        assert covered_to(store, None, None) == date(2020, 1, 27)


def test_group(tmp_path: Path) -> None:
    """A group counts its members' incidents while they belong to it; what has no district is of membership unknown."""
    rows = [incident("before", "2020-01-07", admin2="Hill"), incident("member", admin2="Hill"), incident("no district"),
            incident("elsewhere", admin1="South", admin2="Dale"),
            incident("nowhere", country="", admin1=""), incident("south", admin1="South")]  # fmt: skip
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, rows, covers=COVERS)
        reference(store, tmp_path, "regions", DISPUTED)
        found = panel(store, "2020-01-06", "2020-01-12", level="disputed")
        assert panel(store, "2020-01-06", "2020-01-12", level="group") == found
        with pytest.raises(OptionError, match="did you mean 'disputed'"):
            weekly(store, level="disputd")
    assert found == {
        (WEEKS[0], "disputed"): (1, "known"),
        (WEEKS[0], "(membership unknown)"): (1, "known"),
        (WEEKS[0], "(unplaced)"): (1, "known"),
    }


def test_district_under_another_region(tmp_path: Path) -> None:
    """A district reported under another first-level region counts in its own group and district, and there in the region reported."""
    rows = [incident("a", admin1="South", admin2="Hill")]
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, rows, covers=COVERS)
        reference(store, tmp_path, "regions", DISPUTED)
        assert panel(store, "2020-01-06", "2020-01-12", level="disputed")[WEEKS[0], "disputed"] == (1, "known")
        by_region = panel(store, "2020-01-06", "2020-01-12")
        by_district = panel(store, "2020-01-06", "2020-01-12", level="admin2")
        assert store.rows("SELECT region_id, district_id FROM incidents") == [("XA-S", "XA-N/hill")]
        assert store.rows("SELECT problem, incidents FROM unresolved") == [("admin2 lies in another admin1", 1)]
    assert (by_region[WEEKS[0], "XA-S"][0], by_region[WEEKS[0], "XA-N"][0]) == (1, 0)
    assert (by_district[WEEKS[0], "XA-N/hill"][0], by_district[WEEKS[0], "XA-S/dale"][0]) == (1, 0)


def test_imprecise_dates(tmp_path: Path) -> None:
    """A date known to the month is set aside, or spread over its days with shares that sum to one; a week counts as its first day."""
    rows = [
        incident("month", "2020-01-01", date_precision="month", killed=31),
        incident("week", "2020-01-12", date_precision="week"),
    ]
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, rows, covers=(date(2019, 12, 30), date(2020, 2, 9)))
        aside = panel(store, "2019-12-30", "2020-02-02")
        spread = panel(store, "2019-12-30", "2020-02-02", dates="spread")
        killed = panel(store, "2019-12-30", "2020-02-02", dates="spread", measure="killed")
        with pytest.raises(OptionError, match="no policy"):
            weekly(store, dates="squeeze")
    assert aside["2019-12-30", "(imprecise)"] == (1, "known")
    assert sum(value or 0 for (_, region), (value, _) in aside.items() if region == "XA-N") == 1
    shares = [spread[week, "XA-N"][0] for week in ("2019-12-30", *WEEKS, "2020-01-20", "2020-01-27")]
    assert shares == pytest.approx([5 / 31, 7 / 31 + 1, 7 / 31, 7 / 31, 5 / 31], abs=1e-8)  # rounded to 9 places
    assert killed["2019-12-30", "XA-N"][0] == pytest.approx(5, abs=1e-8)
    assert killed["2020-01-06", "XA-N"][0] == pytest.approx(7, abs=1e-8)


CASUALTIES = [
    incident("a", killed=2, tactic="IED"),
    incident("b", killed=None),
    incident("c", "2020-01-14", killed=None),
    incident("d", "2020-01-21", killed=5),
]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"measure": "killed"}, [(2, "known"), (None, "unknown"), (5, "known")]),
        ({"measure": "sum(killed)"}, [(2, "known"), (None, "unknown"), (5, "known")]),
        ({"measure": "count(*) FILTER (killed > 1)"}, [(1, "known"), (0, "known"), (1, "known")]),
        ({"measure": "max(killed) + 1"}, [(3, "known"), (None, "unknown"), (6, "known")]),
        ({"where": "tactic = 'IED'"}, [(1, "known"), (0, "known"), (0, "known")]),
        ({"where": "source = 'desk' AND killed IS NULL"}, [(1, "known"), (1, "known"), (0, "known")]),
        ({"where": "killed > 1 -- the larger ones"}, [(1, "known"), (0, "known"), (1, "known")]),
        ({"where": "notes IS NULL OR notes <> ')'"}, [(2, "known"), (1, "known"), (1, "known")]),
        ({"where": "killed > 1", "measure": "killed"}, [(2, "known"), (0, "known"), (5, "known")]),
    ],
)
def test_measures_and_filters(tmp_path: Path, options: Row, expected: list[tuple[float | None, str]]) -> None:
    """Measures by name or as an SQL aggregate, and filters, are as by hand; incidents without any figure are unknown, not zero."""
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, CASUALTIES, covers=COVERS)
        found = panel(store, "2020-01-06", "2020-01-26", **options)
    assert [found[week, "XA-N"] for week in (*WEEKS, "2020-01-20")] == expected


@pytest.mark.parametrize(
    "options",
    [
        {"where": "1) or 1=1; drop table load --"}, {"where": "true) union select 1 where (true"}, {"where": "killed >"},
        {"where": "killed; select 1"}, {"where": "true) group by (1"}, {"where": "deaths > 3"}, {"where": "$level = 'x'"},
        {"where": "? = 1"}, {"where": "(SELECT count(*) FROM read_csv('/etc/passwd')) > 0"}, {"where": "\x00"}, {"where": "'maybe'"},
        {"where": "true), empty := (1"}, {"measure": "killed + 1"}, {"measure": "deaths"}, {"measure": "sum(share), 1"},
        {"measure": "sum(killed)) FROM incidents; --"}, {"measure": "sum(killed) OVER ()"}, {"measure": "sum(source_id)"},
        {"measure": "list(killed)"}, {"measure": "(SELECT max(column0) FROM read_csv('/etc/passwd'))"}, {"measure": "killd"},
    ],
)  # fmt: skip
def test_hostile_sql(tmp_path: Path, options: Row) -> None:
    """What is not one expression over incidents (one aggregate, for a measure) is refused, and nothing happens."""
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, CASUALTIES, covers=COVERS)
    with Store(tmp_path / "db", locked=True) as store:
        with pytest.raises(AnalyticsError):
            weekly(store, **options)
        assert store.value("SELECT count(*) FROM load") == 2


def test_disguised_sql(tmp_path: Path) -> None:
    """Quotes that hide brackets from a simple scanner change nothing but the condition itself."""
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, CASUALTIES, covers=COVERS)
        for where in (r"E'\'' = ') or (true --'", "$$ ' ) or ( $$ = ''"):
            found = panel(store, "2020-01-06", "2020-01-26", where=where)
            assert sum(value or 0 for value, _ in found.values()) == 0


def test_two_sources(tmp_path: Path) -> None:
    """Where two sources cover a region-week a panel is refused until one is chosen, or an order: the first that covers it counts."""
    with xanadu(tmp_path / "db") as store:
        load_rows(
            store, tmp_path, [incident("a"), incident("b")], source="one", covers=(date(2020, 1, 6), date(2020, 1, 12))
        )
        load_rows(store, tmp_path, [incident("c"), incident("d", "2020-01-14")], source="two", covers=COVERS)
        with pytest.raises(OptionError, match=r"two sources cover .* \(one, two\).*--source"):
            panel(store, "2020-01-06", "2020-01-19")
        chosen = {
            source: [panel(store, "2020-01-06", "2020-01-19", source=source)[week, "XA-N"] for week in WEEKS]
            for source in ("one", "two", "one,two", "two,one")
        }
        assert panel(store, "2020-01-13", "2020-01-19")[WEEKS[1], "XA-N"] == (1, "known")
    assert chosen == {
        "one": [(2, "known"), (None, "unknown")],
        "two": [(1, "known"), (1, "known")],
        "one,two": [(2, "known"), (1, "known")],
        "two,one": [(1, "known"), (1, "known")],
    }


def test_as_of(tmp_path: Path) -> None:
    """At an earlier moment only the versions and the coverage known by then exist."""
    first, second = at("2020-01-20"), at("2020-02-01")
    with xanadu(tmp_path / "db") as store:
        load_rows(
            store, tmp_path, [incident("a", killed=1)], known_at=first, covers=(date(2020, 1, 6), date(2020, 1, 12))
        )
        load_rows(store, tmp_path, [incident("a", killed=4), incident("b")], known_at=second, covers=COVERS)
        found = {
            moment: [
                panel(store, "2020-01-06", "2020-01-19", measure="killed", as_of=moment).get((week, "XA-N"))
                for week in WEEKS
            ]
            for moment in (at("2020-01-01"), first, second)
        }
        macro = store.rows("SELECT sum(value) FROM weekly_as_of(TIMESTAMP '2020-01-20', 'admin1')")
        assert as_of_default(store) == second
    assert found[at("2020-01-01")] == [None, None]
    assert found[first] == [(1, "known"), (None, "unknown")]
    assert found[second] == [(4, "known"), (0, "known")]
    assert macro == [(1,)]


def test_as_of_with_continuous_coverage(tmp_path: Path) -> None:
    """Where coverage is known as it happens, the week of the moment itself is not over."""
    coverage = [{"source": "desk", "region_id": "XA", "covers_from": "2020-01-06", "covers_until": "2020-12-31"}]
    with xanadu(tmp_path / "db") as store:
        reference(store, tmp_path, "coverage", coverage)
        load_rows(store, tmp_path, [incident("a")], known_at="occurred")
        found = panel(store, "2020-01-06", "2020-01-26", as_of=at("2020-01-15 08:00"))
        for moment, last in (("2020-01-19 20:00", 18), ("2020-01-20 00:00", 19)):
            assert covered_to(store, at(moment), None) == date(2020, 1, last), (
                "the week is complete when its Sunday is over"
            )
    assert [found[week, "XA-N"] for week in (*WEEKS, "2020-01-20")] == [
        (1, "known"),
        (0, "incomplete"),
        (None, "unknown"),
    ]


def test_coverage_follows_the_hierarchy(tmp_path: Path) -> None:
    """Records loaded before their hierarchy are covered and counted in its regions once it is there, and no longer in derived ones."""
    with Store(tmp_path / "db") as store:
        report = load_rows(
            store, tmp_path, [incident("a"), incident("b", country="Atlantis", admin1="Sea")], covers=COVERS
        )
        assert [key[1] for key in panel(store, "2020-01-06", "2020-01-12")] == [
            "atlantis/sea",
            "xanadu/north",
            "(unplaced)",
        ]
        reference(store, tmp_path, "regions", [{"region_id": "XA", "level": "country", "name": "Xanadu"},
                                               {"region_id": "XA-N", "parent_id": "XA", "level": "admin1", "name": "North"}])  # fmt: skip
        found = panel(store, "2020-01-06", "2020-01-12")
    assert any("4 regions made from reported names" in note for note in report.notes)
    assert found == {
        (WEEKS[0], "XA-N"): (1, "known"),
        (WEEKS[0], "atlantis/sea"): (1, "known"),
        (WEEKS[0], "(unplaced)"): (0, "known"),
    }


def test_by_source(tmp_path: Path) -> None:
    """Sources stand side by side, each as weekly has it alone; they differ where both know the week, and only there."""
    desk = [incident("a"), incident("b"), incident("c", "2020-01-15", admin1="South"), incident("d", admin1="")]
    wire = [incident("a", "2020-01-09"), incident("b", "2020-01-22", admin1="South")]
    both = ("desk", "wire")
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, desk, covers=COVERS)
        load_rows(store, tmp_path, wire, source="wire", covers=(date(2020, 1, 6), date(2020, 2, 2)))
        load_rows(store, tmp_path, [incident("e", country="Elsewhere")], source="far", covers=COVERS)
        found = weekly_by_source(store, both)
        assert sources_of(store) == ["desk", "far", "wire"]
        for source in both:
            alone = weekly(store, source=source, first=date(2020, 1, 6), last=date(2020, 2, 2))
            mine = found[["week", "region_id", "region", f"{source}_value", f"{source}_status"]]
            assert mine.set_axis(alone.columns, axis=1).equals(alone)
        far = weekly_by_source(store, ("desk", "far"), last=date(2020, 1, 12)).set_index("region_id")
    differences = found.set_index(["week", "region_id"])["difference"].unstack()
    assert differences[["XA-N", "XA-S"]].fillna(-1).to_numpy().tolist() == [[1, 0], [0, 1], [0, 1], [-1, -1]]
    assert far["desk_status"].to_dict() == {"(unplaced)": "known", "XA-N": "known", "XA-S": "known"} | dict.fromkeys(
        set(far.index) - {"(unplaced)", "XA-N", "XA-S"}, "unknown"
    )
    assert (far.loc["XA-N", "far_status"], pd.isna(far.loc["XA-N", "far_value"])) == ("unknown", True)
    done = incidents("--db", tmp_path / "db", "weekly", "--by-source", "--source", "desk,wire", "--to", "2020-01-26")
    sentence = "6 region-weeks are known to all of desk, wire: equal in 3; together there: desk 3, wire 2"
    assert (done.exit_code, sentence in done.stderr, "wire_status" in done.stdout) == (0, True, True)
