"""JSON as records: lines of objects, an array of them, or pages of an API, one record held in memory at a time."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from analytics.errors import InputError
from analytics.sources import limits

PAGES = frozenset({"result", "results", "data", "records", "rows", "items"})
"""Keys, in lower case, under which a page of an API has its records (UCDP: Result, ACLED: data)."""

_BLANK = re.compile(r"[ \t\r\n]*")
_CHUNK = 1 << 20
_NESTED = "nested too deeply"
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
"""Numbers stay the text that they are: nothing is rounded, and none is too long."""


class Malformed(str):
    """A piece of text that is no record, with the reason."""

    reason: str
    __slots__ = ("reason",)

    def __new__(cls, text: str, reason: str) -> "Malformed":
        """The text *text*, malformed for *reason*."""
        made = super().__new__(cls, text)
        made.reason = reason
        return made


Record = dict[str, Any] | Malformed


def is_json(head: str) -> bool:
    """Whether a text that begins with *head* is JSON: an object or an array of objects, arrays or nothing."""
    return re.match(r'\s*(\{\s*["}]|\[\s*[\[{\]])', head) is not None


def json_records(path: Path, file: Path) -> Iterator[Record]:
    """The records of the JSON text *file* in order; a line of JSONL, or a member of an array, that is no object is Malformed.

    Raises InputError, naming *path*, where the text is not JSON, or one record is longer or deeper than can be held.
    """
    with file.open(encoding="utf-8") as text:
        first = text.readline(limits.LONGEST_RECORD + 1)
        while first and not first.strip():
            first = text.readline(limits.LONGEST_RECORD + 1)
        record = _line(first)
        lines = isinstance(record, dict) and not _is_page(record)
        text.seek(0)
        yield from _lines(path, text) if lines else _document(_Text(path, text))


def _lines(path: Path, text: IO[str]) -> Iterator[Record]:
    while line := text.readline(limits.LONGEST_RECORD + 1):
        if len(line) > limits.LONGEST_RECORD:
            raise InputError(f"{path} has a line of more than {limits.LONGEST_RECORD:,} characters; that is no record")
        if line.strip():
            yield _line(line)


def _line(line: str) -> Record:
    """A line's object, or why it is none."""
    try:
        value = _DECODER.decode(line)
    except ValueError as error:
        return Malformed(line.strip(), f"is not JSON: {error}")
    except RecursionError:
        return Malformed(line.strip(), _NESTED)
    return _record(value)


def _record(value: Any) -> Record:
    return value if isinstance(value, dict) else Malformed(json.dumps(value, ensure_ascii=False), "is no object")


def _is_page(value: Any) -> bool:
    return isinstance(value, dict) and any(_is_list(key, item) for key, item in value.items())


def _is_list(key: str, item: Any) -> bool:
    return key.lower() in PAGES and isinstance(item, list) and all(isinstance(one, dict) for one in item)


class _Text:
    """JSON text as it is read: what comes next, and the value at hand."""

    def __init__(self, path: Path, file: IO[str]) -> None:
        self.path, self.file, self.held, self.place, self.ended = path, file, "", 0, False

    def peek(self) -> str:
        """The next character that is not blank; "" at the end."""
        while True:
            self.place = _BLANK.match(self.held, self.place).end()  # type: ignore[union-attr]
            if self.place < len(self.held) or self.ended:
                return self.held[self.place : self.place + 1]
            self._more()

    def take(self, wanted: str) -> str:
        """The next character, which must be one of *wanted*."""
        found = self.peek()
        if not found or found not in wanted:
            raise InputError(
                f"{self.path} is not valid JSON: {found or 'its end'!r} where {' or '.join(wanted)} should be"
            )
        self.place += 1
        return found

    def value(self) -> Any:
        """The next value, read further until it is whole."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self.held, self.place)
            except RecursionError as error:
                raise InputError(f"{self.path} is {_NESTED} to be records") from error
            except ValueError as error:
                if self.ended:
                    raise InputError(f"{self.path} is not valid JSON: {error}") from error
            else:
                if end < len(self.held) or self.ended:
                    self.place = end
                    return value
            self._more()

    def _more(self) -> None:
        """Read as much again as is held, and forget what has been read."""
        self.held, self.place = self.held[self.place :], 0
        if len(self.held) > limits.LONGEST_RECORD:
            raise InputError(
                f"{self.path} has a record of more than {limits.LONGEST_RECORD:,} characters, or is not JSON from there on"
            )
        new = self.file.read(max(_CHUNK, len(self.held)))
        self.held, self.ended = self.held + new, not new


def _document(text: _Text) -> Iterator[Record]:
    """The records of all values in *text*, one after another: arrays, pages, single records."""
    while (opening := text.peek()) != "":
        yield from _OPENED.get(opening, _other)(text)


def _array(text: _Text) -> Iterator[Record]:
    text.take("[")
    if text.peek() == "]":
        text.take("]")
        return
    while True:
        value = text.value()
        yield from _unwrapped(value)
        if text.take(",]") == "]":
            return


def _unwrapped(value: Any) -> Iterator[Record]:
    """The records of a page, or the one record that it is."""
    pages = [item for key, item in value.items() if _is_list(key, item)] if isinstance(value, dict) else []
    if not pages:
        yield _record(value)
    for page in pages:
        yield from page


def _object(text: _Text) -> Iterator[Record]:
    """A page's records as they come, or the one record that an object is."""
    own: dict[str, Any] = {}
    paged = False
    text.take("{")
    if text.peek() == "}":
        text.take("}")
        return
    while True:
        key = text.value()
        text.take(":")
        if str(key).lower() in PAGES and text.peek() == "[":
            paged = True
            yield from _array(text)
        else:
            own[str(key)] = text.value()
        if text.take(",}") == "}":
            break
    if not paged:
        yield own


def _other(text: _Text) -> Iterator[Record]:
    yield _record(text.value())


_OPENED: dict[str, Callable[[_Text], Iterator[Record]]] = {"[": _array, "{": _object}


def field_text(value: Any) -> str | None:
    """A field as text: numbers and text as they stand, true and false in JSON's words, what is nested as JSON."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
