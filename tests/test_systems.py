"""Polynomial systems: counts known from the literature or by hand, and what the strategy says of them."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flint import Ordering, acb, arb, ctx, fmpq_mpoly_ctx, fmpz_poly
from hypothesis import given, settings
from hypothesis import strategies as st

from closedform.algebra.polynomial_systems import msolve
from closedform.algebra.polynomial_systems import solve as solving
from closedform.algebra.polynomial_systems.basis import Monomials, groebner
from closedform.algebra.polynomial_systems.lift import Parametrisation, are_isolated, proves, reconstruct
from closedform.algebra.polynomial_systems.quotient import dimension
from closedform.algebra.polynomial_systems.solution import SystemSolution
from closedform.algebra.polynomial_systems.solve import solve_system
from closedform.algebra.polynomial_systems.univariate_roots import count_real, roots_at
from closedform.budget import Budget
from closedform.kernel import Refused, check_certificate
from closedform.kernel.algebra.standard_monomials import blocks
from closedform.points import CriticalPoint
from closedform.problem import Problem
from closedform.reading.language import parse
from closedform.report.theorems.table import stated
from closedform.stationarity.scalar import Stationarity, stationarity
from closedform.strategies.scalar import polynomial_system

P = 2147483629


def solve(names: str, *equations: str, nonzero: tuple[str, ...] = ()) -> SystemSolution:
    ring = fmpq_mpoly_ctx.get(tuple(names.split()), Ordering.degrevlex)
    values = dict(zip(names.split(), ring.gens(), strict=True))
    polynomials = [ring.constant(0) + eval(e, {"__builtins__": {}}, values) for e in (*equations, *nonzero)]
    return solve_system(polynomials[: len(equations)], names.split(), polynomials[len(equations) :], Budget.of(30))


def system(loss: str | None = None, unknowns: str = "x y", equations: tuple[str, ...] = ()) -> Stationarity:
    given_loss = parse(loss) if loss else None
    return stationarity(
        Problem(loss or "", given_loss, tuple(unknowns.split()), equations=tuple(parse(e) for e in equations))
    )


# name, unknowns, equations, complex, real (counts: Morgan 1987; Noonburg 1989; by hand)
KNOWN = [
    ("circle and hyperbola", "x y", ("x**2+y**2-4", "x*y-1"), 4, 4),
    ("double", "x y", ("x**2+y**2-2", "x*y-1"), 2, 2),
    (
        "noon-3",
        "x y z",
        ("10*x*y**2+10*x*z**2-11*x+10", "10*y*x**2+10*y*z**2-11*y+10", "10*z*x**2+10*z*y**2-11*z+10"),
        21,
        7,
    ),
    ("eco-5", "a b c d t", ("a*b*t+a*t+b*c*t+c*d*t-1", "a*c*t+b*d*t+b*t-2", "a*d*t+c*t-3", "d*t-4", "a+b+c+d+1"), 8, 4),
    ("triple point", "x y", ("x**3", "y-x"), 1, 1),
    ("none", "x y", ("x*y-1", "x"), 0, 0),
    ("overdetermined", "x y", ("x**2-1", "y**2-x", "x-y"), 1, 1),
    ("complex only", "x y", ("x**2+1", "y-x"), 2, 0),
    ("linear", "x y z", ("x+y+z-6", "x-y", "2*x-z+1"), 1, 1),
]


@pytest.mark.parametrize(("names", "equations", "complex_", "real"), [k[1:] for k in KNOWN], ids=[k[0] for k in KNOWN])
def test_counts(names: str, equations: tuple[str, ...], complex_: int, real: int) -> None:
    found = solve(names, *equations)
    assert (found.complex_count, found.real_count) == (complex_, real)
    points = found.real_points(25)
    assert len(points) == real
    ring = fmpq_mpoly_ctx.get(tuple(names.split()), Ordering.degrevlex)
    for point in points:
        values = dict(zip(names.split(), point.coordinates, strict=True))
        assert all(bool((arb(0) + eval(e, {"__builtins__": {}}, values)).contains(0)) for e in equations)
        assert all(bool(c.rad() <= arb(10) ** -25 * (1 + abs(c))) for c in point.coordinates)
    assert ring.nvars() == len(names.split())


def test_katsura_3_has_eight_solutions() -> None:
    """Eight by Bezout; SymPy's solver lists two."""
    found = solve(
        "u v w t", "u+2*v+2*w+2*t-1", "u**2+2*v**2+2*w**2+2*t**2-u", "2*u*v+2*v*w+2*w*t-v", "v**2+2*u*w+2*v*t-w"
    )
    assert (found.complex_count, found.completeness, found.complete) == (8, "bezout", True)


