"""Ad-hoc SQL from Python and notebooks: `analytics.open("incidents.duckdb").sql("from incidents").df()`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

from analytics.errors import OptionError
from analytics.output import Rows, html_table, pieces, plain_rows
from analytics.query.process import Outcome, Worker
from analytics.query.request import Limits, Request
from analytics.query.saved import saved_query

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

SHOWN = 20
"""Rows of an answer that a notebook shows; the answer has them all."""


def open(path: Path | str, *, limits: Limits | None = None) -> "Database":  # noqa: A001 - analytics.open("x.duckdb")
    """A database to ask; nothing is read before the first question, and nothing is held between questions."""
    return Database(path, limits=limits)


class Database:
    """A database that answers SQL, each query in a process of its own within *limits*; it can only be read."""

    def __init__(self, path: Path | str, *, limits: Limits | None = None) -> None:
        self.path = Path(path)
        self.limits = limits or Limits()

    def __repr__(self) -> str:
        return f"Database({str(self.path)!r})"

    def sql(self, query: str, parameters: Mapping[str, Any] | None = None) -> "Answer":
        """The answer to *query* (SQL, or "@name" for a saved query) with values for its $parameters.

        Raises QueryError with the database's words for a query that fails, LimitError where it reaches a limit, and
        StoreError where the database cannot be opened.
        """
        import pyarrow as pa

        text, values = question(query, parameters)
        with spooled(self.path, text, "arrow", values, self.limits) as (file, outcome):
            return Answer(pa.ipc.open_stream(file).read_all(), more=outcome.more, seconds=outcome.seconds)


class Answer:
    """What a query gave, as a table that turns into pandas, Arrow or Polars.

    `more` says whether `Limits.rows` cut it, `seconds` how long it took.
    """

    def __init__(self, table: "pa.Table", *, more: bool = False, seconds: float = 0.0) -> None:
        self.table = table
        self.more = more
        self.seconds = seconds

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def arrow(self) -> "pa.Table":
        """The answer as a pyarrow Table: whole sums are 64-bit integers, times naive UTC."""
        return self.table

    def df(self) -> "pd.DataFrame":
        """The answer as a new pandas frame; days and times are datetime64."""
        frame: pd.DataFrame = self.table.to_pandas(date_as_object=False)
        return frame

    def polars(self) -> "pl.DataFrame":
        """The answer as a Polars frame; Polars is an extra: pip install incident-analytics[polars]."""
        try:
            import polars as pl
        except ImportError as error:
            raise OptionError("polars is not installed; pip install incident-analytics[polars]") from error
        frame = pl.from_arrow(self.table)
        return frame if isinstance(frame, pl.DataFrame) else frame.to_frame()

    def __repr__(self) -> str:
        return "".join(pieces(self._first(), "table")) + self._rest()

    def _repr_html_(self) -> str:
        """What a notebook shows: the first rows, and how many there are."""
        return "".join(html_table(self._first())) + f"<p>{self._rest()}</p>"

    def _first(self) -> Rows:
        import pyarrow as pa

        columns = [column.to_pylist() for column in self.table.slice(0, SHOWN).columns]
        numeric = [
            pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
            for kind in self.table.schema.types
        ]
        rows = list(plain_rows([list(zip(*columns, strict=True))]))
        return Rows(names=self.table.column_names, numeric=numeric, batches=rows)

    def _rest(self) -> str:
        count = f"{len(self):,} {'row' if len(self) == 1 else 'rows'}" + (" of more" if self.more else "")
        return count if len(self) <= SHOWN else f"the first {SHOWN} of {count}"


def question(query: str, given: Mapping[str, Any] | None) -> tuple[str, dict[str, Any]]:
    """SQL and parameters of a query: its own, or those of the saved query that it names with @."""
    if not query.startswith("@"):
        return query, dict(given or {})
    saved = saved_query(query.removeprefix("@"))
    return saved.sql, saved.values(given or {})


@contextmanager
def spooled(
    path: Path, sql: str, form: str, parameters: dict[str, Any], limits: Limits
) -> Iterator[tuple[IO[bytes], Outcome]]:
    """The whole answer in a temporary file, at its beginning, and how it ended."""
    with TemporaryFile() as file, Worker() as worker:
        request = Request(database=str(path), sql=sql, form=form, parameters=parameters, limits=limits)
        outcome = worker.ask(request, file.write)
        file.seek(0)
        yield file, outcome
