"""Write docs/schema.md, the page of tables, views, macros and columns, from the comments in a new database.

Run `python docs/make_schema.py`, or `make docs`, after changing the schema; a test compares the page with a database.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from analytics.store import Store
from analytics.store.describing import OBJECTS, PARTS

PAGE = Path(__file__).with_name("schema.md")

INTRODUCTION = """\
# The schema

What `incidents schema` says of a new database, put together by `make docs`; edit the comments, not this page.

Times are UTC.
A week is the day that starts it.
A view or macro is what one asks; the tables below them are what they are made of.
"""

HEADINGS = {"view": "Views", "macro": "Macros", "table": "Tables"}


def schema_page() -> str:
    """The whole page."""
    with TemporaryDirectory() as folder, Store(Path(folder) / "new.duckdb") as store:
        return "\n".join([INTRODUCTION, *_sections(store)])


def _sections(store: Store) -> Iterator[str]:
    last = ""
    for name, kind, comment in store.rows(OBJECTS):
        if kind != last:
            yield f"## {HEADINGS[kind]}\n"
            last = kind
        yield f"### `{name}`\n\n{comment[0].upper()}{comment[1:]}.\n"
        rows = store.rows(PARTS, {"name": name})
        yield f"| {'argument' if kind == 'macro' else 'column'} | type | meaning |\n|---|---|---|"
        yield "".join(
            f"| `{part}` | {'' if kind == 'macro' else kind_of} | {_cell(text)} |\n" for part, kind_of, text in rows
        )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(schema_page(), encoding="utf-8", newline="\n")
    print(f"wrote {PAGE.name}")
