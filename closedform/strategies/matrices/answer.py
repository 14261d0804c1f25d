"""The attempt of a strategy whose formula rests on a named theorem (spectral, orthogonal, low-rank, proximal)."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from closedform.algebra.noncommutative.letters import ONE
from closedform.attempt import Attempt, Finding, Formula, finding
from closedform.emit.flops import count
from closedform.emit.source import Source, summary_of
from closedform.frozen import FrozenMap
from closedform.stationarity.matrix import MatrixSystem


def source_of(system: MatrixSystem) -> Source:
    return Source(system, summary_of(system))


def by_theorem(
    system: MatrixSystem,
    name: str,
    theorem: Finding,
    *,
    texts: Mapping[str, str],
    source: str,
    conditions: Sequence[str] = (),
    expression_class: str = "spectral",
    remarks: Sequence[Finding] = (),
    unique: bool = False,
) -> Attempt:
    """A solved attempt: the formula, the theorem by which it is the minimum, and what the class means."""
    texts = {u: t.replace("one_", "1") for u, t in texts.items()}
    conditions = (*conditions, *(e.text for e in system.assumed))
    listed = ", ".join(f"{u} = {t}" for u, t in texts.items())
    proved = _with(theorem, {k: v.replace("one_", "1") if isinstance(v, str) else v for k, v in theorem.about.items()})
    findings = [_with(proved, {"formula": listed, "conditions": conditions})]
    if expression_class == "spectral":
        findings.append(finding("closed in the class spectral"))
    findings += [_with(r, {"of": theorem.theorem}) for r in remarks]
    seen = importlib.import_module("closedform.strategies.matrices.observed").observe(system, source)
    if seen is not None:
        findings.append(seen)
    formula = Formula(FrozenMap(texts), "", conditions, "", count(source), source, proved)
    return Attempt(
        name,
        "solved",
        formula=formula,
        complete=unique,
        minimiser="closed",
        expression_class=expression_class,
        scope="formula",
        findings=tuple(findings),
    )


def _with(statement: Finding, more: Mapping[str, object]) -> Finding:
    return replace(statement, about=FrozenMap({**statement.about, **more}))


def single_unknown(system: MatrixSystem) -> tuple[str, str, str] | None:
    """The only unknown with its shape, where there is one and it is a matrix."""
    if len(system.unknowns) != 1:
        return None
    u = system.unknowns[0]
    rows, cols = system.shape(u)
    return None if (rows, cols) == (ONE, ONE) else (u, rows, cols)
