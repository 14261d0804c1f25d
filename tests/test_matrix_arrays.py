"""Matrix text with arrays: shapes, numbers, conditions and refusals; every number is compared with NumPy's own way."""

from __future__ import annotations

import numpy as np
import pytest

import closedform as cf

RNG = np.random.default_rng(21)
X, Y, y = RNG.normal(size=(12, 3)), RNG.normal(size=(12, 3)), RNG.normal(size=12)
S = X.T @ X + np.eye(3)
V = np.diag(RNG.random(12) + 0.5)
w = RNG.random(12) + 0.1


def _ridge(lam):
    return np.linalg.solve(X.T @ X + lam * np.eye(3), X.T @ y)


def _polar(M):
    U, _, Vt = np.linalg.svd(M)
    return U @ Vt


CALLS = [
    ("||X*R - Y||^2", "R", {"X": X, "Y": Y}, {}, np.linalg.lstsq(X, Y, rcond=None)[0]),
    ("||X*R - Y||^2 subject to R'*R = eye(k)", "R", {"X": X, "Y": Y}, {}, _polar(X.T @ Y)),
    ("procrustes", None, {"A": X, "B": Y}, {}, _polar(X.T @ Y)),
    ("||X*a - y||^2 + lam*||a||^2", "a", {"X": X, "y": y}, {"lam": "0.3"}, _ridge(0.3)),
    ("||X*a - y||^2 + lam*||a||^2", "a", {"X": X, "y": y, "lam": 0.3}, {}, _ridge(0.3)),
    ("||X*a - y||^2/n + lam*||a||^2", "a", {"X": X, "y": y, "lam": 0.3}, {}, _ridge(3.6)),
    (
        "(X*a - y)'*inv(S)*(X*a - y)",
        "a",
        {"X": X, "y": y, "S": V},
        {},
        np.linalg.solve(X.T @ np.linalg.solve(V, X), X.T @ np.linalg.solve(V, y)),
    ),
    ("(X*a - y)'*diag(w)*(X*a - y)", "a", {"X": X, "y": y, "w": w}, {}, np.linalg.solve((X.T * w) @ X, (X.T * w) @ y)),
    (
        "w'*S*w subject to ones(k)'*w = 1",
        "w",
        {"S": S},
        {},
        np.linalg.solve(S, np.ones(3)) / np.linalg.solve(S, np.ones(3)).sum(),
    ),
    ("multi_output", None, {"X": X, "Y": Y}, {}, np.linalg.lstsq(X, Y, rcond=None)[0]),
]


