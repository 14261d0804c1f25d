"""No formula over all data: one small data set at which exp(unknown) is algebraic with an unsolvable group.

The loss is written out for small sizes, small integers are put in for the data, and the engine for exponential systems
decides. A formula in radicals for all data would give a radical expression at this witness: there is none, by a
certificate. Where the loss is linear in a label with a linear function of the unknown as its factor, the critical
point is the inverse of a rational function of that label, and its monodromy group contains the alternating group: then
no formula with exp, log and quadratures exists either (T14, T15). Else that rests on Schanuel's conjecture.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice, product

import sympy as sp
from flint import fmpq

from closedform import expression
from closedform.algebra import bridge
from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.errors import CallError
from closedform.expression import Node, number
from closedform.frozen import FrozenMap
from closedform.kernel.reading import Refused
from closedform.problem import Problem
from closedform.stationarity.scalar import stationarity
from closedform.stationarity.system import System
from closedform.strategies.exponentials import instance as exponentials
from closedform.strategies.exponentials.field import NotExponential, setting
from closedform.strategies.exponentials.findings import SCHANUEL
from closedform.strategies.obstructions import mixed
from closedform.strategies.obstructions.small_data import NotExpanded, Small, sizes_of, written_out
from closedform.strategies.scalar import certified_numerics

name = "no formula over all data"
example = {"loss": "sum(i, 1, n, log(1 + exp(b*x[i])) - y[i]*b*x[i])", "unknowns": ["b"]}
counterexample = {"loss": "sum(i, 1, n, (y[i] - b*x[i])^2)", "unknowns": ["b"]}
share = 0.5

MAX_WITNESSES = 150
AT_ONCE = 4  # of one size
MORE_WITNESSES = 60  # looked at for one that rests on no conjecture
MAX_UNKNOWNS = 4
ROWS = {
    1: ((1,), (2,)),
    2: ((1, 6), (1, 2), (1, 0), (2, 1), (1, 1)),
    3: ((1, 2, 3), (0, 1, 1), (0, 1, 0), (2, 1, 2), (1, 1, 2)),
    4: ((1, 2, 3, 4), (0, 1, 0, 1), (-1, 0, 1, 2), (1, 2, 5, 6), (0, 1, 1, 1)),
    5: ((1, 2, 3, 4, 5), (1, 0, 1, 0, 1), (2, 0, 1, 3, 1)),
    6: ((0, 1, 2, 3, 4, 5), (0, 1, 0, 1, 0, 1), (0, 1, 2, 0, 2, 1)),
}
SPREAD = {2: ((1, 6), (2, 3), (1, 11)), 3: ((0, 1, 6), (1, 2, 5), (1, 2, 7))}  # far apart: of a high degree
EXPONENTIALS = frozenset({"exp", "sigmoid", "softplus", "tanh", "cosh", "sinh"})


def declines(system: System) -> str | None:
    """A sentence when the loss has no exponential or no symbolic data, else None."""
    problem = system.problem
    if problem.loss is None or (problem.data is not None and expression.column_names(problem.loss)):
        return "this is about formulas in symbolic data"
    if not expression.heads(problem.loss) & EXPONENTIALS and not _power(problem.loss):
        return "no exponential of an unknown occurs"
    if problem.constraints:
        return "there are constraints"
    grown = [n for n in expression.nodes(problem.loss) if n.head in EXPONENTIALS]
    if any(expression.heads(c) & EXPONENTIALS for n in grown for c in n.children):
        return "an exponential stands in an exponential"
    symbols = expression.free_names(problem.loss) - set(problem.unknowns)
    return None if symbols else "the data have no symbols"


def _power(node: Node) -> bool:
    return (node.head == "^" and node.children[1].number is None) or any(_power(c) for c in node.children)


def attempt(system: System, budget: Budget) -> Attempt:
    """ "not_closed" at formula scope with the witness, or the reason why none was found."""
    return witnessed(system.problem, budget)


def witnessed(problem: Problem, budget: Budget) -> Attempt:
    """The same for a problem, whatever its system."""
    at_zero = _zero_loss(problem, budget)
    if at_zero is not None:
        return at_zero
    tried, reasons, found = 0, dict[str, None](), None
    for small, values in _in_turn(problem):
        if budget.remaining <= 0 or (found is not None and tried > found[0] + MORE_WITNESSES):
            break
        tried += 1
        engine = _with_data(small, values, problem, budget)
        answer = engine[0] if engine else None
        if found is None and (answer is None or answer.outcome not in ("not_closed", "partial", "solved")):
            beside = _beside_its_exponential(small, values, problem, budget)
            found = None if beside is None else (tried, beside)
        if engine is None or answer is None:
            continue
        if answer.outcome == "not_closed" or (answer.outcome == "partial" and answer.minimiser == "not_closed"):
            subject = "a critical point" if answer.outcome == "not_closed" else "the global minimiser"
            refused = _refused(*engine, small, values, subject)
            if not any(f.assuming for f in refused.findings):
                return refused
            found = found or (tried, refused)
        reasons[answer.reason or answer.outcome] = None
    if found is not None:
        return found[1]
    budget.check()
    listed = f" ({'; '.join(list(reasons)[:3])})" if reasons else ""
    return Attempt(name, "failed", f"none of {tried} small data sets is a witness against a formula{listed}")


def _in_turn(problem: Problem) -> Iterator[tuple[Small, dict[str, fmpq]]]:
    """Small data sets, a few of each size in turn: which size has a witness is not known."""
    smalls = [s for s in _smalls(problem) if len(s.unknowns) <= MAX_UNKNOWNS]
    left = [(s, islice(_witnesses(s, problem), MAX_WITNESSES)) for s in smalls]
    while left:
        kept = list[tuple[Small, Iterator[dict[str, fmpq]]]]()
        for small, witnesses in left:
            some = list(islice(witnesses, AT_ONCE))
            yield from ((small, values) for values in some)
            kept += [(small, witnesses)] if some else []
        left = kept


def _zero_loss(problem: Problem, budget: Budget) -> Attempt | None:
    """A witness with as many squares as unknowns, where a loss of zero is reached and no point with it is radical.

    Those points are the global minimisers, and the equations that the residuals are zero are smaller than the gradient.
    """
    for small in _smalls(problem):
        squares = _residuals(small.loss)
        if squares is None or len(squares) != len(small.unknowns) or len(squares) not in SPREAD:
            continue
        for values in islice(_witnesses(small, problem, SPREAD), MAX_WITNESSES):
            if budget.remaining <= 0:
                return None
            engine = _with_data(small, values, problem, budget, squares)
            if engine is not None and engine[0].outcome == "not_closed":
                least = replace(engine[0], minimiser="not_closed")
                return _refused(least, engine[1], small, values, "the global minimiser")
    return None


def _residuals(loss: Node) -> tuple[Node, ...] | None:
    """The r_i of a sum of squares r_i^2; None where the loss is none."""
    if loss.head == "+":
        parts = [_residuals(c) for c in loss.children]
        return None if None in parts else tuple(r for part in parts if part is not None for r in part)
    if loss.head != "^" or loss.children[1].number != 2:
        return None
    base = loss.children[0]
    return _residuals(base.children[0]) if base.head == "sqrt" else (base,)


def _smalls(problem: Problem) -> Iterator[Small]:
    """The loss written out at growing sizes: rows 3, 4, 5, ..., all other sizes 1, then 2.

    The number of rows is a size that no unknown has; where there is none, the first size.
    """
    symbols = sizes_of(problem)
    own = {s for u in problem.unknowns for side in problem.shapes.get(u, ()) for s in expression.free_names(side)}
    rows = next((s for s in symbols if s not in own), symbols[0] if symbols else "")
    for others in (1, 2) if len(symbols) > 1 else (1,):
        for many in (3, 4, 5, 6, 2) if symbols else (1,):
            try:
                small = written_out(problem, {s: many if s == rows else others for s in symbols})
                yield replace(small, loss=_logits(small.loss))
            except NotExpanded:
                continue


def _logits(node: Node) -> Node:
    """log(sigmoid(z)) as z - log(1 + exp(z)), and log(1 - sigmoid(z)) as -log(1 + exp(z)): so labels stand linearly."""
    if not node.children:
        return node
    if node.head == "log":
        inner = node.children[0]
        for z in (c.children[0] for c in expression.nodes(inner) if c.head == "sigmoid"):
            whole = expression.call("log", expression.add(number(1), expression.call("exp", z)))
            if inner == expression.call("sigmoid", z):
                return expression.add(z, expression.negate(whole))
            if inner == expression.add(number(1), expression.negate(expression.call("sigmoid", z))):
                return expression.negate(whole)
    return expression.rebuild(node, tuple(_logits(c) for c in node.children))


def _witnesses(
    small: Small, problem: Problem, rows: Mapping[int, tuple[tuple[int, ...], ...]] = ROWS
) -> Iterator[dict[str, fmpq]]:
    """Small integers for the entries that meet the assumptions: patterns for columns, tuples for scalars."""
    letters = list(small.entries)
    scalars = [k for k in letters if small.entries[k] == (k,)]
    columns = [k for k in letters if k not in scalars]
    patterns = [rows.get(len(small.entries[k])) or _patterns(len(small.entries[k])) for k in columns]
    choices = sorted(product(*(range(len(p)) for p in patterns)), key=sum)
    for numbers in _scalars(len(scalars)):
        for choice in choices:
            values = {k: fmpq(v) for k, v in zip(scalars, numbers, strict=True)}
            for k, c, p in zip(columns, choice, patterns, strict=True):
                values |= {e: fmpq(v) for e, v in zip(small.entries[k], p[c], strict=True)}
            if _admissible(problem, small, values):
                yield values


def _patterns(length: int) -> tuple[tuple[int, ...], ...]:
    return tuple(
        tuple((a * i + b) % 5 - s for i in range(length)) for a, b, s in ((1, 1, 0), (2, 0, 0), (3, 1, 1), (1, 0, 2))
    )


def _scalars(count: int) -> Iterator[tuple[int, ...]]:
    """Deterministic tuples of small positive integers (a linear congruence)."""
    if count == 0:
        yield ()
        return
    state = 1
    for _ in range(2_000):
        out = list[int]()
        for _ in range(count):
            state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
            out.append((state >> 33) % 9 + 1)
        yield tuple(out)


def _admissible(problem: Problem, small: Small, values: Mapping[str, fmpq]) -> bool:
    """Whether the relations between given names hold; a bound on a column's name is one on each of its entries."""
    for r in bridge.flat_relations(problem.relations):
        names = sorted(expression.free_names(r))
        if any(n in problem.unknowns for n in names):
            continue
        columns = [n for n in names if n in small.entries and small.entries[n] != (n,)]
        rows = range(len(small.entries[columns[0]])) if columns else range(1)
        for i in rows:
            at = {n: values[small.entries[n][min(i, len(small.entries[n]) - 1)]] for n in names if n in small.entries}
            try:
                held = bridge.to_sympy(expression.substitute(r, {n: number(str(v)) for n, v in at.items()}), {})
            except bridge.NoTranslation:
                continue
            if held == False:  # noqa: E712 - SymPy's false
                return False
    return True


