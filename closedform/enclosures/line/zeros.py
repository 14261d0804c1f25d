"""All zeros of a smooth function of one real variable on an open interval, each isolated, with a proof that they are all.

At an end where the function is infinite, or at infinity, its growth proves one sign from some place on
(``growth.py``); between the two ends, boxes are cut until the function has no zero in a box, or is monotone there with
signs at both ends, or has a multiple zero whose value is proved. Rational functions over Q are isolated exactly, and a
product has the zeros of its factors.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cmp_to_key
from itertools import pairwise

from flint import arb, ctx, fmpq, fmpz_poly

from closedform.algebra.roots import isolate_real
from closedform.budget import Budget
from closedform.enclosures.line.expansion import expansion
from closedform.enclosures.line.functions import (
    Unclear,
    factors,
    identically_zero,
    numerator,
    put,
    sign_at,
    sign_of,
    taylor,
    value,
)
from closedform.enclosures.line.spots import BITS, FINE, Spot, between, derivative, guesses, polynomial_of
from closedform.kernel.expressions.tree import MINUS, ONE, Tree, add, free_names, head_of, mul, power

TAILS = (4, 16, 64, 1024, 2**16, 2**40)
MAX_BOXES = 40_000
MAX_FAULTS = 20
WINDOW = 32  # looked through where the zeros are not bounded
ORDERS = 8
SHIFTS = (0.5, 0.4375, 0.59375, 0.328125, 0.71875, 0.21875)


@dataclass
class Zeros:
    """The zeros in order. ``complete``: proved that there are no others in the interval. ``why`` says what is open."""

    spots: list[Spot] = field(default_factory=list[Spot])
    complete: bool = True
    everywhere: bool = False
    why: str = ""

    def open(self, why: str) -> None:
        self.complete = False
        self.why = self.why or why


def zeros(f: Tree, x: str, low: Spot | None, high: Spot | None, budget: Budget) -> Zeros:
    """The zeros of ``f`` strictly between two spots (None: infinity); f is smooth and defined there.

    >>> from closedform.problem import read
    >>> from closedform.enclosures.line.functions import from_node
    >>> f = from_node(read("exp(x) - 3*x", unknowns=["x"]).loss)
    >>> found = zeros(f, "x", None, None, Budget.of(5))
    >>> [round(float(z.at().mid()), 6) for z in found.spots], found.complete
    ([0.619061, 1.512135], True)
    """
    with ctx.workprec(BITS):
        out = _zeros(f, x, low, high, budget)
    for s in out.spots:
        s.identified()
    return out


def _zeros(f: Tree, x: str, low: Spot | None, high: Spot | None, budget: Budget) -> Zeros:
    out = Zeros()
    if x not in free_names(f):
        if identically_zero(f):
            out.everywhere = True
        elif not _nonzero_number(f):
            out.open("whether a number is zero")
        return out
    poly = polynomial_of(f, x)
    if poly is not None:
        return _polynomial(poly, x, low, high)
    parts = [(b, e) for b, e in factors(f) if e > 0 and x in free_names(b)]
    plain = len(parts) == 1 and parts[0] == (f, ONE)
    if not plain:
        if not parts and head_of(f) == "*" and any(b == 0 for b, _ in factors(f) if isinstance(b, fmpq)):
            out.everywhere = True
        for base, e in parts:
            _merge(out, _zeros(base, x, low, high, budget), int(e.p) if e.q == 1 else None)
        return out
    cleared = numerator(f, x)
    if cleared != f:
        return _zeros(cleared, x, low, high, budget)
    if head_of(f) == "+" and (root := _affine(f, x)) is not None:
        spot = Spot.at_number(x, root)
        return _kept([spot], low, high)
    return _ZeroSearch(f, x, budget).between(low, high)


def _nonzero_number(f: Tree) -> bool:
    for bits in FINE:
        with ctx.workprec(bits):
            if sign_of(value(f, "", arb(0))):
                return True
    return False


def _affine(f: Tree, x: str) -> Tree | None:
    """-b/a for a*x + b with numbers a, b."""
    a = derivative(f, x, 1)
    if x in free_names(a) or not _nonzero_number(a):
        return None
    b = put(f, {x: fmpq(0)})
    return mul(MINUS, b, power(a, MINUS))


def _polynomial(poly: fmpz_poly, x: str, low: Spot | None, high: Spot | None) -> Zeros:
    if poly.is_zero():
        return Zeros(everywhere=True)
    spots = list[Spot]()
    for part, multiplicity in poly.factor()[1]:
        if part.degree() >= 1:
            spots += [
                Spot(x, ball, poly=(part, i), multiplicity=int(multiplicity))
                for i, (ball, _) in enumerate(isolate_real(part, BITS))
            ]
    return _kept(spots, low, high)


def _kept(spots: list[Spot], low: Spot | None, high: Spot | None) -> Zeros:
    out = Zeros()
    for s in spots:
        try:
            if (low is None or low.less(s)) and (high is None or s.less(high)):
                out.spots.append(s)
        except Unclear as open_:
            out.open(str(open_))
    try:
        out.spots.sort(key=cmp_to_key(lambda a, b: {True: -1, False: 1, None: 0}[a.less(b)]))
    except Unclear as open_:
        out.spots = []  # no order is proved
        out.open(str(open_))
    return out


def _merge(out: Zeros, more: Zeros, times: int | None) -> None:
    """The zeros of another factor; the same number is listed once, with the multiplicities added."""
    out.everywhere = out.everywhere or more.everywhere
    if not more.complete:
        out.open(more.why)
    for s in more.spots:
        own = s.multiplicity * times if s.multiplicity is not None and times is not None else None
        try:
            place, twin = len(out.spots), None
            for i, t in enumerate(out.spots):
                order = s.less(t)
                if order is None:
                    twin = t
                    break
                if order:
                    place = i
                    break
        except Unclear as open_:
            out.open(str(open_))
            continue
        if twin is not None:
            both = twin.multiplicity is not None and own is not None
            twin.multiplicity = (twin.multiplicity or 0) + (own or 0) if both else None
            continue
        s.multiplicity = own
        out.spots.insert(place, s)


class _ZeroSearch:
    """Zeros of one function that is no product and no rational function."""

    def __init__(self, f: Tree, x: str, budget: Budget) -> None:
        self.f, self.x, self.budget = f, x, budget
        self.out = Zeros()
        self.boxes = 0

    def between(self, low: Spot | None, high: Spot | None) -> Zeros:
        try:
            if self._is_zero(low, high):
                self.out.everywhere = True
                return self.out
            a, b = self._start(low, high, -1), self._start(high, low, 1)
        except Unclear as open_:
            self.out.open(str(open_))
            return self.out
        if a < b:
            self._cut(a, b)
        return self.out

    def _is_zero(self, low: Spot | None, high: Spot | None) -> bool:
        """Identically zero? Decided by a probe that is not zero, or by the kernel's normal form."""
        probe = between(low.at() if low else None, high.at() if high else None)
        if sign_at(self.f, self.x, probe) or sign_at(self.f, self.x, probe + fmpq(1, 97)):
            return False
        return identically_zero(self.f)

    # -- the ends ----------------------------------------------------------------------------------------------------

    def _start(self, end: Spot | None, other: Spot | None, way: int) -> arb:
        """A dyadic place such that there is no zero between it and the end; ``way`` is -1 at the low end."""
        if end is None:
            at = self._tail(put(self.f, {self.x: mul(fmpq(way), self.x)}) if way < 0 else self.f)
            if at is None:
                self.out.open("the zeros may go on for ever: no sign was proved far out")
                far = WINDOW
                if other is not None:
                    far = int(abs(float(other.at().mid()))) + WINDOW
                return self._moved(arb(way * far), arb(-way))
            place = arb(way * at)
            if other is not None and not (place > other.at() if way > 0 else place < other.at()):
                return (other.at() + way).mid()  # the other end lies farther out
            return place
        near = end.at()
        for k in (3, 6, 10, 16, 26, 40, 60):
            delta = arb(2) ** -k
            ball = arb(near.mid(), (near.rad() + delta).upper())
            c = taylor(self.f, self.x, ball, ORDERS)
            if self._only_at(end, c):
                return (near.mid() - way * delta / 2).mid()
        if end.rational is not None:
            at = self._tail(inward(self.f, self.x, end.rational, way))
            if at is not None:
                return (arb(end.rational) - arb(way) / at).mid()
        raise Unclear(f"what the function does near {float(near.mid()):.6g}")

    def _only_at(self, end: Spot, c: list[arb]) -> bool:
        """No zero in the ball but the end itself: the first coefficient that keeps its sign, all before it zero there."""
        g = self.f
        for k, coefficient in enumerate(c):
            if not coefficient.is_finite():
                return False
            if sign_of(coefficient):
                return True
            if end.sign_of(g) != 0:
                return False
            if k + 1 < len(c):
                g = derivative(g, self.x, 1)
        return False

    def _moved(self, at: arb, step: arb) -> arb:
        """A place near by where the function is not zero."""
        for k in range(1, 9):
            if sign_of(value(self.f, self.x, at)):
                return at
            at = (at + step * k / 7).mid()
        raise Unclear("the function seems to be zero everywhere")

    def _tail(self, f: Tree) -> int | None:
        for t in TAILS:
            self.budget.check()
            try:
                if expansion(f, self.x, t).sign():
                    return t
            except Unclear:
                continue
        return None

    # -- boxes -------------------------------------------------------------------------------------------------------

    def _cut(self, a: arb, b: arb) -> None:
        stack, faults = [(a, b, self._sign(a), self._sign(b))], 0
        if None in (stack[0][2], stack[0][3]):
            self.out.open("the sign at an end was not decided")
            return
        while stack:
            self.boxes += 1
            if self.boxes > MAX_BOXES:
                self.out.open("too many boxes")
                return
            if self.boxes % 64 == 0:
                self.budget.check()
            a, b, sa, sb = stack.pop()
            ball = a.union(b)
            c = taylor(self.f, self.x, ball, 2)
            if sign_of(c[0]):
                continue
            if c[1].is_finite():
                middle = ball.mid()
                if sign_of(value(self.f, self.x, middle) + c[1] * (ball - middle)):
                    continue
                if sign_of(c[1]):
                    if sa != sb:
                        self.out.spots.append(Spot(self.x, ball, defining=(self.f, 0)))
                    continue
            width = b - a
            at = None
            if width < arb(2) ** -8 * (1 + abs(ball.mid())):
                settled, at = self._multiple(ball)
                if settled:
                    continue
            if width < arb(2) ** -64 * (1 + abs(ball.mid())):
                self.out.open(f"zeros near {float(ball.mid()):.6g} were not told apart")
                faults += 1
            cut = self._between(a, b, at)
            if cut is None:
                self.out.open(f"the sign near {float(ball.mid()):.6g} was not decided")
                faults += 1
            if faults > MAX_FAULTS:
                return
            if cut is None:
                continue
            m, sm = cut
            stack += [(m, b, sm, sb), (a, m, sa, sm)]

    def _sign(self, at: arb) -> int | None:
        for bits in FINE[:3]:
            with ctx.workprec(bits):
                s = sign_of(value(self.f, self.x, at))
            if s:
                return s
        return None

    def _between(self, a: arb, b: arb, at: arb | None) -> tuple[arb, int] | None:
        for place in ([at] if at is not None else []) + [a + (b - a) * s for s in SHIFTS]:
            m = place.mid()
            s = sign_of(value(self.f, self.x, m)) if a < m < b else None
            if s:
                return m, s
        return None

    def _multiple(self, ball: arb) -> tuple[bool, arb | None]:
        """(settled, a better place to cut): a multiple zero, or an extremum that is no zero."""
        c = taylor(self.f, self.x, ball, ORDERS)
        m = next((k for k in range(2, ORDERS) if c[k].is_finite() and sign_of(c[k])), None)
        if m is None or not all(d.is_finite() for d in c[:m]):
            return False, None
        ends = [sign_of(taylor(self.f, self.x, arb(e), m)[m - 1]) for e in (ball.lower(), ball.upper())]
        if None in ends or ends[0] == ends[1]:
            return False, None
        spot = Spot(self.x, ball, defining=(self.f, m - 1), multiplicity=m)
        if m == 2:
            for bits in FINE[:3]:
                with ctx.workprec(bits + 40):
                    s = sign_of(value(self.f, self.x, spot.at(bits)))
                if s:
                    return (True, None) if s == sign_of(c[2]) else (False, spot.at(bits))
        below = [derivative(self.f, self.x, k) for k in range(m)]
        if any(spot.takes(g, below) for g in guesses(spot.at(256))):
            self.out.spots.append(spot)
            return True, None
        if m == 2:
            self.out.open(f"whether a value near {float(ball.mid()):.6g} is exactly zero")
            return True, None
        return False, None


def inward(f: Tree, x: str, end: fmpq, way: int) -> Tree:
    """The function of t > 0 with x = end - way/t: it comes to the end from inside as t grows."""
    return put(f, {x: add(end, mul(fmpq(-way), power(x, MINUS)))})


def signs_between(f: Tree, x: str, low: Spot | None, spots: list[Spot], high: Spot | None) -> list[int]:
    """The sign of f on each interval between its zeros, at a rational in it; 0 where it was not decided."""
    marks = [low, *spots, high]
    out = list[int]()
    for a, b in pairwise(marks):
        out.append(sign_at(f, x, between(a.at() if a else None, b.at() if b else None)) or 0)
    return out
