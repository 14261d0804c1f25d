"""Roots against families whose roots are known in closed form, and the kernel against wrong discs."""

from __future__ import annotations

import contextlib
import copy
import json
import pickle
import time
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise

import pytest
from flint import acb, arb, ctx, fmpq, fmpz, fmpz_poly
from hypothesis import given, settings
from hypothesis import strategies as st

from closedform import polynomials
from closedform.algebra import discs
from closedform.algebra.newton import Unsuited
from closedform.algebra.roots import all_roots, enclose, isolate_real, magnitude, radius_text, round_ball
from closedform.budget import Budget
from closedform.errors import CallError, InputError
from closedform.kernel.check import check_certificate
from closedform.kernel.document import check_document
from closedform.kernel.reading import Refused
from closedform.polynomials import roots

x = fmpz_poly([0, 1])


def product(factors: list[fmpz_poly]) -> fmpz_poly:
    out = fmpz_poly([1])
    for f in factors:
        out *= f
    return out


def chebyshev(n: int) -> fmpz_poly:
    before, current = fmpz_poly([1]), x
    for _ in range(n - 1):
        before, current = current, 2 * x * current - before
    return current


HARD = [  # name, polynomial, distinct complex roots, distinct real ones; by construction
    ("wilkinson", product([x - k for k in range(1, 31)]), 30, 30),
    ("chebyshev", chebyshev(40), 40, 40),
    ("mignotte", x**30 - 2 * (1000 * x - 1) ** 2, 30, 4),
    ("unit circle", fmpz_poly.cyclotomic(105), 48, 0),
    ("cluster", product([10**9 * x - 10**9 - k for k in range(4)]), 4, 4),
    ("ill conditioned", product([x - k for k in range(1, 71)]), 70, 70),
    ("trinomial", x**151 - x - 1, 151, 1),
    ("tight pair", x**60 - 2 * (10**12 * x - 1) ** 2, 60, 4),
    ("truncated exponential", fmpz_poly([fmpz.fac_ui(60) // fmpz.fac_ui(k) for k in range(61)]), 60, 0),
    ("unlike sizes", product([10**k * x**3 - (k + 1) for k in range(0, 40, 4)]), 30, 10),
    ("deflated", product([x**6 - k for k in (2, -3)]) * (x**12 + x**6 + 7), 24, 2),
    ("zero and deflated", x**2 * (x**40 - 5 * x**20 + 5), 41, 5),
    ("multiple", (x**2 - 2) ** 4 * (x - 1) ** 7 * (x**2 + 1) ** 2, 5, 3),
    ("zero", x**3 * (x**2 + x + 1), 3, 1),
    ("not monic", 7 * x**3 - 2, 3, 1),
]


@pytest.mark.parametrize(("name", "f", "total", "real"), HARD, ids=[h[0] for h in HARD])
def test_counts_multiplicities_and_the_kernel(name: str, f: fmpz_poly, total: int, real: int) -> None:
    found = roots(f)
    assert len(found.roots) == total
    assert sum(r.real for r in found.roots) == real
    assert sum(r.multiplicity for r in found.roots) == f.degree()
    assert len({(r.re, r.im) for r in found.roots}) == total
    assert all(Fraction(r.radius) <= Fraction(1, 10**20) for r in found.roots)
    assert all(finding.accepted for finding in check_document(json.loads(found.to_json())))


def test_integers_are_inside_their_discs() -> None:
    for k, r in enumerate(roots(HARD[0][1]).roots, start=1):
        assert abs(Fraction(r.re) - k) <= Fraction(r.radius)


def test_chebyshev_roots_are_cosines() -> None:
    """cos((2k - 1) pi / (2n)), from FLINT's exact trigonometry at higher precision."""
    n = 40
    with ctx.workprec(300):
        for k, r in enumerate(roots(chebyshev(n), digits=40).roots):
            true = -arb.cos_pi_fmpq(fmpq(2 * k + 1, 2 * n))
            assert abs(true - arb(r.re)) <= arb(r.radius)


def test_a_thousand_digits() -> None:
    r = roots("x^2 - 2", digits=1000).roots[1]
    low, high = Fraction(r.re) - Fraction(r.radius), Fraction(r.re) + Fraction(r.radius)
    assert low**2 < 2 < high**2
    assert len(r.re) >= 1000
    assert Fraction(r.radius) < Fraction(1, 10**990)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-50, 50), min_size=2, max_size=8), st.integers(1, 40))
