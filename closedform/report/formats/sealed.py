"""A report as JSON of format 1, sealed; ``closedform verify`` refuses it when anything in it is changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from closedform.algebra.bridge import node_of
from closedform.expression import RELATIONS, free_names, to_tree
from closedform.kernel.algebra.matrices import HEADS
from closedform.kernel.document import seal
from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.tree import ARITY, read
from closedform.kernel.reading import Json
from closedform.points import CriticalPoint
from closedform.problem import Problem
from closedform.reading.language import parse, unparse
from closedform.report.expressions import text_of
from closedform.report.formats import Asked
from closedform.report.record import ReportRecord
from closedform.statement import apart, columns_of, tree_of

FORMAT = 1  # the first
SHOWN_ENTRIES = 20_000  # of data


def of_report(report: ReportRecord, asked: Asked) -> str:
    """The document as text; everything is in it, whatever is asked."""
    return json.dumps(document(report), ensure_ascii=False, indent=2)


def certificates(report: ReportRecord) -> str:
    """The certificates alone, sealed."""
    certificates = [c.to_dict() for c in report.certificates]
    out: dict[str, Any] = {"format": 1, "source": report.problem.source, "certificates": certificates}
    out["seal"] = seal(out)
    return json.dumps(out, ensure_ascii=False, indent=2)


def document(report: ReportRecord) -> dict[str, Any]:
    """The document as plain values."""
    formula, tree = report.formula, tree_of(report.problem)
    out: dict[str, Any] = {
        "format": FORMAT,
        "problem": {
            "source": report.problem.source,
            "loss": _loss_text(report.problem, tree),
            "tree": tree,
            "sense": report.problem.sense,
            "unknowns": list(report.problem.unknowns),
            "parameters": list(report.problem.parameters),
            "domain": _domain(report.problem),
            **stated(report.problem),
            **_columns(report),
            "notes": list(report.problem.notes),
        },
        "stationarity": {
            "gradient": {u: _over_rows(report.problem, g) for u, g in report.raw.gradient.items()},
            "hessian": None
            if report.raw.hessian is None
            else [[_over_rows(report.problem, e) for e in row] for row in report.raw.hessian],
            "equations": [_over_rows(report.problem, e) for e in report.raw.equations],
            "kind": report.kind,
        },
        "verdict": {
            "outcome": report.verdict.outcome,
            "scope": report.verdict.scope,
            "expression_class": report.verdict.expression_class,
            "minimiser": report.verdict.minimiser,
            "statements": [
                {
                    "text": s.text,
                    "trust": s.trust,
                    "assuming": list(s.assuming),
                    "reference": s.reference,
                    "certificate": s.certificate,
                }
                for s in report.verdict.statements
            ],
        },
        "critical_points": [_point(p) for p in report.raw.points],
        "complete": report.complete,
        "counts": {"complex": report.counts.get("complex"), "real": report.counts.get("real")},
        "formula": None
        if formula is None
        else {
            "unknown": dict(formula.unknown),
            "latex": formula.latex,
            "conditions": list(formula.conditions),
            "certificate": formula.convexity,
            "cost": dict(formula.cost),
            "numpy": formula.numpy,
        },
        "certificates": [c.to_dict() for c in report.certificates],
        "attempts": [
            {"strategy": a.strategy, "outcome": a.outcome, "reason": a.reason, "seconds": round(a.seconds, 6)}
            for a in report.attempts
        ],
        "environment": {"version": version("closedform"), "seed": report.seed},
    }
    for refuted in report.verdict.about("no radicals for all data"):
        out["witness"] = {name: list(entries) for name, entries in refuted["data"].items()}
    if report.computed is not None and report.problem.arrays:
        out["solution"] = report.computed.to_dict()
    out["seal"] = seal(out)
    return out


def _over_rows(problem: Problem, value: object) -> str:
    """An expression with its columns under the names that the problem's tree has for them: no unknown's."""
    text = text_of(value)
    if problem.data is None or "[" not in text or not set(problem.unknowns) & set(problem.data.columns):
        return text
    tree = to_tree(parse(text, (*problem.unknowns, *problem.parameters)))
    return unparse(node_of(apart(tree, columns_of(problem), problem.unknowns)[0]))


def _loss_text(problem: Problem, tree: Json) -> str | None:
    """The kernel's own print of the tree, where there is one: that is what ``verify`` compares."""
    if problem.loss is None:
        return None
    return (
        text_of(problem.loss)
        if tree is None
        else infix(read(tree, heads=HEADS if problem.level == "matrix" else ARITY))
    )


def _domain(problem: Problem) -> dict[str, str]:
    """For each unknown, the relations and properties that bound it, as text; "real" where nothing does."""
    out: dict[str, str] = {}
    for u in problem.unknowns:
        bounds = [text_of(r) for r in problem.relations if r.head in RELATIONS and u in free_names(r)]
        bounds += sorted(problem.properties.get(u, ()))
        out[u] = ", ".join(bounds) or "real"
    return out


def stated(problem: Problem) -> dict[str, Any]:
    """What is assumed besides the domain, the constraints, and the shapes: without them the question is another."""
    listed = [r for r in problem.relations if r.head not in RELATIONS or not free_names(r) & set(problem.unknowns)]
    words = [f"{n} {w}" for n, flags in problem.properties.items() if n not in problem.unknowns for w in sorted(flags)]
    return {
        "assumptions": [*map(text_of, listed), *sorted(words)],
        "constraints": [text_of(c) for c in problem.constraints],
        "shapes": {n: [text_of(side) for side in sides] for n, sides in problem.shapes.items()},
    }


def _columns(report: ReportRecord) -> dict[str, Any]:
    """The data that the loss names by rows, as its tree names them, where no certificate holds them and they are few."""
    problem = report.problem
    held = any("columns" in c.statement for c in report.certificates)
    streamed = problem.data is not None and not problem.data.exact  # the rows are in a file
    found = (
        {} if held or streamed or problem.level == "matrix" else apart(None, columns_of(problem), problem.unknowns)[1]
    )
    few = sum(map(len, found.values())) <= SHOWN_ENTRIES
    return {"columns": {x: [str(v) for v in c] for x, c in found.items()}} if found and few else {}


def _point(point: CriticalPoint) -> dict[str, Any]:
    def texts(values: Mapping[str, object] | None) -> dict[str, str] | None:
        return None if values is None else {u: text_of(v) for u, v in values.items()}

    out: dict[str, Any] = {
        "exact": texts(point.exact),
        "numeric": texts(point.numeric),
        "radius": texts(point.radius),
        "kind": point.kind,
        "inertia": None if point.inertia is None else list(point.inertia),
        "multiplicity": point.multiplicity,
        "loss": None if point.loss is None else text_of(point.loss),
        "expression_class": point.expression_class,
        "certificate": point.certificate,
    }
    if point.conditions:
        out["conditions"] = list(point.conditions)
    if point.note:
        out["note"] = point.note
    return out
