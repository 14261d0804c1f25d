"""The notebook runs from start to end, and says what it is there to say."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
NOTEBOOK = EXAMPLES / "do_we_need_training.ipynb"
TUTORIALS = ("student", "statistician", "engineer", "mathematician", "sympy_user")


def outputs(notebook):
    """The types of the outputs of each cell; text that arrived in several pieces counts once, warnings not at all."""
    kept = [[o.output_type for o in c.get("outputs", ()) if o.get("name") != "stderr"] for c in notebook.cells]
    return [[t for i, t in enumerate(types) if t != "stream" or types[i - 1 : i] != ["stream"]] for types in kept]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["do_we_need_training", *TUTORIALS])
def test_the_notebook_runs_from_start_to_end(monkeypatch, name):
    monkeypatch.delenv("MPLBACKEND", raising=False)  # the notebook's own, which shows figures in it
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    notebook = nbformat.read(EXAMPLES / f"{name}.ipynb", as_version=4)
    stored = outputs(notebook)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the kernel's own, about sockets and event loops
        nbclient.NotebookClient(
            notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(NOTEBOOK.parent)}}
        ).execute()
    assert outputs(notebook) == stored


def test_the_notebook_is_stored_with_its_outputs():
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [c for c in notebook.cells if c.cell_type == "code"]
    assert not [o for c in code for o in c.outputs if o.output_type == "error"]
    assert sum("image/png" in o.get("data", {}) for c in code for o in c.outputs) >= 4
    shown = str([o for c in code for o in c.outputs])
    for fact in ("S5", "1.1673039782614186842560458998", "\\\\sqrt{2}", "partly closed"):
        assert fact in shown


@pytest.mark.parametrize("name", TUTORIALS)
def test_a_tutorial_is_stored_with_its_outputs_and_in_the_readme(name):
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.read(EXAMPLES / f"{name}.ipynb", as_version=4)
    nbformat.validate(notebook)
    code = [c for c in notebook.cells if c.cell_type == "code"]
    assert all(c.outputs for c in code)
    assert not [o for c in code for o in c.outputs if o.output_type == "error"]
    assert f"examples/{name}.ipynb" in (EXAMPLES.parent / "README.md").read_text()
