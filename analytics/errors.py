"""What can go wrong, as few named errors; every message says what, which value, where, and what to do."""

from enum import IntEnum


class Exit(IntEnum):
    """How a command ends; each value's words are in the help."""

    DONE = 0
    ERROR = 1
    OPTION = 2
    INPUT = 3
    STORE = 4
    QUERY = 5
    OUTPUT = 6
    RUNNING = 7
    LIMIT = 8
    FLAGGED = 10
    STALE = 11
    REJECTED = 12
    STOPPED = 130


MEANINGS = {
    Exit.DONE: "done",
    Exit.ERROR: "an error of another kind",
    Exit.OPTION: "an option, setting or argument cannot be used",
    Exit.INPUT: "a file cannot be read, or is not what it was said to be",
    Exit.STORE: "the database cannot be opened or written, or is in use",
    Exit.QUERY: "SQL failed",
    Exit.OUTPUT: "a result, or a copy to read from, could not be written",
    Exit.RUNNING: "another run is at work on the database",
    Exit.LIMIT: "a query was stopped at its limit of time, memory or disk",
    Exit.FLAGGED: "incidents run: done, and the latest week has a flag as high as --fail-on",
    Exit.STALE: "incidents run: done, and the data are older than --max-age-days",
    Exit.REJECTED: "incidents run: done, and more records were rejected than --max-rejected",
    Exit.STOPPED: "stopped by Ctrl-C",
}


class AnalyticsError(Exception):
    """Base of every error this package raises on purpose; `exit_code` is what the command line ends with."""

    exit_code: Exit = Exit.ERROR


class OptionError(AnalyticsError):
    """A setting, option or argument that cannot be used."""

    exit_code = Exit.OPTION


class InputError(AnalyticsError):
    """A file or table that cannot be read, or is not what it was said to be."""

    exit_code = Exit.INPUT


class StoreError(AnalyticsError):
    """The database cannot be opened, is locked, is not ours, or refused a statement."""

    exit_code = Exit.STORE


class RunningError(AnalyticsError):
    """Another run is at work on the same database."""

    exit_code = Exit.RUNNING


class QueryError(AnalyticsError):
    """An analyst's SQL failed; the message carries the database's own words."""

    exit_code = Exit.QUERY


class LimitError(QueryError):
    """A query was stopped because it reached its limit of time, memory or temporary disk."""

    exit_code = Exit.LIMIT


class OutputError(AnalyticsError):
    """A result could not be written."""

    exit_code = Exit.OUTPUT
