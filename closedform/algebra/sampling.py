"""Random admissible values: exact rationals for every name that meet all relations, and balls of expressions there.

Used for checks only: an identity that holds at random points is not thereby proved, but one that fails at a single
point, in balls, is refuted.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence, Set
from fractions import Fraction
from typing import Any, cast

from flint import acb, arb, ctx, fmpq

from closedform.algebra.bridge import NoTranslation, to_tree
from closedform.algebra.later import sp
from closedform.expression import MIRRORED
from closedform.frozen import record
from closedform.kernel.expressions import balls
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.expressions.values import evaluate_complex
from closedform.kernel.reading import Refused


@record
class Sample:
    """Values for scalar names, exact or as balls, and exact entries for columns."""

    values: Mapping[str, Any]  # fmpq, or arb
    columns: Mapping[str, list[fmpq]]

    def with_values(self, more: Mapping[str, Any]) -> Sample:
        return Sample({**self.values, **more}, self.columns)


def free_names(expressions: Iterable[Any]) -> tuple[set[str], set[str]]:
    """Names of scalars and of columns that stand free in the expressions."""
    scalars, columns = set[str](), set[str]()
    for e in expressions:
        bases = {str(b) for b in e.atoms(sp.IndexedBase)} if hasattr(e, "atoms") else set[str]()
        columns |= bases
        scalars |= {s.name for s in e.free_symbols if isinstance(s, sp.Symbol) and s.name not in bases}
    return scalars - columns, columns


def tree_of(expr: Any) -> kernel.Tree:
    """The kernel's tree of a SymPy expression; raises ``NoTranslation`` or ``Refused``."""
    return kernel.read(to_tree(expr))


def real_ball(expr: Any | kernel.Tree, sample: Sample, precision: int = 200) -> arb | None:
    """A ball around the real value at the sample, None where it has none or the kernel cannot evaluate it."""
    previous = ctx.prec
    ctx.prec = precision
    try:
        tree = cast(kernel.Tree, expr) if isinstance(expr, (str, tuple, fmpq)) else tree_of(expr)
        out = balls.evaluate(tree, {k: arb(v) for k, v in sample.values.items()}, dict(sample.columns))
        return out if out.is_finite() else None
    except (Refused, NoTranslation, ValueError, ArithmeticError, OverflowError):
        return None
    finally:
        ctx.prec = previous


def complex_ball(expr: Any, sample: Sample, precision: int = 300) -> acb | None:
    """As ``real_ball`` with principal branches: for expressions that pass through complex numbers (Cardano)."""
    previous = ctx.prec
    ctx.prec = precision
    try:
        values = {k: acb(arb(v)) for k, v in sample.values.items()}
        out = evaluate_complex(tree_of(expr), values)
        return out if out.is_finite() else None
    except (Refused, NoTranslation, ValueError, ArithmeticError, OverflowError):
        return None
    finally:
        ctx.prec = previous


_BOUND = 6


