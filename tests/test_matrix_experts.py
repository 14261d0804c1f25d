"""Losses that an expert answers at sight: saddles, no critical point, saturated designs, rank penalties, the hard case.

Expected values: theory as cited at each test, or NumPy's own minimisation.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from matrix_oracle import Minimisation, derive, sample, value
from scipy.optimize import minimize
from scipy.special import expit, logit

import closedform as cf
from closedform import problem as problems
from closedform.emit.source import compiled
from closedform.reading.language import parse, unparse
from closedform.report.formats.typeset import latex_of, mathml_of
from closedform.stationarity.matrix import matrix_system


def function(loss: str, unknowns: str, shapes: str, *assumptions: str) -> Any:
    _, attempt, why = derive(loss, unknowns, shapes, assumptions)
    assert attempt is not None, why
    assert attempt.formula is not None
    return compiled(attempt.formula.numpy)


def test_a_quadratic_loss_curved_both_ways_has_a_saddle_and_no_minimum() -> None:
    """tr(A) + tr(A^2): on symmetric A its Hessian is 2 I, on skew-symmetric A it is -2 I."""
    report = cf.derive("tr(A) + tr(A^2)", unknowns=["A"], shapes="A=k,k")
    assert report.verdict.outcome == "closed"
    assert report.verdict.minimiser != "closed"
    assert report.formula is not None
    assert report.formula.unknown["A"] == "-eye(k)/2"
    said = " ".join(s.text for s in report.verdict.statements)
    assert "saddle" in said
    assert "global minimum" not in said


@pytest.mark.parametrize(
    ("loss", "assumptions"), [("logdet(X)", []), ("-logdet(X)", ["X spd"]), ("logdet(X) - logdet(S)", ["S spd"])]
)
def test_log_det_has_no_critical_point(loss: str, assumptions: list[str]) -> None:
    """The gradient X^-T is invertible (Magnus and Neudecker, 8.5)."""
    shapes = "X=k,k;S=k,k" if "S" in loss else "X=k,k"
    report = cf.derive(loss, unknowns=["X"], shapes=shapes, assumptions=assumptions)
    assert report.verdict.outcome == "no_critical_point"


@pytest.mark.parametrize("sense", [1, -1])
def test_log_det_of_a_gram_matrix_is_least_at_zero_alone(sense: int) -> None:
    """log det(I + XX') = sum log(1 + s_i^2): increasing in every singular value; its negative has no minimum."""
    report = cf.derive(f"{'-' * (sense < 0)}logdet(eye(n) + X*X')", unknowns=["X"], shapes="X=n,k")
    said = [s.text for s in report.verdict.statements if "global minimum" in s.text]
    assert bool(said) == (sense > 0)


def test_saturated_logistic_regression_is_solved_through_the_log_odds() -> None:
    """As many rows as unknowns: X w = logit(y) (McCullagh and Nelder, 2.3); SciPy finds the same minimum."""
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(3, 3)), rng.uniform(0.1, 0.9, size=3)
    loss = lambda w: np.logaddexp(0, X @ w).sum() - y @ X @ w  # noqa: E731
    expected = minimize(loss, np.zeros(3), method="BFGS", options={"gtol": 1e-10}).x
    solve = function("ones(k)'*log(1 + exp(X*w)) - y'*X*w", "w", "X=k,k;y=k;w=k")
    np.testing.assert_allclose(solve(X=X, y=y)["w"], expected, rtol=1e-4)
    np.testing.assert_allclose(expit(X @ solve(X=X, y=y)["w"]), y)
    with pytest.raises(ValueError, match="no minimiser"):
        solve(X=X, y=np.array([0.0, 0.5, 1.0]))
    squares = function("||sigmoid(X*w) - y||^2", "w", "X=k,k;y=k;w=k")
    np.testing.assert_allclose(X @ squares(X=X, y=y)["w"], logit(y))


def test_a_rank_penalty_keeps_the_singular_values_above_its_root() -> None:
    """All truncations of the singular value decomposition are tried (Eckart-Young: no other candidates)."""
    rng = np.random.default_rng(4)
    solve = function("||X - A||^2/2 + tau*rank(X)", "X", "A=n,m;X=n,m", "tau>0")
    for tau in (0.1, 0.7, 3.0):
        A = rng.normal(size=(5, 4))
        U, s, Vt = np.linalg.svd(A, full_matrices=False)
        kept = [np.isin(range(4), c) for r in range(5) for c in itertools.combinations(range(4), r)]
        best = min((((1 - k) * s**2).sum() / 2 + tau * k.sum()) for k in kept)
        X = solve(A=A, tau=tau)["X"]
        assert np.isclose(np.sum((X - A) ** 2) / 2 + tau * np.linalg.matrix_rank(X), best)
        del U, Vt


