"""The report: figures and tables as one HTML file that opens offline, and its flags as CSV and JSON."""

from analytics.report.content import COLUMNS, Extra, ReportContent
from analytics.report.export import write_tables
from analytics.report.index import Entry, Index, write_index
from analytics.report.page import render, write

__all__ = ["COLUMNS", "Entry", "Extra", "Index", "ReportContent", "render", "write", "write_index", "write_tables"]
