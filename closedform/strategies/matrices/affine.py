"""Losses whose stationarity equations are affine in each unknown: least squares in all its forms, and their kin.

The Lagrangian's gradient is solved unknown by unknown: collect ``sum L U R = C``, invert, put the value into the other
equations, go on (block elimination; multipliers of equality constraints last). Inverses of an unknown, as in Gaussian
likelihoods, are cleared by multiplying with it. ``L U + U R`` and longer sums are solved through Kronecker products.

More than 400 lines, because elimination and what may be said of its result (conditions, minimality, domains) look at
the same steps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from closedform.algebra.noncommutative import normal_form as w
from closedform.algebra.noncommutative.facts import definite, full_column_rank, gram, sign
from closedform.algebra.noncommutative.normal_form import ONE, Poly, Unsupported
from closedform.algebra.noncommutative.solve import (
    Solution,
    collect,
    identity_multiple,
    kronecker,
    solve,
    vanishes,
    vec,
)
from closedform.algebra.noncommutative.text import display, latex
from closedform.attempt import Attempt, Finding, Formula, finding
from closedform.budget import Budget
from closedform.emit.solver import solver
from closedform.frozen import FrozenMap
from closedform.stationarity.matrix import MatrixSystem, differentiate, lagrangian
from closedform.strategies.matrices.certificate import certificate
from closedform.strategies.matrices.convexity import Convexity, affine, convexity

name = "matrix equation, affine in the unknown"
example = {
    "loss": "||X*a - y||^2 + lam*||a||^2",
    "unknowns": ["a"],
    "shapes": {"X": "n,k", "y": "n", "a": "k"},
    "assumptions": ["lam>0"],
}
counterexample = {"loss": "ones(n)'*exp(X*b) - y'*X*b", "unknowns": ["b"], "shapes": {"X": "n,k", "y": "n", "b": "k"}}


def declines(system: MatrixSystem) -> str | None:
    if (trouble := system.trouble_with("sym", "spd", "psd", "bounds")) is not None:
        return trouble
    if system.gradient is None:
        return system.trouble
    for c in system.constraints:
        if c.kind not in ("zero", "spd", "sym", "positive"):
            return f"the constraint is not an equation: {c.kind}"
        if c.kind == "zero" and not affine(c.left, system.unknowns):
            return f"the constraint {display(c.left)} = 0 is not affine in the unknown"
    if any("orth" in system.flags(u) for u in system.unknowns):
        return "an unknown is orthogonal"
    return None


@dataclass(frozen=True)
class Step:
    """One unknown eliminated: its value in terms of the data and of unknowns eliminated later."""

    unknown: str
    solution: Solution
    cleared: bool


def attempt(system: MatrixSystem, budget: Budget) -> Attempt:
    loss, multipliers = lagrangian(system)
    names = {**{u: system.unknown(u) for u in system.unknowns}, **multipliers}
    if not loss.names & frozenset(system.unknowns):
        return Attempt(name, "failed", "the loss does not contain the unknown")
    equations = differentiate(loss, names)
    for u, g in equations.items():
        if u in system.unknowns and not g.zero and not g.names & frozenset(names):
            said = (
                f"the gradient {display(g)} by {u} does not depend on the unknowns: there is no critical "
                f"point unless it is zero"
            )
            return Attempt(
                name,
                "no_critical_point",
                said,
                complete=True,
                scope="formula",
                minimiser="no_critical_point",
                findings=(finding("constant slope", reason=said),),
            )
    steps = eliminate(equations, names, frozenset(multipliers), budget)
    if isinstance(steps, str):
        return Attempt(name, "declined", steps)
    steps = [_square_root(system, s) or s for s in steps] if len(steps) == 1 else steps
    values, hidden, order = back_substitute(steps, system.unknowns, equations, names)
    rewritten = True
    for g in equations.values():
        left = w.substitute(g, hidden)
        for v in reversed(order):
            left = w.substitute(left, {v: values[v]})
        rewritten = rewritten and vanishes(left)
    return _answer(system, steps, values, order, rewritten)


def _kronecker(steps: list[Step]) -> bool:
    return any(s.solution.kind in ("kronecker", "entrywise") or "unvec" in s.solution.value.key for s in steps)


def eliminate(
    equations: dict[str, Poly], names: dict[str, Poly], last: frozenset[str], budget: Budget
) -> list[Step] | str:
    """The steps in the order in which the unknowns were eliminated, or why it stopped."""
    left, steps = dict(equations), list[Step]()
    while left:
        budget.check()
        best: Step | None = None
        rank = (9, 0)
        for i, u in enumerate(sorted(left, key=lambda u: (u in last, not names[u].scalar))):
            step = _step(u, left[u], names[u])
            if step is None:
                continue
            others, value = frozenset(left) - {u}, step.solution.value
            clean = not value.names & others or not any(
                w.divide_mono(p, *w.content(p)).names & others for p in step.solution.pivots
            )
            mine = (4 * step.cleared + 2 * (not clean) + (u in last or "inv(" in value.key), i)
            if mine < rank:
                best, rank = step, mine
            if mine[0] == 0:
                break
        if best is None:
            u = next(iter(left))
            return f"the equation for {u} is not affine in it: {w.shown(left[u])}"
        steps.append(best)
        del left[best.unknown]
        left = {u: w.substitute(g, {best.unknown: best.solution.value}) for u, g in left.items()}
    return steps


def _step(u: str, g: Poly, p: Poly) -> Step | None:
    if u not in g.names:
        return None
    for cleared, variant in ((False, g), *((True, v) for v in _clear(g, u, p))):
        try:
            solution = solve(variant, u, p.rows, p.cols, not p.scalar and w.is_symmetric(p))
        except Unsupported:
            continue
        if solution is None or u in solution.value.names:
            continue
        if not p.scalar and w.is_symmetric(p) and solution.kind == "direct" and not w.is_symmetric(solution.value):
            continue
        return Step(u, solution, cleared)
    return None


def _clear(g: Poly, u: str, p: Poly) -> list[Poly]:
    """The equation multiplied by powers of the unknown until no inverse of it is left."""
    if p.scalar:
        low = min((e for m, _ in g.terms for a, e in m if a.key == u), default=0)
        return [g * w.power(p, -low)] if low < 0 else []
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
    steps: list[Step], unknowns: tuple[str, ...], equations: dict[str, Poly], names: dict[str, Poly]
) -> tuple[dict[str, Poly], dict[str, Poly], tuple[str, ...]]:
    """Values free of multipliers, the multipliers, and an order in which the values can be evaluated.

    A value may use unknowns that come before it in that order.
    """
    values, hidden = dict[str, Poly](), dict[str, Poly]()
    for step in reversed(steps):
        value = w.substitute(step.solution.value, hidden)
        (values if step.unknown in unknowns else hidden)[step.unknown] = value
    order = [s.unknown for s in steps if s.unknown in values and not values[s.unknown].names & frozenset(unknowns)]
    done = set[str]()
    for u in order:
        direct = _step(u, equations[u], names[u]) if done else None
        if direct is not None and direct.solution.value.names & frozenset(names) <= done:
            values[u] = direct.solution.value
        done.add(u)
    order += [s.unknown for s in reversed(steps) if s.unknown in values and s.unknown not in order]
    return values, hidden, tuple(order)


def _square_root(system: MatrixSystem, step: Step) -> Step | None:
    """min ||sum L U R - E||^2 through the map itself: U = K^-1 vec(E) where K is square, else by K'K."""
    active = [p for p in system.pieces if step.unknown in (p.value.names | p.coefficient.names)]
    if w.is_symmetric(system.unknown(step.unknown)):
        return None  # the map is then only known on symmetric matrices
    if (
        step.solution.kind != "kronecker"
        or len(active) != 1
        or active[0].residual is None
        or active[0].metric is not None
    ):
        return None
    rows, cols = system.shape(step.unknown)
    found = collect(active[0].residual, step.unknown, rows, cols)
    if found is None or found.flipped or found.entrywise is not None:
        return None
    kron, target = kronecker(found.plain, rows, cols), vec(-found.rest)
    square = (active[0].residual.rows, active[0].residual.cols) == (rows, cols)
    inner = w.inverse(kron) * target if square else w.product(w.inverse(kron.T * kron), kron.T, target)
    value = w.of_letter(w.Letter("unvec", (inner, rows, cols), rows, cols))
    return replace(step, solution=Solution(value, (kron,), "kronecker"))


