"""Formulas in radicals for polynomials whose coefficients are symbols: degrees up to 4, powers, Dickson forms.

Every formula is proved by the kernel's tower: it makes the polynomial zero for all values of the parameters (complex
ones too) at which nothing that it divides by vanishes; those conditions come with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import comb

from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from closedform.algebra.radicals.terms import HALF, I, Unresolved, negate, plain_root, rational_root, unity
from closedform.frozen import record
from closedform.kernel.algebra.tower import Relation, prove_zero
from closedform.kernel.expressions.substitution import substitute
from closedform.kernel.expressions.tree import MINUS, ONE, ZERO, Tree, add, head_of, mul, power
from closedform.kernel.reading import Refused

MAX_TERMS = 400


@record
class SymbolicRoot:
    """One root as a tree, proved under its ``conditions``; with ``real`` it is a real number under them."""

    exact: Tree
    conditions: tuple[Relation, ...]
    real: bool = False


@record
class SymbolicFactor:
    """A factor irreducible over Q(parameters): its coefficients (constant first), degree, and the roots found.

    ``roots`` are all of its roots, once each, or empty where no formula was found (``reason`` then says why; that
    proves nothing). ``real_roots`` are further forms of the same roots with conditions under which they are real.
    """

    coefficients: tuple[Tree, ...]
    roots: tuple[SymbolicRoot, ...]
    real_roots: tuple[SymbolicRoot, ...]
    multiplicity: int
    reason: str = ""

    @property
    def degree(self) -> int:
        return len(self.coefficients) - 1


class _Ring:
    """Q[parameters][x]: anything that is not a polynomial operation is a parameter of its own."""

    def __init__(self, polynomial: Tree, unknown: str) -> None:
        self.unknown, self.atoms = unknown, list[Tree]()
        self._scan(polynomial)
        self.context = fmpq_mpoly_ctx.get(["x", *(f"p{i}" for i in range(len(self.atoms)))], Ordering.lex)
        self.top, self.bottom = self._read(polynomial)

    def _scan(self, tree: Tree) -> None:
        if isinstance(tree, fmpq) or tree == self.unknown:
            return
        head = head_of(tree)
        args = list(tree[1:]) if isinstance(tree, tuple) else []
        if head in ("+", "*"):
            for a in args:
                self._scan(a)
        elif head == "^" and isinstance(args[1], fmpq) and args[1].q == 1:
            self._scan(args[0])
        elif tree not in self.atoms:
            self.atoms.append(tree)

    def _read(self, tree: Tree) -> tuple[fmpq_mpoly, fmpq_mpoly]:
        one = self.context.constant(1)
        if isinstance(tree, fmpq):
            return self.context.constant(tree), one
        if tree == self.unknown:
            return self.context.gens()[0], one
        if tree in self.atoms:
            return self.context.gens()[1 + self.atoms.index(tree)], one
        head, args = head_of(tree), tree[1:]
        if head == "^" and isinstance(args[1], fmpq):
            (a, b), n = self._read(args[0]), int(args[1].p)
            return (a**n, b**n) if n >= 0 else (b**-n, a**-n)
        parts = [self._read(a) for a in args]
        a, b = parts[0]
        for c, d in parts[1:]:
            a, b = (a * d + c * b, b * d) if head == "+" else (a * c, b * d)
        return a, b

    def tree(self, p: fmpq_mpoly) -> Tree:
        """A polynomial in the parameters, as a tree, with its rational content in front."""
        terms = list[Tree]()
        for exponents, c in p.terms():
            powers = [power(a, fmpq(int(e))) for a, e in zip(self.atoms, list(exponents)[1:], strict=True) if e]
            terms.append(mul(fmpq(c), *powers))
        return add(*terms) if terms else ZERO

    def coefficients(self, p: fmpq_mpoly) -> list[fmpq_mpoly]:
        """By powers of the unknown, constant first."""
        out = [dict[tuple[int, ...], fmpq]() for _ in range(int(p.degrees()[0]) + 1)]
        for exponents, c in p.terms():
            e = tuple(map(int, exponents))
            out[e[0]][(0, *e[1:])] = fmpq(c)
        return [self.context.from_dict(d) for d in out]


def radical_formulas(polynomial: Tree, unknown: str) -> tuple[SymbolicFactor, ...]:
    """The factors over Q(parameters) of a polynomial (or rational function) in the unknown, each with its formulas.

    >>> from closedform.algebra.radicals.terms import text
    >>> quadratic = ("+", ("*", "a", ("^", "x", fmpq(2))), ("*", "b", "x"), "c")
    >>> [text(r.exact) for r in radical_formulas(quadratic, "x")[0].roots]
    ['(sqrt(b**2 - 4*a*c) - b)/(2*a)', '(-b - sqrt(b**2 - 4*a*c))/(2*a)']
    """
    ring = _Ring(polynomial, unknown)
    if ring.top.is_zero() or len(ring.top) > MAX_TERMS:
        raise Unresolved("the polynomial is zero or too large")
    out = list[SymbolicFactor]()
    for factor, multiplicity in ring.top.factor()[1]:
        if factor.degrees()[0] < 1:
            continue
        parts = ring.coefficients(factor)
        coefficients = tuple(ring.tree(c) for c in parts)
        try:
            roots, real = _roots(ring, parts)
        except Unresolved as fault:
            out.append(SymbolicFactor(coefficients, (), (), int(multiplicity), str(fault)))
            continue
        whole = add(*(mul(c, power(unknown, fmpq(k))) if k else c for k, c in enumerate(coefficients)))
        try:
            proved = tuple(_proved(whole, unknown, r) for r in roots)
            real_proved = tuple(_proved(whole, unknown, r) for r in real)
        except Refused as fault:
            out.append(SymbolicFactor(coefficients, (), (), int(multiplicity), f"not proved: {fault}"))
            continue
        out.append(SymbolicFactor(coefficients, proved, real_proved, int(multiplicity)))
    return tuple(out)


def _proved(whole: Tree, unknown: str, root: SymbolicRoot) -> SymbolicRoot:
    missing = prove_zero(substitute(whole, {unknown: root.exact}), list(root.conditions))
    extra = tuple(("!=", m, ZERO) for m in missing)
    return SymbolicRoot(root.exact, (*root.conditions, *extra), root.real)


def _roots(ring: _Ring, c: list[fmpq_mpoly]) -> tuple[list[SymbolicRoot], list[SymbolicRoot]]:
    """All roots of the polynomial with these coefficients, and forms of them that are real under conditions."""
    n = len(c) - 1
    needed = _Needed()
    needed.say(ring.tree(c[-1]))
    plain = _general(ring, c, needed)
    real = _real_cubic(ring, c, needed) if n == 3 else []
    return [SymbolicRoot(t, tuple(needed.conditions)) for t in plain], real


@dataclass
class _Needed:
    """What the formulas divide by."""

    conditions: list[Relation] = field(default_factory=list[Relation])

    def say(self, tree: Tree) -> None:
        if not isinstance(tree, fmpq) and ("!=", tree, ZERO) not in self.conditions:
            self.conditions.append(("!=", tree, ZERO))


def _general(ring: _Ring, c: list[fmpq_mpoly], needed: _Needed) -> list[Tree]:
    n, tree, lead = len(c) - 1, ring.tree, c[-1]
    if n == 1:
        return [_over(tree(-c[0]), tree(lead))]
    if n == 2:
        disc = c[1] * c[1] - 4 * c[0] * lead
        root = _square_root(ring, disc)
        return [_over(add(tree(-c[1]), r), tree(2 * lead)) for r in (root, negate(root))]
    step = next((k for k in range(n, 1, -1) if n % k == 0 and all(c[i].is_zero() for i in range(n + 1) if i % k)), 1)
    if step > 1:
        inner = _general(ring, c[::step], needed)
        return [mul(unity(fmpq(k, step)), _root(t, step)) for t in inner for k in range(step)]
    shift, depressed = _depress(ring, c)
    if n == 3:
        q, p = _monic(ring, depressed)[:2]
        return [add(t, shift) for t in _cubic(q, p, needed)]
    if n == 4:
        r, q, p = _monic(ring, depressed)[:3]
        return [add(t, shift) for t in _quartic(r, q, p, needed)]
    if all(c[i].is_zero() for i in range(n + 1)):
        raise Unresolved("a constant polynomial")
    short = next(
        (k for k in range(n, 1, -1) if n % k == 0 and all(depressed[i].is_zero() for i in range(n + 1) if i % k)), 1
    )
    if short > 1:
        return [add(t, shift) for t in _general(ring, depressed, needed)]
    found = _dickson(ring, depressed, needed)
    if found is None:
        raise Unresolved(f"degree {n} in the unknown, and no decomposition was found")
    return [add(t, shift) for t in found]


def _over(a: Tree, b: Tree) -> Tree:
    if isinstance(b, fmpq):
        return mul(1 / b, a)
    return mul(a, power(b, MINUS)) if a != ZERO else ZERO


def _root(a: Tree, k: int) -> Tree:
    return rational_root(a, k) if isinstance(a, fmpq) else plain_root(a, k)


def _square_root(ring: _Ring, a: fmpq_mpoly) -> Tree:
    """sqrt of a polynomial in the parameters, rational squares drawn out."""
    if a.is_constant():
        return _root(ring.tree(a), 2)
    content, rest = fmpq(1), ring.tree(a)
    whole = [int(v) for v in (abs(fmpq(c).p) for c in a.coeffs())]
    for square in (16, 9, 4, 25, 49):
        root = fmpq(round(square**0.5))
        while all(v % square == 0 for v in whole) and all(fmpq(v).q == 1 for v in a.coeffs()):
            whole, content = [v // square for v in whole], content * root
    return mul(content, ("sqrt", ring.tree(a / (content * content)) if content != 1 else rest))


def _depress(ring: _Ring, c: list[fmpq_mpoly]) -> tuple[Tree, list[fmpq_mpoly]]:
    """-b/(n a), and f(y - b/(n a)) up to a factor: its coefficients over one denominator."""
    n, a, b = len(c) - 1, c[-1], c[-2]
    out = list[fmpq_mpoly]()
    for k in range(n + 1):  # sum_j c_j binom(j, k) (-b)^(j-k) (n a)^(n-1-(j-k)) : multiplied through by (n a)^(n-1)
        total = ring.context.constant(0)
        for j in range(k, n + 1):
            power_left = n - 1 - (j - k)
            if j == n and k == 0:  # c_n (-b)^n / (n a) = (-b)^n / n
                total += (-b) ** n * fmpq(1, n)
            else:
                total += c[j] * comb(j, k) * (-b) ** (j - k) * (n * a) ** power_left
        out.append(total)
    common = out[-1]
    for d in out:
        common = common if d.is_zero() else common.gcd(d)
    return _over(ring.tree(-b), ring.tree(n * a)), [d / common for d in out]


def _monic(ring: _Ring, d: list[fmpq_mpoly]) -> list[Tree]:
    """The coefficients over the leading one, constant first."""
    out = list[Tree]()
    for x in d[:-1]:
        common = d[-1] if x.is_zero() else x.gcd(d[-1])
        top, bottom = x / common, d[-1] / common
        if bottom.leading_coefficient() != 1:
            scale = bottom.leading_coefficient()
            top, bottom = top / scale, bottom / scale
        out.append(_over(ring.tree(top), ring.tree(bottom)))
    return out


def _power(t: Tree, k: int) -> Tree:
    return t**k if isinstance(t, fmpq) else power(t, fmpq(k))


def _cube_roots_of_unity() -> list[Tree]:
    half_root = mul(HALF, I, ("sqrt", fmpq(3)))
    return [ONE, add(-HALF, half_root), add(-HALF, negate(half_root))]


def _cubic(q: Tree, p: Tree, needed: _Needed) -> list[Tree]:
    units = _cube_roots_of_unity()
    if p == ZERO:
        return [mul(w, _root(negate(q), 3)) for w in units]
    needed.say(p)  # p = 0 makes the cube root vanish for one sign of the square root
    inside = add(mul(fmpq(1, 4), _power(q, 2)), mul(fmpq(1, 27), _power(p, 3)))
    t = _root(add(mul(-HALF, q), _root(inside, 2)), 3)
    return [add(mul(w, t), mul(fmpq(-1, 3), p, units[-k % 3], power(t, MINUS))) for k, w in enumerate(units)]


def _quartic(r: Tree, q: Tree, p: Tree, needed: _Needed) -> list[Tree]:
    """Ferrari; the resolvent cubic u^3 + 2p u^2 + (p^2 - 4r) u - q^2 by Cardano."""
    if q == ZERO:
        root = _root(add(_power(p, 2), mul(fmpq(-4), r)), 2)
        middle = [mul(HALF, add(negate(p), s)) for s in (root, negate(root))]
        return [mul(fmpq(s), _root(m, 2)) for m in middle for s in (1, -1)]
    needed.say(q)
    pp = _power(p, 2)
    cubic_p = add(mul(fmpq(-1, 3), pp), mul(fmpq(-4), r))
    cubic_q = add(mul(fmpq(-2, 27), _power(p, 3)), mul(fmpq(8, 3), p, r), negate(_power(q, 2)))
    u = add(_cubic(cubic_q, cubic_p, needed)[0], mul(fmpq(-2, 3), p))
    w = _root(u, 2)
    out = list[Tree]()
    for sign in (1, -1):
        v = _root(add(negate(u), mul(fmpq(-2), p), mul(fmpq(-2 * sign), q, power(w, MINUS))), 2)
        out += [mul(HALF, add(mul(fmpq(sign), w), mul(fmpq(other), v))) for other in (1, -1)]
    return out


def _real_cubic(ring: _Ring, c: list[fmpq_mpoly], needed: _Needed) -> list[SymbolicRoot]:
    """The real root where q^2/4 + p^3/27 > 0: x = t - p/(3t), t = (-q/2 + s)^(1/3) or -(q/2 + s)^(1/3), both real."""
    shift, depressed = _depress(ring, c)
    q, p = _monic(ring, depressed)[:2]
    if p == ZERO:
        forms = [(_root(negate(q), 3), ((">", negate(q), ZERO),)), (negate(_root(q, 3)), ((">", q, ZERO),))]
        return [SymbolicRoot(add(t, shift), conditions, True) for t, conditions in forms]
    inside = add(mul(fmpq(1, 4), power(q, fmpq(2))), mul(fmpq(1, 27), power(p, fmpq(3))))
    s, one_real = _root(inside, 2), (">", inside, ZERO)
    out = list[SymbolicRoot]()
    for t, sign in ((_root(add(mul(-HALF, q), s), 3), negate(q)), (negate(_root(add(mul(HALF, q), s), 3)), q)):
        tree = add(t, mul(fmpq(-1, 3), p, power(t, MINUS)), shift)
        for condition in ((">", p, ZERO), (">", sign, ZERO)):
            out.append(SymbolicRoot(tree, (*needed.conditions[:1], one_real, condition), True))
    return out


def _dickson(ring: _Ring, d: list[fmpq_mpoly], needed: _Needed) -> list[Tree] | None:
    """x = u + a/u, u^n = b/2 + sqrt(b^2/4 - a^n), for d = lead*(D_n(x, a) - b)."""
    n, lead = len(d) - 1, d[-1]
    numerator, denominator = -d[n - 2], n * lead  # a
    for i in range(2, (n - 1) // 2 + 1):
        expected = fmpq(n, n - i) * comb(n - i, i) * (-1) ** i
        if d[n - 2 * i] * denominator**i != numerator**i * lead * expected:
            return None
    if any(not d[n - k].is_zero() for k in range(1, n, 2)):
        return None
    a = _monic(ring, [numerator, denominator])[0]
    needed.say(a)
    whole = negate(_monic(ring, d)[0])
    b = whole if n % 2 else add(whole, mul(fmpq(2 * (-1) ** (n // 2)), power(a, fmpq(n // 2))))
    inside = add(mul(fmpq(1, 4), power(b, fmpq(2))), negate(power(a, fmpq(n))))
    u = _root(add(mul(HALF, b), _root(inside, 2)), n)
    return [add(mul(unity(fmpq(k, n)), u), mul(unity(fmpq(-k, n)), a, power(u, MINUS))) for k in range(n)]
