"""The SQL that reads a file: every column cast, checked and hashed in one pass over the rows."""

import glob
import json

from analytics.schema import COLUMNS, READABLE, Column
from analytics.sources import Field, Source
from analytics.sources.base import literal, plain, quoted, trimmed
from analytics.sources.files import Readable
from analytics.store.connection import state_hash

_CSV = (
    "read_csv({path}, columns = {{{columns}}}, delim = {delimiter}, auto_detect = false, header = {header}, "
    "quote = '\"', escape = '\"', store_rejects = true, rejects_limit = 0)"
)


def reader(file: Readable) -> str:
    """The table function that reads *file*; malformed lines go to the temporary table reject_errors."""
    path = literal(glob.escape(str(file.path)))
    if file.kind == "parquet":
        return f"(SELECT CAST(COLUMNS(*) AS VARCHAR) FROM read_parquet({path}))"
    return _CSV.format(
        path=path,
        columns=", ".join(f"{literal(name)}: 'VARCHAR'" for name in file.columns),
        delimiter=literal(file.delimiter),
        header=str(file.header).lower(),
    )


def staging(source: Source, file: Readable, *, keep_raw: bool) -> str:
    """SELECT of one row per record of *file*: our columns typed, `problem`, `hash` and, if *keep_raw*, `kept`.

    `problem` is null for a good record, else {column, value, reason} of the first thing wrong with it. `kept` has the
    cells that our columns do not give back, as JSON (`header_of`). `record` and `text` are null; `numbered` has them.
    """
    header = header_of(source, file) if keep_raw else {}
    texts = ", ".join(_text(name, field) for name, field in source.fields.items())
    typed = ", ".join(f"{_typed(c) if c.name in source.fields else _nothing(c)} AS {c.name}" for c in READABLE.values())
    given = ", ".join(f"g_{name}, t_{name}" for name in source.fields)
    cells = "".join(f', {quoted(name)} AS "c{number}"' for number, name in enumerate(header))
    passed = "".join(f', "c{number}"' for number in range(len(header)))
    payload = ", ".join(f"f.{column.name}" for column in COLUMNS)
    return f"""
WITH rows AS (SELECT *, {_NUMBER} FROM {reader(file)} AS "(row)"),
texts AS (SELECT {texts}{cells}, "(record)" AS record, "(text)" AS text, ({source.skip}) AS "(skip)" FROM rows),
typed AS (SELECT {typed}, record, text, {given}{passed} FROM texts WHERE NOT "(skip)"),
filled AS (SELECT t.* REPLACE (
    coalesce(t.date_precision, 'day') AS date_precision,
    coalesce(t.occurred_until, CASE t.date_precision
        WHEN 'week' THEN t.occurred_on + 6 WHEN 'month' THEN last_day(t.occurred_on)
        WHEN 'year' THEN make_date(year(t.occurred_on), 12, 31) ELSE t.occurred_on END) AS occurred_until)
    FROM typed AS t)
SELECT f.source_id, f.known_at, f.known_order, {payload}, f.record, f.text,
       {_kept(header)} AS kept,
       {state_hash("f")} AS hash,
       {_problem(source)} AS problem
FROM filled AS f"""


def header_of(source: Source, file: Readable) -> dict[str, str | None]:
    """The columns of *file* in their order, each with the column of ours that holds its text as it stands, where there is one."""
    asis = {
        field.given: ours for ours, field in source.fields.items() if ours in _GIVING and _as_it_stands(ours, field)
    }
    return {name: asis.get(plain(name).given) for name in file.columns}


_GIVING = {"source_id", *(column.name for column in COLUMNS)}
"""Columns that an incident's version has."""


def _as_it_stands(ours: str, field: Field) -> bool:
    return field.text == field.given or READABLE[ours].type == "DATE"


def _kept(header: dict[str, str | None]) -> str:
    """SQL of the cells that differ from what our columns say as text, as a JSON object; null where all say the same."""
    differs, cells = [], []
    for number, (name, ours) in enumerate(header.items()):
        differs.append(
            f"f.c{number} IS DISTINCT FROM CAST(f.{ours} AS VARCHAR)" if ours else f"f.c{number} IS NOT NULL"
        )
        key = literal(json.dumps(name, ensure_ascii=False) + ":")
        cells.append(
            f"CASE WHEN {differs[-1]} THEN {key} || coalesce(CAST(to_json(f.c{number}) AS VARCHAR), 'null') END"
        )
    if not cells:
        return "CAST(NULL AS VARCHAR)"
    return f"CASE WHEN {' OR '.join(differs)} THEN '{{' || concat_ws(',', {', '.join(cells)}) || '}}' END"


