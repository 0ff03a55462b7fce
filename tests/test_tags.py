"""Tags: rules over an incident, hostile ones refused, old versions tagged by their own text, usable as any filter."""

from pathlib import Path

import pytest

from analytics.bundled import bundled
from analytics.errors import InputError, OptionError
from analytics.store import Store, data_fingerprint, load_reference, tag_counts, tagged, unload
from analytics.store.tags import unfolded
from tests.store_files import NOW, at, dump, incident, load_rows, panel, xanadu


def load_tags(store: Store, folder: Path, text: str) -> int:
    """Load rules; their load."""
    path = folder / "tags.toml"
    path.write_text(text, encoding="utf-8")
    number: int = load_reference(store, path, "tags", loaded_at=NOW)["load_id"]
    return number


def borne(store: Store, moment: str = "infinity") -> dict[str, list[str]]:
    """Tags of each incident as it was known at *moment*, by source id."""
    return dict(store.rows("SELECT source_id, tags FROM incidents_as_of($at)", {"at": moment}))


BOMB = "[bomb]\nwhere = \"notes ILIKE '%bomb%'\"\nmeaning = 'A bomb'\n"
ROWS = [incident("a", notes="Roadside BOMB"), incident("b", notes="Shots"), incident("c", killed=12), incident("d")]


def test_tags_in_every_filter(tmp_path: Path) -> None:
    """Rules mark incidents loaded before and after, and count in weekly figures as a filter and inside a measure."""
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, ROWS[:2])
        assert borne(store) == {"a": [], "b": []}
        load_tags(store, tmp_path, BOMB + "[deadly]\nwhere = 'killed >= 10'\n")
        load_rows(store, tmp_path, ROWS[2:], source="later")
        assert borne(store) == {"a": ["bomb"], "b": [], "c": ["deadly"], "d": []}
        where = tagged(store, ["bomb"], "killed IS NULL -- none")
        assert panel(store, "2020-01-06", "2020-01-12", source="desk", where=where)["2020-01-06", "XA-N"][0] == 1
        assert panel(
            store, "2020-01-06", "2020-01-12", source="later", measure="count_if(list_contains(tags, 'deadly'))"
        )["2020-01-06", "XA-N"] == (1.0, "incomplete")
        assert (
            tagged(store, ["bomb", "deadly", "bomb"], "")
            == "list_contains(tags, 'bomb') AND list_contains(tags, 'deadly')"
        )
        with pytest.raises(OptionError, match="tag 'bom' has no rule; did you mean 'bomb'"):
            tagged(store, ["bom"], "")


ASKED = [
    "list_contains(tags, 'bomb')", "NOT list_contains(tags, 'bomb') -- é", "notes = 'é' OR list_contains(\"tags\", 'deadly')",
    "list_contains(tags, 'bomb') OR list_contains(tags, 'deadly')", "list_contains(tags, 'none')", "len(tags) = 1",
]  # fmt: skip


@pytest.mark.parametrize("where", ASKED)
def test_one_rule_answers_for_one_tag(tmp_path: Path, where: str) -> None:
    """A question of a tag is answered by its rule alone, with the same incidents; rules that cannot be worked out hold for none."""
    with xanadu(tmp_path / "db") as store:
        load_tags(store, tmp_path, BOMB + "[deadly]\nwhere = 'CAST(coalesce(notes, source_id) AS INTEGER) >= 10'\n")
        load_rows(store, tmp_path, [*ROWS, incident("e", notes="é"), incident("f", notes="12")])
        asked = "SELECT source_id FROM incidents WHERE {}\n ORDER BY 1"
        rewritten = unfolded(store, where)
        assert store.rows(asked.format(rewritten)) == store.rows(asked.format(where))
    assert ("tags" in rewritten) == (where in ASKED[-2:])