class Sampler:
    """Draws samples that meet the relations, by rejection from ranges read off the simple bounds.

    ``symbols`` are scalar SymPy symbols (their sign assumptions bound the range), ``columns`` indexed bases, each given
    ``rows`` entries; the names in ``lengths`` get the value ``rows``.
    """

    def __init__(
        self,
        symbols: Sequence[Any],
        relations: Sequence[Any] = (),
        columns: Sequence[Any] = (),
        lengths: Iterable[str] = (),
        rows: int = 4,
        seed: int = 0,
    ) -> None:
        self.random = random.Random(seed)
        self.rows, self.columns, self.lengths = rows, tuple(columns), set(lengths)
        self.ranges: dict[str, tuple[Fraction | None, Fraction | None, bool]] = {}
        for s in symbols:
            low = Fraction(0) if s.is_nonnegative else None
            high = Fraction(0) if s.is_nonpositive else None
            self.ranges[s.name] = (low, high, bool(s.is_integer))
        self.nonzero = {s.name for s in symbols if s.is_nonzero}
        self.tests = list[tuple[kernel.Tree, str]]()
        for r in relations:
            if r in (sp.true, sp.false) or not hasattr(r, "rel_op"):
                continue
            self._narrow(r)
            try:
                self.tests.append((tree_of(r.lhs - r.rhs), r.rel_op))
            except (NoTranslation, Refused):
                continue

    def leave_out(self, names: Set[str]) -> None:
        """These get no value, and what the relations say of them is not asked."""
        self.tests = [(t, op) for t, op in self.tests if not _every_name(t) & names]
        for name in names:
            self.ranges.pop(name, None)

    def _narrow(self, r: Any) -> None:
        for own, other, op in (
            (r.lhs, r.rhs, r.rel_op),
            (r.rhs, r.lhs, MIRRORED[r.rel_op]),
        ):
            if isinstance(own, sp.Symbol) and own.name in self.ranges and other.is_number and other.is_real:
                value = (
                    Fraction(str(sp.Rational(str(sp.N(other, 12)))))
                    if not other.is_Rational
                    else Fraction(int(other.p), int(other.q))
                )
                low, high, whole = self.ranges[own.name]
                if op in (">", ">="):
                    low = value if low is None else max(low, value)
                elif op in ("<", "<="):
                    high = value if high is None else min(high, value)
                self.ranges[own.name] = (low, high, whole)

    def _draw(self, low: Fraction | None, high: Fraction | None, whole: bool) -> fmpq:
        pick = self.random
        if whole:
            a = int(low) if low is not None else -_BOUND
            b = int(high) if high is not None else a + 2 * _BOUND
            return fmpq(pick.randint(a + (1 if low == 0 else 0), max(b, a + 1)))
        d = pick.choice((7, 16, 60, 101))
        if low is not None and high is not None:
            v = low + (high - low) * Fraction(pick.randint(1, d - 1), d)
        else:
            scale = pick.choice((Fraction(1, 2), Fraction(2), Fraction(_BOUND), Fraction(8 * _BOUND)))
            step = scale * Fraction(pick.randint(1, d), d)
            v = low + step if low is not None else high - step if high is not None else step * pick.choice((-1, 1))
        return fmpq(v.numerator, v.denominator)

    def draw(self, tries: int = 3000) -> Sample | None:
        """One sample, or None when none was found: that is no proof that the relations contradict each other."""
        for _ in range(tries):
            values = {n: fmpq(self.rows) if n in self.lengths else self._draw(*r) for n, r in self.ranges.items()}
            columns = dict[str, list[fmpq]]()
            for c in self.columns:
                low = Fraction(0) if c.label.is_nonnegative else None
                high = Fraction(0) if c.label.is_nonpositive else None
                columns[str(c.label)] = [self._draw(low, high, bool(c.label.is_integer)) for _ in range(self.rows)]
            sample = Sample(values, columns)
            if all(_holds(tree, op, sample) for tree, op in self.tests):
                return sample
        return None

    def extremes(self, count: int, tries: int = 400) -> list[Sample]:
        """Admissible values at the rim: zeros, equal ones, very large and very small ones. Columns may be constant."""
        out, pick = list[Sample](), self.random
        for _ in range(tries):
            if len(out) >= count:
                break
            same = fmpq(pick.choice(_EXTREME))
            equal = pick.random() < 0.2
            values = dict[str, Any]()
            for n, (low, high, whole) in self.ranges.items():
                v = same if equal else fmpq(pick.choice(_EXTREME))
                if whole and v.q != 1:
                    v = fmpq(v.q)
                if pick.random() < 0.3:
                    ends = [e for e in (low, high) if e is not None]
                    step = (
                        fmpq(1) if whole else pick.choice((fmpq(0), fmpq(1, 10**6), fmpq(-1, 10**6), fmpq(1), fmpq(-1)))
                    )
                    v = fmpq(*pick.choice(ends).as_integer_ratio()) + step if ends else v
                if v == 0 and n in self.nonzero:
                    v = fmpq(1) if whole else fmpq(-1 if high == 0 else 1, 10**6)
                values[n] = fmpq(pick.choice((1, 2, self.rows))) if n in self.lengths else v
            rows = next((int(values[n].p) for n in self.lengths if n in values), self.rows)
            columns = dict[str, list[fmpq]]()
            for c in self.columns:
                sign = 1 if c.label.is_nonnegative else -1 if c.label.is_nonpositive else 0
                entry = fmpq(pick.choice(_EXTREME))
                entries = [entry if equal else fmpq(pick.choice(_EXTREME)) for _ in range(rows)]
                columns[str(c.label)] = [abs(e) * sign if sign else e for e in entries]
                if any(e == 0 for e in columns[str(c.label)]) and (c.label.is_positive or c.label.is_negative):
                    columns[str(c.label)] = [e if e != 0 else fmpq(sign) for e in columns[str(c.label)]]
            sample = Sample(values, columns)
            in_range = all(
                (low is None or v >= fmpq(*low.as_integer_ratio()))
                and (high is None or v <= fmpq(*high.as_integer_ratio()))
                for n, (low, high, _) in self.ranges.items()
                for v in [values[n]]
            )
            if in_range and all(_holds(tree, op, sample) for tree, op in self.tests):
                out.append(sample)
        return out

    def draws(self, count: int) -> list[Sample]:
        out = list[Sample]()
        for _ in range(count):
            s = self.draw()
            if s is None:
                break
            out.append(s)
        return out


_EXTREME = (
    0,
    1,
    -1,
    2,
    -2,
    1000,
    -1000,
    10**6,
    -(10**6),
    10**12,
    fmpq(1, 1000),
    fmpq(-1, 1000),
    fmpq(1, 10**6),
    fmpq(1, 2),
    3,
)


def _holds(tree: kernel.Tree, op: str, sample: Sample) -> bool:
    ball = real_ball(tree, sample, 80)
    if ball is None:
        return False
    return {">": ball > 0, ">=": ball >= 0, "<": ball < 0, "<=": ball <= 0, "!=": ball != 0, "==": ball.contains(0)}[op]


def _every_name(tree: kernel.Tree) -> set[str]:
    if isinstance(tree, str):
        return {tree}
    return set[str]().union(*map(_every_name, tree[1:])) if isinstance(tree, tuple) else set()
