"""A tree in radicals written out as a mathematician would: ``tidy`` gives the same number in a shorter form.

Every rewriting holds for principal values: positive rational factors are drawn out of roots, a^r a^s is a^(r+s), an
integer power goes into a product; numbers made of square roots of rationals, roots of unity and cosines of rational
angles are multiplied out; like terms are collected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from flint import fmpq, fmpq_poly, fmpz

from closedform.algebra.radicals.terms import HALF, content, cosine, scaled, text, unity
from closedform.kernel.expressions.angles import multiple_of
from closedform.kernel.expressions.tree import MINUS, ONE, ZERO, Tree, add, mul, power
from closedform.kernel.expressions.values import evaluate_complex

Monomial = tuple[tuple[Tree, fmpq], ...]  # atoms with exponents; the atom "z" to the power t is exp(2 pi i t)
Sum = dict[Monomial, fmpq]

TURN = "z"
MAX_EXPANDED, MAX_POWER, MAX_NESTED = 12, 3, 7


def tidy(trees: Sequence[Tree], names: Mapping[str, Tree] | None = None) -> list[Tree]:
    """The same numbers, names replaced by what they stand for.

    >>> half, six = fmpq(1, 2), ("sqrt", fmpq(6))
    >>> text(tidy([("*", six, ("+", ("sqrt", fmpq(2)), ("*", half, "y")))], {"y": six})[0])
    '3 + 2*sqrt(3)'
    """
    writer = _Tidy(names or {})
    return [_tree(writer.read(tree)) for tree in trees]


class _Tidy:
    def __init__(self, names: Mapping[str, Tree]) -> None:
        self.names, self.known = names, dict[Tree, Sum]()

    def read(self, tree: Tree) -> Sum:
        if isinstance(tree, fmpq):
            return _number(tree)
        if tree not in self.known:
            self.known[tree] = self._read(tree)
        return self.known[tree]

    def _read(self, tree: Tree) -> Sum:
        if isinstance(tree, str):
            return self.read(self.names[tree]) if tree in self.names else _atom(tree)
        if isinstance(tree, fmpq):
            return _number(tree)
        head, args = str(tree[0]), tree[1:]
        if head == "+":
            return _plus(self.read(a) for a in args)
        if head == "*":
            return _times([self.read(a) for a in args])
        if head == "sqrt":
            return _to_the(self.read(args[0]), HALF)
        if head == "^" and isinstance(args[1], fmpq):
            return _to_the(self.read(args[0]), args[1])
        if head == "I":
            return _atom(TURN, fmpq(1, 4))
        angle = multiple_of(args[0], ("I", "pi") if head == "exp" else ("pi",)) if len(args) == 1 else None
        if angle is not None and head == "exp":
            return _turned(angle / 2)
        if angle is not None and head == "cos":
            value = cosine(angle / 2)
            return _number(value) if isinstance(value, fmpq) else _atom(value)
        return _atom((head, *(_tree(self.read(a)) for a in args)))


# -- sums of monomials ---------------------------------------------------------------------------------------------


def _number(value: fmpq) -> Sum:
    return {(): value} if value != 0 else {}


def _atom(base: Tree, exponent: fmpq = ONE) -> Sum:
    return {((base, exponent),): ONE}


def _turned(by: fmpq) -> Sum:
    """exp(2 pi i by) as a root of unity of odd order or of order divisible by four, with a sign."""
    sign, by = ONE, by - by.floor()
    if by.q % 4 == 2 or (by.q % 4 == 0 and by > HALF):
        sign, by = MINUS, by - HALF
    if by == 0:
        return _number(sign)
    by -= by.floor()
    return {((TURN, by - 1 if by > HALF else by),): sign}


def _plus(parts: Iterable[Sum]) -> Sum:
    out: Sum = {}
    for part in parts:
        for m, c in part.items():
            out[m] = out.get(m, ZERO) + c
    return {m: c for m, c in out.items() if c != 0}


def _scaled(a: Sum, by: fmpq) -> Sum:
    return {m: c * by for m, c in a.items()} if by != 0 else {}


def _simple(a: Sum) -> bool:
    """Roots of rationals, roots of unity and cosines of rational angles only."""
    return all(isinstance(base, fmpq) or base == TURN or _is_cosine(base) for m in a for base, _ in m)


def _is_cosine(base: Tree) -> bool:
    return isinstance(base, tuple) and base[0] == "cos" and multiple_of(base[1], ("pi",)) is not None


def _times(factors: list[Sum]) -> Sum:
    if not all(factors):
        return {}
    size = 1
    for a in factors:
        size *= len(a)
    if size == 1 or (size <= MAX_EXPANDED and all(map(_simple, factors))):
        out = _number(ONE)
        for a in factors:
            out = _plus(_product(m, n, c * d) for m, c in out.items() for n, d in a.items())
        return out
    single, several = [a for a in factors if len(a) == 1], [a for a in factors if len(a) > 1]
    if len(several) == 1 and all(m == () for a in single for m in a):
        return _scaled(several[0], next(iter(_times(single).values()), ONE))
    product_ = _times(single)
    if len(product_) > 1:
        product_, several = _number(ONE), [*several, product_]
    for i, a in enumerate(several):
        folded = _folded(product_, a)
        if folded is not None:
            return _times([folded, *several[:i], *several[i + 1 :]])
    return _times([product_, *(_closed(a) for a in several)])


def _folded(single: Sum, a: Sum) -> Sum | None:
    """s sqrt(u) = sqrt(s^2 u) for s > 0, where that is shorter: both sums of square roots of rationals."""
    ((m, c),) = single.items()
    if not _simple(a) or any(base == TURN for k in a for base, _ in k):
        return None
    for base, e in m:
        if e == HALF and isinstance(base, tuple) and base[0] == "+":
            under = _Tidy({}).read(base)
            inside = _times([a, a, under])
            sign = evaluate_complex(_tree(a), {}).real
            if _simple(under) and len(inside) <= len(under) and (sign > 0 or sign < 0):
                rest = {tuple(i for i in m if i != (base, e)): c if sign > 0 else -c}
                folded = _times([rest, _root(inside, HALF)])
                return folded if _length(folded) < _length(_times([single, _closed(a)])) else None
    return None


def _length(a: Sum) -> int:
    return len(text(_tree(a)))


def _closed(a: Sum) -> Sum:
    """The sum as one monomial: a number times an atom whose rational or first term is positive."""
    whole = _tree(a)
    scale = content(whole) * _sign(a)
    return {((scaled(1 / scale, whole), ONE),): scale}


def _sign(a: Sum) -> fmpq:
    """That of the rational term, else of the first."""
    return ONE if a.get((), next(iter(a.values()))) > 0 else MINUS


def _product(m: Monomial, n: Monomial, c: fmpq) -> Sum:
    exponents = dict[Tree, fmpq]()
    for base, e in (*m, *n):
        exponents[base] = exponents.get(base, ZERO) + e
    rest, extra = list[tuple[Tree, fmpq]](), list[Sum]()
    cosines = list[Tree]()
    for base, e in exponents.items():
        if isinstance(base, fmpq):
            c *= base ** int(e.floor())
            e -= e.floor()
        if base == TURN:
            extra.append(_turned(e))
        elif _is_cosine(base) and e.q == 1 and e > 0:
            cosines += [base] * int(e.p)
        elif e != 0:
            rest.append((base, e))
    if len(cosines) == 1:
        rest.append((cosines[0], ONE))
    rest.sort(key=lambda item: not isinstance(item[0], fmpq))
    out: Sum = {tuple(rest): c}
    if len(cosines) > 1:
        extra.append(_cosines(cosines))
    for a in extra:
        out = _plus({_merged(k, l): c * d} for k, c in out.items() for l, d in a.items())
    return out


def _merged(m: Monomial, n: Monomial) -> Monomial:
    """Of monomials without common atoms; the turn first."""
    return (*(i for i in n if i[0] == TURN), *m, *(i for i in n if i[0] != TURN))


def _cosines(factors: list[Tree]) -> Sum:
    """2 cos a cos b = cos(a + b) + cos(a - b), until one is left in each term."""
    turns = {ZERO: ONE}
    for factor in factors:
        by = (multiple_of(factor[1], ("pi",)) or ZERO) / 2 if isinstance(factor, tuple) else ZERO
        after = dict[fmpq, fmpq]()
        for t, c in turns.items():
            for u in (t + by, t - by):
                after[u] = after.get(u, ZERO) + c / 2
        turns = after
    values = [(cosine(t), c) for t, c in turns.items()]
    return _plus(_number(v * c) if isinstance(v, fmpq) else {((v, ONE),): c} for v, c in values)


# -- powers --------------------------------------------------------------------------------------------------------


def _to_the(a: Sum, r: fmpq) -> Sum:
    if not a:
        return {} if r > 0 else _atom(("^", ZERO, r))
    if r.q == 1 and 0 <= r <= MAX_POWER and (len(a) == 1 or _simple(a)) and len(a) ** int(r.p) <= MAX_EXPANDED:
        return _times([a] * int(r.p)) if r > 0 else _number(ONE)
    if len(a) > 1 or r.q > 1:
        return _root(a, r)
    ((m, c),) = a.items()
    return _plus([_product(tuple((base, e * r) for base, e in m), (), c ** int(r.p))])


def _root(a: Sum, r: fmpq) -> Sum:
    """Positive rational factors drawn out; what is left is one atom to the power r."""
    if len(a) == 1:
        ((m, c),) = a.items()
        flip = next((base for base, e in m if _is_cosine(base) and e == 1), None)
        if all(isinstance(base, fmpq) for base, _ in m):  # a product of roots of positive numbers
            plain = _times([_power_of_number(abs(c), r), _product(tuple((b, e * r) for b, e in m), (), ONE)])
            return plain if c > 0 else _times([_turned(r / 2), plain])
        if c > 0 and len(m) == 1 and m[0][0] != TURN and 0 < m[0][1] <= 1:
            return _times([_power_of_number(c, r), _atom(m[0][0], m[0][1] * r)])
        if c < 0 and isinstance(flip, tuple):  # -cos t = cos(pi - t)
            turn = HALF - (multiple_of(flip[1], ("pi",)) or ZERO) / 2
            return _root({tuple((cosine(turn) if b == flip else b, e) for b, e in m): -c}, r)
    if r.p == 1 and (nested := _denested(a, int(r.q))) is not None:
        return nested
    whole = _tree(a)
    scale = content(whole) * (_sign(a) if r.q == 1 else ONE)
    if r.q <= 2:
        return _times([_power_of_number(scale, r), _atom(scaled(1 / scale, whole), r)])
    drawn = fmpq(_drawn(scale.p, int(r.q)), _drawn(scale.q, int(r.q)))
    return _times([_number(drawn ** int(r.p)), _atom(scaled(drawn ** -int(r.q), whole), r)])


def _denested(a: Sum, k: int) -> Sum | None:
    """The k-th root of a positive p + q sqrt(d) where it has that form itself, or is a sum of two square roots.

    With n = (p^2 - q^2 d)^(1/k) rational: for k = 2 it is sqrt((p + n)/2) +- sqrt((p - n)/2); for odd k it is
    (t +- sqrt(t^2 - 4n))/2, where Dickson's D_k(t, n) = 2p.
    """
    surd = next((m for m in a if m and all(isinstance(base, fmpq) and e == HALF for base, e in m)), None)
    if len(a) != 2 or surd is None or () not in a or (k > 2 and k % 2 == 0) or k > MAX_NESTED:
        return None
    p, q, d = a[()], a[surd], _product(surd, surd, ONE)[()]
    n = _exact_root(p * p - q * q * d, k)
    sign = ONE if q > 0 else MINUS
    if n is None or (p if n > 0 else q) < 0:
        return None
    if k == 2:
        return _plus([_root(_number((p + n) / 2), HALF), _scaled(_root(_number((p - n) / 2), HALF), sign)])
    before, now = fmpq_poly([2]), fmpq_poly([0, 1])
    for _ in range(k - 1):
        before, now = now, fmpq_poly([0, 1]) * now - n * before
    for factor, _ in (now - 2 * p).numer().factor()[1]:
        if factor.degree() == 1:
            t = fmpq(-factor[0], factor[1])
            found = _plus([_number(t / 2), _scaled(_root(_number(t * t - 4 * n), HALF), sign / 2)])
            back = found
            for _ in range(k - 1):
                back = _times([back, found])
            if back == a:
                return found
    return None


def _exact_root(value: fmpq, k: int) -> fmpq | None:
    """The rational k-th root, not negative for even k."""
    if k % 2 == 0 and value < 0:
        return None
    top, bottom = (fmpz(abs(v)).root(k) for v in (value.p, value.q))
    root = fmpq(top, bottom) * (ONE if value >= 0 else MINUS)
    return root if root**k == value else None


def _drawn(value: fmpz, k: int) -> fmpz:
    """The largest d (up to factors past trial division) whose k-th power divides the positive value."""
    out = fmpz(1)
    for prime, e in value.factor() if value.bit_length() < 200 else value.factor(trial_limit=100_000):
        out *= prime ** (int(e) // k)
    return out


def _power_of_number(c: fmpq, r: fmpq) -> Sum:
    """c^r for c > 0, or for an integer r."""
    if r.q == 1:
        return _number(c ** int(r.p))
    out = list[tuple[Tree, fmpq]]()
    for part, sign in ((c.p, 1), (c.q, -1)):
        factors = part.factor() if part.bit_length() < 200 else part.factor(trial_limit=100_000)
        out += [(fmpq(prime), r * int(e) * sign) for prime, e in factors if prime != 1]
    return _product(tuple(out), (), ONE)


# -- back to trees -------------------------------------------------------------------------------------------------


def _tree(a: Sum) -> Tree:
    return add(*(_term(m, c) for m, c in a.items())) if a else ZERO


def _term(m: Monomial, c: fmpq) -> Tree:
    """The factors, roots of one order of numbers and of one other radicand put under one root."""
    numbers, others = dict[fmpz, fmpq](), list[tuple[Tree, fmpq]]()
    turn: Tree = ONE
    for base, e in m:
        if isinstance(base, fmpq):
            whole = base ** int(e.p)
            numbers[e.q] = numbers.get(e.q, ONE) * whole
        elif base == TURN:
            turn = unity(e)
        else:
            others.append((base, e))
    factors = list[Tree]()
    for base, e in others:
        if e.q == 2 and abs(e.p) == 1 and e.q in numbers:
            inside = numbers.pop(e.q)
            base, c = scaled(inside, base), c * (inside if e < 0 else ONE)
        factors.append(("sqrt", base) if e == HALF else power(base, e))
    roots: list[Tree] = [("sqrt", v) if q == 2 else ("^", v, fmpq(1, q)) for q, v in numbers.items()]
    return mul(c, turn, *roots, *factors)
