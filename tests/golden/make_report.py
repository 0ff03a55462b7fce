"""Writes the golden files of a report's forms again: `python -m tests.golden.make_report`, then read the difference."""

from pathlib import Path

from analytics.report.digest import digest
from analytics.report.digest_forms import html, markdown, plain
from analytics.report.export import csv_text, json_text
from tests import report_content, test_export

FOLDER = Path(__file__).parent / "report"


def main() -> None:
    """Tables of the small content worked by hand, and the digest of the full one."""
    content = test_export.small()
    for name, made in test_export.DATA.items():
        data = made(content)
        write(f"{name}.csv", csv_text(data).replace("\r\n", "\n"))
        write(f"{name}.json", json_text(content, data))
    told = digest(report_content.full(), "weekly_2021-12-26.html")
    for end, form in {"txt": plain, "md": markdown, "html": html}.items():
        write(f"digest.{end}", form(told))


def write(name: str, text: str) -> None:
    """Write one golden file, line ends as they are."""
    (FOLDER / name).write_text(text, encoding="utf-8", newline="")


if __name__ == "__main__":
    main()
