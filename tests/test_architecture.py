"""The floors, the sizes and the promises of the source tree, read from the source itself."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.conftest import ROOT

PACKAGE = ROOT / "analytics"

# From the top floor to the ground: the modules or packages of a floor, and the third-party packages that they may
# import. A module imports from its own floor and those below it. `analytics` itself (its __init__) is the roof.
FLOORS: tuple[tuple[set[str], set[str]], ...] = (
    ({"analytics", "__main__"}, set()),
    ({"cli"}, {"click", "pandas", "tqdm", "prompt_toolkit", "pygments"}),
    ({"query"}, {"pandas", "polars", "pyarrow", "xlsxwriter"}),
    ({"pipeline"}, {"numpy", "pandas"}),
    ({"smtp"}, set()),
    ({"report", "output"}, {"numpy", "pandas", "pyarrow", "plotly", "jinja2", "markupsafe", "tabulate"}),
    ({"figures", "maps"}, {"numpy", "pandas", "plotly"}),
    ({"evaluation", "escalations", "resampling"}, {"numpy", "pandas", "scipy", "tqdm"}),
    ({"flags"}, {"numpy", "pandas", "scipy"}),
    ({"simulate"}, {"numpy", "pandas", "scipy"}),
    ({"models"}, {"numpy", "pandas", "scipy", "statsmodels", "numba"}),
    ({"panel", "severities"}, {"numpy", "pandas"}),
    ({"store"}, {"duckdb", "numpy", "pandas", "pyarrow"}),
    ({"geometry"}, {"numpy", "shapely"}),
    ({"sources"}, {"pyarrow", "openpyxl"}),
    ({"settings", "definitions", "jobs"}, set()),
    ({"weeks", "periods", "dropoff"}, {"numpy"}),
    ({"schema"}, set()),
    ({"bundled"}, set()),
    ({"errors"}, set()),
)

HEAVY = {
    "duckdb",
    "jinja2",
    "numba",
    "numpy",
    "pandas",
    "plotly",
    "prompt_toolkit",
    "pyarrow",
    "scipy",
    "shapely",
    "statsmodels",
}

MACHINE = re.compile(r"(?<![\w.~-])/(?:work|root|tmp|home|farm|opt|Users)/")
REGISTRY = re.compile(r"pypi[.]org|pythonhosted[.]|registry[.]npmjs|index[-]url|extra[-]index")

LONGEST_FUNCTION = 60
LONGEST_MODULE = 400

Function = ast.FunctionDef | ast.AsyncFunctionDef


def module_files() -> list[Path]:
    """Every Python file of the package, in order."""
    return sorted(PACKAGE.rglob("*.py"))


def relative(path: Path) -> str:
    """A path as it is written in a failure: from the repository's root."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    """The parsed source of one file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def dotted(path: Path) -> str:
    """Name under which a file is imported: `analytics.models.base`, and `analytics.models` for its __init__."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def floor_name(module: str) -> str:
    """The part of a dotted name that decides its floor: `models` of `analytics.models.base`."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


def floor_number(module: str) -> int:
    """Height of a module of ours, 0 at the top; fails the test for a module that no floor names."""
    for number, (names, _) in enumerate(FLOORS):
        if floor_name(module) in names:
            return number
    pytest.fail(f"{module} stands on no floor: add it to FLOORS in {relative(Path(__file__))}")


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything a file imports, functions' own imports included.

    The package's own version is left out: it stands in the roof, needs nothing, and anybody may read it.
    """
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = origin(path, node)
            names = [alias.name for alias in node.names if (base, alias.name) != ("analytics", "__version__")]
            yield from ((node.lineno, resolve(base, name)) for name in names)


def origin(path: Path, node: ast.ImportFrom) -> str:
    """Dotted name that a `from` import starts at, with a relative one made absolute."""
    if not node.level:
        return node.module or ""
    package = path.parent.relative_to(ROOT).parts
    start = package[: len(package) - node.level + 1]
    return ".".join([*start, *([node.module] if node.module else [])])


def resolve(base: str, name: str) -> str:
    """`base.name` where that is a module of ours, else `base`."""
    target = ROOT.joinpath(*base.split("."), name)
    is_module = base.split(".")[0] == "analytics" and (target.with_suffix(".py").is_file() or target.is_dir())
    return f"{base}.{name}" if is_module else base


def functions(path: Path) -> Iterator[Function]:
    """Every function and method of a file, nested ones included."""
    return (node for node in ast.walk(tree_of(path)) if isinstance(node, Function))


def public_things(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Function | ast.ClassDef]]:
    """Public functions, classes and methods of a module or class, by name."""
    for node in body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public_things(node.body, f"{node.name}.")


def committed_texts() -> Iterator[tuple[Path, str]]:
    """Every text file that git has, or would take with `git add .`."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("needs a git repository to know which files are committed")
    for path in (ROOT / name for name in done.stdout.split("\0") if name):
        if path.is_file() and b"\0" not in path.read_bytes()[:8000]:
            yield path, path.read_text(encoding="utf-8", errors="replace")


