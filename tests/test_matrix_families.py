"""Families of minimisers described whole, and formulas that never have a value refused.

Expected values: NumPy's pseudoinverse of the whole linear map (vec on both sides), which gives the least loss and the
dimension of the set of minimisers.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from matrix_oracle import Minimisation, derive, sample, value

import closedform as cf
from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.functions import inverse
from closedform.kernel import check_document
from closedform.kernel.document import seal
from closedform.kernel.ruling import REFUSED
from closedform.reading.language import parse
from closedform.report.formats.typeset import latex_of
from closedform.strategies.matrices.observed import has_value

SIZES = {"n": 6, "m": 4, "k": 3, "p": 2, "q": 2}

FAMILIES = [
    ("||A*X + Y*B - C||^2", "X,Y", "A=n,k;X=k,m;Y=n,p;B=p,m;C=n,m", ()),
    ("||Y - a*ones(m)' - ones(n)*b'||^2", "a,b", "Y=n,m;a=n;b=m", ()),
    ("||Y - g*ones(n)*ones(m)' - a*ones(m)' - ones(n)*b'||^2", "g,a,b", "Y=n,m;a=n;b=m", ()),
    ("||X*a - y||^2", "a", "X=p,k;y=p;a=k", ("p<k",)),
    ("||X*A - Y||^2", "A", "X=p,k;Y=p,m;A=k,m", ("p<=k",)),
    ("(X*a - y)'*S*(X*a - y)", "a", "X=p,k;y=p;S=p,p;a=k", ("p<k", "S spd")),
    ("||a + S*b - y||^2", "a,b", "S=n,m;y=n;a=n;b=m", ()),
]


def of(text: str, at: dict[str, Any]) -> Any:
    return value(parse(text, {*at}), at, SIZES)


def quadratic(oracle: Minimisation) -> tuple[np.ndarray, np.ndarray]:
    """Hessian and gradient at zero of the loss over all entries of all unknowns, by exact differences."""
    total = sum(map(oracle.length, oracle.shapes))
    f = lambda x: oracle.loss(oracle.unpack(x))  # noqa: E731
    e = np.eye(total)
    zero = f(np.zeros(total))
    g = np.array([(f(v) - f(-v)) / 2 for v in e])
    h = np.array([[f(u + v) - f(u) - f(v) + zero for v in e] for u in e])
    return h, g


@pytest.mark.parametrize("case", FAMILIES, ids=[c[0] for c in FAMILIES])
def test_the_family_is_the_whole_set_of_minimisers(case: tuple[str, str, str, tuple[str, ...]]) -> None:
    system, attempt, why = derive(*case)
    assert attempt is not None, why
    assert attempt.complete
    said = next(f.about for f in attempt.findings if f.theorem == "affine family of minimisers")
    texts = dict(re.findall(r"(\w+) = (.*?)(?=, \w+ = |$)", said["family"]))
    rng = np.random.default_rng(5)
    data = sample(system.problem, rng, SIZES)
    oracle = Minimisation(system.problem, data, SIZES)
    h, g = quadratic(oracle)
    least = oracle.loss(oracle.unpack(-np.linalg.lstsq(h, g, rcond=None)[0]))
    members = []
    for _ in range(30):
        at = dict(data)
        for z, shape in said["free"].items():
            rows, cols = (SIZES.get(s, 1) for s in shape.split(" x "))
            at[z] = rng.normal(size=(rows, cols)) if shape != "1 x 1" else float(rng.normal())
        left = dict(texts)
        while left:  # an unknown may be written with others that come later
            u = next(u for u, t in left.items() if not set(re.findall(r"[^\W\d]\w*", t)) & set(left))
            at[u] = np.asarray(of(left.pop(u), at), dtype=float)
        assert np.isclose(oracle.loss(at), least, rtol=1e-9, atol=1e-9)
        members.append(np.concatenate([np.ravel(at[u]) for u in oracle.shapes]))
    spread = np.array(members[1:]) - members[0]
    assert np.linalg.matrix_rank(spread, tol=1e-8) == len(h) - np.linalg.matrix_rank(h, tol=1e-8)


@pytest.mark.parametrize(
    ("loss", "shapes", "assumptions"),
    [
        ("||X*a - y||^2", "X=2,5;y=2;a=5", []),  # numbers: five unknowns, two equations
        ("||X*a - y||^2", "X=n,k;y=n;a=k", ["n<k"]),
    ],
)
def test_a_wide_design_is_not_asked_for_full_column_rank(loss: str, shapes: str, assumptions: list[str]) -> None:
    formula = cf.derive(loss, unknowns=["a"], shapes=shapes, assumptions=assumptions).formula
    assert formula is not None
    assert formula.conditions == ("X has full row rank",)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(2, 5)), rng.normal(size=2)
    np.testing.assert_allclose(of(formula.unknown["a"], {"X": X, "y": y[:, None]}).ravel(), np.linalg.pinv(X) @ y)


CONSISTENT = [
    ("||X - A||^2 subject to X*ones(m) = r, X'*ones(n) = c", "A=n,m;X=n,m;r=n;c=m", "r", "c'*ones(m) = ones(n)'*r"),
    ("||X - A||^2 subject to C*X = D, X*B = E", "A=n,m;X=n,m;C=p,n;B=m,q;D=p,m;E=n,q", "D", "C*E = D*B"),
]


@pytest.mark.parametrize(("loss", "shapes", "changed", "condition"), CONSISTENT)
def test_constraints_that_overlap_are_solved_under_the_condition_that_they_agree(
    loss: str, shapes: str, changed: str, condition: str
) -> None:
    report = cf.derive(loss, unknowns=["X"], shapes=shapes)
    assert report.formula is not None
    assert condition in report.formula.conditions
    rng = np.random.default_rng(1)
    n, m = SIZES["n"], SIZES["m"]
    A, X, C, B = (rng.normal(size=s) for s in ((n, m), (n, m), (2, n), (m, 2)))
    data = {"A": A, "C": C, "B": B, "D": C @ X, "E": X @ B, "r": X.sum(1), "c": X.sum(0)}
    data = {k: v for k, v in data.items() if f"{k}=" in shapes and k != "X"}
    found = report.function()(**data)["X"]
    # the projection of A on the affine set through X: Dykstra's alternating projections are linear here
    rows = (
        np.vstack([np.kron(C, np.eye(m)), np.kron(np.eye(n), B.T)])
        if "C" in data
        else np.vstack([np.kron(np.eye(n), np.ones((1, m))), np.kron(np.ones((1, n)), np.eye(m))])
    )
    expected = A.ravel() - np.linalg.pinv(rows) @ (rows @ (A - X).ravel())
    np.testing.assert_allclose(found.ravel(), expected, atol=1e-9)
    with pytest.raises(ValueError, match="contradict"):
        report.function()(**{**data, changed: data[changed] + 1})


def test_a_formula_that_never_has_a_value_is_no_claim() -> None:
    """The mechanism behind ``||A*X + Y*B - C||^2``: I - A inv(A'A) A' is singular at every size."""
    system, _, _ = derive("||A*X - B||^2", "X", "A=n,k;B=n,m;X=k,m", ())
    a = system.names.poly("A")
    hat = w.product(a, inverse(a.T * a), a.T)
    assert has_value(system, {"X": inverse(a.T * a)})
    assert not has_value(system, {"X": inverse(w.eye("n") - hat)})
    assert not has_value(system, {"X": inverse(hat)})


# -- equations between data that are assumed ---------------------------------------------------------------------------

ASSUMED = [
    ("||X*a - y||^2 + lam*||a||^2", "a", "X=n,k;y=n;a=k", ["X'*X = n*eye(k)", "lam>0"], "X'*y/(lam + n)"),
    ("||X*a - y||^2 + lam*||a||^2", "a", "X=n,k;y=n;a=k", ["X'*X = eye(k)", "lam>0"], "X'*y/(1 + lam)"),
    # the orthonormal lasso: Tibshirani, J. R. Statist. Soc. B 58 (1996), equation 3
    (
        "||X*a - y||^2/2 + lam*norm1(a)",
        "a",
        "X=n,k;y=n;a=k",
        ["X'*X = eye(k)", "lam>0"],
        "sign(X'*y) .* max(abs(X'*y) - lam, 0)",
    ),
    ("||X*a + b*ones(n) - y||^2", "a,b", "X=n,k;y=n;a=k", ["X'*ones(n) = zeros(k)"], "inv(X'*X)*X'*y; ones(n)'*y/n"),
    ("x'*(A + A')*x - 2*c'*x", "x", "A=k,k;x=k;c=k", ["A = A'"], "inv(A)*c/2"),
]


@pytest.mark.parametrize(("loss", "unknowns", "shapes", "assumptions", "expected"), ASSUMED)
def test_an_equation_between_data_is_used(
    loss: str, unknowns: str, shapes: str, assumptions: list[str], expected: str
) -> None:
    formula = cf.derive(loss, unknowns=unknowns.split(","), shapes=shapes, assumptions=assumptions).formula
    assert formula is not None
    assert "; ".join(formula.unknown.values()) == expected
    assert assumptions[0] in formula.conditions


def test_an_equation_between_data_is_checked_on_the_data() -> None:
    report = cf.derive(ASSUMED[0][0], unknowns=["a"], shapes=ASSUMED[0][2], assumptions=ASSUMED[0][3])
    rng = np.random.default_rng(3)
    X, y = np.linalg.qr(rng.normal(size=(8, 3)))[0] * np.sqrt(8), rng.normal(size=8)
    expected = np.linalg.solve(X.T @ X + 0.5 * np.eye(3), X.T @ y)
    np.testing.assert_allclose(report.function()(X=X, y=y, lam=0.5)["a"], expected)
    with pytest.raises(ValueError, match=r"the assumption X'\*X = n\*eye\(k\) does not hold"):
        report.function()(X=2 * X, y=y, lam=0.5)


@pytest.mark.parametrize(
    ("assumption", "why"),
    [
        ("tr(S) = 1", "changes nothing in this loss, and is not used"),
        ("S*T = T*S", "speaks of the unknown T: write it after 'subject to'"),
        ("S*ones(k) = ones(2)", "S.ones.k. is k x 1, but ones.2. is 2 x 1"),
        ("S'*S = S*S", "changes nothing"),
    ],
)
def test_an_equation_that_is_not_used_is_refused_in_one_line(assumption: str, why: str) -> None:
    with pytest.raises(cf.ClosedFormError, match=why) as caught:
        cf.derive(
            "logdet(T) + tr(inv(T)*S)", unknowns=["T"], shapes="S=k,k;T=k,k", assumptions=["S spd", "T spd", assumption]
        )
    assert "\n" not in str(caught.value)


VERIFIED = [
    *((c[0], c[1], c[2], list(c[3])) for c in FAMILIES),
    *(c[:4] for c in ASSUMED),
    ("2*tr(A'*A) + tr(A^2) - 2*tr(C*A)", "A", "A=k,k;C=k,k", []),
]


@pytest.mark.parametrize("case", VERIFIED, ids=[c[0] + " ".join(c[3]) for c in VERIFIED])
def test_the_kernel_refuses_nothing_of_such_a_report(case: tuple[str, str, str, list[str]]) -> None:
    """A formula written otherwise than in its certificate has the same values; another formula has not."""
    report = cf.derive(case[0], unknowns=case[1].split(","), shapes=case[2], assumptions=case[3])
    assert all(f.accepted for f in cf.verify(report).findings), str(cf.verify(report))


def test_another_formula_than_that_of_the_certificate_is_refused() -> None:
    text = cf.derive(*FAMILIES[1][:1], unknowns=["a", "b"], shapes=FAMILIES[1][2]).to_dict()
    spoilt = {**text, "formula": {**text["formula"], "unknown": {**text["formula"]["unknown"], "a": "Y*ones(m)/n"}}}
    found = [f.word for f in check_document({**spoilt, "seal": seal(spoilt)}) if f.place == "formula"]
    assert found == [REFUSED]


def test_the_family_says_where_its_formula_is_defined() -> None:
    """At b = 0 every a is a minimiser of (a'*b)^2, and the family divides by b'*b."""
    _, attempt, _ = derive("(a'*b)^2", "a", "a=k;b=k", ())
    assert attempt is not None
    assert attempt.formula.conditions == ()  # a = 0 is a minimiser, whatever b is
    (said,) = (f.about["conditions"] for f in attempt.findings if f.theorem == "affine family of minimisers")
    assert said == ("b is not zero",)


def test_a_number_among_matrices_asks_for_no_row_rank() -> None:
    """X'*y/(X'*X) holds for every column X but zero; "full row rank" holds for one row alone."""
    _, attempt, _ = derive("||X*a - y||^2", "a", "X=n,1;y=n;a=1", ())
    assert attempt is not None
    assert attempt.formula.conditions == ("X is not zero",)


def test_no_equation_is_named_whose_map_is_singular_for_all_data() -> None:
    """A*X - X*A = 0 has the solution 0 and more; its Sylvester map is singular for every A."""
    _, attempt, _ = derive("||A*X - X*A||^2", "X", "A=n,n;X=n,n", ())
    assert attempt is not None
    assert dict(attempt.formula.unknown) == {"X": "zeros(n, n)"}
    assert latex_of(attempt.formula.unknown["X"]) == r"0_{n \times n}"
