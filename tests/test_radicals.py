"""Radicals: every root proved and, independently, equal to its numerical value as SymPy evaluates the printed text.

The polynomials are those of data/galois (published test suites) and textbook examples; expected texts are
classical (cos of 2 pi/7, Cardano, sqrt 2 + sqrt 3).
"""

from __future__ import annotations

import copy
import time

import flint
import mpmath
import pytest
import sympy
from flint import fmpq, fmpz_poly
from hypothesis import given
from hypothesis import strategies as st

from closedform.algebra.bridge import to_sympy, to_tree
from closedform.algebra.radicals.engine import RadicalSolution, Withheld, radical_roots
from closedform.algebra.radicals.symbolic import radical_formulas
from closedform.algebra.radicals.terms import text
from closedform.algebra.radicals.tidy import tidy
from closedform.budget import Budget
from closedform.calculus.roots.algebraic import located
from closedform.derive import derive
from closedform.errors import CallError, OutOfTime
from closedform.kernel import Refused, check_certificate
from closedform.kernel.expressions.tree import Tree, read
from closedform.kernel.expressions.values import evaluate_complex
from closedform.polynomials import radicals
from closedform.reading.language import parse
from closedform.report.polynomials import Radicals

x = sympy.Symbol("x")


def polynomial(written: str) -> fmpz_poly:
    return fmpz_poly([int(c) for c in sympy.Poly(sympy.sympify(written), x).all_coeffs()[::-1]])


def solution(written: str) -> RadicalSolution:
    found = radical_roots(polynomial(written), Budget.of(60))
    assert isinstance(found, RadicalSolution), found
    return found


def agrees(written: str, found: RadicalSolution | Radicals, digits: int = 40) -> bool:
    """Do the printed texts, evaluated by SymPy, give all the roots that mpmath finds?"""
    with mpmath.workdps(digits + 20):
        true = [
            mpmath.mpc(*r.as_real_imag())
            for r in sympy.Poly(sympy.sympify(written), x).nroots(n=digits + 15, maxsteps=1000)
        ]
        got = [mpmath.mpc(*sympy.N(sympy.sympify(r.exact), digits + 15).as_real_imag()) for r in found.roots]
        near = [min(abs(t - g) / (1 + abs(t)) for g in got) for t in true]
        return len(got) == len(true) and max(near) < mpmath.mpf(10) ** -digits


SHORT = {
    "x**2 - 12": ["-2*sqrt(3)", "2*sqrt(3)"],
    "x**2 + x + 1": ["(-1 + I*sqrt(3))/2", "(-1 - I*sqrt(3))/2"],
    "x**3 - 2": ["2**(1/3)", "exp(2*I*pi/3)*2**(1/3)", "exp(-2*I*pi/3)*2**(1/3)"],
    "x**4 - 10*x**2 + 1": ["-sqrt(2) - sqrt(3)", "sqrt(2) - sqrt(3)", "sqrt(3) - sqrt(2)", "sqrt(2) + sqrt(3)"],
    "x**3 - 4*x + 1": [  # Viete's solution of the casus irreducibilis
        "-4*sqrt(3)*cos(acos(3*sqrt(3)/16)/3)/3",
        "4*sqrt(3)*sin(asin(3*sqrt(3)/16)/3)/3",
        "4*sqrt(3)*cos(acos(-3*sqrt(3)/16)/3)/3",
    ],
    "x**3 - 3*x + 1": ["2*cos(8*pi/9)", "2*cos(4*pi/9)", "2*cos(2*pi/9)"],
    "x**5 + x**4 - 4*x**3 - 3*x**2 + 3*x + 1": [
        "2*cos(10*pi/11)",
        "2*cos(8*pi/11)",
        "2*cos(6*pi/11)",
        "2*cos(4*pi/11)",
        "2*cos(2*pi/11)",
    ],
}


@pytest.mark.parametrize("written", SHORT)
def test_classical_numbers_are_written_as_in_the_books(written: str) -> None:
    assert [r.exact for r in solution(written).roots] == SHORT[written]


