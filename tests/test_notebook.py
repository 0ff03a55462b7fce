"""The example notebook: its cells run in order, on the bundled data, and show what they say they show."""

import ast
import json
from typing import Any

from tests.conftest import ROOT

NOTEBOOK = ROOT / "docs" / "notebook.ipynb"


def run(source: str, names: dict[str, Any]) -> Any:
    """Run a cell as a notebook does: the value of its last expression is shown."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)  # noqa: S102 - our own notebook
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names) if isinstance(last, ast.Expr) else None  # noqa: S307


def test_the_notebook_runs() -> None:
    """Every cell of code runs; tables, charts and the judgement show themselves as HTML, and simulated data as such."""
    book = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert [cell["outputs"] for cell in book["cells"] if cell["cell_type"] == "code" and cell["outputs"]] == []
    names: dict[str, Any] = {}
    values = [run("".join(cell["source"]), names) for cell in book["cells"] if cell["cell_type"] == "code"]
    shown = [value._repr_html_() for value in values if hasattr(value, "_repr_html_")]
    assert len(shown) == 7
    assert [html.startswith("<iframe sandbox") for html in shown].count(True) == 3
    judged = names["analysis"]._repr_html_()
    assert "<strong>Simulated.</strong>" in judged and "Diyala" in judged and "<td>alert</td>" in judged
    assert len(names["flags"]) and set(names["flags"]["region"]) == {"Diyala"}