def test_the_double_zeros_count_once() -> None:
    found = solve("x y", "x**2+y**2-2", "x*y-1")
    assert (found.complex_count, found.degree) == (2, 4)


def test_a_curve_has_no_counts() -> None:
    found = solve("x y", "x*y", "x**2*y")
    assert (found.space, found.complex_count, found.complete) == (1, None, False)


def test_what_must_not_vanish_is_cut_out() -> None:
    assert solve("x y", "x*(x-1)", "y-x").complex_count == 2
    assert solve("x y", "x*(x-1)", "y-x", nonzero=("x",)).complex_count == 1
    assert solve("x y", "x*y", "x*(y-1)*(x-3)", nonzero=("x",)).complex_count == 1  # else the line x = 0


def test_a_deadline_is_a_reason() -> None:
    names = [f"x{i}" for i in range(8)]
    ring = fmpq_mpoly_ctx.get(tuple(names), Ordering.degrevlex)
    gens = ring.gens()
    cyclic = [
        sum((_product(gens[(i + j) % 8] for j in range(k)) for i in range(8)), ring.constant(0)) for k in range(1, 8)
    ]
    found = solve_system([*cyclic, _product(gens) - 1], names, [], Budget.of(0.05))
    assert found.space is None
    assert "time" in found.reason


def _product(values: Any) -> Any:
    out = None
    for v in values:
        out = v if out is None else out * v
    return out


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=1, max_size=4, unique_by=lambda p: p[0]))
def test_planted_points_are_found(points: list[tuple[int, int]]) -> None:
    """Interpolation: the zeros of prod(x - a_i), y - L(x) are exactly the planted points."""
    ring = fmpq_mpoly_ctx.get(("x", "y"), Ordering.degrevlex)
    x, y = ring.gens()
    first, line = ring.constant(1), ring.constant(0)
    for a, b in points:
        first = first * (x - a)
        term = ring.constant(b)
        for c, _ in points:
            if c != a:
                term = term * (x - c) / (a - c)
        line = line + term
    found = solve_system([first, y - line], ["x", "y"], [], Budget.of(10))
    listed = sorted(
        (round(float(p.coordinates[0].mid())), round(float(p.coordinates[1].mid()))) for p in found.real_points(15)
    )
    assert (found.complex_count, listed) == (len(points), sorted(points))


@pytest.mark.parametrize(
    "f",
    [
        fmpz_poly([1]) * math.prod((fmpz_poly([-k, 1]) for k in range(1, 31)), start=fmpz_poly([1])),  # Wilkinson
        fmpz_poly([-2, 200, -5000] + [0] * 17 + [1]),  # Mignotte: two roots near 1/50, 10^-18 apart
        fmpz_poly([1, 0, 0, 7, 0, 0, 0, 10**40]),
        fmpz_poly([0, 1, 10**30]),
    ],
)
def test_refined_roots_are_those_that_are_isolated_anew(f: fmpz_poly) -> None:
    found = roots_at(f, 900)
    with ctx.workprec(1000):
        anew = [acb(r) for r, _ in f.complex_roots()]
        assert all(sum(r.overlaps(s) for s in found) == 1 for r in anew)
        assert len(found) == f.degree()
        assert all(bool(v.rad() <= arb(2) ** -900 * (1 + abs(r.mid()))) for r in found for v in (r.real, r.imag))
    assert count_real(f) == sum(1 for r in anew if r.imag.is_zero())


BY_MULTIPLES = {"noon-3", "eco-5"}


@pytest.mark.parametrize("name", ["noon-3", "eco-5", "circle and hyperbola", "complex only", "none", "linear"])
def test_the_kernel_counts_the_zeros_itself(name: str) -> None:
    names, equations, complex_, real = next(k[1:] for k in KNOWN if k[0] == name)
    found = solve(names, *equations)
    assert found.completeness == ("multiples" if name in BY_MULTIPLES else "bezout")
    answer = polynomial_system.attempt(system(unknowns=names, equations=equations), Budget.of(30))
    claim = answer.certificates[-1].claim
    assert claim["complete"]
    assert claim["counts"] == {"real": str(real), "complex": str(complex_)}
    check_certificate(answer.certificates[-1])