KINDS = [
    "3*x**3 - 4*x**2 + x - 5",  # Cardano, not monic
    "x**3 - 4*x + 1",  # casus irreducibilis
    "x**4 + 8*x + 12",  # A4
    "x**4 - x - 1",  # S4, Ferrari
    "x**5 - 5*x + 12",  # D5
    "x**5 - 20*x**3 + 80*x - 3",  # a fifth of an angle
    "x**5 - 6*x**3 - 6*x**2 + x - 6",  # D5, where SymPy says nothing
    "x**5 + 15*x + 12",  # F20
    "x**5 - 110*x**3 - 55*x**2 + 2310*x + 979",  # C5
    "x**6 - 3*x**2 - 1",
    "x**7 + 7*x**3 + 7*x**2 + 7*x - 1",  # D7
    "x**8 - 12*x**6 + 36*x**4 - 36*x**2 + 9",  # Q8
    "x**8 - x**7 + 29*x**2 + 29",  # primitive: AGL(1, 8)
    "x**9 - 3*x**8 - 24*x**5 - 24*x**4 - 48*x + 16",  # primitive: 3^2:SD16
    "x**9 - 9*x**6 - 9*x**4 + 24*x**3 + 9*x**2 - 9*x + 1",
    "x**10 + x**8 - 4*x**6 - 3*x**4 + 3*x**2 + 1",  # square roots over a quintic field
    "x**10 - 2*x**5 - 4",
    "x**10 + x**6 - 2*x**5 - x**4 + 3*x**2 - 2*x + 1",  # quintics over a quadratic field
    "x**11 - 33*x**9 + 396*x**7 - 2079*x**5 + 4455*x**3 - 2673*x - 243",  # F55
    "x**16 - 24*x**14 + 204*x**12 - 792*x**10 + 1544*x**8 - 1536*x**6 + 744*x**4 - 144*x**2 + 4",
]


@pytest.mark.parametrize("written", KINDS)
def test_every_kind_of_step_gives_all_roots(written: str) -> None:
    found = solution(written)
    assert check_certificate(found.certificate.to_dict())
    assert agrees(written, found)


def test_numbers_lie_in_their_discs() -> None:
    for root in solution("x**5 - 5*x + 12").roots:
        with mpmath.workdps(50):
            value = mpmath.mpc(*sympy.N(sympy.sympify(root.exact), 45).as_real_imag())
            assert abs(value - mpmath.mpc(root.re, root.im)) <= mpmath.mpf(root.radius) * (1 + mpmath.mpf(10) ** -10)


@pytest.mark.parametrize("written", ["x**5 - x - 1", "x**5 - 4*x + 2", "x**7 - x - 1", "x**6 - x - 1"])
def test_unsolvable_ones_are_never_given(written: str) -> None:
    assert isinstance(radical_roots(polynomial(written), Budget.of(10)), Withheld)


def test_no_time_is_no_answer() -> None:
    started = time.monotonic()
    with pytest.raises(OutOfTime):
        radical_roots(polynomial("x**7 + 7*x**3 + 7*x**2 + 7*x - 1"), Budget.of(0))
    assert time.monotonic() - started < 5