@pytest.mark.parametrize("filled", [True, False])
@pytest.mark.parametrize("case", ["plain", "hard", "inside", "singular", "zero"])
def test_the_trust_region_subproblem_meets_the_conditions_of_more_and_sorensen(case: str, filled: bool) -> None:
    """M + t I positive semidefinite, (M + t I) x = b, |x| = r (or t = 0 inside): necessary and sufficient (1983)."""
    rng = np.random.default_rng(6)
    Q = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    values = {"plain": [-2, -1, 1, 3], "hard": [-2, -2, 1, 3], "inside": [5, 6, 7, 8], "singular": [0, 1, 2, 3]}
    d = np.array(values.get(case, [-1, 0, 1, 2]), dtype=float)
    g = rng.normal(size=4) * {"zero": 0.0, "inside": 0.5}.get(case, 1.0)
    g[:2] *= case != "hard"
    g[0] *= case != "singular"
    S, b, r = (Q * d) @ Q.T, Q @ g, 1.5
    sign = "<=" if filled else "="
    solve = function(f"x'*S*x/2 - b'*x subject to x'*x {sign} r^2", "x", "S=k,k;b=k;x=k", "S sym", "r>0")
    x = solve(S=(S + S.T) / 2, b=b, r=r)["x"]
    length = np.linalg.norm(x)
    assert length <= r * (1 + 1e-12)
    t = float(x @ (b - S @ x)) / length**2 if length > 1e-9 else 0.0
    np.testing.assert_allclose(S @ x + t * x, b, atol=1e-9)
    assert d.min() + t > -1e-9
    assert abs(length - r) < 1e-9 or (filled and abs(t) < 1e-9)
    assert t > -1e-9 or not filled


# -- forms as textbooks print them, with the source of each -------------------------------------------------------------

TEXTBOOK = [
    # Merton, J. Financial Quant. Anal. 7 (1972), equation 9
    (
        "w'*S*w subject to ones(k)'*w = 1, mu'*w = r",
        "w",
        "S=k,k;w=k;mu=k",
        ("S spd",),
        "inv(S)*(c*ones(k) + a*r*mu - b*mu - b*r*ones(k))/(a*c - b^2) "
        "where a = ones(k)'*inv(S)*ones(k), b = mu'*inv(S)*ones(k), c = mu'*inv(S)*mu",
    ),
    # Steck, WWW 2019, equation 8
    (
        "||X - X*B||^2 + lam*||B||^2 subject to diag(B) = 0",
        "B",
        "X=n,k;B=k,k",
        ("lam>0",),
        "eye(k) - P*diag(1 ./ diag(P)) where P = inv(X'*X + lam*eye(k))",
    ),
    # Henderson, Biometrics 31 (1975), equations 2 and 3: generalised least squares with V = ZGZ' + R
    (
        "(y - X*b - Z*u)'*inv(R)*(y - X*b - Z*u) + u'*inv(G)*u",
        "b,u",
        "X=n,k;Z=n,q;R=n,n;G=q,q;y=n;b=k;u=q",
        ("R spd", "G spd"),
        "inv(X'*P*X)*X'*P*y where P = inv(Z*G*Z' + R); inv(Z'*inv(R)*Z + inv(G))*Z'*inv(R)*(y - X*b)",
    ),
    # Ledoit and Wolf, J. Multivariate Anal. 88 (2004), section 2: the projection of T on the line from S to m*I
    (
        "||rho*m*eye(k) + (1 - rho)*S - T||^2",
        "rho",
        "S=k,k;T=k,k",
        ("S sym", "T sym"),
        "tr((m*eye(k) - S)*(T - S))/||m*eye(k) - S||^2",
    ),
    ("||A .* X - B||^2", "X", "A=n,m;B=n,m;X=n,m", (), "B ./ A"),
    ("tr(X) + tr(B*inv(X))", "X", "B=k,k;X=k,k", ("B spd", "X spd"), "sqrtm(B)"),
    # Lovell, Frisch and Waugh: the residual maker of X
    (
        "||X*a + S*b - y||^2",
        "a,b",
        "X=n,k;S=n,m;y=n;a=k;b=m",
        (),
        "inv(X'*X)*X'*(y - S*b); inv(S'*(eye(n) - X*inv(X'*X)*X')*S)*S'*(eye(n) - X*inv(X'*X)*X')*y",
    ),
    ("(X*a - y)'*inv(S)*(X*a - y)", "a", "X=n,k;y=n;S=n,n;a=k", ("S spd",), "inv(X'*inv(S)*X)*X'*inv(S)*y"),
    ("||X*a - y||^2 + lam*||a||^2", "a", "X=n,k;y=n;a=k", ("lam>0",), "inv(X'*X + lam*eye(k))*X'*y"),
    ("w'*S*w subject to ones(k)'*w = 1", "w", "S=k,k;w=k", ("S spd",), "inv(S)*ones(k)/(ones(k)'*inv(S)*ones(k))"),
]