def test_rules_are_part_of_what_is_counted_by_them(tmp_path: Path) -> None:
    """The fingerprint of a result that counts by tags is another when a rule is; that of others is not."""
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, ROWS)
        counted = ("list_contains(tags, 'bomb')", "incidents")

        def both() -> tuple[str, str]:
            return data_fingerprint(store, None, counted).checksum, data_fingerprint(
                store, None, ("killed > 1",)
            ).checksum

        plain, (first, unmoved) = data_fingerprint(store, None).checksum, (load_tags(store, tmp_path, BOMB), both())[1]
        load_tags(store, tmp_path, BOMB.replace("bomb%", "bombs%"))
        second = both()
        load_tags(store, tmp_path, BOMB)
        assert both() == (first, unmoved) == (first, plain)
    assert second == (second[0], plain) and second[0] != first != plain


def test_old_versions_keep_their_tags(tmp_path: Path) -> None:
    """A version bears the tags of its own text: a corrected record loses a tag from then on, and had it before."""
    with xanadu(tmp_path / "db") as store:
        load_tags(store, tmp_path, BOMB)
        load_rows(store, tmp_path, [incident("a", notes="A bomb")], known_at=at("2020-02-01"))
        load_rows(store, tmp_path, [incident("a", notes="A gas leak")], known_at=at("2020-03-01"))
        assert (borne(store, "2020-02-15"), borne(store)) == ({"a": ["bomb"]}, {"a": []})


def test_rules_replaced_and_undone(tmp_path: Path) -> None:
    """A rule of the same name replaces the one before, others stay, and undoing the load brings back what was."""
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, ROWS)
        load_tags(store, tmp_path, BOMB + "[shots]\nwhere = \"notes = 'Shots'\"\n")
        before = dump(store)
        number = load_tags(store, tmp_path, "[bomb]\nwhere = 'false'\n[quiet]\nwhere = 'notes IS NULL'\n")
        assert borne(store) == {"a": [], "b": ["shots"], "c": ["quiet"], "d": ["quiet"]}
        unload(store, number, undone_at=NOW)
        assert dump(store) == before
        assert borne(store) == {"a": ["bomb"], "b": ["shots"], "c": [], "d": []}


def test_listing(tmp_path: Path) -> None:
    """The list of rules has counts, killed, the span and the latest examples of each, zero included."""
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, [incident(str(n), f"2020-01-0{n}", killed=n) for n in range(1, 6)])
        load_tags(
            store, tmp_path, "[two]\nwhere = 'killed > 1'\nmeaning = 'more than one'\n[none]\nwhere = 'killed > 9'\n"
        )
        rows = tag_counts(store).to_dict("records")
    assert [(row["tag"], row["incidents"], row["examples"]) for row in rows] == [
        ("none", 0, ""),
        ("two", 4, "desk:5 desk:4 desk:3"),
    ]
    assert (rows[1]["killed"], str(rows[1]["first_day"])[:10], rows[1]["where"]) == (14, "2020-01-02", "killed > 1")


