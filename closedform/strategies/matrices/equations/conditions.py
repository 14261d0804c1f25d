"""Under which conditions a formula of inverses is defined and stays in the domain: rank, definiteness, consistency."""

from __future__ import annotations

from fractions import Fraction

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.facts import definite, definite_letter, full_column_rank, gram, palindrome, sign
from closedform.algebra.noncommutative.functions import content, divide_mono, inverse, power
from closedform.algebra.noncommutative.letters import ONE, Atom, Word
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.algebra.noncommutative.solve import collect, identity_multiple
from closedform.algebra.noncommutative.text import common, display
from closedform.stationarity.matrix import MatrixSystem


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
                if l.kind == "fn" and l.args[0] == "recip" and not positive_entries(l.args[1], system):
                    out.append(f"no entry of {display(l.args[1].T if l.t else l.args[1])} is zero")
            for a, e in m:
                for x in a.args:
                    if isinstance(x, Poly):
                        walk(x)
                if a.kind == "tr":
                    walk(_word_poly(a.args[0]))
                if e < 0 and (s := sign(w.of_atom(a), system.facts)) not in (2, -2):
                    known = known and s is not None
                    pair = _gram_determinant(a, system)
                    if pair is not None:
                        out.append(f"[{', '.join(pair)}] has full column rank")
                        continue
                    half = palindrome(a.args[0]) if a.kind == "tr" else None
                    centre = definite_letter(half[1], system.facts) if half and half[1] is not None else None
                    if half and half[0] and (half[1] is None or (centre is not None and centre.strict)):
                        out.extend(centre.conditions if centre is not None else ())
                        inner = w.product(*(w.of_letter(l) for l in half[0]))
                        flipped = len(half[0]) == 1 and display(inner).endswith("'")
                        out.append(f"{display(inner.T if flipped else inner)} is not zero")
                    else:
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
            out.extend(c for c in level.conditions if not granted(c, system))

    for value in values.values():
        walk(value)
    return list(dict.fromkeys(out)), known


def positive_entries(p: Poly, system: MatrixSystem) -> bool:
    """Is every entry known to be positive: sums of squares, of nonnegative entries and of a positive constant at least?"""
    strict = False
    for (m, word), c in p.terms.items():
        s = sign(Poly(ONE, ONE, {(m, ()): c}), system.facts)
        if s is None or s < 1:
            return False
        level = _entries(word, system)
        if level is None:
            return False
        strict = strict or (s == 2 and level)
    return strict


def _entries(word: Word, system: MatrixSystem) -> bool | None:
    """True: every entry of the word is positive; False: none is negative; None: not known."""
    if all(l.kind == "ones" for l in word) and word:
        return True
    if (
        len(word) > 1 and all(l.kind == "diag" for l in word[:-1]) and word[-1].cols == ONE
    ):  # entries of columns multiplied
        factors = [*(l.args[0] for l in word[:-1]), w.of_letter(word[-1])]
        levels = [_entries(x[2], system) if (x := f.single()) and x[:2] == (1, ()) else None for f in factors]
        keys = [f.key for f in factors]
        return False if all(keys.count(k) % 2 == 0 for k in keys) else None if None in levels else all(levels)
    if len(word) != 1:
        return None
    (l,) = word
    if l.kind == "name":
        name = l.args[0]
        return True if name in system.facts.positive else False if name in system.facts.nonnegative else None
    if l.kind == "fn":
        return True if l.args[0] in ("exp", "sigmoid", "softplus") else False if l.args[0] == "abs" else None
    if l.kind == "had":
        levels = [_entries(x[2], system) if (x := f.single()) and x[:2] == (1, ()) else None for f in l.args]
        if None not in levels:
            return all(levels)
        keys = [f.key for f in l.args]
        return False if all(keys.count(k) % 2 == 0 for k in keys) else None
    if l.kind == "diagonal":
        level = definite(l.args[0], system.facts)
        return True if level is not None and level.strict and not level.conditions else None
    return None