@pytest.mark.parametrize("case", TEXTBOOK, ids=[c[0] for c in TEXTBOOK])
def test_formulas_read_as_in_the_textbooks(case: tuple[str, str, str, tuple[str, ...], str]) -> None:
    _, attempt, why = derive(*case[:4])
    assert attempt is not None, why
    assert attempt.formula is not None
    assert "; ".join(attempt.formula.unknown.values()) == case[4]


HESSIANS = [
    ("||X*a - y||^2", "a", "X=n,k;y=n;a=k", "2*X'*X"),
    (
        "ones(n)'*log(1 + exp(X*b)) - y'*X*b",
        "b",
        "X=n,k;y=n;b=k",
        "X'*diag(sigmoid(X*b) .* (1 - sigmoid(X*b)))*X",
    ),
    ("||X*A - Y||^2", "A", "X=n,k;Y=n,m;A=k,m", "2*kron(eye(m), X'*X)"),
    ("||A*X*B - C||^2", "X", "A=n,k;X=k,m;B=m,p;C=n,p", "2*kron(B*B', A'*A)"),
    ("||M .* X - C||^2", "X", "M=n,m;X=n,m;C=n,m", "2*diag(vec(M .* M))"),
]


@pytest.mark.parametrize("case", HESSIANS, ids=[c[0] for c in HESSIANS])
def test_hessians_are_matrices_and_agree_with_finite_differences(case: tuple[str, str, str, str]) -> None:
    """By vec where the unknown is a matrix (Magnus and Neudecker, chapter 10)."""
    loss, u, shapes, expected = case
    problem = problems.read(loss, unknowns=[u], shapes=shapes)
    assert matrix_system(problem).outline().hessian[0][0] == expected
    sizes = {"n": 4, "m": 3, "k": 2, "p": 2}
    rng = np.random.default_rng(8)
    data = sample(problem, rng, sizes)
    oracle = Minimisation(problem, data, sizes)
    rows, cols = oracle.shapes[u]
    x0, e = rng.normal(size=rows * cols), np.eye(rows * cols) * 1e-4
    at = lambda x: {**data, u: x.reshape(rows, cols, order="F")}  # noqa: E731
    f = lambda x: oracle.loss(at(x))  # noqa: E731
    found = [[(f(x0 + a + b) - f(x0 + a - b) - f(x0 - a + b) + f(x0 - a - b)) / 4e-8 for b in e] for a in e]
    text = value(parse(expected, {*problem.shapes}), at(x0), sizes)
    np.testing.assert_allclose(text, found, atol=1e-5 * np.abs(found).max())


CATALOGUE = sorted(name for name, entry in cf.losses().items() if entry.draft.shapes)


@pytest.mark.parametrize("name", CATALOGUE)
def test_everything_printed_of_a_catalogue_loss_reads_back(name: str) -> None:
    """Formula, gradient, Hessian and the equations of every matrix loss of the catalogue, as one reads them."""
    entry = cf.losses()[name]
    problem = problems.read(
        entry.draft.loss,
        unknowns=list(entry.draft.unknowns),
        shapes=entry.draft.shapes,
        assumptions=list(entry.draft.assumptions),
    )
    if problem.level != "matrix":
        pytest.skip("not a loss of matrices")
    shown = matrix_system(problem).outline()
    _, attempt, _ = derive(
        entry.draft.loss, ",".join(entry.draft.unknowns), entry.draft.shapes, tuple(entry.draft.assumptions)
    )
    formulas = [] if attempt is None or attempt.formula is None else list(attempt.formula.unknown.values())
    names = {*problem.shapes, *problem.parameters, *problem.unknowns, *(f"d_{u}" for u in problem.unknowns)}
    for text in (*shown.gradient.values(), *(e for row in shown.hessian for e in row), *shown.equations, *formulas):
        assert unparse(parse(text, names))


