"""Rows of text as a Parquet file, for formats that the database does not read by itself."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 20_000
_CHARACTERS = 32 << 20
"""Rows, and characters, of one batch: what is held in memory at a time."""

Texts = Sequence[str | None]


def write_texts(path: Path, names: Sequence[str], rows: Iterable[Texts]) -> None:
    """Write *rows*, each with a text or None for every one of *names*, to the Parquet file *path*."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    schema = pa.schema([(name, pa.string()) for name in map(_clean, names)])
    with ParquetWriter(path, schema) as writer:
        for batch in _batches(rows):
            writer.write_batch(_batch(schema, batch))


def _batches(rows: Iterable[Texts]) -> Iterator[list[Texts]]:
    batch: list[Texts] = []
    characters = 0
    for row in rows:
        batch.append(row)
        characters += sum(len(text) for text in row if text)
        if len(batch) == _ROWS or characters > _CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _batch(schema: "pa.Schema", rows: list[Texts]) -> "pa.RecordBatch":
    import pyarrow as pa

    columns = list(zip(*rows, strict=True))
    return pa.record_batch([_array(column) for column in columns], schema=schema)


def _array(texts: Texts) -> "pa.Array":
    import pyarrow as pa

    try:
        return pa.array(texts, pa.string())
    except UnicodeEncodeError:  # halves of characters, which JSON can escape and no text can hold
        return pa.array([text if text is None else _clean(text) for text in texts], pa.string())


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