def _gram_determinant(a: Atom, system: MatrixSystem) -> list[str] | None:
    """(u, v) where the scalar is (u'Mu)(v'Mv) - (u'Mv)^2, M positive definite: it vanishes when they are parallel."""
    if a.kind != "poly" or len(a.args[0].terms) != 2 or sorted(a.args[0].terms.values()) != [-1, 1]:
        return None
    by_sign = {c: m for (m, _), c in a.args[0].terms.items()}
    plus, minus = by_sign[Fraction(1)], by_sign[Fraction(-1)]
    if len(minus) != 1 or minus[0][1] != 2 or minus[0][0].kind != "tr":
        return None
    cross, sides, squares = minus[0][0].args[0], list[tuple[Word, str]](), w.constant(1)
    for b, e in plus:
        if b.kind == "size":
            b = next(iter(w.trace(w.ones(b.args[0]) * w.ones(b.args[0]).T).terms))[0][0][0]
        half = palindrome(b.args[0]) if b.kind == "tr" and e == 1 else None
        if half is None or not half[0]:
            return None
        strict = half[1] is None or ((d := definite_letter(half[1], system.facts)) is not None and d.strict)
        if not strict:
            return None
        sides.append((half[0], "" if half[1] is None else half[1].key))
        squares = squares * w.of_atom(b)
    if len(sides) != 2 or sides[0][1] != sides[1][1]:
        return None
    (u, key), (v, _) = sides
    middle = tuple(l for l in cross if l.key == key) if key else ()
    whole = w.product(w.constant(1), *(w.of_letter(l) for l in (*(x.T for x in reversed(u)), *middle[:1], *v)))
    if whole != w.of_atom(minus[0][0]):
        return None
    return sorted(display(_word_poly(x)) for x in (u, v))


def _word_poly(word: Word) -> Poly:
    return Poly(word[0].rows, word[-1].cols, {((), word): Fraction(1)})


def granted(condition: str, system: MatrixSystem) -> bool:
    """Was the rank condition declared of the name itself?"""
    subject, _, rest = condition.partition(" has ")
    flags = system.flags(subject)
    return rest in flags or ("full rank" in flags and rest.startswith("full"))


def tidy(conditions: list[str]) -> list[str]:
    """Conditions without those that others imply."""
    ranks = {c for c in conditions if c.endswith(" rank")}
    parallel = {
        n
        for c in conditions
        if c.startswith("[") and c.endswith("full column rank")
        for n in c[1 : c.index("]")].split(", ")
    }
    conditions = [c for c in conditions if c.removesuffix(" is not zero") not in parallel]
    nonzero = [c.removesuffix(" is not zero") for c in conditions if c.endswith(" is not zero")]
    vectors = {v for v in nonzero if v.isidentifier()}
    conditions = [
        c for c in conditions if not any(c.startswith(f"{v}'*") and c.endswith(f"*{v} is not zero") for v in vectors)
    ]
    definite_ones = {c.removesuffix(" is positive definite") for c in conditions if c.endswith(" is positive definite")}
    return [
        c
        for c in dict.fromkeys(conditions)
        if not (c.endswith(" is invertible") and (len(ranks) > 1 or c.removesuffix(" is invertible") in definite_ones))
    ]


def positive_definite(p: Poly, system: MatrixSystem) -> str:
    """The matrix as text, without a factor that is known to be positive."""
    c, m = content(p)
    front = Poly(ONE, ONE, {(m, ()): abs(c)})
    return display(divide_mono(p, abs(c), m) if sign(front, system.facts) == 2 else p)


def constraint_rank(left: Poly, system: MatrixSystem) -> str | None:
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
    return None if granted(text, system) else text


def domain(system: MatrixSystem, values: dict[str, Poly]) -> str | list[str]:
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
    turned = inverse(system.unknown(u)) if not system.unknown(u).scalar else None
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
    ratios = [Poly(ONE, ONE, {(n, ()): x / c}) * power(Poly(ONE, ONE, {(m, ()): Fraction(1)}), -1) for n, x in same]
    if not any(r * total == value and sign(r, system.facts) == 2 for r in ratios):
        return None
    return full_column_rank([f if " " not in f else f"({f})" for f in factors])


def consistency(left: Poly) -> tuple[Poly, Poly]:
    """The two sides of the condition that a residual of the equations vanishes; outer factors are left out."""
    c, m = content(left)
    left = divide_mono(left, c, m)
    head, tail, inside = common([(x, n, word) for (n, word), x in left.terms.items()])
    rows = head[-1].cols if head else left.rows
    cols = tail[0].rows if tail else left.cols
    core = Poly(rows, cols, {(n, word): x for x, n, word in inside})
    core = divide_mono(core, *content(core))
    above = Poly(rows, cols, {k: x for k, x in core.terms.items() if x > 0})
    return above, above - core