def _two_sided_condition(system: MatrixSystem, steps: list[Step]) -> str | None:
    """When the map U -> sum L U R is injective, in the terms of the field."""
    if len(steps) != 1 or steps[0].solution.kind != "kronecker":
        return None
    kron = steps[0].solution.pivots[0]
    residual = next((p.residual for p in system.pieces if p.residual is not None), None)
    rows, cols = system.shape(steps[0].unknown)
    found = collect(residual, steps[0].unknown, rows, cols) if residual is not None else None
    if found is not None and len(system.pieces) == 1 and len(found.plain) == 2 and residual is not None:
        (a, b), (c, d) = found.plain
        if identity_multiple(a) is not None:
            (a, b), (c, d) = (c, d), (a, b)
        if identity_multiple(b) is not None and identity_multiple(c) is not None and a.rows == rows and d.cols == cols:
            left, right = a * b if b.scalar else a, d
            if right == left.T:
                return f"no two eigenvalues of {display(left)} add up to zero"
            return f"no eigenvalue of {display(left)} is minus an eigenvalue of {display(right)}"
        if (
            residual.rows == rows
            and residual.cols == cols
            and identity_multiple(c) is not None
            and identity_multiple(d) is not None
        ):
            return (
                f"no product of an eigenvalue of {display(a)} with one of {display(b)} equals "
                f"{'1' if _negative(c, d) else '-1'}"
            )
    square = residual is not None and (residual.rows, residual.cols) == (rows, cols)
    return f"{display(kron)} {'is invertible' if square else 'has full column rank'}"


