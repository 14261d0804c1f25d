"""Block elimination in words: one unknown after the other solved for and put into the equations that are left.

An equation is solved by inverses where these exist. Where the loss is a sum of squares of affine residuals, its equations
are consistent whatever the unknowns eliminated later are (normal equations), so that a singular coefficient is no
obstacle: a multiple of an orthogonal projector Q is its own pseudoinverse up to scale, ``V'MV`` with a wide V has the
one of V, and an equation 0 = 0 leaves its unknown free. Such steps keep what may be added: ``Z - Q Z R``, Z any matrix.
After Penrose, Proc. Cambridge Phil. Soc. 51 (1955), theorem 2.
"""

from __future__ import annotations

from collections.abc import Callable

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.facts import Facts, definite, palindrome
from closedform.algebra.noncommutative.functions import content, divide_mono, inverse, power
from closedform.algebra.noncommutative.letters import ONE, Unsupported
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.algebra.noncommutative.shorten import woodbury
from closedform.algebra.noncommutative.solve import Singular, Solution, projector, solve
from closedform.algebra.noncommutative.substitution import substitute
from closedform.budget import Budget
from closedform.frozen import record
from closedform.stationarity.matrix import MatrixSystem

Wide = Callable[[str, str], bool]  # is the number of rows known to be at most the number of columns?


@record
class EliminationStep:
    """One unknown eliminated: its value in terms of the data and of unknowns eliminated later."""

    unknown: str
    solution: Solution
    cleared: bool


def wide(system: MatrixSystem) -> Wide:
    """Which size is at most which, by numbers and by the declared relations (followed from one to the next)."""
    below = set[tuple[str, str]]()
    for relation in system.problem.relations:
        if len(relation.children) == 2 and relation.head in (">", ">=", "<", "<="):
            small, big = relation.children if relation.head[0] == "<" else reversed(relation.children)
            below.add((str(small.name or small.number), str(big.name or big.number)))

    def at_most(rows: str, cols: str, seen: frozenset[str] = frozenset()) -> bool:
        if rows.isdigit() and cols.isdigit():
            return int(rows) <= int(cols)
        onward = [b for a, b in below if a == rows and b not in seen]
        return any(b == cols or at_most(b, cols, seen | {rows}) for b in onward)

    return lambda rows, cols: rows != cols and at_most(rows, cols)


def generalised(narrow: Wide) -> Singular:
    """Generalised inverses of multiples of projectors, and of ``V'MV`` where V has no more rows than columns."""

    def solved(p: Poly) -> tuple[Poly, Poly] | None:
        found = projector(p)
        if found is not None:
            scale, q = found
            return power(scale, -1) * q, q
        single = p.single()
        half = palindrome(single[2]) if single else None
        if single is None or half is None or not half[0] or (half[1] is not None and "spd" not in half[1].flags):
            return None
        word, centre = half
        v = w.product(*(w.of_letter(l) for l in word))
        if v.scalar or not narrow(v.rows, v.cols):
            return None
        back = v.T * inverse(v * v.T)
        middle = w.eye(v.rows) if centre is None else inverse(w.of_letter(centre))
        front = power(Poly(ONE, ONE, {(single[1], ()): single[0]}), -1)
        return w.product(front, back, middle, back.T), back * v

    return solved


def eliminate(
    equations: dict[str, Poly],
    names: dict[str, Poly],
    last: frozenset[str],
    budget: Budget,
    singular: Singular | None = None,
    facts: Facts | None = None,
) -> list[EliminationStep] | str:
    """The steps in the order in which the unknowns were eliminated, or why it stopped.

    Unknowns whose coefficient is definite whatever the data are (a penalty, a prior) go first: that gives the marginal form.

    ``singular``: the equations are those of a sum of squares, and this gives generalised inverses (see the head).
    """
    left: dict[str, Poly] = dict(equations)
    steps = list[EliminationStep]()
    while left:
        budget.check()
        best: EliminationStep | None = None
        rank = (9, 0, 0)
        for i, u in enumerate(sorted(left, key=lambda u: (u in last, not names[u].scalar))):
            step = solved(u, left[u], names[u], singular)
            if step is None:
                continue
            others, value = frozenset(left) - {u}, step.solution.value
            clean = not value.names & others or not any(
                divide_mono(p, *content(p)).names & others for p in step.solution.pivots
            )
            sure = facts is not None and all(
                (level := definite(q, facts)) is not None and level.strict and not level.conditions
                for q in step.solution.pivots
                if w.is_symmetric(q)
            )
            mine = (4 * step.cleared + 2 * (not clean) + (u in last or "inv(" in value.key), not sure, i)
            if mine < rank:
                best, rank = step, mine
            if mine[0] == 0:
                break
        if best is None:
            u = next(iter(left))
            return f"the equation for {u} is not affine in it: {w.shown(left[u])}"
        steps.append(best)
        del left[best.unknown]
        left = {u: woodbury(substitute(g, {best.unknown: best.solution.value})) for u, g in left.items()}
    return steps