def test_random_polynomials_vanish_in_every_disc(coefficients: list[int], digits: int) -> None:
    """The product over the discs' centres is close to the polynomial: Vieta's first two, with exact error bounds."""
    f = fmpz_poly(coefficients)
    if f.degree() < 1:
        return
    found = all_roots(f, digits, Budget.of(10))
    n = f.degree()
    assert sum(r.multiplicity for r in found) == n
    total = sum((Fraction(r.re) * r.multiplicity for r in found), Fraction(0))
    error = sum((Fraction(r.radius) * r.multiplicity for r in found), Fraction(0))
    assert abs(total + Fraction(int(f[n - 1]), int(f[n]))) <= error
    assert sum((Fraction(r.im) * r.multiplicity for r in found), Fraction(0)) <= error


@settings(max_examples=200, deadline=None)
@given(st.fractions(), st.integers(-10, 40))
def test_rounding_is_outward(value: Fraction, places: int) -> None:
    with ctx.workprec(120):
        ball = arb(fmpq(value.numerator, value.denominator))
    text, bound = round_ball(ball, places)
    assert abs(Fraction(text) - value) <= Fraction(int(bound.p), int(bound.q))
    assert Fraction(radius_text(bound)) >= Fraction(int(bound.p), int(bound.q))


def test_magnitude_at_powers_of_ten() -> None:
    for k in range(-30, 30):
        assert magnitude(fmpq(10) ** k) == k
        assert magnitude(fmpq(10) ** k - fmpq(1, 10**60)) == k - 1


def test_order_and_isolation() -> None:
    found = enclose((x - 3) * (x + 2) * (x**2 + 1), 64)
    assert [z.imag == 0 for z, _ in found] == [True, True, False, False]
    assert [float(z.mid()) for z, _ in isolate_real((x - 3) * (x + 2) ** 2)] == [-2.0, 3.0]


def test_real_roots_increase_where_doubles_do_not_tell_them_apart() -> None:
    near = ((10**20 * x - 10**20) ** 2 - 2) * ((10**20 * x - 2 * 10**20) ** 2 - 3)
    for f in (near * (x**40 + x + 7), (x - 10**400) * (x + 10**400) ** 2):
        balls = [z for z, _ in isolate_real(f, 100)]
        assert all(a < b for a, b in pairwise(balls))


def test_balls_of_roots_of_different_multiplicity_do_not_overlap() -> None:
    (low, twice), (high, once) = enclose((x - 10**100) ** 2 * (x - 10**100 - 1), 64)
    assert (twice, once) == (2, 1)
    assert low.real < high.real


def test_wrong_discs_are_refused() -> None:
    good = json.loads(json.dumps(roots("(x - 1)^2*(x^3 - 2)", digits=12).certificate.to_dict()))
    assert "2 real" in check_certificate(good)

    def changed(k: int, key: str, value: object) -> dict[str, object]:
        bad = copy.deepcopy(good)
        bad["claim"]["roots"][k][key] = value
        return bad

    first = good["claim"]["roots"]
    one = next(k for k, r in enumerate(first) if r["multiplicity"] == "2")
    pair = next(k for k, r in enumerate(first) if not r["real"])
    real = next(k for k, r in enumerate(first) if r["real"] and k != one)
    bad = [
        changed(one, "multiplicity", "1"),
        changed(one, "re", "1.0000001"),
        changed(pair, "real", True),
        changed(real, "real", False),
        changed(pair, "im", first[pair]["re"]),
        changed(real, "radius", "1e-40"),
        changed(real, "radius", "-1"),
        changed(real, "re", first[one]["re"]),
        changed(real, "extra", "1"),
        changed(real, "radius", 1e-12),
    ]
    short, long = copy.deepcopy(good), copy.deepcopy(good)
    short["claim"]["roots"].pop()
    long["claim"]["roots"].append(first[0])
    other = copy.deepcopy(good)
    other["claim"]["polynomial"][0] = "3"
    for certificate in [*bad, short, long, other]:
        with pytest.raises(Refused):
            check_certificate(certificate)  # type: ignore[arg-type]


