"""The report: figures and tables as one HTML file that opens offline, and its other forms beside it."""

from analytics.report.changes import Changes
from analytics.report.content import COLUMNS, Extra, ReportContent
from analytics.report.forms import FORMS, FormOptions, check_forms, write_forms
from analytics.report.index import Entry, Index, write_index
from analytics.report.letter import MailOptions
from analytics.report.page import render, write
from analytics.report.pdf import PdfOptions

__all__ = [
    "COLUMNS",
    "FORMS",
    "Changes",
    "Entry",
    "Extra",
    "FormOptions",
    "Index",
    "MailOptions",
    "PdfOptions",
    "ReportContent",
    "check_forms",
    "render",
    "write",
    "write_forms",
    "write_index",
]