def leaves(value: object, place: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    if isinstance(value, dict):
        return [p for k, v in value.items() for p in leaves(v, (*place, k))]
    if isinstance(value, list):
        return [p for k, v in enumerate(value) for p in leaves(v, (*place, k))]
    return [place]


def changed(document: dict[str, object], place: tuple[object, ...]) -> dict[str, object] | None:
    out = copy.deepcopy(document)
    at: object = out
    for key in place[:-1]:
        at = at[key]  # type: ignore[index]
    old = at[place[-1]]  # type: ignore[index]
    if not isinstance(old, str) or not (old.lstrip("-").split("/")[0].isdigit()):
        return None
    whole, _, rest = old.partition("/")
    at[place[-1]] = str(int(whole) + 1) + ("/" + rest if rest else "")  # type: ignore[index]
    return out


@pytest.mark.parametrize("written", ["x**3 - 4*x + 1", "x**4 + 8*x + 12", "x**4 - 10*x**2 + 1", "x**5 - 5*x + 12"])
def test_every_number_of_a_certificate_matters(written: str) -> None:
    document = solution(written).certificate.to_dict()
    places = leaves(document)
    refused = tried = 0
    for place in places[:: max(1, len(places) // 25)]:
        mutant = changed(document, place)  # type: ignore[arg-type]
        if mutant is None:
            continue
        tried += 1
        try:
            check_certificate(mutant)  # type: ignore[arg-type]
        except Refused:
            refused += 1
    assert tried > 3
    assert refused == tried


def certificate(polynomial_: list[str], roots: list[object], let: list[object] | None = None) -> dict[str, object]:
    return {
        "format": 1,
        "statement": {"polynomial": polynomial_},
        "evidence": {},
        "claim": {"kind": "radicals", "let": let or [], "roots": roots},
    }


def root(exact: object, re: str, im: str = "0", radius: str = "0.01") -> object:
    return {"exact": exact, "numeric": {"re": re, "im": im}, "radius": radius}


ROOT = ["sqrt", "2"]
TWICE = [{"name": n, "exact": ROOT, "relation": ["+", ["^", n, "2"], "-2"]} for n in "nm"]
OVER = ["*", ["+", ["^", "y", "2"], "-2"], ["^", ["+", "n", "m"], "-1"]]  # n + m is no unit: (n + m)*(n - m) = 0
CUBE = ["+", ["^", "y", "3"], "-1"]  # y = 1 satisfies it, but not the factor y^2 + y + 1
FALSE = {
    "a factor that does not vanish": certificate(
        ["1", "1", "1"],
        [root("y", "1", "0", "2")],
        [{"name": "y", "exact": "1", "relation": CUBE, "refined": ["+", ["^", "y", "2"], "y", "1"]}],
    ),
    "a relation with a denominator, refined": certificate(
        ["-2", "0", "1"],
        [root("y", "1.414")],
        [*TWICE, {"name": "y", "exact": ROOT, "relation": OVER, "refined": ["+", ["^", "y", "2"], "-2"]}],
    ),
    "a factor that is none": certificate(
        ["-2", "0", "1"],
        [root("y", "1", "0", "2")],
        [{"name": "y", "exact": "1", "relation": CUBE, "refined": ["+", ["^", "y", "2"], "-2"]}],
    ),
    "the other root": certificate(["-2", "0", "1"], [root(["sqrt", "2"], "-1.414")]),
    "a near miss": certificate(["-2", "0", "1"], [root("1.4142135623730950488", "1.414")]),
    "a close rational": certificate(["-2", "0", "1"], [root("665857/470832", "1.414")]),
    "the same root twice": certificate(["-2", "0", "1"], [root(["sqrt", "2"], "1.414")] * 2),
    "the real cube root of a negative number": certificate(["8", "0", "0", "1"], [root(["^", "-8", "1/3"], "-2")]),
    "not squarefree": certificate(["1", "-2", "1"], [root("1", "1")]),
    "a transcendental in disguise": certificate(["-1", "1"], [root(["+", ["*", ["exp", "1"], ["exp", "-1"]]], "1")]),
    "a name for nothing": certificate(["-2", "0", "1"], [root("y", "1.414")]),
    "a false relation": certificate(
        ["-2", "0", "1"],
        [root("y", "1.414")],
        [{"name": "y", "exact": "7/5", "relation": ["+", ["^", "y", "2"], "-2"]}],
    ),
    "a circular relation": certificate(
        ["-2", "0", "1"],
        [root("y", "1.414")],
        [{"name": "y", "exact": "y", "relation": ["+", ["^", "y", "2"], "-2"]}],
    ),
    "an unknown key": certificate(["-2", "0", "1"], [{**root(["sqrt", "2"], "1.414"), "why": "trust me"}]),  # type: ignore[dict-item]
}


@pytest.mark.parametrize("name", FALSE)
def test_false_certificates_are_refused(name: str) -> None:
    with pytest.raises(Refused):
        check_certificate(FALSE[name])  # type: ignore[arg-type]


def test_the_good_twin_of_the_false_ones_is_accepted() -> None:
    assert check_certificate(certificate(["-2", "0", "1"], [root(["sqrt", "2"], "1.414")]))  # type: ignore[arg-type]


FAMILIES = [
    (["+", ["*", "a", ["^", "x", "2"]], ["*", "b", "x"], "c"], [2]),
    (["+", ["^", "x", "3"], ["*", "p", "x"], "q"], [3]),
    (["+", ["*", "a", ["^", "x", "3"]], ["*", "b", ["^", "x", "2"]], ["*", "c", "x"], "d"], [3]),
    (["+", ["^", "x", "4"], ["*", "p", ["^", "x", "2"]], ["*", "q", "x"], "r"], [4]),
    (["+", ["^", "x", "6"], ["*", "a", ["^", "x", "3"]], "b"], [6]),
    (["*", ["+", "x", "a"], ["+", ["^", "x", "2"], "b"]], [1, 2]),
]


@pytest.mark.parametrize(("tree", "degrees"), FAMILIES)
def test_formulas_in_the_parameters_hold_at_random_values(tree: object, degrees: list[int]) -> None:
    values = dict(zip("abcdpqr", (2, 3, -5, 7, -4, 3, 11), strict=True))
    factors = radical_formulas(read(tree), "x")  # type: ignore[arg-type]
    assert sorted(f.degree for f in factors) == degrees
    for factor in factors:
        assert len(factor.roots) == factor.degree
        got = sorted(complex(sympy.N(sympy.sympify(text(r.exact)).subs(values))).real for r in factor.roots)
        whole = sum(sympy.sympify(text(c)) * x**k for k, c in enumerate(factor.coefficients)).subs(values)
        true = sorted(complex(z).real for z in sympy.Poly(whole, x).nroots())
        assert got == pytest.approx(true, abs=1e-9)


def test_the_real_root_of_a_cubic_is_real_under_its_condition() -> None:
    cubic = radical_formulas(read(["+", ["^", "x", "3"], ["*", "p", "x"], "q"]), "x")[0]
    for form in cubic.real_roots:
        for values in ({"p": 2, "q": 3}, {"p": 2, "q": -3}, {"p": -1, "q": 5}, {"p": -1, "q": -5}):
            holds = all(bool(sympy.sympify(text(a)).subs(values) > 0) for op, a, _ in form.conditions if op == ">")
            if holds:
                assert abs(complex(sympy.N(sympy.sympify(text(form.exact)).subs(values))).imag) < 1e-12


def test_a_general_quintic_has_no_formula_here() -> None:
    quintic = radical_formulas(read(["+", ["^", "x", "5"], ["*", "a", "x"], "-1"]), "x")[0]
    assert quintic.roots == ()
    assert quintic.reason


NESTED = {  # classical denestings; the others stay as they are
    "sqrt(3 + 2*sqrt(2))": "1 + sqrt(2)",
    "sqrt(5 + 2*sqrt(6))": "sqrt(3) + sqrt(2)",
    "(2 + sqrt(5))^(1/3)": "(1 + sqrt(5))/2",
    "((11 + 5*sqrt(5))/2)^(1/5)": "(1 + sqrt(5))/2",  # the golden ratio's fifth power
    "(26 + 15*sqrt(3))^(1/3)": "2 + sqrt(3)",
    "(10 - 6*sqrt(3))^(1/3)": "(10 - 6*sqrt(3))**(1/3)",  # of a negative number: not 1 - sqrt(3)
    "sqrt(7 + sqrt(5))": "sqrt(7 + sqrt(5))",
    "sqrt(-12)": "2*I*sqrt(3)",
    "(1 - sqrt(2))*sqrt(5 + sqrt(2))": "-sqrt(11 - 7*sqrt(2))",
    "sqrt(6)*sqrt(2)": "2*sqrt(3)",
    "cos(pi/7)*cos(2*pi/7)": "(cos(3*pi/7) + cos(pi/7))/2",
}


@pytest.mark.parametrize("written", NESTED)
def test_expressions_are_tidied_as_in_the_books(written: str) -> None:
    assert text(tidy([read(to_tree(to_sympy(parse(written), {})))])[0]) == NESTED[written]


LEAVES = st.one_of(
    st.fractions(-6, 6, max_denominator=4).map(lambda f: fmpq(f.numerator, f.denominator)),
    st.just(("I",)),
    st.integers(1, 13).map(lambda k: ("cos", ("*", fmpq(k, 7), ("pi",)))),
    st.tuples(st.integers(1, 13), st.sampled_from([3, 5, 6, 8])).map(
        lambda k: ("exp", ("*", fmpq(*k), ("I",), ("pi",)))
    ),
)
EXPONENTS = st.sampled_from([fmpq(a, b) for a, b in ((1, 3), (-1, 1), (2, 1), (1, 5), (-1, 2), (2, 3), (3, 1))])
RADICALS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["+", "*"]), inner, inner),
        st.tuples(st.just("sqrt"), inner),
        st.tuples(st.just("^"), inner, EXPONENTS),
    ),
    max_leaves=8,
)


