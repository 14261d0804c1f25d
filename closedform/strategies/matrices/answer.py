"""The attempt of a strategy whose formula rests on a named theorem (spectral, orthogonal, low-rank, proximal)."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence

from closedform.algebra.noncommutative.letters import ONE
from closedform.attempt import Attempt, Formula, finding
from closedform.emit.flops import count
from closedform.emit.source import Source, summary_of
from closedform.frozen import FrozenMap
from closedform.stationarity.matrix import MatrixSystem


def source_of(system: MatrixSystem) -> Source:
    return Source(system, summary_of(system))


def by_theorem(
    system: MatrixSystem,
    name: str,
    *,
    texts: Mapping[str, str],
    latex: str,
    source: str,
    theorem: str,
    reference: str,
    conditions: Sequence[str] = (),
    expression_class: str = "spectral",
    remarks: Sequence[str] = (),
    minimum: str = "global minimum",
    unique: bool = False,
) -> Attempt:
    """A solved attempt: the formula, the theorem it follows from with its reference, and what the class means."""
    texts = {u: t.replace("one_", "1") for u, t in texts.items()}
    latex, theorem = latex.replace("one_", "1").replace(r"one\_", "1"), theorem.replace("one_", "1")
    conditions = (*conditions, *(e.text for e in system.assumed))
    listed = ", ".join(f"{u} = {t}" for u, t in texts.items())
    findings = [
        finding(
            "a theorem on matrices",
            formula=listed,
            minimum=minimum,
            conditions=tuple(conditions),
            theorem=theorem,
            source=reference,
        )
    ]
    if expression_class == "spectral":
        findings.append(finding("closed in the class spectral"))
    findings += [finding("remark on matrices", remark=r, source=reference) for r in remarks]
    seen = importlib.import_module("closedform.strategies.matrices.observed").observe(system, source)
    if seen is not None:
        findings.append(seen)
    formula = Formula(FrozenMap(dict(texts)), latex, tuple(conditions), theorem, count(source), source)
    return Attempt(
        name,
        "solved",
        theorem,
        formula=formula,
        complete=unique,
        minimiser="closed",
        expression_class=expression_class,
        scope="formula",
        findings=tuple(findings),
    )


def single_unknown(system: MatrixSystem) -> tuple[str, str, str] | None:
    """The only unknown with its shape, where there is one and it is a matrix."""
    if len(system.unknowns) != 1:
        return None
    u = system.unknowns[0]
    rows, cols = system.shape(u)
    return None if (rows, cols) == (ONE, ONE) else (u, rows, cols)
