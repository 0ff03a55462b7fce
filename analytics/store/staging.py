"""The SQL that reads a file: every column cast, checked and hashed in one pass over the rows."""

import glob

from analytics.schema import COLUMNS, READABLE, Column
from analytics.sources import Field, Source
from analytics.sources.base import literal
from analytics.sources.files import Readable
from analytics.sources.limits import MOST_MALFORMED

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
        limit=MOST_MALFORMED + 1,
    )


def staging(source: Source, rows: str, *, keep_raw: bool) -> str:
    """SELECT of one row per record of *rows* (a table function): our columns typed, `problem`, `hash` and `raw`.

    `problem` is null for a good record, else {column, value, reason} of the first thing wrong with it.
    """
    raw = 'CAST(to_json("(row)") AS VARCHAR)' if keep_raw else "CAST(NULL AS VARCHAR)"
    texts = ", ".join(_text(column, source.fields.get(column.name)) for column in READABLE.values())
    typed = ", ".join(f"{_typed(column)} AS {column.name}" for column in READABLE.values())
    given = ", ".join(f"g_{name}, t_{name}" for name in READABLE)
    problems = ", ".join(filter(None, (_problem(c, source.fields.get(c.name)) for c in READABLE.values())))
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
       md5_number_lower(concat_ws(chr(31), {_hashed()})) AS hash,
       coalesce({problems},
           CASE WHEN f.occurred_until < f.occurred_on
                THEN {_struct("occurred_until", "f.g_occurred_until", "ends before it starts")} END) AS problem
FROM filled AS f"""


_RECORD = 'CAST(NULL AS BIGINT) AS "(record)"'


def numbered(sql: str) -> str:
    """The same SELECT with the record numbers counted from 1 in file order: slower, for files with rejects."""
    return sql.replace(_RECORD, 'row_number() OVER () AS "(record)"', 1)


def _text(column: Column, field: Field | None) -> str:
    given, text = (field.given, field.text) if field else ("NULL", "NULL")
    return f"CAST({given} AS VARCHAR) AS g_{column.name}, CAST({text} AS VARCHAR) AS t_{column.name}"


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


def _problem(column: Column, field: Field | None) -> str:
    """SQL for what is wrong with one column's value; "" where nothing can be."""
    value, given = f"f.{column.name}", f"f.g_{column.name}"
    if field is None:
        return (
            f"CASE WHEN {value} IS NULL THEN {_struct(column.name, 'NULL', 'is missing')} END"
            if column.required
            else ""
        )
    wrong = [f"f.t_{column.name} IS NOT NULL AND {value} IS NULL"] if column.type != "VARCHAR" else []
    if field.strict:
        wrong.append(f"{given} IS NOT NULL AND f.t_{column.name} IS NULL")
    if column.low:
        wrong.append(f"{value} < {literal(column.low)}::{column.type}")
    if column.high:
        wrong.append(f"{value} > {literal(column.high)}::{column.type}")
    if column.allowed:
        wrong.append(f"{value} NOT IN ({', '.join(map(literal, column.allowed))})")
    cases = []
    if wrong:
        reason = f"is not {column.expects}"
        cases.append(f"WHEN {' OR '.join(f'({one})' for one in wrong)} THEN {_struct(column.name, given, reason)}")
    if column.required:
        cases.append(f"WHEN {value} IS NULL THEN {_struct(column.name, given, 'is missing')}")
    return f"CASE {' '.join(cases)} END" if cases else ""


def _struct(column: str, value: str, reason: str) -> str:
    return f'struct_pack("column" := {literal(column)}, value := CAST({value} AS VARCHAR), reason := {literal(reason)})'


def _hashed() -> str:
    return ", ".join(f"coalesce(CAST(f.{column.name} AS VARCHAR), chr(30))" for column in COLUMNS)