def _negative(c: Poly, d: Poly) -> bool:
    s, t = identity_multiple(c), identity_multiple(d)
    return s is not None and t is not None and w.content(s * t)[0] < 0


# -- what is said --------------------------------------------------------------------------------------------------


def inverse_conditions(system: MatrixSystem, values: dict[str, Poly]) -> tuple[list[str], bool]:
    """Conditions under which every inverse in the formulas exists, and whether all are known to suffice."""
    seen, out, known = set[str](), list[str](), True

    def walk(p: Poly) -> None:
        nonlocal known
        for m, word in p.terms:
            for l in word:
                for a in l.args:
                    if isinstance(a, Poly):
                        walk(a)
                if l.kind == "inv" and l.key not in seen:
                    seen.add(l.key)
                    visit(l.args[0])
            for a, e in m:
                for x in a.args:
                    if isinstance(x, Poly):
                        walk(x)
                if a.kind == "tr":
                    walk(_word_poly(a.args[0]))
                if e < 0 and (s := sign(w.of_atom(a), system.facts)) not in (2, -2):
                    known = known and s is not None
                    out.append(f"{display(w.of_atom(a))} is not zero")

    def visit(p: Poly) -> None:
        nonlocal known
        s = p.single()
        if s and len(s[2]) == 1 and "invertible" in s[2][0].flags:
            return
        level = definite(p, system.facts) if w.is_symmetric(p) else None
        if level is None or not level.strict:
            known = False
            out.append(f"{display(p)} is invertible")
        else:
            out.extend(c for c in level.conditions if not _granted(c, system))

    for value in values.values():
        walk(value)
    return list(dict.fromkeys(out)), known


def _word_poly(word: w.Word) -> Poly:
    return Poly(word[0].rows, word[-1].cols, {((), word): w.Fraction(1)})


def _granted(condition: str, system: MatrixSystem) -> bool:
    """Was the rank condition declared of the name itself?"""
    subject, _, rest = condition.partition(" has ")
    flags = system.flags(subject)
    return rest in flags or ("full rank" in flags and rest.startswith("full"))


def _answer(
    system: MatrixSystem, steps: list[Step], values: dict[str, Poly], order: tuple[str, ...], rewritten: bool
) -> Attempt:
    shape = convexity(system)
    given = inverse_conditions(system, {"": system.loss})[0]
    conditions, known = inverse_conditions(system, values)
    special = _two_sided_condition(system, steps)
    constrained = any(c.kind == "zero" for c in system.constraints)
    if shape and shape.strict is not None and not constrained and (conditions or not known):
        conditions = [*given, *(c for c in shape.strict if not _granted(c, system))]
    if special and (conditions or not known):
        conditions = [special]
    reason = shape.reason if shape else ""
    findings = list[Finding]()
    if shape is None:
        reason, extra = _otherwise(system, steps)
        if reason is None:
            return Attempt(name, "declined", "the critical point was found, but nothing shows that it is a minimum")
        conditions += [c for c in extra if c not in conditions]
    bad = _domain(system, values)
    if isinstance(bad, str):
        return Attempt(name, "declined", bad)
    conditions += [c for c in bad if c not in conditions]
    for c in system.constraints:
        if c.kind == "zero":
            rank = _constraint_rank(c.left, system)
            if rank and rank not in conditions:
                conditions.insert(0, rank)
    conditions = _tidy(conditions)
    source, plan, cost = solver(system, [(u, values[u]) for u in order], constrained, [s.solution.kind for s in steps])
    shown = {u: written(values[u], system) for u in system.unknowns}
    listed = ", ".join(f"{u} = {t}" for u, t in shown.items())
    proof = certificate(system, values, order, conditions)
    if proof is None and not rewritten:
        return Attempt(name, "failed", "the formula neither rewrote the equations to zero nor could the kernel test it")
    findings.append(
        finding(
            "stationary matrices",
            constrained=constrained,
            formula=listed,
            conditions=tuple(conditions),
            means="rewritten" if rewritten else "kronecker" if _kronecker(steps) else "inverted",
        )
    )
    if proof is not None:
        findings.append(finding("stationary at random matrices", "proved", certificate=0))
    findings.append(finding("global minimum of the matrices", reason=reason))
    if plan == "least squares":
        findings += _rank_statements(conditions)
    formula = Formula(
        FrozenMap(shown),
        r",\quad ".join(rf"\hat {latex(system.unknown(u))} = {latex(values[u])}" for u in system.unknowns),
        tuple(conditions),
        reason,
        FrozenMap(cost),
        source,
    )
    simple = all(system.shape(u) == (ONE, ONE) for u in system.unknowns) and "inv(" not in listed
    return Attempt(
        name,
        "solved",
        "stationarity is affine and was solved by inverses",
        formula=formula,
        complete=True,
        minimiser="closed" if reason else None,
        expression_class="rational" if simple else "linear_algebra",
        scope="formula",
        findings=tuple(findings),
        certificates=(proof,) if proof else (),
        details=FrozenMap(_details(plan, system)),
    )


