"""The command `incidents`: parse, call one library function, print. stdout is data, stderr is narration."""

from analytics.cli import answers, backtests, episodes, pages, queries, records, runs, studies
from analytics.cli.group import main

__all__ = ["answers", "backtests", "episodes", "main", "pages", "queries", "records", "runs", "studies"]
