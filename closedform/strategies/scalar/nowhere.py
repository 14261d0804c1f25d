"""A domain without points: some part of the text, or a relation, asks for a sign that its expression never has."""

from __future__ import annotations

import sympy as sp

from closedform.algebra import bridge
from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.stationarity.conditions import Conditions
from closedform.stationarity.scalar import Stationarity

name = "empty domain"
example = {"loss": "sqrt(-1 - x^2) + y"}
counterexample = {"loss": "sqrt(1 - x^2) + y"}

MAX_ASKED, MAX_OPS = 20, 60  # requirements that are looked at, and operations of one


def declines(system: Stationarity) -> str | None:
    """A sentence when no requirement of the domain is refuted by signs, else None."""
    return None if _refuted(system) is not None else "no requirement of the domain is refuted by signs"


def attempt(system: Stationarity, budget: Budget) -> Attempt:
    """That the loss (or an equation) is defined nowhere, whatever the parameters are."""
    found = _refuted(system)
    if found is None:
        return Attempt(name, "declined", str(declines(system)))
    what = "loss" if system.loss is not None else "system"
    said = finding("defined nowhere", what=what, part=found[0], relation=found[1])
    scope = "formula" if system.parameters else "instance"
    return Attempt(
        name, "no_critical_point", f"the {what} is defined nowhere", complete=True, scope=scope, findings=(said,)
    )


def _refuted(system: Stationarity) -> tuple[str, bool] | None:
    """The first part of the text whose requirement holds nowhere, as it stands, and whether it is a relation."""
    asked = system.domain.requirements[:MAX_ASKED]
    if not asked:
        return None
    table = {**bridge.symbols(system.problem), **{u.name: u for u in system.unknowns}}
    rules = Conditions(system, [r for r in system.relations if r.rel_op != "=="])
    for r in asked:
        if r.sums or r.guards or r.op == "finite" or not r.text_names <= table.keys():
            continue
        gap = bridge.to_sympy(r.gap, table)
        if sp.count_ops(gap) <= MAX_OPS and rules.decide(sp.Rel(gap, 0, "==" if r.op == "=" else r.op)) is False:
            return r.why, f" {r.op} " in r.why
    return None
