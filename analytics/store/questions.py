"""An analyst's one statement: checked to be one that only reads, described, and answered as it streams."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analytics.errors import QueryError
from analytics.sources.base import literal
from analytics.store.connection import Store
from analytics.store.failures import errors_of_ours

if TYPE_CHECKING:
    import pyarrow as pa

# What is answered is chosen by its kind, and described before it is run: a locked connection alone still lets COPY write
# over the database's own files, also from within WITH. MULTI is how the database calls a PIVOT that looks for its own
# columns; it runs in parts, so that even describing one runs what a WITH before it says.
_LINE = re.compile(r"\bLINE (\d+)")
_EXPLAIN = re.compile(r"explain\s+(?:analyze\s+)?(?:\([^()]*\)\s*)?", re.IGNORECASE)
_WHOLE = re.compile(r"U?(?:TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)")
_NUMBER = re.compile(rf"{_WHOLE.pattern}|FLOAT|DOUBLE|DECIMAL\(.*\)")
_NESTED = re.compile(r"(?:STRUCT|MAP)\(.*\)|.*\[\d*\]", re.DOTALL)
_ARROW = re.compile(rf"{_NUMBER.pattern}|VARCHAR|BOOLEAN|DATE|TIME|TIMESTAMP(?: WITH TIME ZONE)?|BLOB")


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of an answer: its name and SQL type."""

    name: str
    type: str

    @property
    def numeric(self) -> bool:
        """Whether it holds numbers, which are aligned on the right."""
        return _NUMBER.fullmatch(self.type) is not None


