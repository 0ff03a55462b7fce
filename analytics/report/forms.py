"""The report's forms by name: one table from what a definition asks for to what writes it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from analytics.errors import OptionError
from analytics.report import export
from analytics.report.content import ReportContent
from analytics.report.digest import digest
from analytics.report.digest_forms import markdown, plain
from analytics.report.files import write_whole
from analytics.report.letter import MailOptions, address, fits, letter, moment
from analytics.report.page import write
from analytics.report.pdf import PdfOptions, find_chromium, write_pdf

Made = Mapping[str, Sequence[Path]]


@dataclass(frozen=True, kw_only=True)
class FormOptions:
    """How forms are made that leave a choice."""

    mail: MailOptions = field(default_factory=MailOptions)
    pdf: PdfOptions = field(default_factory=PdfOptions)
    recipients: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Mail addresses by the form that each is sent; each form has a mail of its own."""


def write_forms(
    content: ReportContent, path: Path, forms: Iterable[str], options: FormOptions | None = None
) -> list[Path]:
    """Write *content* in each of *forms* and return their files, in the order of `FORMS`.

    *path* is the file of the HTML page; the others stand beside it, under its name and an end of their own, whether
    the page is asked for or not. Raises what `check_forms` does, and OutputError for what cannot be written.
    """
    asked, options = tuple(forms), options or FormOptions()
    check_forms(asked, options)
    made: dict[str, list[Path]] = {}
    with TemporaryDirectory(prefix="incidents-report-") as aside:
        for name in _needed(asked, options):
            folder = path.parent if name in asked else Path(aside)
            made[name] = FORMS[name](content, folder / path.name, made, options)
        return [file for name in FORMS if name in asked for file in made[name]]


def check_forms(forms: Iterable[str], options: FormOptions) -> None:
    """Raise OptionError for a form that is not known and for a wrong address, OutputError where no browser can print.

    To be called before a report is computed, so that a Monday's run does not find out at its end.
    """
    asked = tuple(forms)
    for name in (*asked, *options.recipients):
        if name not in FORMS:
            raise OptionError(f"form {name!r} is not known; choose from {', '.join(FORMS)}")
    for text in (text for addresses in options.recipients.values() for text in addresses):
        address(text)
    if "pdf" in _needed(asked, options):
        find_chromium(options.pdf)


def _needed(asked: Sequence[str], options: FormOptions) -> list[str]:
    """The forms asked for and those that they are made from, in the order in which they are made."""
    needed = set(asked)
    if "eml" in needed:
        needed |= {form for wanted in _letters(options) for form in _ATTACHED.get(wanted, (wanted,))}
    if "pdf" in needed:
        needed.add("html")
    return [name for name in FORMS if name in needed]


def _letters(options: FormOptions) -> Mapping[str, Sequence[str]]:
    """Recipients by form; without any, one draft with the page."""
    return options.recipients or {"eml": ()}


_ATTACHED = {"eml": ("html",), "text": (), "markdown": ()}
"""What is attached for those who are sent a form that is not a file of its own: the page, or nothing but the digest."""


def _html(content: ReportContent, path: Path, made: Made, options: FormOptions) -> list[Path]:
    return [write(content, path)]


def _light(content: ReportContent, path: Path, made: Made, options: FormOptions) -> list[Path]:
    """The page without script, and the CSV file of its weeks that is written beside it."""
    page = write(content, _beside(path, "_light.html"), light=True)
    return [page, page.with_suffix(".csv")]


def _pdf(content: ReportContent, path: Path, made: Made, options: FormOptions) -> list[Path]:
    return [write_pdf(made["html"][0], path.with_suffix(".pdf"), moment=moment(content), options=options.pdf)]


def _csv(content: ReportContent, path: Path, made: Made, options: FormOptions) -> list[Path]:
    return _tables(content, path, ".csv", export.csv_text)


def _json(content: ReportContent, path: Path, made: Made, options: FormOptions) -> list[Path]:
    return _tables(content, path, ".json", lambda data: export.json_text(content, data))


def _parquet(content: ReportContent, path: Path, made: Made, options: FormOptions) -> list[Path]:
    return _tables(content, path, ".parquet", lambda data: export.parquet_bytes(content, data))


def _tables(
    content: ReportContent, path: Path, end: str, written: Callable[[export.Dataset], str | bytes]
) -> list[Path]:
    """The flags and the panel, each a file."""
    datasets = (export.flags_data(content), export.panel_data(content))
    return [write_whole(_beside(path, f"_{data.name}{end}"), written(data)) for data in datasets]


def _markdown(content: ReportContent, path: Path, made: Made, options: FormOptions) -> list[Path]:
    return [write_whole(path.with_suffix(".md"), markdown(digest(content, _full(path, made, options))))]


def _text(content: ReportContent, path: Path, made: Made, options: FormOptions) -> list[Path]:
    return [write_whole(path.with_suffix(".txt"), plain(digest(content, _full(path, made, options))))]


def _eml(content: ReportContent, path: Path, made: Made, options: FormOptions) -> list[Path]:
    """A mail for each form that somebody is sent: NAME.eml for the page, NAME_FORM.eml for another form.

    Where the page is too large for a mail, its light form goes in its place.
    """
    with TemporaryDirectory(prefix="incidents-mail-") as aside:
        files: dict[str, Sequence[Path]] = {wanted: _attachments(wanted, made) for wanted in _letters(options)}
        page = files.get("eml", [])
        if page and not fits(page, options.mail):
            files["eml"] = (made.get("light") or _light(content, Path(aside) / path.name, made, options))[:1]
        return [
            write_whole(
                _beside(path, ".eml" if wanted == "eml" else f"_{wanted}.eml"),
                letter(content, files[wanted], people, options.mail, _full(path, made, options)),
            )
            for wanted, people in _letters(options).items()
        ]


def _full(path: Path, made: Made, options: FormOptions) -> str:
    """Where readers find the full report, "" where none stays beside *path*."""
    files = [file for form in ("html", "light", "pdf") for file in made.get(form, ())[:1] if file.parent == path.parent]
    return options.mail.place(files[0]) if files else ""


def _attachments(wanted: str, made: Made) -> list[Path]:
    """Files for those who are sent the form *wanted*."""
    return [file for form in _ATTACHED.get(wanted, (wanted,)) for file in made[form]]


def _beside(path: Path, end: str) -> Path:
    return path.with_name(f"{path.stem}{end}")


FORMS: dict[str, Callable[[ReportContent, Path, Made, FormOptions], list[Path]]] = {
    "html": _html,
    "light": _light,
    "pdf": _pdf,
    "csv": _csv,
    "json": _json,
    "parquet": _parquet,
    "markdown": _markdown,
    "text": _text,
    "eml": _eml,
}
"""What writes each form, in the order in which one may be made from another; what a form is made from is in *made*."""
