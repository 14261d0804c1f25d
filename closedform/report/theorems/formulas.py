"""Theorems on expressions: roots that have radicals or none, and formulas that no family of problems has."""

from __future__ import annotations

from closedform.report.theorems.words import Theorem, critical_points, grouped, short_text, there_are

HERMITE_LINDEMANN = "Hermite-Lindemann theorem (A. Baker, Transcendental Number Theory, Theorem 1.4)"
CHOW = "T. Y. Chow, What is a closed-form number?, Amer. Math. Monthly 106 (1999) 440-448"
LIN = "F.-C. Lin, Schanuel's conjecture implies Ritt's conjectures, Chinese J. Math. 11 (1983) 41-50, as quoted by Chow"
KHOVANSKII = "C. Jordan 1870; A. Khovanskii, Topological Galois Theory, Springer 2014"
HUH = "J. Huh, The maximum likelihood degree of a very affine variety, Compositio Math. 149 (2013) 1245-1266"
ALBERT = "A. Albert, J. A. Anderson, Biometrika 71 (1984) 1-10"
ROSENLICHT = (
    "M. Rosenlicht, Publ. Math. IHES 36 (1969) 15-22; M. Bronstein, R. Corless, J. Davenport, D. Jeffrey, "
    "Integral Transforms Spec. Funct. 19 (2008) 709-712"
)
RUBEL = "L. Rubel, Amer. Math. Monthly 96 (1989) 777-788"


def _roots(polynomial: object, cosines: bool) -> str:
    real = " (the cosine of a part of an angle is a sum of two complex roots)" if cosines else ""
    return f"the roots of {short_text(polynomial)} are the given radicals{real}"


def _no_root(polynomial: object, group: str | None) -> str:
    known = f" (Galois group {group})" if group else ""
    return f"no root of {short_text(polynomial)} is expressible in radicals{known}"


def _points_without(count: int, form: object, degree: int, group: str | None) -> str:
    return (
        f"at {count} of the real critical points {short_text(form)} is a root of an irreducible polynomial of degree {degree} "
        f"that is not solvable by radicals{grouped(group, ', its group is ')}: these points have no expression in radicals"
    )


def _family(reason: str, unknown: str, meaning: object) -> str:
    return reason if meaning is None else f"{reason} ({unknown} = {short_text(meaning)})"


def _irreducible(polynomial: str, degree: int, group: str | None, root: str) -> str:
    which = f"; at the points concerned {root} is a root of it" if root else ""
    return f"{polynomial} is irreducible over Q{grouped(group)}{which}"


def _coordinates(degree: int, group: str | None, names: str) -> str:
    return (
        f"the coordinates generate the field of a root of an irreducible polynomial of degree {degree}"
        f"{grouped(group, ' with group ')}: not all of {names} and the polynomial unknowns are expressible in radicals"
    )


COMPLETE = {  # by what shows that there are no more points, or no more solutions
    "convex": "the loss is convex",
    "bezout": "as many solutions as the product of the degrees",
    "multiples": "as many solutions as standard monomials",
    "engines": "two engines agree on the number of solutions",
}


def _engine(count: int, completeness: str, total: int) -> str:
    return f"{there_are(count)} ({COMPLETE[completeness]}); the polynomial system has {total} complex solutions by a Groebner basis"


def _apart(count: int, total: int | None) -> str:
    whole = f"; the polynomial system has {total} complex solutions" if total is not None else ""
    return f"{there_are(count)}{whole}: the system was taken apart exactly"


def _curve(real: bool, fixed: str, equations: str, names: str) -> str:
    lead = "degenerate critical points fill" if real else "further critical points, if any, lie on"
    return f"{lead} a curve: {fixed}{' with ' if fixed else ''}{equations}, where {names}"


def _falls(conditions: tuple[str, ...]) -> str:
    return f"where {' and '.join(conditions)}, the loss is unbounded below and has no global minimum"


def _design(points: int, count: int, found: int) -> str:
    many = critical_points(count).replace("critical", "complex critical")
    rest = "the elimination found as many" if found == count else f"for these data the elimination found {found}"
    return f"for generic counts a logistic design with these {points} points has {many}, by an Euler characteristic; {rest}"