def test_every_module_stands_on_a_floor() -> None:
    """A new module cannot be left out of the floors."""
    assert {floor_number(dotted(path)) for path in module_files()} <= set(range(len(FLOORS)))


def test_imports_point_down() -> None:
    """No module imports one of ours from a higher floor."""
    wrong = [
        f"{relative(path)}:{line} imports {name}"
        for path in module_files()
        for line, name in imported(path)
        if name.split(".")[0] == "analytics" and floor_number(name) < floor_number(dotted(path))
    ]
    assert not wrong


def test_imports_make_no_circle() -> None:
    """Modules of one floor may import each other, but never in a circle."""
    graph = {dotted(path): {name for _, name in imported(path)} - {dotted(path)} for path in module_files()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"imports go in a circle: {' -> '.join(error.args[1])}")


def test_third_party_packages_stay_on_their_floors() -> None:
    """Each floor imports only the third-party packages that it is allowed; only the store imports duckdb."""
    wrong = [
        f"{relative(path)}:{line} imports {name}"
        for path in module_files()
        for line, name in imported(path)
        if name.split(".")[0] not in {"analytics", *sys.stdlib_module_names, *FLOORS[floor_number(dotted(path))][1]}
    ]
    assert not wrong
    assert [names for names, allowed in FLOORS if "duckdb" in allowed] == [{"store"}]


def test_imported_packages_are_declared() -> None:
    """What the floors allow is what pyproject.toml asks for: nothing comes along by the grace of another package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = chain.from_iterable(project["optional-dependencies"].values())
    declared = {Requirement(line).name.replace("-", "_") for line in (*project["dependencies"], *extras)}
    assert set().union(*(allowed for _, allowed in FLOORS)) == declared


def test_functions_are_short() -> None:
    """No function of the package is longer than 60 lines."""
    lengths = {
        f"{relative(path)}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in module_files()
        for node in functions(path)
    }
    assert not {name: lines for name, lines in lengths.items() if lines > LONGEST_FUNCTION}


def test_modules_are_short() -> None:
    """No module of the package is longer than 400 lines."""
    lengths = {relative(path): len(path.read_text(encoding="utf-8").splitlines()) for path in module_files()}
    assert not {name: lines for name, lines in lengths.items() if lines > LONGEST_MODULE}


def test_public_names_are_explained() -> None:
    """Every module, public class, function and method has a docstring."""
    bare = [relative(path) for path in module_files() if not ast.get_docstring(tree_of(path))]
    bare += [
        f"{relative(path)}:{node.lineno} {name}"
        for path in module_files()
        for name, node in public_things(tree_of(path).body)
        if not ast.get_docstring(node)
    ]
    assert not bare


def test_only_the_command_line_prints() -> None:
    """No module but the command line's calls print: what a library function knows, it returns."""
    wrong = [
        f"{relative(path)}:{node.lineno}"
        for path in module_files()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
        if floor_name(dotted(path)) != "cli"
    ]
    assert not wrong


@pytest.mark.parametrize("module", ["analytics", "analytics.cli"])
def test_starting_is_light(module: str) -> None:
    """Importing the package or its command line loads nothing heavy, so that `--help` answers at once."""
    code = f"import sys, {module}; print(*sorted({HEAVY!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{module} cannot be imported:\n{done.stderr}"
    assert done.stdout.split() == [], f"importing {module} loads {done.stdout.strip()}"


def test_architecture_lists_every_module() -> None:
    """The table of ARCHITECTURE.md, under "## Modules", has exactly the modules of the tree in its first column."""
    page = ROOT / "ARCHITECTURE.md"
    assert page.is_file(), "ARCHITECTURE.md is missing"
    _, heading, rest = page.read_text(encoding="utf-8").partition("\n## Modules\n")
    assert heading, 'ARCHITECTURE.md has no section "## Modules"'
    cells = re.findall(r"^\| *(`[^|]*) *\|", rest.partition("\n## ")[0], flags=re.MULTILINE)
    listed = sorted(name for cell in cells for name in re.findall(r"`([^`]+)`", cell))
    modules = sorted(path.relative_to(PACKAGE).as_posix() for path in module_files() if path.name != "__init__.py")
    assert listed == modules, f"not in the table: {set(modules) - set(listed)}; gone: {set(listed) - set(modules)}"


@pytest.mark.parametrize("pattern", [MACHINE, REGISTRY], ids=["machine", "registry"])
def test_committed_files_name_no_machine(pattern: re.Pattern[str]) -> None:
    """No committed text names a folder of the machine it was written on, or a package registry."""
    wrong = [
        f"{relative(path)}:{number} {found[0]}"
        for path, text in committed_texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if (found := pattern.search(line))
    ]
    assert not wrong


@pytest.mark.parametrize("folder", ["work", "tmp", "home"])
def test_folders_of_a_machine_are_recognised(folder: str) -> None:
    """The search for machine paths finds them in code, and leaves web addresses and relative paths alone."""
    assert MACHINE.search(f'open("/{folder}/x.csv")')
    assert not MACHINE.search(f"https://example.org/{folder}/x and ../{folder}/x and net{folder}/x")
