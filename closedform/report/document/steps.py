"""The way to the answer, as one would write it on paper: differentiate, set to zero, solve, classify, compare.

Everything said here is recomputed from the report for the reader's sake: what is claimed stands in the statements.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import sympy as sp
from sympy import Expr

from closedform.algebra import bridge
from closedform.points import SOUGHT, CriticalPoint
from closedform.report.document.answer import is_whole, sentence, thing, where_it_holds
from closedform.report.document.blocks import Block, Equation, Heading, Inline, Items, Line, Math, Paragraph, TableBlock
from closedform.report.document.points import coordinate, height, names_of, separated
from closedform.report.document.textbook import conditions, gradient
from closedform.report.numbers import newton_steps
from closedform.report.record import ReportRecord

DIGITS = 8  # of numbers in the argument
MOST = 12  # terms, factors or points that are gone through
LONGEST = 200  # operations of an expression that is worked with
RULES: tuple[tuple[Callable[[Expr, Expr], bool], str], ...] = (
    (lambda f, x: isinstance(f, sp.Pow) and f.base == x and not f.exp.has(x), "power rule"),
    (lambda f, x: f.is_Mul and len([a for a in f.args if a.has(x)]) > 1, "product rule"),
    (lambda f, x: f.has(x) and not f.is_Atom and f.args[0] != x, "chain rule"),
)


def steps(report: ReportRecord) -> tuple[Block, ...]:
    """The argument in numbered steps, and Newton's iterations where the points have numbers only."""
    items = [*_derivative(report), *_equation(report), *_solutions(report), *_kinds(report), *_comparison(report)]
    blocks: list[Block] = [Heading("Step by step"), Items(tuple(items), numbered=True)]
    return (*blocks, *_newton(report))


# -- differentiate ----------------------------------------------------------------------------------------------------


def _derivative(report: ReportRecord) -> Iterator[tuple[Line, ...]]:
    if not report.gradient:
        return
    lines: list[Line] = [("Differentiate.",)]
    for u, g in list(gradient(report.problem, report.gradient).items())[:MOST]:
        lines += _rules(report, u)
        lines.append((f"d/d{u}: ", Math(g)))
    yield tuple(lines)


def _rules(report: ReportRecord, unknown: str) -> list[Line]:
    """The derivative of each term of the loss, where there are several and they are short."""
    problem = report.problem
    if problem.level != "scalar" or problem.data is not None or problem.loss is None or len(problem.unknowns) > 2:
        return []
    try:
        table = bridge.symbols(problem)
        loss, x = bridge.to_sympy(problem.loss, table), table[unknown]
    except (bridge.NoTranslation, KeyError):
        return []
    terms = [t for t in loss.as_ordered_terms() if t.has(x)]
    if not 1 < len(terms) <= MOST or sp.count_ops(loss) > LONGEST:
        return []
    out = list[Line]()
    for term in terms:
        inside = term.as_independent(x, as_Add=False)[1]  # without its constant factor
        rule = next((name for holds, name in RULES if holds(inside, x)), "")
        out.append(("the term ", Math(term), " gives ", Math(sp.diff(term, x)), f" ({rule})" if rule else ""))
    return out


# -- set to zero, and solve -------------------------------------------------------------------------------------------


def _equation(report: ReportRecord) -> Iterator[tuple[Line, ...]]:
    """The equations with nothing on the right, factored where that helps."""
    slopes = list(gradient(report.problem, report.gradient).values()) or list(report.equations)
    if not slopes:
        return
    lines: list[Line] = [("Set it to zero.",) if len(slopes) == 1 else ("Set all of them to zero.",)]
    if report.problem.level == "matrix":
        lines += [(Equation(g, 0),) for g in slopes[:MOST]]
    else:
        for g in slopes[:MOST]:
            product = _product(g)
            lines.append((Equation(product if product is not None else g, 0),))
        lines += [(sentence(text, report.problem.unknowns),) for text in _changes(report)]
    yield tuple(lines)