def test_zeros_at_infinity_are_not_counted() -> None:
    """Two circles meet at two points, and at two more at infinity: the difference of their equations is a line."""
    found = solve("x y", "x**2+y**2-4", "x**2+y**2-2*x-3")
    assert (found.complex_count, found.completeness) == (2, "multiples")
    answer = polynomial_system.attempt(
        system(unknowns="x y", equations=("x**2+y**2-4", "x**2+y**2-2*x-3")), Budget.of(9)
    )
    proof = answer.certificates[-1]
    how = proof.evidence["complete"]
    assert isinstance(how, dict)
    assert how["consequences"] == ["0:00:-1 1:00:1"]
    false = [
        {"consequences": ["0:00:-2 1:00:1"]},
        {"consequences": ["0:00:-1 1:00:1", "2:00:1"]},
        {"consequences": ["3:00:1"]},
        {"consequences": ["-1:00:1"]},
        {"consequences": ["0:0:-1 1:00:1"]},
        {"consequences": ["0:00:1/2"]},
        {"consequences": ["0:00:-1 0:00:1"]},
        {"consequences": []},
        {"standard": "00"},
        {"multiples": ["00", "", "00 10 10"]},
        {"multiples": ["00 00", "", "00 10"]},
    ]
    for part in false:
        with pytest.raises(Refused):
            check_certificate(replace(proof, evidence={**proof.evidence, "complete": {**how, **part}}))


# Critical points at infinity too: all counts are those of the sources.
AT_INFINITY = [
    # |M - u v'|^2 + (|u|^2 + |v|^2)/10 with M = [1, 2; 3, 5]: zero and two pairs for each of two singular values
    (
        "u1 u2 v1 v2",
        (
            "10*u1*v1**2 + 10*u1*v2**2 + u1 - 10*v1 - 20*v2",
            "10*u2*v1**2 + 10*u2*v2**2 + u2 - 30*v1 - 50*v2",
            "10*u1**2*v1 - 10*u1 + 10*u2**2*v1 - 30*u2 + v1",
            "10*u1**2*v2 - 20*u1 + 10*u2**2*v2 - 50*u2 + v2",
        ),
        9,
    ),
    # one neuron c (x + b y)^2 in a generic inner product, w = 1/c: 3*2 - 2 (Draisma and others 2016)
    (
        "c b w",
        (
            "29*b**4*c + 8*b**2*c - 87*b**2 - 40*b + 9*c - 108",
            "58*b**3*c**2 + 8*b*c**2 - 174*b*c - 40*c",
            "w*c - 1",
        ),
        4,
    ),
]


@pytest.mark.parametrize(("names", "equations", "complex_"), AT_INFINITY)
def test_all_zeros_of_a_squared_error_are_proved(names: str, equations: tuple[str, ...], complex_: int) -> None:
    answer = polynomial_system.attempt(system(unknowns=names, equations=equations), Budget.of(30))
    assert dict(answer.counts)["complex"] == complex_
    assert answer.certificates[-1].claim["complete"]


def test_rows_without_a_monomial_in_common_are_apart() -> None:
    one, x, y, xx, xy = (0, 0), (1, 0), (0, 1), (2, 0), (1, 1)
    assert blocks([[one, x], [xx], [xy, xx], [x, y], []]) == [[0, 3], [1, 2], [4]]


def test_a_constant_among_the_multiples_leaves_no_zero() -> None:
    found = solve("x y z", "x*y - 1", "x*z - 2", "y - z**2", "x + z**3 - 5")
    assert (found.space, found.completeness, found.complete) == (-1, "multiples", True)
    assert found.bound is not None


NOON = next(k for k in KNOWN if k[0] == "noon-3")
FALSE_ANSWERS = [
    "",
    "[-1]:",
    "[1, 3, -1, []]:",
    "[0, [1",
    # a form that is no zero of the equations, though it has the right shape
    "[0, [0, 3, 1, ['x', 'y', 'z'], [0, 0, 1], [1, [[1, [-1, 1]], [0, [1]], [[[0, [1]], 1], [[0, [1]], 1]]]]]]:",
    "[0, [0, 3, 2, ['x', 'y', 'z'], [0, 0, 1], [1, [[2, [0, 0, 1]], [1, [0, 2]], [[[0, [1]], 0], [[0, [1]], 1]]]]]]:",
]


