"""Signs of expressions that follow from the relations among their symbols.

Each relation that is linear in some symbol is used to write that symbol with a positive slack (``n*S > Q**2`` gives
``S = (Q**2 + s)/n``, ``0 < p < 1`` gives ``p = s/(1 + s)``). In slacks, a polynomial whose coefficients all have one sign has
that sign; a square root is rationalised away first. An answer is a proof; None says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import chain, combinations
from math import comb, prod
from typing import Any

import sympy as sp

MAX_TERMS = 400
MAX_SPREAD = 4_000  # terms that multiplying out may make on the way
MAX_RELATION = 60  # operations of a relation that is used
MAX_GAPS = 8  # relations that are multiplied with each other
_SIDES = {">": 1, "<": -1, ">=": 2, "<=": -2}
_ROUGH = (sp.Abs, sp.sign, sp.cos, sp.acos, sp.Piecewise, sp.Max, sp.Min)


class KnownSigns:
    """What the relations (and the assumptions of the symbols) say about signs."""

    def __init__(self, relations: Sequence[Any] = (), keep: Sequence[Any] = ()) -> None:
        """``keep`` names symbols that must not be written in slacks."""
        self.relations = tuple(r for r in relations if hasattr(r, "rel_op"))
        self.slacks = dict[Any, Any]()
        self._implied = set[Any]()
        self._signs = dict[Any, int | None]()  # asked again and again of the same long expression
        self._names = dict[Any, Any]()  # logarithms, roots and the like, as names of their own
        uppers = list[tuple[Any, bool]]()
        for r in self.relations:
            if r.rel_op in (">", ">="):
                uppers.append((r.lhs - r.rhs, r.rel_op == ">"))
            elif r.rel_op in ("<", "<="):
                uppers.append((r.rhs - r.lhs, r.rel_op == "<"))
        for difference, strict in sorted(uppers, key=lambda u: sp.count_ops(u[0])):
            self._use(difference, strict, set(keep))
        self.nonzero = self._named_nonzero()

    def _named_nonzero(self) -> dict[Any, Any]:
        """Symbols that are not zero, since they are factors of what is not, as symbols of which SymPy knows it."""
        out = dict[Any, Any]()
        for r in self.relations:
            gap = r.lhs - r.rhs
            if r.rel_op in ("!=", ">", "<") and sp.count_ops(gap) <= MAX_RELATION:
                for factor in sp.Mul.make_args(sp.factor_terms(gap)):
                    base = factor.base if isinstance(factor, sp.Pow) and factor.exp.is_positive else factor
                    if (
                        isinstance(base, sp.Symbol)
                        and base.is_real
                        and base.is_nonzero is None
                        and base not in self.slacks
                    ):
                        out[base] = sp.Dummy(base.name, real=True, nonzero=True)
        return out

    def _use(self, difference: Any, strict: bool, keep: set[Any]) -> None:
        if sp.count_ops(difference) > MAX_RELATION or difference.has(*_ROUGH):
            return  # nothing that is linear in a symbol comes of it
        d = sp.numer(sp.together(difference.subs(self.slacks, simultaneous=True)))
        if sp.denom(sp.together(difference.subs(self.slacks, simultaneous=True))).is_positive is not True:
            return
        d = sp.expand(d)
        if d.is_positive or (not strict and d.is_nonnegative):
            return
        slack = sp.Dummy("s", positive=True) if strict else sp.Dummy("s", nonnegative=True)
        for s in sorted(d.free_symbols, key=str):
            if (
                s in keep
                or s in self.slacks
                or not isinstance(s, sp.Symbol)
                or not d.is_polynomial(s)
                or sp.degree(d, s) != 1
            ):
                continue
            a = sp.factor(d.coeff(s, 1))
            b = sp.factor(d.coeff(s, 0))
            sign = self._plain(a)
            if sign not in (1, -1):  # "at least zero" is not "positive": nothing may be divided by it
                continue
            edge = sp.factor(-b / a)
            if sign > 0:  # s > edge
                if s.is_positive and self._plain(edge) not in (0, 1, 2):
                    continue
                value = edge + slack
            elif s.is_positive or s.is_nonnegative:  # 0 < s < edge, or with one of the ends, or both
                if not s.is_positive and not strict:
                    continue  # no fraction in one slack takes both ends
                if self._plain(edge) != 1:
                    if edge in self._implied or not s.is_positive:
                        continue
                    self._implied.add(edge)
                    self._use(edge, True, keep)  # follows from the two bounds of s
                    edge = sp.factor(edge.subs(self.slacks, simultaneous=True))
                    if self._plain(edge) != 1:
                        continue
                if not strict:
                    value = edge / (1 + slack)
                elif s.is_positive:
                    value = edge * slack / (1 + slack)
                else:
                    free = sp.Dummy("s", nonnegative=True)
                    value = edge * free / (1 + free)
            elif s.is_negative:
                continue
            else:
                value = edge - slack
            self.slacks = {k: v.subs(s, value) for k, v in self.slacks.items()}
            self.slacks[s] = value
            return

    def sign(self, expr: Any) -> int | None:
        """1, -1 or 0 when the sign is proved, 2 for "at least zero", -2 for "at most zero", else None."""
        if expr not in self._signs:
            self._signs[expr] = self._sign(expr)
        return self._signs[expr]

    def _sign(self, expr: Any) -> int | None:
        plain = _evident(expr)
        if plain is not None:
            return plain
        if isinstance(expr, sp.Pow) and expr.exp.is_real and not expr.exp.is_Integer and self.sign(expr.base) == 1:
            return 1
        size = sp.count_ops(expr)
        roots = [p for p in expr.atoms(sp.Pow) if not p.exp.is_integer and p.free_symbols]
        nested = any(q is not p and q.has(p) for p in roots[:8] for q in roots[:8])
        if size > 600 or (roots and size > (40 if nested or len(roots) > 2 else 150)) or expr.has(sp.I):
            return None  # expanding nested roots would take longer than it is worth
        if size > 30 and expr.has(*_ROUGH):
            return None
        known = expr.subs(self.slacks, simultaneous=True) if self.slacks else expr
        found = self._plain(known.xreplace(self.nonzero))
        found = found if found in (1, -1, 0) else self._given(expr, found)
        if found in (1, -1, 0) or not isinstance(expr, sp.Mul):
            return found
        sharper = self._of_factors(expr)
        return found if sharper is None else sharper

    def _of_factors(self, expr: Any) -> int | None:
        out = 1
        for f in expr.args:
            sign = self.sign(f)
            if not sign:
                return sign
            out *= sign
            out = out if abs(out) < 2 else (2 if out > 0 else -2)
        return out

    def _given(self, expr: Any, weak: int | None) -> int | None:
        """The sign of a constant times what some relation compares with zero; ``weak`` is what is known of it anyway."""
        if sp.count_ops(expr) > MAX_RELATION:
            return weak
        expr = self._named(expr)
        for r in self.relations:
            gap = r.lhs - r.rhs
            if not gap.free_symbols or sp.count_ops(gap) > MAX_RELATION:
                continue
            gap = self._named(gap)
            if not gap.free_symbols <= expr.free_symbols:
                continue
            ratio = _multiple(expr, gap)
            if ratio is None:
                continue
            if r.rel_op == "!=":
                if weak in (2, -2):
                    return weak // 2
                continue
            if r.rel_op == "==":
                return 0
            side = ratio * _SIDES[r.rel_op]
            return side // 2 if abs(side) == 2 and _powers(expr)[1].keys() <= self._apart else side
        return weak if weak is not None else self._of_product(expr)

    def _named(self, expr: Any) -> Any:
        """A rational expression, each function and root in it under a name of its own, the same one every time."""
        if _rational(expr):
            return expr
        found = [*expr.atoms(sp.Function), *(p for p in expr.atoms(sp.Pow) if not p.exp.is_Integer)]
        for f in sorted(found, key=sp.count_ops, reverse=True):  # what lies within another one goes with it
            self._names.setdefault(f, sp.Dummy("f"))
        return expr.xreplace({f: self._names[f] for f in found})

    @cached_property
    def _products(self) -> list[tuple[str, int, dict[Any, Any]]]:
        """Each relation's sign and the product that it compares with zero, as ``_powers`` gives it."""
        gaps = [(r.rel_op, r.lhs - r.rhs) for r in self.relations]
        short = [(op, g) for op, g in gaps if g.free_symbols and sp.count_ops(g) <= MAX_RELATION]
        return [(op, *_powers(self._named(g))) for op, g in short]

    @cached_property
    def _apart(self) -> set[Any]:
        """Factors that the relations keep from zero."""
        return {b for op, _, powers in self._products for b, k in powers.items() if k < 0 or op in (">", "<", "!=")}

    def _of_product(self, expr: Any) -> int | None:
        """The sign of a product that is, but for even powers, a product of a few gaps with given signs.

        (a + b)/b >= 0 >= (a - b)/b gives (a + b)*(a - b) <= 0.
        """
        way, wanted = _powers(expr)
        nonzero = self._apart | {b for b, k in wanted.items() if k < 0}
        known = list[tuple[int, dict[Any, Any]]]()
        for op, side, powers in self._products:
            if op == "==" and len(powers) == 1 and wanted.get(next(iter(powers)), 0) > 0:
                return 0
            if op in _SIDES:
                known.append((side * (1 if _SIDES[op] > 0 else -1), powers))
        odd = {b for b, k in wanted.items() if k % 2}
        for some in chain.from_iterable(combinations(known[:MAX_GAPS], n) for n in (1, 2, 3)):
            left, bases = set(odd), set[Any]()
            for _, powers in some:
                left ^= {b for b, k in powers.items() if k % 2}
                bases |= powers.keys()
            if left or not bases <= nonzero | wanted.keys():  # where another factor vanishes the gaps say nothing
                continue
            return way * prod(side for side, _ in some) * (1 if wanted.keys() | bases <= nonzero else 2)
        return None

    def exceptions(self, equations: Sequence[Any], unknowns: Sequence[Any]) -> list[Any]:
        """Factors of an equation without unknowns that are not proved to differ from zero: where one vanishes, so does the equation."""
        out = dict[Any, None]()
        for e in equations:
            content = e.as_independent(*unknowns, as_Add=False)[0] if e.free_symbols & set(unknowns) else e
            for f in sp.Mul.make_args(sp.factor(content)):
                base = f.as_base_exp()[0]
                if base.free_symbols and self.sign(base) not in (1, -1):
                    out[base] = None
        return list(out)

    def is_nonzero(self, expr: Any) -> bool:
        """Is it proved that the expression is nowhere zero where it is defined: each factor by its sign or a relation?"""
        for factor in sp.Mul.make_args(expr if sp.count_ops(expr) > MAX_RELATION else sp.factor_terms(expr)):
            base, exponent = factor.as_base_exp()
            if base.is_nonzero or exponent.is_negative or (base.free_symbols and self.sign(base) in (1, -1)):
                continue
            if not any(r.rel_op in ("!=", ">", "<") and self._is_multiple(base, r.lhs - r.rhs) for r in self.relations):
                return False
        return True

    def _is_multiple(self, expr: Any, gap: Any) -> bool:
        small = sp.count_ops(expr) <= MAX_RELATION and sp.count_ops(gap) <= MAX_RELATION
        parts = sp.Mul.make_args(sp.factor_terms(gap)) if small else ()
        bases = [f.base if isinstance(f, sp.Pow) and f.exp.is_positive else f for f in parts]
        return any(
            b in (expr, -expr) or (_rational(b) and _rational(expr) and _multiple(expr, b) is not None)
            for b in bases
            if b.free_symbols
        )

    def is_positive(self, expr: Any) -> bool:
        return self.sign(expr) == 1

    def _plain(self, expr: Any) -> int | None:
        plain = _evident(expr)
        if plain is not None:
            return plain
        if expr.is_number:
            return None
        if expr.is_nonnegative:
            return 2
        if expr.is_nonpositive:
            return -2
        whole = sp.together(expr)
        numerator, denominator = sp.fraction(whole)
        below = self._product_sign(denominator)
        if below not in (1, -1):
            return None
        above = self._product_sign(numerator)
        return None if above is None else above * below

    def _product_sign(self, expr: Any) -> int | None:
        out = 1
        for factor in sp.Mul.make_args(sp.factor_terms(expr)):
            s = self._sum_sign(factor)
            if s is None:
                return None
            out *= s
            if abs(out) > 2:
                out = 2 if out > 0 else -2
        return out

    def _sum_sign(self, expr: Any) -> int | None:
        if expr.is_positive:
            return 1
        if expr.is_negative:
            return -1
        if expr.is_zero:
            return 0
        if isinstance(expr, sp.Pow) and expr.exp.is_Integer and expr.exp > 0:
            base = self._sum_sign(expr.base)
            if base is not None:
                return base if expr.exp % 2 or base == 0 else abs(base)
            return 2 if expr.exp % 2 == 0 and expr.base.is_real else None
        if _spread(expr) > MAX_SPREAD:
            return None
        expanded = sp.expand(expr)
        terms = sp.Add.make_args(expanded)
        if len(terms) > MAX_TERMS:
            return None
        signs = {
            1 if t.is_positive else -1 if t.is_negative else 2 if t.is_nonnegative else -2 if t.is_nonpositive else 0
            for t in terms
        }
        if signs <= {1, 2}:
            return 1 if 1 in signs else 2
        if signs <= {-1, -2}:
            return -1 if -1 in signs else -2
        found = self._logarithmic(terms)
        return found if found is not None else self._rooted(expanded)

    def _logarithmic(self, terms: Sequence[Any]) -> int | None:
        """The sign of c1*log(u1) + c2*log(u2) + ... with rational c: that of the product of powers minus one."""
        above = below = sp.S.One
        for t in terms:
            c, log = t.as_coeff_Mul()
            if not isinstance(log, sp.log) or not c.is_Rational or abs(c) > 12 or not log.args[0].is_positive:
                return None
            above, below = (above * log.args[0] ** c, below) if c > 0 else (above, below * log.args[0] ** -c)
        return self._plain(above - below)

    def _rooted(self, expr: Any) -> int | None:
        """The sign of a + b*sqrt(c), c >= 0, by comparing squares."""
        roots = sorted((p for p in expr.atoms(sp.Pow) if p.exp == sp.S.Half), key=sp.count_ops, reverse=True)
        for root in roots[:3]:
            found = self._isolated(expr, root)
            if found is not None:
                return found
        return None

    def _isolated(self, expr: Any, root: Any) -> int | None:
        u = sp.Dummy("u")
        replaced = sp.expand(expr.subs(root, u))
        if not replaced.is_polynomial(u) or sp.degree(replaced, u) > 3:
            return None
        a, b = sp.S.Zero, sp.S.Zero
        for (k,), c in sp.Poly(replaced, u).terms():
            if k % 2:
                b += c * root.base ** (k // 2)
            else:
                a += c * root.base ** (k // 2)
        sa, sb = self._plain(sp.expand(a)), self._plain(sp.expand(b))
        if sb is None:
            return None
        if sa == 1 and sb in (0, 1, 2):
            return 1
        if sa == -1 and sb in (0, -1, -2):
            return -1
        if (sa in (0, 2) and sb in (1, 2)) or (sa in (0, -2) and sb in (-1, -2)):  # the root itself may be zero
            side = 1 if sb > 0 else -1
            return side if abs(sb) == 1 and self._plain(root.base) == 1 else 2 * side
        square = self._plain(sp.expand(a**2 - b**2 * root.base))
        if square == 1 and sa in (1, -1, 2, -2):
            return 1 if sa > 0 else -1
        if square == -1 and sb in (1, -1, 2, -2):
            return 1 if sb > 0 else -1
        return None


def _multiple(expr: Any, gap: Any) -> int | None:
    """The sign of c where expr = c*gap for a number c, else None; two points tell most others apart at once."""
    symbols = sorted(expr.free_symbols, key=str)
    ratios = list[Any]()
    for shift in (2, 7):
        at = {s: sp.Integer(shift + 3 * k * k + k) for k, s in enumerate(symbols)}
        above, below = expr.xreplace(at), gap.xreplace(at)
        if not (above.is_Rational and below.is_Rational) or below == 0:
            return None
        ratios.append(above / below)
    if ratios[0] != ratios[1] or ratios[0] == 0 or sp.expand(expr - ratios[0] * gap) != 0:
        return None
    return 1 if ratios[0] > 0 else -1


def _powers(expr: Any) -> tuple[int, dict[Any, Any]]:
    """The sign of the number in a product, and its other factors with their exponents, no two of them -a and a."""
    way, out = 1, dict[Any, Any]()
    for f in sp.Mul.make_args(expr):
        if not f.free_symbols:
            way *= -1 if f.is_negative else 1
            continue
        base, exponent = f.as_base_exp() if isinstance(f, sp.Pow) and f.exp.is_Integer else (f, sp.S.One)
        if base.could_extract_minus_sign():
            base, way = -base, way * (-1 if exponent % 2 else 1)
        out[base] = out.get(base, 0) + exponent
    return way, out


def _rational(expr: Any) -> bool:
    return not expr.atoms(sp.Function) and all(p.exp.is_Integer for p in expr.atoms(sp.Pow))


def _evident(expr: Any) -> int | None:
    """The sign that SymPy reads off the assumptions of the names, None where it reads none."""
    if expr.is_positive:
        return 1
    if expr.is_negative:
        return -1
    return 0 if expr.is_zero else None


def _spread(expr: Any) -> int:
    """A bound of the number of terms of an expression that is multiplied out, from its form alone."""
    if expr.is_Add:
        return sum(_spread(a) for a in expr.args)
    if expr.is_Mul:
        return prod(_spread(a) for a in expr.args)
    if expr.is_Pow and expr.exp.is_Integer and expr.exp > 0:
        inner = _spread(expr.base)
        return comb(inner + int(expr.exp) - 1, int(expr.exp)) if inner > 1 and expr.exp < 60 else inner
    return 1