def _specialised(
    small: Small, values: Mapping[str, fmpq], problem: Problem, equations: tuple[Node, ...] = ()
) -> Problem:
    numbers = {n: number(str(v)) for n, v in values.items()}
    relations = tuple(
        r for r in bridge.flat_relations(problem.relations) if expression.free_names(r) <= set(small.unknowns)
    )
    return replace(
        problem,
        source="",
        loss=None if equations else expression.substitute(small.loss, numbers),
        equations=tuple(expression.substitute(e, numbers) for e in equations),
        unknowns=small.unknowns,
        parameters=(),
        relations=relations,
        properties=FrozenMap(),
        shapes=FrozenMap(),
        data=None,
        level="scalar",
    )


def _with_data(
    small: Small, values: Mapping[str, fmpq], problem: Problem, budget: Budget, equations: tuple[Node, ...] = ()
) -> tuple[Attempt, str] | None:
    """The engine's answer at one data set (about the zeros of the equations, if any), and the unknowns in exponentials.

    None when it does not apply.
    """
    try:
        system = stationarity(_specialised(small, values, problem, equations))
        if exponentials.declines(system) is not None:
            return None
        where = setting(system)
        logarithms = ", ".join(u for u, how in where.of.items() if how is not None)
        return exponentials.decided(where, budget.share(5)), logarithms
    except NotExponential as reason:
        return Attempt(exponentials.name, "declined", str(reason)), ""
    except (CallError, Refused, ArithmeticError, ValueError):
        return None


