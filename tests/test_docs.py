"""The docs cannot lie: examples run, the command page is the commands' own help, the changelog knows the version.

A fenced ```console block of README.md or docs/*.md is run when the line above it is one of

    <!-- run -->                 in a folder and database that all such blocks of the page share, in order
    <!-- run: shared -->         likewise, in another folder; skipped where ../shared/data is missing
    <!-- run: fails -->          the last command ends with an error; `run: shared fails` is both

A fenced block whose line above is `<!-- file: NAME -->` is put into that folder as the file NAME, for the examples to use.

Lines that start with "$ " are commands (a trailing backslash continues one); the lines below them are what a terminal
would show. In those, a line "…" stands for any lines, and "…" inside a line for any text.
"""

import difflib
import os
import re
import runpy
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

import analytics
from tests.conftest import ROOT

GENERATED = ROOT / "docs" / "cli.md"
README = ROOT / "README.md"
PAGES = [README, *sorted(path for path in (ROOT / "docs").glob("**/*.md") if path != GENERATED)]

MARK = re.compile(r"<!-- run(?::(?P<words>[^>]*))? -->\n+```console\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"<!-- file: (?P<name>[\w.-]+) -->\n+```\w+\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)\n?", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Example:
    """One command of a page and what the page says it shows."""

    command: str
    shown: str
    shared: bool
    fails: bool


def examples(text: str) -> list[Example]:
    """The commands of every marked block of a page, in order."""
    return [example for block in MARK.finditer(text) for example in block_examples(block)]


def block_examples(block: re.Match[str]) -> list[Example]:
    """The commands of one marked block; only its last may fail."""
    words = set((block["words"] or "").split())
    assert words <= {"shared", "fails"}, f"a run mark says {words}; it may say: shared, fails"
    _, *parts = COMMAND.split(block["body"])
    pairs = list(zip(parts[::2], parts[1::2], strict=True))
    assert pairs, f"a block marked to run has no line that starts with '$ ':\n{block['body']}"
    return [
        Example(command=command, shown=shown, shared="shared" in words, fails="fails" in words and number == len(pairs))
        for number, (command, shown) in enumerate(pairs, start=1)
    ]


def matches(shown: str, output: str) -> bool:
    """Whether *output* is what the page shows, an ellipsis standing for anything."""
    lines = [line.rstrip() for line in shown.strip("\n").splitlines()]
    pattern = "".join("(?:.*\n)*" if line == "…" else re.escape(line).replace("…", ".*") + "\n" for line in lines)
    ours = "".join(f"{line.rstrip()}\n" for line in output.strip("\n").splitlines())
    return re.fullmatch(pattern, ours) is not None


def difference(example: Example, output: str) -> str:
    """The command, and the page's lines against the real ones."""
    shown, real = (text.strip("\n").splitlines() for text in (example.shown, output))
    lines = difflib.unified_diff(shown, real, "the page", "the command", lineterm="")
    return "\n".join([f"$ {example.command}", *lines])


def workshop(folder: Path) -> Path:
    """A folder to run examples in, laid out as a clone is: data/ in it, ../shared beside it."""
    project = folder / "project"
    project.mkdir()
    (project / "data").symlink_to(ROOT / "data")
    (folder / "shared").symlink_to(ROOT.parent / "shared")
    command = folder / "bin" / "incidents"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m analytics "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return project


def run(example: Example, project: Path) -> None:
    """Run one command in *project* and compare what it shows, both streams as a terminal mixes them."""
    words = example.command.split()
    assert words[0] == "incidents", f"examples that run must start with incidents, this one is: {example.command}"
    environment = os.environ | {
        "PATH": f"{project.parent / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "INCIDENTS_DB": str(project / "incidents.duckdb"),
        "COLUMNS": "120",
        "NO_COLOR": "1",
    }
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", example.command],
        cwd=project,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert (done.returncode != 0) == example.fails, f"$ {example.command}\nended with {done.returncode}:\n{done.stdout}"
    if not matches(example.shown, done.stdout):
        pytest.fail(difference(example, done.stdout), pytrace=False)


def run_all(page: Path, folder: Path, *, shared: bool) -> None:
    """Run a page's examples of one kind in order; skip where it has none."""
    chosen = [example for example in examples(page.read_text(encoding="utf-8")) if example.shared == shared]
    if not chosen:
        pytest.skip(f"{page.name} has no such examples")
    project = workshop(folder)
    for found in FILE.finditer(page.read_text(encoding="utf-8")):
        (project / found["name"]).write_text(found["body"], encoding="utf-8")
    for example in chosen:
        run(example, project)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_show_what_happens(page: Path, tmp_path: Path) -> None:
    """Every marked example on the bundled data prints what the page says it prints."""
    assert page.is_file(), f"{page.name} is missing"
    run_all(page, tmp_path, shared=False)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_on_real_data_show_what_happens(page: Path, tmp_path: Path, shared_data: Path) -> None:
    """Every marked example on ../shared/data prints what the page says it prints."""
    assert shared_data.is_dir()
    assert page.is_file(), f"{page.name} is missing"
    run_all(page, tmp_path, shared=True)


def test_the_readme_has_examples_that_run() -> None:
    """The README shows at least one command whose output is checked, and both commands a newcomer types."""
    assert README.is_file(), "README.md is missing"
    text = README.read_text(encoding="utf-8")
    assert examples(text), "README.md has no console block marked <!-- run -->"
    assert "make report" in text
    assert "make test" in text


def test_the_command_page_is_the_commands_help() -> None:
    """docs/cli.md is what docs/make_cli.py makes of the commands as they are."""
    page = runpy.run_path(str(ROOT / "docs" / "make_cli.py"))["cli_page"]()
    assert GENERATED.is_file(), "docs/cli.md is missing: run make docs"
    assert GENERATED.read_text(encoding="utf-8") == page, "docs/cli.md is out of date: run make docs"


def test_the_schema_page_is_the_databases_comments() -> None:
    """docs/schema.md is what docs/make_schema.py makes of a new database."""
    page = runpy.run_path(str(ROOT / "docs" / "make_schema.py"))["schema_page"]()
    assert (ROOT / "docs" / "schema.md").read_text(encoding="utf-8") == page, (
        "docs/schema.md is out of date: run make docs"
    )


def test_the_changelog_knows_the_version() -> None:
    """The package and pyproject.toml give one version, and CHANGELOG.md has a section for it with something in it."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert analytics.__version__ == version
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    found = re.search(
        rf"^## \[{re.escape(version)}\] - (?:unreleased|\d{{4}}-\d\d-\d\d)\n(.*?)(?=^## |\Z)", text, re.M | re.S
    )
    assert found, f"CHANGELOG.md has no section for {version}"
    assert re.search(r"^- \S", found[1], re.M), f"CHANGELOG.md says nothing of {version}"


PAGE = """\
<!-- run -->
```console
$ incidents status \\
    --format csv
name,value
$ incidents sql "select 1"
…
```

```console
$ not run
```

<!-- run: shared fails -->
```console
$ incidents load missing.csv
no such file
```
"""


def test_marked_blocks_are_read_in_order() -> None:
    """Only marked blocks count; continued lines are one command; only the last command of a failing block fails."""
    first, second, third = examples(PAGE)
    assert first == Example(
        command="incidents status \\\n    --format csv", shown="name,value\n", shared=False, fails=False
    )
    assert (second.command, second.shown) == ('incidents sql "select 1"', "…\n")
    assert (third.command, third.shared, third.fails) == ("incidents load missing.csv", True, True)


@pytest.mark.parametrize(
    ("shown", "output", "expected"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\n…\nd\n", "a\nb\nc\nd\n", True),
        ("a\n…\nb\n", "a\nb\n", True),
        ("took … s\n", "took 0.4 s\n", True),
        ("took … s\n", "took 0.4\n1 s\n", False),
        ("a\n", "a\nb\n", False),
        ("a.c\n", "abc\n", False),
        ("", "noise\n", False),
        ("", "", True),
    ],
)
def test_an_ellipsis_stands_for_anything_and_nothing_else_does(shown: str, output: str, expected: bool) -> None:
    """Output matches a page line by line; only an ellipsis is loose, over lines or within one."""
    assert matches(shown, output) is expected