def _over_symbols(substitution: str, degree: int, group: str | None) -> str:
    known = f" with group {group} at the witness" if group else ""
    return (
        f"{substitution} is a root of an irreducible polynomial of degree {degree} over the field of the symbols{known}"
    )


def _rosenlicht(parameter: object, given: str, change: object, equation: str) -> str:
    return (
        f"no formula in {parameter} made of arithmetic, roots, exp, log and integrals gives a non-constant critical point"
        f"{f' (already with {given})' if given else ''}: with {change} and z = exp(y) it satisfies {equation} = 0, "
        f"irreducible over C({parameter}) and involving both y and z; the Lambert W function is not excluded by this theorem"
    )


_HYPERTRANSCENDENTAL = (
    "no formula for {unknown} in {parameters} made of arithmetic, roots, exp, log, integrals, Lambert W or any other "
    "function that satisfies an algebraic differential equation gives a non-constant critical point: with it, {function} "
    "would satisfy one, and it satisfies none"
)

FORMULAS: dict[str, Theorem] = {
    # numbers
    "roots in radicals": Theorem(_roots),
    "roots as written": Theorem("the roots of {polynomial} are expressible in radicals, as written"),
    "no root in radicals": Theorem(_no_root, topic="not radical"),
    "no root in radicals on the way": Theorem(_no_root),
    "points without radicals": Theorem(_points_without, topic="not radical"),
    "root of the norm": Theorem(
        "{meaning} is a root of {norm}, which divides the product of the conjugates over Q of {equation}"
    ),
    "root without radicals on the way": Theorem(
        "{meaning} at the critical point is a root of {polynomial}, which has no radicals, so no formula that gives "
        "{meaning} in radicals gives {unknown}"
    ),
    "irreducible over Q": Theorem(_irreducible),
    "not in radicals for these data": Theorem(
        "for these data {exponential} is not expressible in radicals: {polynomial} is irreducible, and no root of it is",
        "Galois",
    ),
    "transcendental for these data": Theorem(
        "for these data {unknown} is transcendental, because {exponential} is algebraic and not 1: it is not in radicals",
        HERMITE_LINDEMANN,
        topic="not radical",
    ),
    "no exp and log for these data": Theorem(
        "for these data {unknown} is no number made from rationals by arithmetic, exp and log",
        CHOW,
        topic="not elementary",
    ),
    "transcendental with its exponential": Theorem(
        "{unknown} is transcendental at every critical point, so no expression in radicals gives it: P({unknown}, "
        "{exponential}) = 0 with {exponential} = exp({scale}*{unknown}) and P = {polynomial}, irreducible over Q in both "
        "variables, and {unknown} = 0 is no critical point",
        HERMITE_LINDEMANN,
        topic="not radical",
    ),
    "transcendental with its tangent": Theorem(
        "{unknown} is transcendental where the equation holds, so no expression in radicals gives it: P({unknown}, u) = 0 with "
        "u = tan({half}*{unknown}) and P = {polynomial}, irreducible over Q in both variables, and {unknown} = 0 is no solution",
        HERMITE_LINDEMANN,
        topic="not radical",
    ),
    "no exp and log by degree one": Theorem(
        "{unknown} is no number made from rationals by arithmetic, exp and log: P has degree one in one of its variables, "
        "so it is irreducible over the algebraic numbers",
        f"{LIN}; {CHOW}",
        topic="not elementary",
    ),
    "coordinates not all in radicals": Theorem(_coordinates, "Galois"),
    # exponentials taken for unknowns
    "derivatives never vanish together": Theorem(
        "there is no real critical point: the derivatives combine to a function that is never zero"
    ),
    "eliminant": Theorem("with {substitution}, every real critical point has {product} = 0"),
    "points by the engine": Theorem(_engine),
    "taken apart exactly": Theorem(_apart),
    "a curve of critical points": Theorem(_curve),
    "infimum at infinity": Theorem(
        "the infimum {infimum} of the loss is approached at infinity and not attained", topic="no minimum"
    ),
    "global minimum attained": Theorem("the global minimum is attained, at the point so marked"),
    "generic count of a design": Theorem(_design, HUH),
    "falls along a direction": Theorem(
        "there is no critical point and no finite minimiser: the loss falls everywhere along the direction ({direction})"
    ),
    "the direction separates": Theorem(
        "the direction separates the data: no term of the loss is on the wrong side of it, and not all are on it",
        ALBERT,
    ),
    "root of a polynomial over the symbols": Theorem(
        "{substitution} is a root of a polynomial of degree {degree} with {terms} coefficients in the symbols, solved by a "
        "formula"
    ),
    "one positive root of the cubic": Theorem(
        "exactly one positive root of the cubic exists and it gives the minimum: every positive root belongs to a critical "
        "point, and a strictly convex loss has at most one"
    ),
    # families of problems
    "no formula of the family": Theorem(_family),
    "monodromy is not solvable": Theorem("{reason}", KHOVANSKII),
    "irreducible over the symbols": Theorem(_over_symbols),
    "no radicals of the symbols": Theorem(
        "no formula in radicals of the symbols gives {unknown} for all data: it has none at the witness {witness}"
    ),
    "no radicals in the shift": Theorem(
        "as a function of s, the critical point of loss - s*{unknown} has no formula in radicals of s over Q: exp of it "
        "satisfies N(t) - s*D(t) = 0 with N, D coprime, and s = 0 is a witness (specialisation)",
        "Galois; B. L. van der Waerden, Algebra I, section 66",
    ),
    "no quadratures in the shift": Theorem(
        "as a function of s, the critical point of loss - s*{unknown} (for logistic regression, s shifts the label sum) has "
        "no formula with arithmetic, radicals, exp, log and quadratures: N(t) - s*D(t) is irreducible over C(s), its group "
        "over Q(s) contains the alternating group of degree {degree}, and so does its monodromy group",
        KHOVANSKII,
    ),
    "no radicals for all data": Theorem(
        "no formula in radicals of the data gives exp of {logarithms} at {subject} for all data, nor {logarithms}: at "
        "{witness} it would write a number in radicals that is not",
        "specialisation; Hermite-Lindemann theorem",
        topic="not radical",
    ),
    "transcendental at a witness": Theorem(
        "no formula in radicals of the data gives {unknown} at a critical point for all data: at {witness} there is a critical "
        "point, and it is transcendental",
        f"specialisation; {HERMITE_LINDEMANN}",
        topic="not radical",
    ),
    "no exp and log for all data by degree one": Theorem(
        "no formula with arithmetic, exp and log of the data and rational constants gives it for all data: at the witness P has "
        "degree one in one of its variables, so it is irreducible over the algebraic numbers",
        f"{LIN}; {CHOW}",
        topic="not elementary",
    ),
    "no quadratures for all data": Theorem(
        "no formula with arithmetic, radicals, exp, log and quadratures gives it for all data: the entry {label} enters "
        "only as {label} times a linear function of the unknown, so that the exponential of the unknown is the inverse of a "
        "rational function of {label}, and its monodromy group contains an alternating group of degree five or more at "
        "{witness}",
        KHOVANSKII,
        topic="not liouvillian",
    ),
    "no exp and log for all data": Theorem(
        "no formula with arithmetic, exp and log of the data and algebraic constants gives it for all data",
        CHOW,
        topic="not elementary",
    ),
    "no formula for a small sample": Theorem(
        "a formula for data of any length would hold for {rows} rows, for which there is none"
    ),
    "rises far out": Theorem(
        "the loss tends to infinity at both ends, so it has a global minimum, at the critical point of least loss",
        topic="attained",
    ),
    "falls far out": Theorem(_falls),
    "Rosenlicht": Theorem(_rosenlicht, ROSENLICHT, topic="not liouvillian"),
    "Hoelder": Theorem(
        _HYPERTRANSCENDENTAL, f"O. Hölder, Math. Ann. 28 (1887) 1-13; {RUBEL}", topic="not differentially algebraic"
    ),
    "Ostrowski": Theorem(
        _HYPERTRANSCENDENTAL, f"A. Ostrowski, Math. Z. 8 (1920) 241-298; {RUBEL}", topic="not differentially algebraic"
    ),
    "Hardouin and Singer": Theorem(
        _HYPERTRANSCENDENTAL,
        f"C. Hardouin and M. Singer, Math. Ann. 342 (2008) 333-377; {RUBEL}",
        topic="not differentially algebraic",
    ),
}