@pytest.mark.parametrize(
    ("loss", "unknown", "data", "values", "want"), CALLS, ids=[f"{i} {c[0]}" for i, c in enumerate(CALLS)]
)
def test_arrays_give_the_numbers(loss, unknown, data, values, want):
    report = cf.derive(loss, unknowns=unknown, data=data, values=values or None)
    out = report.to_dict()
    assert out["verdict"]["outcome"] == "closed"
    name = out["problem"]["unknowns"][0]
    np.testing.assert_allclose(np.array(out["solution"][name]).reshape(want.shape), want, rtol=1e-8, atol=1e-10)
    assert np.isfinite(out["solution"]["loss"])
    again = report.function()(**data, **{k: float(v) for k, v in values.items()}, unrelated=3)
    np.testing.assert_allclose(np.asarray(again[name]).reshape(want.shape), want, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(
    ("loss", "data", "error", "said"),
    [
        ("x^2 - c*x", {"z": [1, 2, 3]}, cf.CallError, "does not use them"),
        ("||X*a - y||^2", {"X": X, "y": y[:5]}, cf.InputError, "X is 12 x 3 and y is 5"),
        ("||X*a - y||^2", {"X": X, "y": y, "q": X}, cf.CallError, "q is given as data"),
        ("||X*a - y||^2", {"X": X, "y": y, "a": y[:3]}, cf.CallError, "a is an unknown"),
        ("||X*a - y||^2", {"X": X * np.nan, "y": y}, cf.InputError, "not a finite number"),
        ("||X*a - y||^2", {"X": X * 1j, "y": y}, cf.InputError, "complex"),
        ("||X*a - y||^2", {"X": np.empty((0, 3)), "y": y}, cf.InputError, "empty"),
        ("||X*a - y||^2", {"X": np.ones((2, 2, 2)), "y": y}, cf.InputError, "3 dimensions"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(loss, data, error, said):
    with pytest.raises(error, match=said) as caught:
        cf.derive(loss, unknowns=["x" if loss.startswith("x") else "a"], data=data)
    assert "\n" not in str(caught.value)


def test_an_npz_file_is_arrays(tmp_path):
    np.savez(tmp_path / "arrays.npz", X=X, y=y)
    out = cf.derive("||X*a - y||^2", unknowns="a", data=str(tmp_path / "arrays.npz")).to_dict()
    np.testing.assert_allclose(out["solution"]["a"], np.linalg.lstsq(X, y, rcond=None)[0], rtol=1e-9)


def test_conditions_are_checked_at_the_values():
    solve = cf.derive(
        "||X*a - y||^2 + lam*||a||^2", unknowns="a", shapes="X=n,k;y=n;a=k", assumptions=["lam>0"]
    ).function()
    with pytest.raises(cf.ConditionError, match="lam > 0 fails at lam = -1"):
        solve(X=X, y=y, lam=-1)
    with pytest.raises(cf.ConditionError, match="conform"):
        solve(X=X, y=y[:4], lam=1)
    with pytest.raises(cf.CallError, match="needs lam"):
        solve(X=X, y=y)
    spd = cf.derive("gls").function()
    with pytest.raises(cf.ConditionError, match="S must be positive definite"):
        spd(X=X, y=y, S=-np.eye(12))


def test_sizes_in_products_are_whole_numbers_deduced_from_arrays():
    solve = cf.derive("||y - kron(eye(p), X)*b||^2", unknowns="b", shapes="X=n,k;y=n*p;b=k*p").function()
    want = np.concatenate([np.linalg.lstsq(X, t, rcond=None)[0] for t in (y, Y[:, 0])])
    long = np.concatenate([y, Y[:, 0]])
    for extra in ({}, {"p": 2}, {"p": np.float64(2.0)}, {"p": np.array(2)}):
        np.testing.assert_allclose(solve(X=X, y=long, **extra)["b"], want, rtol=1e-10)


@pytest.mark.parametrize(
    ("loss", "unknown", "options"),
    [
        # curved both ways: x = (1, -1) is a saddle, and there is no minimum
        ("x'*A*x/2 - b'*x", "x", {"data": {"A": np.diag([1.0, -1.0]), "b": np.ones(2)}, "shapes": {"x": "2"}}),
        # X'X has no eigenvalue near 1000: the point is the maximum
        ("||X*a - y||^2 + lam*||a||^2", "a", {"data": {"X": X, "y": y}, "values": {"lam": "-1000"}}),
    ],
)
def test_no_numbers_of_a_minimum_where_the_formula_is_none(loss, unknown, options):
    report = cf.derive(loss, unknowns=[unknown], **options)
    assert report.computed is None
    assert any("is positive definite fails" in note for note in report.problem.notes)
    with pytest.raises(cf.ConditionError, match="is positive definite fails"):
        report.function()(**report.problem.arrays)


def test_what_a_headline_on_matrices_leaves_out():
    """trace(A*B) is linear in A with the slope B'; the minimum of trace(S*P) - logdet(P) is at inv(S)."""
    slope = cf.derive("trace(A*B)", unknowns="A", shapes="A=n,n;B=n,n")
    assert "where B' != 0." in " ".join(slope.to_text().split())
    inverse = cf.derive("trace(S*P) - logdet(P)", unknowns="P", shapes="P=n,n;S=n,n", assumptions=["S psd", "P spd"])
    assert inverse.formula.conditions == ("S is invertible",)