def _beside_its_exponential(
    small: Small, values: Mapping[str, fmpq], problem: Problem, budget: Budget
) -> Attempt | None:
    """The verdict by a witness where the one unknown is transcendental as its exponential is not free of it.

    That says something only where a critical point exists: one is enclosed.
    """
    if len(small.unknowns) != 1:
        return None
    try:
        system = stationarity(_specialised(small, values, problem))
        if mixed.declines(system) is not None:
            return None
        answer = mixed.attempt(system, budget.share(5))
        if answer.outcome != "not_closed" or not certified_numerics.attempt(system, budget.share(5)).points:
            return None
    except (CallError, Refused, ArithmeticError, ValueError):
        return None
    witness = _described(small, values)
    findings = [replace(f, within=(*f.within, f"at the witness, {witness}")) for f in answer.findings]
    findings = [f for f in findings if f.theorem == "transcendental with its exponential"]
    findings.append(finding("transcendental at a witness", scope="formula", unknown=small.unknowns[0], witness=witness))
    if any(f.assuming for f in answer.findings):
        findings.append(finding("no exp and log for all data by degree one", assuming=(SCHANUEL,), scope="formula"))
    return Attempt(name, "not_closed", "", scope="formula", findings=tuple(findings))


def _described(small: Small, values: Mapping[str, fmpq]) -> str:
    """The data of a witness in words."""
    data = "; ".join(f"{k} = {', '.join(str(values[e]) for e in entries)}" for k, entries in small.entries.items())
    return f"the data {data}"


