"""What can go wrong, as few named errors; every message says what, which value, where, and what to do."""


class AnalyticsError(Exception):
    """Base of every error this package raises on purpose; `exit_code` is what the command line ends with."""

    exit_code = 1


class OptionError(AnalyticsError):
    """A setting, option or argument that cannot be used."""

    exit_code = 2


class InputError(AnalyticsError):
    """A file or table that cannot be read, or is not what it was said to be."""

    exit_code = 3


class StoreError(AnalyticsError):
    """The database cannot be opened, is locked, is not ours, or refused a statement."""

    exit_code = 4


class QueryError(AnalyticsError):
    """An analyst's SQL failed; the message carries the database's own words."""

    exit_code = 5


class OutputError(AnalyticsError):
    """A result could not be written."""

    exit_code = 6