OPEN_SETS = [  # the infimum is on the edge, which does not belong to the set, for some of the data at least
    ("c'*x subject to x'*x < 1", "x", "c=k;x=k", []),
    ("c'*x subject to x > 0, ones(k)'*x = 1", "x", "c=k;x=k", []),
    ("c'*x subject to ones(k)'*x = 1", "x", "c=k;x=k", ["x>0"]),
    ("||x - z||^2 subject to x < 1", "x", "z=k;x=k", []),
    ("||x - z||^2 subject to ||x|| < 1", "x", "z=k;x=k", []),
    ("||x - z||^2 subject to x > 0, ones(k)'*x = 1", "x", "z=k;x=k", []),
    ("x'*S*x - 2*b'*x subject to x'*x < 1", "x", "S=k,k;b=k;x=k", ["S spd"]),
    ("tr(C*X) subject to tr(X) = 1", "X", "C=k,k;X=k,k", ["C sym", "X spd"]),
    ("||X - A||^2 subject to tr(X) = 1", "X", "A=k,k;X=k,k", ["X spd"]),
]


@pytest.mark.parametrize("case", OPEN_SETS, ids=[c[0] for c in OPEN_SETS])
def test_no_minimum_is_claimed_on_the_missing_edge_of_an_open_set(case: tuple[str, str, str, list[str]]) -> None:
    report = cf.derive(case[0], unknowns=[case[1]], shapes=case[2], assumptions=case[3])
    assert report.verdict.outcome == "undecided"
    closed = case[0].replace("<", "<=").replace(">", ">=")
    if closed != case[0]:  # with its edge the same set has a minimiser
        assert cf.derive(closed, unknowns=[case[1]], shapes=case[2], assumptions=case[3]).formula is not None


def test_a_factor_before_the_function_must_be_invertible() -> None:
    report = cf.derive("||A*sigmoid(X*w) - y||^2", unknowns=["w"], shapes="A=k,k;X=k,k;w=k;y=k")
    assert report.formula is not None
    assert {"A is invertible", "X is invertible"} <= set(report.formula.conditions)


TYPESET = [
    ("2*kron(eye(m), X'*X)", r"2 I_{m} \otimes \left(X^{\top} X\right)"),
    ("B ./ A", r"B \oslash A"),
    ("sqrtm(A + B)", r"\left(A + B\right)^{1/2}"),
    (
        "c*ones(k)/a where a = ones(k)'*v, c = 2*a",
        r"\frac{c \mathbf{1}_{k}}{a} \quad\text{where } a = \mathbf{1}_{k}^{\top} v,\ c = 2 a",
    ),
]


@pytest.mark.parametrize(("text", "expected"), TYPESET)
def test_matrix_formulas_are_typeset_as_they_are_written_by_hand(text: str, expected: str) -> None:
    assert latex_of(text) == expected
    assert mathml_of(text).count("<") == mathml_of(text).count(">")


ENTRYWISE = [
    ("||z .* x - y||^2", [], "y ./ z", ["no entry of z is zero"]),
    ("||y - z .* x||^2 + lam*||x - c||^2", ["lam>0"], "((y .* z) + lam*c) ./ ((z .* z) + lam*ones(m))", []),
    ("(x - z)'*diag(w)*(x - z) + x'*diag(v)*x", ["w>0", "v>0"], "w .* z ./ (v + w)", []),
]


@pytest.mark.parametrize(("loss", "assumptions", "expected", "conditions"), ENTRYWISE)
def test_diagonal_systems_are_divided_entry_by_entry(
    loss: str, assumptions: list[str], expected: str, conditions: list[str]
) -> None:
    """One equation an entry, solved by hand; a division by an entry that may be zero is a condition."""
    shapes = ";".join(f"{v}=m" for v in "xyzcwv" if v in loss.replace("lam", ""))
    report = cf.derive(loss, unknowns=["x"], shapes=shapes, assumptions=assumptions)
    assert report.formula is not None
    assert report.formula.unknown["x"] == expected
    assert list(report.formula.conditions) == conditions


def test_a_matrix_that_is_divided_by_has_no_zero_entry() -> None:
    report = cf.derive("||A .* X - B||^2", unknowns=["X"], shapes="A=n,m;X=n,m;B=n,m")
    assert report.formula is not None
    assert report.formula.conditions == ("no entry of A is zero",)
    with pytest.raises(cf.ConditionError, match="no entry of A is zero"):
        report.function()(A=np.array([[1.0, 0.0]]), B=np.ones((1, 2)))