@given(RADICALS)
def test_tidying_keeps_the_principal_value(tree: Tree) -> None:
    with flint.ctx.workprec(160):
        value = evaluate_complex(tree, {})
        if not value.is_finite() or value.contains(0) or not abs(value).rad() < 1e-20:
            return  # zero, undefined, or on a branch cut
        assert evaluate_complex(tidy([tree])[0], {}).overlaps(value)


@pytest.mark.parametrize("written", ["x^5 - 5*x + 12", "x^4 - x - 1", "x^7 + 7*x^3 + 7*x^2 + 7*x - 1"])
def test_abbreviations_say_the_same(written: str) -> None:
    found = radicals(written)
    values = {}
    for name, meaning in found.abbreviations:
        values[name] = sympy.sympify(meaning).subs(values)
    for root in found.roots:
        assert root.short is not None
        assert root.exact is not None
        with mpmath.workdps(40):
            short, whole = (sympy.N(sympy.sympify(t).subs(values), 30) for t in (root.short, root.exact))
            assert abs(short - whole) < 1e-25


def test_real_roots_need_no_imaginary_unit_unless_asked() -> None:
    """One real root of a quintic with group D5 or F20, three of a cubic, four of a quartic."""
    for written in ("x^5 - 5*x + 12", "x^5 + 15*x + 12", "x^3 - 4*x + 1", "x^4 - 4*x^2 + x + 1", "x^3 - x - 1"):
        real = [r.exact for r in radicals(written).roots if r.im == "0"]
        assert real
        assert not any("I" in str(e) for e in real)
    assert not any("acos" in str(r.exact) for r in radicals("x^3 - 4*x + 1", form="radicals").roots)
    assert agrees("x**3 - 4*x + 1", radicals("x^3 - 4*x + 1", form="radicals"))
    with pytest.raises(CallError):
        radicals("x^3 - 2", form="short")


