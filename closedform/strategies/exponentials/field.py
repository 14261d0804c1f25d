"""From a stationarity system to polynomials: which exponentials occur, and the derivatives as quotients of polynomials.

Every exponential of a rational-linear form in products of names becomes a positive unknown t = exp(scale*product),
scale being the largest rational of which all exponents are integer multiples. The translation itself is the kernel's
(``kernel.exponentials.Field``), so that what is solved is what a certificate speaks of.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import gcd, lcm

from flint import fmpq, fmpz_mpoly

from closedform.algebra import bridge
from closedform.frozen import record
from closedform.kernel.algebra.exponentials import Field, Key, Quotient
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.tree import Tree, as_integer
from closedform.kernel.reading import Json, Refused, refuse
from closedform.problem import Problem
from closedform.statement import columns_of, statement
from closedform.stationarity.scalar import Stationarity
from closedform.stationarity.text.exponential_rows import exponential_rows
from closedform.stationarity.text.system import TextLoss, TextSystem

MAX_TREE = 20_000  # rows that are looked at
MAX_DEGREE = 1_500  # of the common denominator in one exponential
MAX_PRODUCTS = 24  # of the numbers of different exponents, in several exponentials


class NotExponential(Exception):
    """The system is not rational in the unknowns and in exponentials of linear forms; the message says why."""


@record
class ExponentialSystem:
    """A system in a field: ``quotients`` are the equations, one an unknown when they are a gradient.

    ``of`` says for each unknown which generator determines it: (t, scale) means unknown = log(t)/(scale*rest), where
    ``rest`` is a product of parameters; None for an unknown that is itself a generator.
    """

    system: Stationarity | TextLoss
    field: Field
    quotients: tuple[Quotient, ...]
    loss: Tree | None
    of: Mapping[str, tuple[str, fmpq, tuple[str, ...]] | None]
    parameters: tuple[str, ...]  # generators that are not determined by the system

    @property
    def generators(self) -> tuple[str, ...]:
        """The names of the generators to solve for."""
        return tuple(n for n in self.field.names if n not in self.parameters)


def without_exponentials(system: Stationarity | TextLoss) -> str | None:
    """A sentence when no exponential of an unknown can be in the system, else None."""
    if system.kind in ("polynomial", "rational", "algebraic", "piecewise", "sum"):
        return "no exponential of an unknown occurs"
    return None


def setting(system: Stationarity | TextLoss) -> ExponentialSystem:
    """The system over its field; raises ``NotExponential``."""
    unknowns = [u.name for u in system.unknowns]
    try:
        loss = system.tree if isinstance(system, TextLoss) else _loss_tree(system)
        equations = [] if loss is not None else [kernel.read(bridge.to_tree(e)) for e in system.equations]
        trees = equations or [differentiate(loss, u) for u in unknowns if loss is not None]
        positive = positive_names(system)
        return build(system, loss, trees, unknowns, columns_of(system.problem), positive)
    except (Refused, bridge.NoTranslation) as reason:
        raise NotExponential(str(reason)) from reason


def positive_names(system: Stationarity | TextSystem) -> set[str]:
    """The unknowns and parameters that are positive by what is assumed of them."""
    if isinstance(system, TextSystem):  # nothing bounds its unknowns
        return set()
    return {s.name for s in (*system.unknowns, *system.parameters) if s.is_positive}


def _loss_tree(system: Stationarity) -> Tree | None:
    return None if system.loss is None else kernel.read(bridge.to_tree(system.loss))


def answers_without_sympy(problem: Problem) -> bool:
    """Is the loss one over rows, made of exponentials whose exponents are few and small enough for an elimination?"""
    system = exponential_rows(problem)
    if system is None:
        return False
    try:
        exponentials([differentiate(system.tree, u) for u in problem.unknowns], {}, bounded=True)
    except (NotExponential, Refused):
        return False
    return True


def build(
    system: Stationarity | TextLoss,
    loss: Tree | None,
    trees: list[Tree],
    unknowns: list[str],
    columns: Mapping[str, list[fmpq]],
    positive: set[str],
) -> ExponentialSystem:
    """The field of the given equations; raises ``NotExponential`` or ``Refused``."""
    scales, names = exponentials(trees, columns, bounded=True)
    if not scales:
        raise NotExponential("no exponential of an unknown occurs")
    of: dict[str, tuple[str, fmpq, tuple[str, ...]] | None] = {}
    for key, (t, scale) in scales.items():
        inside = [n for n in key if n in unknowns]
        if len(inside) > 1 or (inside and inside[0] in of):
            raise NotExponential(f"{', '.join(inside)} stands in exponents that are no multiples of each other")
        if inside:
            if inside[0] in names:
                raise NotExponential(f"{inside[0]} stands both inside and outside an exponential")
            of[inside[0]] = (t, scale, tuple(n for n in key if n != inside[0]))
    for u in unknowns:
        if u not in of:
            of[u] = None
            names |= {u}
    if not any(of.values()):
        raise NotExponential("no exponential of an unknown occurs")
    field = Field(scales, sorted(names), columns)
    field.positive |= {n for n in names if n in positive or n.endswith(")")}
    fixed = {u for u, w in of.items() if w is None} | {w[0] for w in of.values() if w is not None}
    quotients = tuple(field.quotient(t, {}) for t in trees)
    return ExponentialSystem(system, field, quotients, loss, of, tuple(n for n in field.names if n not in fixed))


def exponentials(
    trees: list[Tree], columns: Mapping[str, list[fmpq]], bounded: bool = False
) -> tuple[dict[Key, tuple[str, fmpq]], set[str]]:
    """The scales of all exponentials in the trees, and the names that stand outside exponents.

    ``bounded`` raises ``NotExponential`` where the common denominator would be too large for an elimination.
    """
    probe = Field({}, [], columns)
    found: dict[Key, list[fmpq]] = {}
    names = set[str]()
    for t in trees:
        _collect(t, {}, probe, found, names)
    if bounded:
        _bound(found)
    taken = names | {n for key in found for n in key}
    scales: dict[Key, tuple[str, fmpq]] = {}
    for key in sorted(found):
        t = "t" if len(found) == 1 else f"t{len(scales)}"
        while t in taken:
            t += "_"
        if key == ():
            refuse("the exponential of a number is transcendental")
        scales[key] = (t, common_measure(found[key]))
    return scales, names


def _collect(tree: Tree, values: dict[str, fmpq], probe: Field, found: dict[Key, list[fmpq]], names: set[str]) -> None:
    if isinstance(tree, fmpq):
        return
    if isinstance(tree, str):
        if tree not in values:
            names.add(tree)
        return
    head, args = str(tree[0]), tree[1:]
    if head == "@":
        return
    if head == "sum":
        low, high = (as_integer(probe.expand(a, values).get((), fmpq(0))) for a in args[1:3])
        if low is None or high is None or high - low > MAX_TREE:
            refuse("a sum has no bounds that are numbers")
        for i in range(low, high + 1):
            _collect(args[3], {**values, str(args[0]): fmpq(i)}, probe, found, names)
        return
    exponent: Tree | None = None
    if head in ("exp", "tanh", "sinh", "cosh"):
        exponent = kernel.mul(fmpq(2 if head == "tanh" else 1), args[0])
    elif head == "^" and as_integer(args[1]) is None:
        if not isinstance(args[0], fmpq) or args[0] <= 0:
            refuse(f"not rational: {infix(tree)[:80]}")
        exponent = kernel.mul(args[1], ("log", args[0]))
    elif head == "log":
        names.update(key[0] for key in probe.expand(tree, values) if key)
        return
    elif head in ("pi", "e"):
        names.add(f"{head}()")
    elif head not in ("+", "*", "^"):
        refuse(f"{head} is not rational in the unknowns and their exponentials")
    if exponent is None:
        for a in args[:1] if head == "^" else args:
            _collect(a, values, probe, found, names)
        return
    for key, c in probe.expand(exponent, values).items():
        found.setdefault(key, []).append(c)


def _bound(found: Mapping[Key, list[fmpq]]) -> None:
    """Refuses exponents whose common denominator has too high a degree, or too many terms in several unknowns."""
    degree = 1.0
    for values in found.values():
        different = {str(abs(v)): abs(v) for v in values if v != 0}
        whole = sum(different.values(), fmpq(0)) / common_measure(values)
        if float(whole.p) / float(whole.q) > MAX_DEGREE:  # doses with four decimals: exponents of many thousands
            raise NotExponential("the exponents are too large for an elimination")
        degree *= max(1.0, float(whole.p) / float(whole.q)) if len(found) == 1 else max(1, len(different))
    if degree > (MAX_DEGREE if len(found) == 1 else MAX_PRODUCTS):
        raise NotExponential("the exponents take too many values for an elimination")


def common_measure(values: list[fmpq]) -> fmpq:
    """The largest rational of which all values are integer multiples."""
    below = lcm(*(int(v.q) for v in values))
    return fmpq(gcd(*(int(v.p) * (below // int(v.q)) for v in values)), below)


# -- for certificates --------------------------------------------------------------------------------------------


def polynomial_json(p: fmpz_mpoly) -> Json:
    return [[str(c), [str(e) for e in m]] for m, c in zip(p.monoms(), p.coeffs(), strict=True)]


def substitution_json(field: Field) -> Json:
    return [{"form": list(key), "name": t, "scale": str(scale)} for key, (t, scale) in field.scales.items()]


def statement_json(system: Stationarity | TextSystem) -> dict[str, Json]:
    """The statement for the kernel: the problem's own loss with its columns, before anything was rewritten."""
    problem = system.problem
    if problem.loss is None:
        raise NotExponential("estimating equations have no loss to state")
    out = statement(problem)
    positive = positive_names(system)
    if positive:
        out["relations"] = [[">", s.name, "0"] for s in system.unknowns if s.name in positive]
    return out