def _product(expression: Any) -> Any:
    """The numerator in factors, where there is more than one; None where factoring says nothing new."""
    if not isinstance(expression, sp.Expr) or sp.count_ops(expression) > LONGEST or expression.has(sp.Sum):
        return None
    above = sp.numer(sp.together(expression))
    if not above.is_polynomial() and sp.count_ops(above) > LONGEST // 4:
        return None
    factored = sp.factor(above)
    return factored if len([f for f in sp.Mul.make_args(factored) if f.free_symbols]) > 1 else None


def _changes(report: ReportRecord) -> list[str]:
    """What the statements say of a change of variable: with t = exp(x) the equation is a polynomial."""
    return [s.text for s in report.verdict.statements if re.match(r"[Ww]ith \w+ = exp\(", s.text)]


def _solutions(report: ReportRecord) -> Iterator[tuple[Line, ...]]:
    if report.formula is not None:
        lines: list[Line] = [("Solve for the unknown.",)]
        lines += [(Equation(u, e),) for u, e in report.formula.unknown.items()]
        if report.formula.conditions:
            lines.append((f"This needs that {', and '.join(report.formula.conditions)}.",))
        yield tuple(lines)
    points = report.critical_points
    if points:
        lines = [("Solve.",)]
        for p in points[:MOST]:
            where = conditions(report.problem, p.conditions)
            tail = f", where {', '.join(where)}" if where else ""
            lines.append((*_source(report, p), *separated([coordinate(p, u, DIGITS) for u in names_of(p)]), tail))
        if len(points) > MOST:
            lines.append((f"… and {len(points) - MOST} more",))
        if is_whole(report):
            lines.append((f"There are no other real {thing(report)}s{where_it_holds(report)}.",))
        yield tuple(lines)
    excluded = [s for s in report.verdict.statements if s.topic.startswith("not ") and s.trust != "observed"]
    if excluded:
        lines = [("Why there is no formula.",)]
        reasons = [s for s in report.verdict.statements if s in excluded or "irreducible" in s.text]
        for s in reasons[:MOST]:
            lines.append((sentence(s.text, report.problem.unknowns),))
        yield tuple(lines)


def _source(report: ReportRecord, point: CriticalPoint) -> Line:
    """The factor of which a coordinate of the point is a root: ``2*x^2 - 1 = 0 gives``."""
    equations = list(report.gradient.values()) or list(report.equations)
    if len(equations) != 1 or len(report.problem.unknowns) != 1 or point.exact is None:
        return ()
    product = _product(equations[0])
    if product is None:
        return ()
    (name,) = report.problem.unknowns
    for factor in sp.Mul.make_args(product):
        base = factor.base if isinstance(factor, sp.Pow) else factor
        own = [s for s in base.free_symbols if s.name == name]
        if own and sp.expand(base.subs(own[0], point.exact[name])) == 0:
            return (Equation(base, 0), " gives ") if base != own[0] else ()
    return ()


# -- classify and compare ---------------------------------------------------------------------------------------------


def _kinds(report: ReportRecord) -> Iterator[tuple[Line, ...]]:
    """The second derivative at each point; of several unknowns the signs of the Hessian's eigenvalues."""
    problem, points = report.problem, report.critical_points
    if problem.loss is None or report.hessian is None:
        return
    if report.formula is not None:
        lines: list[Line] = [("Look at the second derivative.",)]
        if len(report.hessian) == 1:
            lines.append(("Hessian: ", Math(report.hessian[0][0])))
        if report.formula.convexity:
            lines.append((sentence(f"the loss is {report.formula.convexity}"),))
        yield tuple(lines)
        return
    lines = [("Classify by the second derivative.",)]
    if len(report.hessian) == 1:
        lines.append(("second derivative: ", Math(report.hessian[0][0])))
    else:
        rows = [separated([Math(e) for e in row]) for row in report.hessian[:4]] if len(report.hessian) <= 4 else []
        lines += [("Hessian, row by row: ", *row) if i == 0 else row for i, row in enumerate(rows)]
    for p in points[:MOST]:
        where = separated([coordinate(p, u, DIGITS) for u in names_of(p)])
        lines.append((*where, ": ", *_curvature(report, p), p.kind.removeprefix("global ")))
    if points:
        yield tuple(lines)


