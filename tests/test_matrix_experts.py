"""Losses that an expert answers at sight: saddles, no critical point, saturated designs, rank penalties, the hard case.

Expected values: theory as cited at each test, or NumPy's own minimisation.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from matrix_oracle import derive
from scipy.optimize import minimize
from scipy.special import expit, logit

import closedform as cf
from closedform.emit.source import compiled


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
