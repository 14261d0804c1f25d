"""The type stubs in ``.typings`` say what is true of the packages that are installed."""

from __future__ import annotations

import ast
import importlib
import inspect
from pathlib import Path

import pytest

STUBS = Path(__file__).parents[1] / ".typings"
FILES = sorted(STUBS.rglob("*.pyi"))

pytestmark = pytest.mark.skipif(not FILES, reason="the package is installed without its stubs")


def module_name(stub: Path) -> str:
    return ".".join(p for p in stub.relative_to(STUBS).with_suffix("").parts if p != "__init__")


@pytest.mark.parametrize("stub", FILES, ids=module_name)
def test_every_name_of_the_stubs_is_there(stub):
    missing = _missing(ast.parse(stub.read_text()).body, importlib.import_module(module_name(stub)), module_name(stub))
    assert not missing, f"in the stub, but not in the package: {missing}"


def test_a_false_stub_is_refused():
    def wrong(text):
        return _missing(ast.parse(text).body, importlib.import_module("sympy"), "sympy")

    assert wrong("class Symbol:\n    title: str") == ["sympy.Symbol.title"]
    assert wrong("def simplified(e: Expr) -> Expr: ...") == ["sympy.simplified"]
    assert wrong("def factor_terms(e: Expr) -> Expr: ...") == ["sympy.factor_terms(e)"]
    assert wrong("class Add(Symbol): ...") == ["sympy.Add is no Symbol"]
    assert wrong("def sqrt(arg: Expr) -> Expr: ...\nclass Add(Expr): ...\noo: _Infinity") == []


def _missing(body, owner, where):
    """Names, bases and parameters that the stub has and the package has not. Names with a low line are the stub's own."""
    out = []
    for node in body:
        name = _name_of(node)
        if name is None or (name.startswith("_") and not name.startswith("__") and inspect.ismodule(owner)):
            continue
        if name == "__iter__" and hasattr(owner, "__getitem__"):
            continue  # matrices are gone through by their indices
        if not _has(owner, name) and name not in _set_when_made(owner):
            out.append(f"{where}.{name}")
            continue
        there = getattr(owner, name, None)
        if isinstance(node, ast.ClassDef):
            out += [f"{where}.{name} is no {b}" for b in _false_bases(node, there)]
            out += _missing(node.body, there, f"{where}.{name}")
        elif isinstance(node, ast.FunctionDef):
            out += [f"{where}.{name}({p})" for p in _false_parameters(node, there)]
    return out


def _name_of(node):
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        return node.name
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    return node.targets[0].id if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) else None


def _has(owner, name):
    """The owner has it, or each class below it that is made in its place, as with relations."""
    below = owner.__subclasses__() if inspect.isclass(owner) and not hasattr(owner, name) else []
    return hasattr(owner, name) or (bool(below) and all(_has(c, name) for c in below))


def _set_when_made(owner):
    """Attributes of instances that the class does not show: SymPy's printers set theirs when they are made."""
    if not inspect.isclass(owner):
        return set()
    made = inspect.getsource(owner.__init__) if inspect.isfunction(owner.__init__) else ""
    return {n for c in owner.__mro__ for n in getattr(c, "__annotations__", ())} | {
        line.split("self.")[1].split(" = ")[0] for line in made.splitlines() if "self." in line and " = " in line
    }


def _false_bases(node, there):
    names = [b.id for b in node.bases if isinstance(b, ast.Name) and not b.id.startswith("_")]
    return [n for n in names if n not in {c.__name__ for c in there.__mro__}]


def _false_parameters(node, there):
    """Parameters that may be given by name and that the function does not have."""
    if isinstance(there, property) or isinstance(inspect.getattr_static(there, "fget", None), property):
        return []
    try:
        known = inspect.signature(there).parameters.values()
    except (TypeError, ValueError):
        return []
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in known):
        return []
    said = [a.arg for a in (*node.args.args, *node.args.kwonlyargs) if a.arg not in ("self", "cls")]
    operators = node.name.startswith("__") and node.name not in ("__new__", "__init__")
    return [] if operators else [n for n in said if n not in {p.name for p in known}]