_NUMBER = 'CAST(NULL AS BIGINT) AS "(record)", CAST(NULL AS VARCHAR) AS "(text)"'


def numbered(sql: str) -> str:
    """The same SELECT with the records' numbers, from 1 in file order, and their text: slower, for files with rejects."""
    return sql.replace(_NUMBER, 'row_number() OVER () AS "(record)", CAST(to_json("(row)") AS VARCHAR) AS "(text)"', 1)


def _text(name: str, field: Field) -> str:
    return f"CAST({field.given} AS VARCHAR) AS g_{name}, CAST({field.text} AS VARCHAR) AS t_{name}"


def _nothing(column: Column) -> str:
    return f"CAST(NULL AS {column.type})"


def _typed(column: Column) -> str:
    text = f"t_{column.name}"
    whole = f"TRY_CAST({text} AS DOUBLE)"
    return {
        "VARCHAR": text,
        "DOUBLE": whole,
        "INTEGER": f"CASE WHEN {whole} = trunc({whole}) THEN TRY_CAST({whole} AS INTEGER) END",
        "DATE": f"CAST(TRY_CAST({text} AS TIMESTAMP) AS DATE)",
        "TIMESTAMP": f"timezone('UTC', TRY_CAST({text} AS TIMESTAMPTZ))",
    }[column.type]


def _problem(source: Source) -> str:
    """SQL for the first thing wrong with a record; whether there is any is asked first, as it costs a tenth."""
    wrong = [one for c in READABLE.values() for one in _wrong(c, source.fields.get(c.name))]
    given = "f.g_occurred_until" if "occurred_until" in source.fields else "NULL"
    wrong.append(("f.occurred_until < f.occurred_on", _struct("occurred_until", given, "ends before it starts")))
    cases = " ".join(f"WHEN {condition} THEN {problem}" for condition, problem in wrong)
    return f"CASE WHEN {' OR '.join(f'({condition})' for condition, _ in wrong)} THEN CASE {cases} END END"


def _wrong(column: Column, field: Field | None) -> list[tuple[str, str]]:
    """What can be wrong with one column's value, as SQL that is true where it is, and the problem that it is."""
    value, given = f"f.{column.name}", f"f.g_{column.name}" if field else "NULL"
    missing = [(f"{value} IS NULL", _struct(column.name, given, "is missing"))] if column.required else []
    if field is None:
        return missing
    wrong = [f"f.t_{column.name} IS NOT NULL AND {value} IS NULL"] if column.type != "VARCHAR" else []
    if field.strict:
        wrong.append(f"{given} IS NOT NULL AND f.t_{column.name} IS NULL")
    if column.low:
        wrong.append(f"{value} < {literal(column.low)}::{column.type}")
    if column.high:
        wrong.append(f"{value} > {literal(column.high)}::{column.type}")
    if column.allowed:
        wrong.append(f"{value} NOT IN ({', '.join(map(literal, column.allowed))})")
    if not wrong:
        return missing
    return [
        (" OR ".join(f"({one})" for one in wrong), _struct(column.name, given, f"is not {column.expects}")),
        *missing,
    ]


def _struct(column: str, value: str, reason: str) -> str:
    return f'struct_pack("column" := {literal(column)}, value := CAST({value} AS VARCHAR), reason := {literal(reason)})'


def reported(source: Source, file: Readable) -> str:
    """SELECT of each place (country, admin1, admin2) that rows of *file* name, with their number.

    No row is checked, nor whether it is a record. Names are taken as they stand first, and trimmed once each.
    """
    asis = {plain(name).given: quoted(name) for name in file.columns}
    texts = {name: source.fields[name].text if name in source.fields else "NULL" for name in PLACE}
    given = ", ".join(f"CAST({asis.get(text, text)} AS VARCHAR) AS {name}" for name, text in texts.items())
    names = ", ".join(f"{trimmed(name)} AS {name}" if text in asis else name for name, text in texts.items())
    return f"""
WITH given AS (SELECT {given}, count(*) AS records FROM {reader(file)} AS "(row)" GROUP BY ALL)
SELECT {names}, sum(records) AS records FROM given GROUP BY ALL"""


PLACE = ("country", "admin1", "admin2")
