"""The house stands: imports run one way (the floors are those of pyproject.toml), the kernel trusts nobody."""

from __future__ import annotations

import ast
import inspect
import sys
import tomllib
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path
from string import Formatter

import pytest

from closedform.report.theorems.table import THEOREMS

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "closedform"
FILES = sorted(PACKAGE.rglob("*.py"))
KERNEL = sorted((PACKAGE / "kernel").rglob("*.py"))
# Imports inside functions: behind a lazy face, or to reach an optional extra; nowhere else.
LAZY_FACES = {
    "__init__.py",
    "cli.py",
    "report/model.py",
    "report/expressions.py",
    "report/document/textbook.py",
}
OPTIONAL = {"matplotlib", "PIL", "pyarrow", "pandas", "dask", "sklearn", "array_api_compat", "resource"}

LINES_OF_A_FILE, FILES_OF_A_FOLDER = 450, 14
# What a person reads to trust one kind of proof: the frame, its file, and all that these import. These go past the bound.
LINES_OF_A_CLAIM = 1_200
LINES_OF_LONG_ONES = {
    "critical_points": 1_250,
    "exponential_eliminant": 1_350,
    "radicals": 1_450,
    "least_value": 1_550,
    "formula": 1_650,
    "matrices": 1_260,
    "zeros.convex": 1_350,
    "zeros.newton": 1_600,
    "zeros.cover": 1_650,
    "zeros.linear": 1_700,
    "zeros.roots": 1_700,
    "zeros.bezout": 1_700,
    "zeros.multiples": 1_800,
}
LINES_OF_ALL_CLAIMS, LINES_OF_DOCUMENTS = 5_930, 3_475


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def floors() -> dict[str, int]:
    """The floor of each module that a layer names, the lowest 0."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(c["layers"] for c in settings if c["type"] == "layers")
    out: dict[str, int] = {}
    for floor, layer in enumerate(reversed(layers)):
        for module in layer.split(":"):
            out[module.strip().strip("()")] = floor
    return out


def imports(tree: ast.AST, module: str, is_package: bool) -> list[tuple[str, int]]:
    """Every module imported, with its line; those for type checking only are left out."""
    branches = [n for n in ast.walk(tree) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.dump(n.test)]
    hidden = {id(n) for branch in branches for part in branch.body for n in ast.walk(part)}
    out: list[tuple[str, int]] = []
    for node in ast.walk(tree):
        if id(node) in hidden:
            continue
        if isinstance(node, ast.Import):
            out += [(a.name, node.lineno) for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = module.split(".")
                kept = parts[: len(parts) - node.level + (1 if is_package else 0)]
                base = ".".join([*kept, base]).rstrip(".")
            packages = (
                "closedform",
                *(f"closedform.kernel{part}" for part in ("", ".claims", ".claims.zeros", ".expressions", ".algebra")),
            )
            out += [(f"{base}.{a.name}" if base in packages else base, node.lineno) for a in node.names]
    return out


@pytest.fixture(scope="module")
def trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


def test_every_module_has_a_floor() -> None:
    known = floors()
    tops = {".".join(name_of(p).split(".")[:2]) for p in FILES} - {"closedform"}
    assert tops - known.keys() == set(), "add the module to the layers in pyproject.toml"


def test_imports_run_downwards(trees: dict[Path, ast.Module]) -> None:
    known = floors()
    wrong = []
    for path, tree in trees.items():
        module = name_of(path)
        if module == "closedform":
            continue
        own = known[".".join(module.split(".")[:2])]
        for target, line in imports(tree, module, path.name == "__init__.py"):
            if target.startswith("closedform."):
                floor = known.get(".".join(target.split(".")[:2]))
                if floor is not None and floor > own:
                    wrong.append(f"{relative(path)}:{line} imports {target}")
    assert wrong == []


def test_imports_run_in_no_circle(trees: dict[Path, ast.Module]) -> None:
    """Those inside functions and those for type checking count too."""
    modules = {name_of(path) for path in FILES}
    needs = dict[str, set[str]]()
    for path, tree in trees.items():
        named = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{relative(path)}:{node.lineno} imports by a relative name"
                parts = {f"{node.module}.{a.name}" for a in node.names}
                named |= {part if part in modules else str(node.module) for part in parts}
        needs[name_of(path)] = (named & modules) - {name_of(path)}
    TopologicalSorter(needs).prepare()  # raises CycleError, with the circle


def test_no_import_inside_a_function(trees: dict[Path, ast.Module]) -> None:
    wrong = []
    for path, tree in trees.items():
        if relative(path) in LAZY_FACES:
            continue
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                for node in ast.walk(function):
                    if not isinstance(node, ast.Import | ast.ImportFrom):
                        continue
                    names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
                    if not all(n.partition(".")[0] in OPTIONAL for n in names):
                        wrong.append(f"{relative(path)}:{node.lineno} imports {', '.join(names)}")
    assert wrong == []


def test_the_kernel_imports_the_standard_library_and_flint_only(trees: dict[Path, ast.Module]) -> None:
    allowed = sys.stdlib_module_names | {"flint"}
    for path in KERNEL:
        for target, line in imports(trees[path], name_of(path), path.name == "__init__.py"):
            inside = target.startswith("closedform.kernel")
            assert inside or target.partition(".")[0] in allowed, f"{relative(path)}:{line} imports {target}"


def test_the_kernel_never_guards_with_assert(trees: dict[Path, ast.Module]) -> None:
    found = [relative(p) for p in KERNEL for n in ast.walk(trees[p]) if isinstance(n, ast.Assert)]
    assert found == []


def test_what_one_claim_rests_on_is_small(trees: dict[Path, ast.Module]) -> None:
    """To trust one kind of claim, a person reads the frame and that claim's checker, with all that it imports.

    No checker can reach another one's code except through these imports, and none imports the headlines, which hold
    whole documents against accepted certificates.
    """
    lines = {name_of(p): len(p.read_text().splitlines()) for p in KERNEL}
    needs = {
        name_of(p): {t for t, _ in imports(trees[p], name_of(p), p.name == "__init__.py") if t in lines} for p in KERNEL
    }
    frame = {f"closedform.kernel.{part}" for part in ("certificate", "check", "reading")}
    claims = {t for t in needs["closedform.kernel.check"] if t.startswith("closedform.kernel.claims.")}
    assert len(claims) >= 17
    reached_by_any = set(frame)
    for claim in claims:
        reached, todo = set(frame), [claim]
        while todo:
            module = todo.pop()
            if module not in reached:
                reached.add(module)
                todo += needs[module] - {"closedform.kernel"}
        most = LINES_OF_LONG_ONES.get(claim.removeprefix("closedform.kernel.claims."), LINES_OF_A_CLAIM)
        assert sum(lines[m] for m in reached) <= most, (claim, {m: lines[m] for m in reached})
        reached_by_any |= reached
    assert not any(m.startswith("closedform.kernel.headlines") for m in reached_by_any)
    assert sum(lines[m] for m in reached_by_any) < LINES_OF_ALL_CLAIMS
    assert sum(n for m, n in lines.items() if m not in reached_by_any) < LINES_OF_DOCUMENTS


def test_no_file_is_long(trees: dict[Path, ast.Module]) -> None:
    """450 lines at most; a part of the checker may be longer, where the docstring that opens it says why."""
    long = []
    for path, tree in trees.items():
        if len(path.read_text(encoding="utf-8").splitlines()) > LINES_OF_A_FILE:
            opening = ast.get_docstring(tree) or ""
            if path not in KERNEL or not any(w in opening for w in ("More than", "Long")):
                long.append(relative(path))
    assert long == []


def test_no_folder_is_full() -> None:
    held = Counter(path.parent for path in FILES)
    assert {relative(folder): n for folder, n in held.items() if n > FILES_OF_A_FOLDER} == {}


def test_no_two_classes_share_a_name(trees: dict[Path, ast.Module]) -> None:
    held = Counter(n.name for tree in trees.values() for n in ast.walk(tree) if isinstance(n, ast.ClassDef))
    assert [name for name, n in held.items() if n > 1] == []


def test_no_drawer_for_odds_and_ends() -> None:
    assert [relative(p) for p in FILES if p.stem in ("utils", "misc", "helpers", "core", "common")] == []


# -- one ending --------------------------------------------------------------------------------------------------------

ENDING = {"answer.py", "ending.py", "formula.py", "line.py"}  # of strategies/: candidates in, attempts out


def calls(tree: ast.AST, name: str) -> list[ast.Call]:
    return [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == name]


def test_strategies_make_neither_points_nor_certificates(trees: dict[Path, ast.Module]) -> None:
    """They give what they found to the ending. Statements cannot be made there at all: ``verdict`` is a floor above."""
    made = list[str]()
    for path, tree in trees.items():
        name = relative(path).removeprefix("strategies/")
        if name != relative(path) and name not in ENDING:
            found = [*calls(tree, "CriticalPoint"), *calls(tree, "Certificate"), *calls(tree, "Statement")]
            made += [f"{name}:{call.lineno}" for call in found]
    assert made == []


def test_every_finding_is_a_theorem_of_the_table(trees: dict[Path, ast.Module]) -> None:
    """Its name is in the table, its sentence asks for what it is about, and each theorem of the table is used."""
    about: dict[str, set[frozenset[str]]] = {}
    used = set[str]()
    for tree in trees.values():
        used |= {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
        for call in calls(tree, "finding"):
            words = frozenset(str(k.arg) for k in call.keywords) - {"certificate", "assuming", "scope"}
            if isinstance(call.args[0], ast.Constant):
                about.setdefault(str(call.args[0].value), set()).add(words)
    assert about.keys() - THEOREMS.keys() == set()
    assert THEOREMS.keys() - used == set()
    for name, spoken in about.items():
        sentence = THEOREMS[name].sentence
        for words in spoken:
            if isinstance(sentence, str):
                asked = {field for _, field, _, _ in Formatter().parse(sentence) if field}
                assert asked <= words, name
            else:
                inspect.signature(sentence).bind(**dict.fromkeys(words))