def _tidy(conditions: list[str]) -> list[str]:
    """Conditions without those that others imply."""
    ranks = {c for c in conditions if c.endswith(" rank")}
    nonzero = [c.removesuffix(" is not zero") for c in conditions if c.endswith(" is not zero")]
    vectors = {v for v in nonzero if v.isidentifier()}
    conditions = [
        c for c in conditions if not any(c.startswith(f"{v}'*") and c.endswith(f"*{v} is not zero") for v in vectors)
    ]
    return [c for c in dict.fromkeys(conditions) if not (c.endswith(" is invertible") and len(ranks) > 1)]


def _constraint_rank(left: Poly, system: MatrixSystem) -> str | None:
    if len(system.unknowns) != 1:
        return None
    u = system.unknowns[0]
    found = collect(left, u, *system.shape(u))
    if found is None or len(found.plain) != 1:
        return None
    a = found.plain[0][0]
    if a.rows == ONE or a.scalar:
        return None if "ones(" in a.key else f"{display(a.T)} is not zero"
    if identity_multiple(a) is not None:
        return None
    text = f"{display(a)} has full row rank"
    return None if _granted(text, system) else text


def written(p: Poly, system: MatrixSystem) -> str:
    """The value as text; a single square as a square."""
    squares = gram(p, system.facts) if len(p.terms) > 2 else None
    if squares is not None and len(squares) == 1 and squares[0][2] is None and len(squares[0][1].terms) > 1:
        c, r, _ = squares[0]
        k, _ = w.content(r)
        c, r = w.scale(c, k * k), w.scale(r, 1 / k)
        body = f"||{display(r)}||^2" if p.scalar else f"({display(r)})'*({display(r)})"
        lead = display(c)
        return body if lead == "1" else f"{body}/{lead[2:]}" if lead.startswith("1/") else f"{lead}*{body}"
    return display(p)


def _domain(system: MatrixSystem, values: dict[str, Poly]) -> str | list[str]:
    """Why the value may leave the domain declared of the unknown (definiteness, sign); else the conditions it needs."""
    conditions = list[str]()
    for u, value in values.items():
        flags = system.flags(u) | {c.kind for c in system.constraints if c.left == system.unknown(u)}
        if flags & {"spd", "psd"}:
            found = _from_squares(system, u, value)
            level = definite(value, system.facts) if found is None else None
            if found is None and level is None:
                return f"nothing shows that {w.shown(value)} is positive definite"
            if "spd" in flags:
                conditions += [found] if found else level.conditions if level is not None else ()
        if flags & {"positive", "nonnegative"} or u in system.facts.positive | system.facts.nonnegative:
            s = sign(value, system.facts) if value.scalar else None
            if s is None or s < 1:
                return f"nothing shows that {w.shown(value)} is positive"
            if s == 1 and (u in system.facts.positive or "positive" in flags):
                squares = gram(value, system.facts)
                conditions.append(
                    f"{display(squares[0][1])} is not zero"
                    if squares and len(squares) == 1
                    else f"{display(value)} is not zero"
                )
    return conditions