def solved(u: str, g: Poly, p: Poly, singular: Singular | None = None) -> EliminationStep | None:
    if singular is not None and g.zero and (p.scalar or not w.is_symmetric(p)):
        nothing = w.zeros(p.rows, p.rows), w.eye(p.cols)
        return EliminationStep(u, Solution(w.zeros(p.rows, p.cols), (), ranges=nothing), False)
    if u not in g.names:
        return None
    for cleared, variant in ((False, g), *((True, v) for v in _clear(g, u, p))):
        try:
            solution = solve(variant, u, p.rows, p.cols, not p.scalar and w.is_symmetric(p), singular)
        except Unsupported:
            continue
        if solution is None or u in solution.value.names:
            continue
        if not p.scalar and w.is_symmetric(p) and solution.kind == "direct" and not w.is_symmetric(solution.value):
            continue
        return EliminationStep(u, solution, cleared)
    return None


def _clear(g: Poly, u: str, p: Poly) -> list[Poly]:
    """The equation multiplied by powers of the unknown until no inverse of it is left."""
    if p.scalar:
        low = min((e for m, _ in g.terms for a, e in m if a.key == u), default=0)
        return [g * power(p, -low)] if low < 0 else []
    if p.rows != p.cols or f"inv({u})" not in g.key:
        return []
    out = g
    for _ in range(3):
        if any(word and word[0].key == f"inv({u})" for _, word in out.terms):
            out = p * out
        if any(word and word[-1].key == f"inv({u})" for _, word in out.terms):
            out = out * p
    return [out] if f"inv({u})" not in out.key else []


def back_substitute(
    steps: list[EliminationStep], unknowns: tuple[str, ...], equations: dict[str, Poly], names: dict[str, Poly]
) -> tuple[dict[str, Poly], dict[str, Poly], tuple[str, ...]]:
    """Values free of multipliers, the multipliers, and an order in which the values can be evaluated.

    A value may use unknowns that come before it in that order.
    """
    values, hidden = dict[str, Poly](), dict[str, Poly]()
    for step in reversed(steps):
        value = substitute(step.solution.value, hidden)
        (values if step.unknown in unknowns else hidden)[step.unknown] = value
    order = [s.unknown for s in steps if s.unknown in values and not values[s.unknown].names & frozenset(unknowns)]
    done = set[str]()
    for u in order:
        direct = solved(u, equations[u], names[u]) if done else None
        if direct is not None and direct.solution.value.names & frozenset(names) <= done:
            values[u] = direct.solution.value
        done.add(u)
    order += [s.unknown for s in reversed(steps) if s.unknown in values and s.unknown not in order]
    return values, hidden, tuple(order)


def family(
    steps: list[EliminationStep], values: dict[str, Poly], taken: frozenset[str]
) -> tuple[dict[str, Poly], dict[str, str]]:
    """The values with ``Z - Q Z R`` added where a step left that free, and the shape of each new matrix Z as text."""
    out, free = dict(values), dict[str, str]()
    for step in steps:
        if step.solution.ranges is None or step.unknown not in values:
            continue
        z = "Z"
        while z in taken or z in free:
            z += "_"
        p, (q, r) = values[step.unknown], step.solution.ranges
        free[z] = f"{p.rows} x {p.cols}"
        anything = w.symbol(z, p.rows, p.cols)
        out[step.unknown] = p + anything - w.product(q, anything, r)
    return out, free