def _refused(answer: Attempt, logarithms: str, small: Small, values: Mapping[str, fmpq], subject: str) -> Attempt:
    """The verdict on the formula, with the witness and its certificates."""
    witness = _described(small, values)
    findings = [
        replace(f, within=(*f.within, f"at the witness, {witness}")) for f in answer.findings if f.trust == "proved"
    ]
    findings.append(
        finding(
            "no radicals for all data",
            scope="formula",
            logarithms=logarithms,
            subject=subject,
            witness=witness,
            data=_listed(small, values),
        )
    )
    label = _linear_label(small, values)
    if label is not None and any(f.theorem == "no quadratures in the shift" for f in answer.findings):
        findings.append(finding("no quadratures for all data", scope="formula", label=label, witness=witness))
    else:
        findings.append(finding("no exp and log for all data", assuming=(SCHANUEL,), scope="formula"))
    return Attempt(
        name,
        "not_closed",
        "",
        scope="formula",
        minimiser="not_closed" if answer.minimiser == "not_closed" else None,
        findings=tuple(findings),
        certificates=answer.certificates,
    )


def _listed(small: Small, values: Mapping[str, fmpq]) -> FrozenMap[str, tuple[str, ...]]:
    """The entries of each letter at the witness, row by row, and the sizes."""
    entries = {k: tuple(str(values[e]) for e in own) for k, own in small.entries.items()}
    return FrozenMap({**{s: (str(v),) for s, v in small.sizes.items()}, **entries})


def _linear_label(small: Small, values: Mapping[str, fmpq]) -> str | None:
    """A data entry whose derivative of the loss is c*unknown + constant at the witness, c not zero; one unknown only."""
    if len(small.unknowns) != 1:
        return None
    unknown = small.unknowns[0]
    x, y = sp.Symbol(unknown, real=True), sp.Dummy("y", real=True)
    for entries in small.entries.values():
        for e in entries:
            others = {n: number(str(v)) for n, v in values.items() if n != e}
            try:
                label = expression.scalar_form(expression.substitute(small.loss, others))
                form = sp.expand(sp.diff(bridge.to_sympy(label, {e: y, unknown: x}), y))
            except bridge.NoTranslation:
                continue
            slope, rest = form.coeff(x, 1), form.coeff(x, 0)
            if slope.is_Rational and rest.is_Rational and slope != 0 and sp.expand(form - slope * x - rest) == 0:
                return e
    return None