def test_a_rule_that_fails_on_a_record(tmp_path: Path) -> None:
    """A condition that cannot be worked out for one record does not hold for it, and stops nobody's query."""
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, [incident("a", notes="12"), incident("b", notes="twelve")])
        load_tags(store, tmp_path, "[dozen]\nwhere = 'CAST(notes AS INTEGER) = 12'\n")
        assert borne(store) == {"a": ["dozen"], "b": []}


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("EXISTS (SELECT 1)", "holds a subquery"),
        ("killed > (SELECT max(killed) FROM incident_version)", "holds a subquery"),
        ("killed IN (SELECT 1)", "holds a subquery"),
        ("notes = (FROM read_text('/etc/passwd'))", "holds a subquery"),
        ("getenv('HOME') = notes", "calls getenv"),
        ("current_setting('threads') = notes", "calls current_setting"),
        ("repeat(notes, 1000000000) = notes", "calls repeat"),
        ("random() > 0.5", "calls random"),
        ("now() > occurred_on", "calls now"),
        ("current_date > occurred_on", "names 'current_date'"),
        ("count(*) > 1", "calls count_star"),
        ("row_number() OVER () > 1", "holds a window function"),
        ("len(list_filter([1], lambda x: x > 1)) > 0", "len"),
        ("columns(*) = 1", "holds"),
        ("notes = $1", "holds a parameter"),
        ("region_id = 'IQ'", "names 'region_id'"),
        ("tags = []", "names 'tags'"),
        ("v.notes = 'x'", "names 'v.notes'"),
        ("note = 'x'", "did you mean 'notes'"),
        ("true) FROM incident_version WHERE (true", "is not one SQL expression"),
        ("true); DROP TABLE incident_version; SELECT (true", "is not one SQL expression"),
        ("true) UNION SELECT (true", "is not one SQL expression"),
        ("true, false", ""),
        ("SELECT 1", "holds a subquery"),
        ("notes ILIKE", "is not one SQL expression"),
        ("regexp_matches(notes, '(')", "cannot be used"),
        ("killed + 1", "is no condition, but"),
        ("(" * 5000 + "true" + ")" * 5000, ""),
        ("true OR " * 3000 + "true", "at most"),
    ],
)
def test_hostile_rules(tmp_path: Path, where: str, words: str) -> None:
    """A rule is one condition on an incident's own columns; whatever else it tries is refused by name, and nothing is kept."""
    with xanadu(tmp_path / "db") as store:
        before = dump(store)
        with pytest.raises(InputError) as caught:
            load_tags(store, tmp_path, f"[good]\nwhere = 'true'\n[bad]\nwhere = '''{where}'''\n")
        assert "rule 'bad'" in str(caught.value)
        assert words in str(caught.value)
        assert dump(store) == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# none", "has no rules"),
        ("[a", "is not valid TOML"),
        ("a = 1", "must be a section"),
        ("[a]\nmeaning = 'x'", "where is missing"),
        ("[a]\nwhere = 1", "where must be text"),
        ("[a]\nwhere = 'true'\nwere = 'x'", "did you mean 'where'"),
        ("['a, b']\nwhere = 'true'", "a tag's name"),
        ("".join(f"[t{n}]\nwhere = 'true'\n" for n in range(201)), "200 at most"),
    ],
)
def test_wrong_files(tmp_path: Path, text: str, words: str) -> None:
    """A file of rules that is none is refused with what is wrong in it."""
    path = tmp_path / "tags.toml"
    path.write_text(text, encoding="utf-8")
    with xanadu(tmp_path / "db") as store, pytest.raises(InputError, match=r"tags\.toml") as caught:
        load_reference(store, path, "tags", loaded_at=NOW)
    assert words in str(caught.value)


SAID = {
    "A roadside bomb killed two soldiers": ["IED"],
    "Suicide car bomb at police checkpoint near Kirkuk": ["car-bomb", "checkpoint-attack", "police-attack", "suicide-attack"],
    "IS militants in hit-and-run attack on Peshmerga post": ["hit-and-run"],
    "Gunmen ambushed a convoy": ["ambush", "convoy-attack", "hit-and-run"],
    "Mortar shells hit the market": ["shelling"],
    "Coalition airstrikes kill 5": ["air-strike"],
    "Mayor assassinated; two others kidnapped": ["abduction", "assassination"],
    "Died, applied, shellfish, policewide, ambushing": [],
}  # fmt: skip


def test_default_tags(tmp_path: Path) -> None:
    """The tags that come with the package mark what headlines of each kind say, and not words that only look alike."""
    with xanadu(tmp_path / "db") as store:
        load_reference(store, bundled("data/tags.toml"), "tags", loaded_at=NOW)
        load_rows(store, tmp_path, [incident(text[:9], notes=text) for text in SAID])
        assert borne(store) == {text[:9]: tags for text, tags in SAID.items()}