def test_a_changed_number_breaks_the_seal() -> None:
    data = json.loads(roots("x^5 - x - 1").to_json())
    data["roots"][0]["numeric"]["re"] = "1.2"
    assert [f.place for f in check_document(data) if not f.accepted] == ["seal", "roots"]


def test_the_result_is_a_value() -> None:
    found = roots("z^3 - 1", digits=10)
    assert pickle.loads(pickle.dumps(found)) == found
    assert found.roots[0].re == "1.000000000"
    data = found.to_dict()
    assert data["format"] == 1
    assert data["roots"][0] == {  # type: ignore[index]
        "numeric": {"re": "1.000000000", "im": "0"},
        "radius": "0",
        "multiplicity": 1,
        "real": True,
    }
    assert "3 distinct complex roots, 1 real" in found.to_text()


def test_what_cannot_be_done_is_said() -> None:
    with pytest.raises(InputError, match="have no value"):
        roots("x^2 + a")
    with pytest.raises(CallError, match="digits"):
        roots("x - 1", digits=0)
    with pytest.raises(CallError, match="degree"):
        roots("x^10000 - x - 1")
    with pytest.raises(CallError, match="within"):
        roots([1, *[0] * 1_998, -1, -1], timeout=0.05)


def test_a_high_degree_with_few_distinct_roots() -> None:
    found = roots("(x + 1)^2500")
    assert [(r.re, r.multiplicity) for r in found.roots] == [("-1.00000000000000000000000000000", 2_500)]


def test_huge_and_tiny_roots() -> None:
    found = roots([1, 0, -(10**400)], digits=5).roots
    assert found[1].re in ("1.0000e200", "1.00000e200")
    small = roots([10**400, 0, -1], digits=5).roots
    assert small[1].re in ("1.0000e-200", "1.00000e-200")


def test_where_floating_point_finds_no_start_flint_is_asked_in_a_process_that_can_be_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unsuited(*_: object) -> list[acb]:
        raise Unsuited

    monkeypatch.setattr(discs, "all_discs", unsuited)
    f = fmpz_poly([-1] + [1] * 60)
    with pytest.raises(Unsuited):
        enclose(f, 64, by_flint=False)
    assert len(enclose(f, 64)) == 60
    asked = list[str]()

    def child(job: Callable[..., object], *_: object) -> list[object]:
        asked.append(job.__name__)
        return []

    monkeypatch.setattr(polynomials, "_in_child", child)
    polynomials.roots("+".join(f"x^{k}" for k in range(1, 61)) + "-1")
    assert asked == ["_roots_job"]


def test_a_cluster_of_pairs_and_single_points_loses_no_root() -> None:
    """A polynomial of degree 30 whose squarefree points cluster in pairs beside points without a mirror image."""
    a, b = fmpz_poly([-6, 1, 9, -6, -8]), fmpz_poly([9, -5, 2, -3, -5, -9, 6, -6, 3, 3, 2])
    f = a**5 * b * 10**20 + fmpz_poly([2, -1, 3, -3, -6, -9])
    assert f.degree() == 30
    for bits in (64, 116):
        assert len(discs.all_discs(f, bits, Budget.of(60))) == 30


@pytest.mark.parametrize("polynomial", ["x^20 - 2*(10^20*x - 1)^2", "x^5 - 2*(10^3000*x - 1)^2"])
def test_near_roots_of_low_degree_obey_the_time(polynomial: str) -> None:
    """Mignotte's polynomials: two roots that share thousands of digits, on which FLINT works for minutes."""
    begun = time.monotonic()
    with contextlib.suppress(CallError):
        assert len(roots(polynomial, digits=10, timeout=3).roots) in (5, 20)
    assert time.monotonic() - begun < 20