@pytest.mark.parametrize("answer", FALSE_ANSWERS)
def test_another_program_is_believed_nothing(answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands in the place of msolve writes what is false: the zeros are found and counted without it."""
    fake = tmp_path / "msolve"
    fake.write_text(f'#!/bin/sh\nprintf "%s" "{answer}"\n')
    fake.chmod(0o755)
    monkeypatch.setattr(msolve, "program", lambda: str(fake))
    monkeypatch.setattr(solving, "LARGE", 1)
    found = solve(*NOON[1:2], *NOON[2])
    assert (found.complex_count, found.real_count, found.completeness) == (21, 7, "multiples")


def test_another_program_has_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "msolve"
    fake.write_text("#!/bin/sh\nexec sleep 60\n")
    fake.chmod(0o755)
    monkeypatch.setattr(msolve, "program", lambda: str(fake))
    assert msolve.zeros_by_msolve([{(2, 0): 1, (0, 0): -2}, {(0, 1): 1, (1, 0): -1}], 2, Budget.of(1)) is None


@pytest.mark.skipif(msolve.program() is None, reason="msolve is not installed")
def test_zeros_by_msolve_are_ours() -> None:
    for case in (NOON, KNOWN[0]):
        names, equations = case[1].split(), case[2]
        ours = solve(*case[1:2], *equations)
        ring = fmpq_mpoly_ctx.get(tuple(names), Ordering.degrevlex)
        values = dict(zip(names, ring.gens(), strict=True))
        terms = [solving._integral(ring.constant(0) + eval(e, {"__builtins__": {}}, values)) for e in equations]
        form = msolve.zeros_by_msolve(terms, len(names), Budget.of(30))
        assert form is not None
        assert form.q.degree() == ours.complex_count


def test_basis_of_a_textbook_ideal() -> None:
    """Cox, Little, O'Shea 2.7: (x^3 - 2xy, x^2 y - 2y^2 + x) has the grevlex basis x^2, xy, y^2 - x/2."""
    ring, rows = groebner([{(3, 0): 1, (1, 1): -2}, {(2, 1): 1, (0, 2): -2, (1, 0): 1}], 2, P, Budget.of(5))
    assert sorted(ring.unpack(r[0][0]) for r in rows) == [(0, 2), (1, 1), (2, 0)]


def test_monomials_pack_in_grevlex_order() -> None:
    ring = Monomials(3)
    order = [
        (2, 0, 0),
        (1, 1, 0),
        (0, 2, 0),
        (1, 0, 1),
        (0, 1, 1),
        (0, 0, 2),
        (1, 0, 0),
        (0, 1, 0),
        (0, 0, 1),
        (0, 0, 0),
    ]
    packed = [ring.pack(e) for e in order]
    assert packed == sorted(packed, reverse=True)
    assert [ring.unpack(m) for m in packed] == order
    assert ring.divides(ring.pack((1, 0, 1)), ring.pack((1, 2, 1)))
    assert not ring.divides(ring.pack((2, 0, 0)), ring.pack((1, 2, 1)))


@pytest.mark.parametrize(
    ("leading", "n", "expected"),
    [
        ([(2, 0), (0, 3)], 2, 0),
        ([(1, 1)], 2, 1),
        ([(0, 0)], 2, -1),
        ([(1, 0, 0)], 3, 2),
        ([(1, 1, 0), (0, 1, 1), (1, 0, 1)], 3, 1),
    ],
)
def test_dimension(leading: list[tuple[int, ...]], n: int, expected: int) -> None:
    assert dimension(leading, n) == expected


@given(st.integers(-(10**6), 10**6), st.integers(1, 10**6))
def test_rational_reconstruction(a: int, b: int) -> None:
    if b % P == 0:
        return
    found = reconstruct(a * pow(b, -1, P**2), P**2, 10**9)
    assert found is not None
    assert found[0] * b == a * found[1]


# -- the strategy --------------------------------------------------------------------------------------------------


def attempt(*args: Any, **kwargs: Any) -> Any:
    return polynomial_system.attempt(system(*args, **kwargs), Budget.of(40))


def kinds(points: tuple[CriticalPoint, ...]) -> dict[str, int]:
    return {k: sum(p.kind == k for p in points) for k in {p.kind for p in points}}


def test_himmelblau() -> None:
    """Nine critical points (Himmelblau 1972): four minima, four saddles, one maximum."""
    found = attempt("(x^2 + y - 11)^2 + (x + y^2 - 7)^2")
    assert kinds(found.points) == {"global minimum": 4, "saddle": 4, "local maximum": 1}
    assert (found.outcome, found.complete, dict(found.counts)) == ("partial", True, {"complex": 9, "real": 9})
    assert {(p.exact["x"], p.exact["y"]) for p in found.points if p.exact and p.expression_class == "rational"} == {
        (3, 2)
    }
    assert [p.loss for p in found.points if p.kind == "global minimum"] == [0] * 4
    assert all(check_certificate(c) for c in found.certificates)
    assert any(f.trust == "proved" and "exactly 9" in stated(f).text for f in found.findings)


@pytest.mark.parametrize(
    ("loss", "unknowns", "real", "minima"),
    [
        ("(1-x)^2+100*(y-x^2)^2", "x y", 1, {(1, 1)}),  # Rosenbrock
        ("(x - 13 + ((5-y)*y-2)*y)^2+(x-29+((y+1)*y-14)*y)^2", "x y", 3, {(5, 4)}),  # Freudenstein and Roth
        ("(b^2-1)^2+((w+b)^2-4)^2", "b w", 9, {(1, 1), (1, -3), (-1, 3), (-1, -1)}),
    ],
)
def test_exact_minima(loss: str, unknowns: str, real: int, minima: set[tuple[int, int]]) -> None:
    found = attempt(loss, unknowns)
    assert (found.outcome, found.complete, len(found.points)) == ("solved", True, real)
    names = unknowns.split()
    assert {tuple(p.exact[n] for n in names) for p in found.points if p.kind == "global minimum"} == minima


def test_goldstein_price_has_nine_rational_points() -> None:
    """Least value 3 at (0, -1) (Goldstein and Price 1971)."""
    loss = "(1+(x+y+1)^2*(19-14*x+3*x^2-14*y+6*x*y+3*y^2))*(30+(2*x-3*y)^2*(18-32*x+12*x^2+48*y-36*x*y+27*y^2))"
    found = attempt(loss)
    least = min(found.points, key=lambda p: float(p.loss))
    assert (len(found.points), least.loss, dict(least.exact)) == (9, 3, {"x": 0, "y": -1})


def test_no_real_solution() -> None:
    found = attempt(equations=("x^2+y^2+2", "x*y-1"))
    assert (found.outcome, found.complete) == ("no_critical_point", True)


def test_the_domain_is_obeyed() -> None:
    found = polynomial_system.attempt(
        stationarity(Problem("", parse("x^4 - x^2 + (y-x)^2"), ("x", "y"), relations=(parse("x > 0"),))), Budget.of(20)
    )
    assert [p.exact["x"] ** 2 * 2 for p in found.points] == [1]


@pytest.mark.parametrize(
    ("loss", "unknowns"), [("exp(x) + x^2 + y^2 - x*y", "x y"), ("x^4 - x^2", "x"), ("sin(x)*y", "x y")]
)
def test_declines(loss: str, unknowns: str) -> None:
    assert polynomial_system.declines(system(loss, unknowns))


def test_parameters_are_declined() -> None:
    given_loss = parse("a*x^2 + y^4 - x*y")
    made = stationarity(Problem("", given_loss, ("x", "y"), parameters=("a",)))
    assert polynomial_system.declines(made) == "the coefficients hold parameters"


def test_counts_of_one_engine_are_observed_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two circles meet where x = 1/2, by hand; where neither multiples nor a second engine show it, that is observed."""
    monkeypatch.setattr(solving, "multiples", lambda *_: None)
    monkeypatch.setattr(solving, "_over_q", lambda *_: None)
    circles = ("x^2 + y^2 - 4", "x^2 + y^2 - 2*x - 3")
    found = polynomial_system.attempt(system(unknowns="x y", equations=circles), Budget.of(30))
    assert not found.complete
    assert dict(found.counts) == {"complex": 2, "real": 2}


def test_zeros_on_a_curve_are_not_isolated():
    """x^2 = 1 and (x - 1) y = 0: two zeros with y = 0 are the product of no degrees, for a line runs through one of them."""
    ends = Parametrisation((1, 0), fmpz_poly([-1, 0, 1]), (fmpz_poly([0, 1]), fmpz_poly([0])), fmpz_poly([1]))
    line = [{(2, 0): 1, (0, 0): -1}, {(1, 1): 1, (0, 1): -1}]
    points = [{(2, 0): 1, (0, 0): -1}, {(0, 1): 1}]
    assert proves(ends, line, Budget.of(10))
    assert not are_isolated(ends, line, solving.PRIMES[0])
    assert are_isolated(ends, points, solving.PRIMES[0])