class Question:
    """One statement that only reads, with values for its parameters, put to a locked store.

    Answered once, in one of three shapes: plain rows, lines of separated values, or Arrow batches.
    Raises QueryError for no statement, for several, for one that does more than read, and with the database's words
    for one that it cannot understand.
    """

    def __init__(self, store: Store, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        self._store = store
        self._sql = _checked(store, sql)
        self._parameters = dict(parameters or {})
        self.columns = self._described()

    def rows(self, size: int = 2000) -> Iterator[list[tuple[Any, ...]]]:
        """The rows in batches of *size*: numbers, text, booleans and lists are values; dates, times and the rest text."""
        return self._batches(self._as(_plain), size)

    @property
    def is_plan(self) -> bool:
        """Whether the answer is how the database would answer a query, and not rows of it."""
        return self._sql.kind == "EXPLAIN"

    def lines(self, mark: str) -> Iterator[list[str]]:
        """The rows as lines of separated values in batches, put together by the database.

        A field is quoted where it holds *mark*, a quote or a line end; null is empty, and so is NaN.
        """
        fields = [_field(_name(number), column.type, mark) for number, column in enumerate(self.columns)]
        line = f", {literal(mark)}, ".join(fields)
        alone = f"coalesce(nullif({fields[0]}, ''), '\"\"')" if len(fields) == 1 else line
        sql = f"SELECT concat({alone}, chr(10)) FROM {self._inner()}"
        return ([line for (line,) in batch] for batch in self._batches(sql, 2000))

    def reader(self) -> "pa.RecordBatchReader":
        """The rows as Arrow record batches; whole sums are 64-bit integers, and what Arrow has no type for is text."""
        with errors_of_ours():
            return self._store.reader(self._as(_arrow), self._parameters)

    def _described(self) -> tuple[Column, ...]:
        """Names and types of the columns; nothing is computed for it.

        The database describes no statement that writes, not even one hidden in a WITH clause.
        """
        try:
            found = self._store.rows(f"DESCRIBE\n{self._sql.query}", self._parameters)
        except QueryError as error:
            raise QueryError(_LINE.sub(lambda line: f"LINE {int(line[1]) - 1}", str(error))) from error
        if self.is_plan:
            return (Column(name="explain_key", type="VARCHAR"), Column(name="explain_value", type="VARCHAR"))
        return tuple(Column(name=name, type=kind) for name, kind, *_ in found)

    def _as(self, shape: Callable[[str, str], str]) -> str:
        """The statement with each column brought into *shape*.

        Inside another SELECT even a statement that was taken for a query by mistake could not write.
        """
        if self._sql.kind != "SELECT":
            return self._sql.text
        shapes = [shape(_name(number), column.type) for number, column in enumerate(self.columns)]
        names = [_quoted(column.name) for column in self.columns]
        return f"SELECT {', '.join(map(' AS '.join, zip(shapes, names, strict=True)))} FROM {self._inner()}"

    def _inner(self) -> str:
        names = ", ".join(_name(number) for number in range(len(self.columns)))
        return f"({self._sql.text}\n) AS answer({names})"

    def _batches(self, sql: str, size: int) -> Iterator[list[tuple[Any, ...]]]:
        result = self._store.run(sql, self._parameters)
        while True:
            with errors_of_ours():
                batch = result.fetchmany(size)
            if not batch:
                return
            yield batch


@dataclass(frozen=True, kw_only=True)
class _Statement:
    kind: str
    text: str
    query: str
    """What is described: the statement, or the one that it explains."""


def _checked(store: Store, sql: str) -> _Statement:
    """The one statement of *sql*, without what follows it; refused unless it is a query, a PIVOT or explains a query."""
    found = store.statements(sql)
    if len(found) != 1:
        count = f"{len(found)} statements" if found else "no statement"
        raise QueryError(f"give one SQL statement at a time; this is {count}")
    kind, text = found[0]
    if kind == "EXPLAIN":
        return _Statement(kind=kind, text=text, query=_explained(store, text))
    if kind == "SELECT" or (kind == "MULTI" and text[:5].lower() == "pivot"):
        return _Statement(kind=kind, text=text, query=text)
    if kind == "MULTI":
        raise QueryError("a PIVOT inside a query needs its columns named: PIVOT … ON … IN (…)")
    raise QueryError(f"only queries are answered here; this is {_article(kind)} statement, and may change something")


def _explained(store: Store, text: str) -> str:
    """The query that an EXPLAIN explains."""
    inner = text[found.end() :] if (found := _EXPLAIN.match(text)) else ""
    if [kind for kind, _ in store.statements(inner)] != ["SELECT"]:
        raise QueryError("only queries are explained here: EXPLAIN SELECT …")
    return inner


def _article(kind: str) -> str:
    word = kind.replace("_", " ")
    return f"an {word}" if word[0] in "AEIOU" else f"a {word}"


def _name(number: int) -> str:
    return f"_{number}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _plain(name: str, kind: str) -> str:
    """A column as a value that Python reads in the same way on every machine."""
    if kind == "FLOAT":
        return f"CAST({name} AS DOUBLE)"
    native = kind in ("VARCHAR", "BOOLEAN") or _NUMBER.fullmatch(kind)
    nested = _NESTED.fullmatch(kind) and "TIME ZONE" not in kind
    return name if native or nested else _text(name, kind)


def _text(name: str, kind: str) -> str:
    """A column as text; times with a zone are in UTC, as all times of the store."""
    return (
        f"CAST(CAST({name} AS TIMESTAMP) AS VARCHAR)"
        if kind == "TIMESTAMP WITH TIME ZONE"
        else f"CAST({name} AS VARCHAR)"
    )


def _field(name: str, kind: str, mark: str) -> str:
    """A column as a field of separated values."""
    if kind in ("FLOAT", "DOUBLE"):
        return f"CASE WHEN isnan({name}) THEN '' ELSE CAST(CAST({name} AS DOUBLE) AS VARCHAR) END"
    if kind == "BOOLEAN" or _NUMBER.fullmatch(kind):
        return f"CAST({name} AS VARCHAR)"
    text = (
        name
        if kind == "VARCHAR"
        else f"CAST(to_json({name}) AS VARCHAR)"
        if _NESTED.fullmatch(kind)
        else _text(name, kind)
    )
    special = " OR ".join(f"contains({text}, {sign})" for sign in (literal(mark), "'\"'", "chr(10)", "chr(13)"))
    return f"CASE WHEN {special} THEN concat('\"', replace({text}, '\"', '\"\"'), '\"') ELSE {text} END"


def _arrow(name: str, kind: str) -> str:
    """A column as one of the types that Arrow, Parquet and frames share."""
    if kind in ("HUGEINT", "UHUGEINT"):
        return f"CAST({name} AS BIGINT)"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"CAST({name} AS TIMESTAMP)"
    return name if _ARROW.fullmatch(kind) or _NESTED.fullmatch(kind) else _text(name, kind)