def _curvature(report: ReportRecord, point: CriticalPoint) -> Line:
    assert report.hessian is not None
    if len(report.hessian) == 1 and point.numeric is not None and isinstance(report.hessian[0][0], sp.Expr):
        second: Any = report.hessian[0][0]
        (name,) = report.problem.unknowns
        own: list[Any] = [s for s in second.free_symbols if getattr(s, "name", "") == name]
        exact = point.exact.get(name) if point.exact else None
        value = second.subs(dict.fromkeys(own, exact)) if exact is not None else None
        if value is not None and sp.count_ops(value) <= LONGEST and sp.expand(value).is_Rational:
            value = sp.expand(value)
            sign = ">" if value > 0 else "<" if value < 0 else ""
            if sign:
                return ("it is ", Math(value), f" {sign} 0: ")
            return ("it is 0, and the first derivative decides: ",)
        number = second.subs(dict.fromkeys(own, sp.Float(point.numeric[name], 30))).evalf(DIGITS)
        if number.is_Float and abs(number) > 1e-6:
            return (f"it is ≈ {number} {'>' if number > 0 else '<'} 0: ",)
        return ()
    if point.inertia is None:
        return ()
    plus, minus, zero = point.inertia
    signs = [f"{k} {word}" for k, word in ((plus, "positive"), (minus, "negative"), (zero, "zero")) if k]
    return (f"eigenvalues of the Hessian: {', '.join(signs)}: ",)


def _comparison(report: ReportRecord) -> Iterator[tuple[Line, ...]]:
    """The heights of the points, and which of them is the optimum."""
    points = report.critical_points
    if len(points) < 2 or report.problem.loss is None:
        return
    lines: list[Line] = [("Compare the values of the loss.",)]
    for p in points[:MOST]:
        value = height(report.problem, p, DIGITS)
        if value:
            where = separated([coordinate(p, u, DIGITS) for u in names_of(p)])
            lines.append((*where, ": ", *value))
    whole, _ = SOUGHT[report.problem.sense]
    if any(p.kind == whole for p in points):
        reasons = [s.text for s in report.verdict.statements if "minimum" in s.text and s.topic == ""]
        lines += [(sentence(text),) for text in reasons[:1]]
    else:
        lines += [(sentence(s.text),) for s in report.verdict.statements if s.topic == "no minimum"][:1]
    if len(lines) > 1:
        yield tuple(lines)


# -- Newton's method --------------------------------------------------------------------------------------------------


def _newton(report: ReportRecord) -> Iterator[Block]:
    """The iterations that lead to the best point, where numbers are all that there is."""
    whole, edge = SOUGHT[report.problem.sense]
    ranked = sorted(report.critical_points, key=lambda p: (p.kind != whole, edge.split()[-1] not in p.kind))
    if not ranked or ranked[0].exact is not None:
        return
    taken = [
        {"step": str(k), "largest residual": f"{s.residual:.3g}", "relative step": f"{s.length:.3g}"}
        for k, s in enumerate(report.newton)
    ] or newton_steps(report.problem, ranked[0], report.digits)
    if not taken:
        return
    header = tuple(str(k) for k in taken[0])
    start = (
        "the start that was given"
        if report.problem.start
        else "a start beside the solution, so that all steps are seen"
    )
    yield Heading("Newton's method")
    one = len(report.problem.unknowns) == 1
    step = (
        "the derivative over its own derivative"
        if one
        else "the solution d of J*d = F, J the derivative of the equations F"
    )
    yield Paragraph((f"Each step subtracts {step}, from {start}.",))
    rows: list[tuple[Inline, ...]] = [tuple(str(row.get(k, "")) for k in header) for row in taken]
    yield TableBlock(header, tuple(rows))