def test_five_real_roots_of_a_dihedral_quintic_are_cosines() -> None:
    """x^5 - 13x^3 - 8x^2 + 10x + 4: group D5 and five real roots, so no real radicals give them (Hoelder 1891)."""
    found = radicals("x^5 - 13*x^3 - 8*x^2 + 10*x + 4")
    assert all("cos" in str(r.exact) or "sin" in str(r.exact) for r in found.roots)
    assert not any("I" in str(r.exact) for r in found.roots)
    assert agrees("x**5 - 13*x**3 - 8*x**2 + 10*x + 4", found)


def test_quintics_are_short() -> None:
    """Solvable quintics of data/galois: 900 characters a root before each resolvent had a root of its own."""
    for written in ("x^5 - 5*x + 12", "x^5 - 6*x^3 - 6*x^2 + x - 6", "x^5 + 15*x + 12"):
        assert all(len(str(r.exact)) <= 400 for r in radicals(written).roots)


def test_radicals_are_typeset() -> None:
    found = radicals("x^4 - x - 1")
    assert "\\sqrt[3]{\\frac{9 + \\sqrt{849}}{18}}" in found.to_latex()
    assert "<math" in found.to_html()
    assert "where" in found.to_text()


def test_coefficients_that_are_radicals_lead_to_the_norm() -> None:
    """SymPy's own test of a quintic over a cube root; Eisenstein's polynomial over sqrt(2) with a real root."""
    for written in ("x**5 + x**3 - 2**Rational(1, 3)", "x**5 - 4*x + 2*sqrt(2)"):
        poly = sympy.Poly(sympy.sympify(written), x)
        found = located(poly, x, 200, Budget.of(30))
        assert found is not None
        true = [
            r for r in sympy.Poly(poly.as_expr().evalf(40), x).nroots(n=30, maxsteps=500) if abs(sympy.im(r)) < 1e-25
        ]
        assert [abs(float(ball.mid()) - r) < 1e-12 for (ball, _, _), r in zip(found, true, strict=True)]
        assert {known.status for _, _, known in found} == {"not_closed"}
    assert derive(equations=["x^5 + x^3 - 2^(1/3)"], unknowns=["x"]).verdict.outcome == "not_closed"
