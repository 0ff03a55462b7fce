"""The SQL that reads a file: every column cast, checked and hashed in one pass over the rows."""

import glob
from itertools import groupby

from analytics.schema import COLUMNS, READABLE, Column
from analytics.sources import Field, Source
from analytics.sources.base import literal
from analytics.sources.files import Readable

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


def staging(source: Source, rows: str, *, keep_raw: bool) -> str:
    """SELECT of one row per record of *rows* (a table function): our columns typed, `problem`, `hash` and `raw`.

    `problem` is null for a good record, else {column, value, reason} of the first thing wrong with it.
    """
    raw = 'CAST(to_json("(row)") AS VARCHAR)' if keep_raw else "CAST(NULL AS VARCHAR)"
    texts = ", ".join(_text(name, field) for name, field in source.fields.items())
    typed = ", ".join(f"{_typed(c) if c.name in source.fields else _nothing(c)} AS {c.name}" for c in READABLE.values())
    given = ", ".join(f"g_{name}, t_{name}" for name in source.fields)
    payload = ", ".join(f"f.{column.name}" for column in COLUMNS)
    return f"""
WITH rows AS (SELECT *, {raw} AS "(raw)", {_RECORD} FROM {rows} AS "(row)"),
texts AS (SELECT {texts}, "(raw)" AS raw, "(record)" AS record FROM rows WHERE NOT ({source.skip})),
typed AS (SELECT {typed}, raw, record, {given} FROM texts),
filled AS (SELECT t.* REPLACE (
    coalesce(t.date_precision, 'day') AS date_precision,
    coalesce(t.occurred_until, CASE t.date_precision
        WHEN 'week' THEN t.occurred_on + 6 WHEN 'month' THEN last_day(t.occurred_on)
        WHEN 'year' THEN make_date(year(t.occurred_on), 12, 31) ELSE t.occurred_on END) AS occurred_until)
    FROM typed AS t)
SELECT f.source_id, f.known_at, f.known_order, {payload}, f.raw, f.record,
       {_hash(source)} AS hash,
       {_problem(source)} AS problem
FROM filled AS f"""


_RECORD = 'CAST(NULL AS BIGINT) AS "(record)"'


def numbered(sql: str) -> str:
    """The same SELECT with the record numbers counted from 1 in file order: slower, for files with rejects."""
    return sql.replace(_RECORD, 'row_number() OVER () AS "(record)"', 1)


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


def _hash(source: Source) -> str:
    """SQL of the hash of our columns' texts, unknown ones as a mark; those that the file lacks are one constant.

    It is md5_number_lower, which DuckDB works out by way of a text of bits at twice the cost.
    """
    made = {*source.fields, "date_precision", "occurred_until"}
    parts = []
    for there, columns in groupby(COLUMNS, lambda column: column.name in made):
        if there:
            parts += [f"coalesce(CAST(f.{column.name} AS VARCHAR), chr(30))" for column in columns]
        else:
            parts.append(literal(chr(31).join(chr(30) for _ in columns)))
    return f"CAST(md5_number(concat_ws(chr(31), {', '.join(parts)})) >> 64 AS UBIGINT)"