def _from_squares(system: MatrixSystem, u: str, value: Poly) -> str | None:
    """The condition under which the value is definite, where it is a weighted sum of R R' from squares R' U^-1 R."""
    turned = w.inverse(system.unknown(u)) if not system.unknown(u).scalar else None
    total, factors = w.zeros(value.rows, value.cols), list[str]()
    for piece in system.pieces:
        if (
            turned is None
            or piece.residual is None
            or piece.metric != turned
            or sign(piece.coefficient, system.facts) != 2
        ):
            continue
        total = total + piece.coefficient * piece.residual * piece.residual.T
        factors.append(display(piece.residual.T))
    if total.zero or value.zero:
        return None
    (m, word), c = next(iter(total.terms.items()))
    same = [(n, x) for (n, other), x in value.terms.items() if other == word]
    ratios = [Poly(ONE, ONE, {(n, ()): x / c}) * w.power(Poly(ONE, ONE, {(m, ()): w.Fraction(1)}), -1) for n, x in same]
    if not any(r * total == value and sign(r, system.facts) == 2 for r in ratios):
        return None
    return full_column_rank([f if " " not in f else f"({f})" for f in factors])


def _otherwise(system: MatrixSystem, steps: list[Step]) -> tuple[str | None, list[str]]:
    """Minimality where the loss is not jointly convex: one unknown after the other, or the Hessian as a condition."""
    partial = replace(system)
    reasons, conditions = list[str](), list[str]()
    for step in steps:
        u = step.unknown
        if u not in system.unknowns:
            continue
        inner = convexity(partial, (u,))
        if inner is not None:
            reasons.append(f"{inner.reason.partition(':')[0]} in {u}")
        elif (turned := _in_inverse(partial, u)) is not None:
            reasons.append(f"{turned} in the inverse of {u}")
        else:
            pivots = step.solution.pivots
            if len(system.unknowns) == 1 and not step.cleared and len(pivots) <= 1 and system.gradient:
                found = collect(system.gradient[u], u, *system.shape(u))
                if found and len(found.plain) == 1 and all(c.kind == "zero" for c in system.constraints):
                    a, b = found.plain[0]
                    s = identity_multiple(b)
                    h = a * s if s is not None else None
                    if h is not None and w.is_symmetric(h) and definite(-h, system.facts) is not None:
                        return "", []  # concave: a maximum
                    if h is not None and w.is_symmetric(h):
                        return f"convex when {display(h)} is positive definite", [f"{display(h)} is positive definite"]
            return None, []
        partial = replace(
            partial,
            pieces=tuple(
                replace(
                    p,
                    coefficient=w.substitute(p.coefficient, {u: step.solution.value}),
                    value=w.substitute(p.value, {u: step.solution.value}),
                    residual=None if p.residual is None else w.substitute(p.residual, {u: step.solution.value}),
                    metric=None if p.metric is None else w.substitute(p.metric, {u: step.solution.value}),
                )
                for p in partial.pieces
            ),
        )
    if not reasons:
        return None, []
    joined = ", then ".join(reasons)
    return (f"minimised one unknown after the other: {joined}" if len(reasons) > 1 else joined), conditions


def _in_inverse(system: MatrixSystem, u: str) -> str | None:
    """Convexity after the change of variable V = U^-1 (or 1/u), which keeps critical points and minima."""
    p = system.unknown(u)
    if not p.scalar and not {"spd"} & system.flags(u):
        return None
    turned = w.inverse(p)
    pieces = tuple(
        replace(
            q,
            coefficient=w.substitute(q.coefficient * q.value, {u: turned}),
            value=w.constant(1),
            residual=None,
            metric=None,
        )
        for q in system.pieces
    )
    pieces = tuple(replace(q, coefficient=w.constant(1), value=q.coefficient) for q in pieces)
    found: Convexity | None = convexity(replace(system, pieces=pieces), (u,))
    return found.reason.partition(":")[0] if found else None


def _rank_statements(conditions: list[str]) -> list[Finding]:
    out = list[Finding]()
    if any(c.endswith("full column rank") for c in conditions):
        rank = next(c for c in conditions if c.endswith("full column rank"))
        design = rank.removesuffix(" has full column rank")
        out.append(finding("least-norm family", design=design))
    return out


def _details(plan: str, system: MatrixSystem) -> dict[str, object]:
    if plan != "least squares":
        return {}
    return {
        "gradient_descent": {
            "flops per iteration": "4*n*k",
            "iterations": ("(kappa/2)*log(1/epsilon), kappa the condition number of the Hessian"),
            "closed form": "2*n*k**2 + k**3/3",
            "crossover": "the closed form costs less once (kappa/2)*log(1/epsilon) > k/2, for n much larger than k",
        }
    }
