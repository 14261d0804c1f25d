"""The cost of a formula: predicted from its program, and measured by counting in a run.

The run is instrumented: an ndarray subclass sees every ufunc and every function of NumPy, and counts by the table of
Golub and Van Loan on the shapes that really occur. Data are in general position.
"""

from __future__ import annotations

import math
import sys
import warnings
from typing import Any

import numpy as np
import pytest
from matrix_oracle import SIZES, derive, sample
from test_matrices_numeric import CASES

import closedform as cf
from closedform.emit.flops import count
from closedform.emit.operations import LINALG, product
from closedform.emit.source import compiled

FREE = {"greater", "greater_equal", "less", "less_equal", "equal", "not_equal", "isfinite", "logical_not", "isnan"}
FREE |= {"logical_and", "logical_or", "bitwise_and", "bitwise_or", "invert"}


class Counted(np.ndarray):
    """An array that counts the flops of what is done with it."""

    flops = 0.0

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
        plain = [np.asarray(x) if isinstance(x, Counted) else x for x in inputs]
        out = keywords.get("out")
        if out is not None:
            keywords["out"] = tuple(np.asarray(x) for x in out)
        result = getattr(ufunc, method)(*plain, **keywords)
        if ufunc.__name__ == "matmul":
            Counted.flops += product(plain[0].shape, plain[1].shape)
        elif ufunc.__name__ not in FREE and np.ndim(plain[0]) + np.ndim(plain[-1]) > 0:
            Counted.flops += np.size(plain[0]) if method != "__call__" else np.size(result)
        return counted(result)

    def __array_function__(self, func: Any, types: Any, args: Any, keywords: Any) -> Any:
        name = func.__name__
        plain, words = strip(args), strip(keywords)
        result = func(*plain, **words)
        shapes = [np.shape(a) for a in plain if isinstance(a, np.ndarray) and np.ndim(a)]
        if name in LINALG and func.__module__ == "numpy.linalg":
            full = name == "svd" and words.get("full_matrices", True)
            nuclear = name == "norm" and len(plain) > 1
            Counted.flops += float(LINALG["full_svd" if full else "cond" if nuclear else name](*shapes))
        elif name in ("sum", "mean", "max", "min", "amax", "amin", "cumsum"):
            Counted.flops += np.size(plain[0])
        elif name == "trace":
            Counted.flops += len(plain[0])
        elif name == "kron":
            Counted.flops += np.size(result)
        elif name == "einsum":
            inputs, output = plain[0].split("->")
            sizes = dict(
                pair for s, a in zip(inputs.split(","), plain[1:], strict=True) for pair in zip(s, a.shape, strict=True)
            )
            Counted.flops += (2 if set(sizes) - set(output) else 1) * np.prod(list(sizes.values()))
        return counted(result)


def strip(x: Any) -> Any:
    if isinstance(x, Counted):
        return np.asarray(x)
    if isinstance(x, tuple | list):
        return type(x)(strip(y) for y in x)
    return {k: strip(v) for k, v in x.items()} if isinstance(x, dict) else x


def counted(x: Any) -> Any:
    if isinstance(x, np.ndarray):
        return x.view(Counted)
    return tuple(counted(y) for y in x) if isinstance(x, tuple) else x


def measured(source: str, data: dict[str, Any]) -> float:
    """The flops of one run; reading and checking the data is not counted."""
    space: dict[str, Any] = {}
    exec(compile(source, "<program>", "exec"), space)
    read, made = space["_read"], {name: getattr(np, name) for name in ("eye", "ones", "zeros", "full")}
    space["_read"] = lambda *items: tuple(counted(x) for x in read(*items))

    class Numpy:  # what the program makes itself counts too
        def __getattr__(self, name: str) -> Any:
            return (lambda *a, **k: counted(made[name](*a, **k))) if name in made else getattr(np, name)

    space["np"] = Numpy()
    space["_read"].__globals__["np"] = np
    read.__globals__["np"] = space["np"]
    code = space["solve"].__code__
    Counted.flops = 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        space["solve"](**{n: data[n] for n in code.co_varnames[: code.co_argcount]})
    return Counted.flops


def predicted(text: str, sizes: dict[str, int]) -> float:
    return float(eval(text, {"min": min, "max": max, **sizes}))


# In these a loop runs until it has converged, or the branch of the data is another one than in general position.
LOOPS = ("<= t^2", "x'*x = 1", "a'*P*a", "(a - z)'*P", "<= t")


@pytest.mark.parametrize("case", CASES, ids=[c[0] + " in " + c[1] for c in CASES])
def test_predicted_flops_are_those_of_a_run(case: tuple[str, str, str, tuple[str, ...]]) -> None:
    system, attempt, why = derive(*case)
    assert attempt is not None, why
    assert attempt.formula is not None
    cost, loops = count(attempt.formula.numpy), any(x in case[0] for x in LOOPS)
    sizes = {**SIZES, "k": 30, "n": 40} if loops else SIZES  # where the factorisation is larger than the rounds
    data = {**sizes, **sample(system.problem, np.random.default_rng(7), sizes), **({"t": 0.1} if loops else {})}
    found = measured(attempt.formula.numpy, data)
    expected = predicted(cost["flops"], sizes)
    assert abs(found - expected) <= (0.05 if loops else 0.01) * max(found, 50), cost["flops"]


SYLVESTER = [
    ("||A*X + X*B - C||^2", "X", "A=k,k;B=m,m;C=k,m;X=k,m", ()),
    ("||A*X + X*A' + Q||^2", "X", "A=k,k;Q=k,k;X=k,k", ("Q sym",)),
    ("tr(X'*A*X) + tr(X*B*X') - 2*tr(C'*X)", "X", "A=k,k;B=m,m;C=k,m;X=k,m", ("A spd", "B spd")),
    ("||A*X*B - X + C||^2", "X", "A=k,k;B=m,m;C=k,m;X=k,m", ()),
]


@pytest.mark.parametrize("with_scipy", [True, False])
@pytest.mark.parametrize("case", SYLVESTER, ids=[c[0] for c in SYLVESTER])
def test_equations_of_two_terms_take_cubes_and_no_kronecker_product(
    case: tuple[str, str, str, tuple[str, ...]], with_scipy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By Schur forms or eigenvectors, where X has 900 entries; what is solved is checked in the equation itself."""
    if not with_scipy:
        monkeypatch.setitem(sys.modules, "scipy.linalg", None)
    system, attempt, why = derive(*case)
    assert attempt is not None, why
    assert attempt.formula is not None
    cost = count(attempt.formula.numpy)
    assert predicted(cost["flops"], {"k": 100, "m": 100}) < 2e8  # (k m)^3/3 would be 3e11
    sizes = {"k": 30, "m": 30}
    data = sample(system.problem, np.random.default_rng(3), sizes)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        X = compiled(attempt.formula.numpy)(**data)["X"]
    A, C = data["A"], data.get("C", -data.get("Q", 0))
    B = data.get("B", A.T)
    left = A @ X @ B - X + C if "X*B - X" in case[0] else A @ X + X @ B - C
    assert np.abs(left).max() < 1e-8 * np.abs(X).max() * np.abs(A).max() * 30


@pytest.mark.parametrize("name", ["sylvester", "lyapunov"])
def test_the_function_of_a_report_solves_sylvester_equations(name: str) -> None:
    rng = np.random.default_rng(4)
    A, B, C = rng.normal(size=(4, 4)), rng.normal(size=(3, 3)), rng.normal(size=(4, 3))
    Q = np.eye(4)
    X = cf.derive(name).function()(A=A, B=B, C=C, Q=Q)["X"]
    left = A @ X + X @ B - C if name == "sylvester" else A @ X + X @ A.T + Q
    np.testing.assert_allclose(left, 0, atol=1e-10)


def test_a_singular_sylvester_equation_gets_the_solution_of_least_norm() -> None:
    """NumPy's pseudoinverse of the Kronecker matrix."""
    _, attempt, _ = derive(*SYLVESTER[0])
    assert attempt is not None
    assert attempt.formula is not None
    rng = np.random.default_rng(5)
    A, B = np.diag([1.0, 2.0, 3.0]), np.diag([-1.0, 4.0])
    C = rng.normal(size=(3, 2))
    K = np.kron(B.T, np.eye(3)) + np.kron(np.eye(2), A)
    with pytest.warns(UserWarning, match="not unique"):
        X = compiled(attempt.formula.numpy)(A=A, B=B, C=C)["X"]
    np.testing.assert_allclose(X.ravel(order="F"), np.linalg.pinv(K) @ C.ravel(order="F"), atol=1e-9)


CLOSED = sorted(name for name, entry in cf.losses().items() if entry.draft.shapes)


@pytest.mark.parametrize("name", CLOSED)
def test_every_closed_name_has_a_cost_of_its_own(name: str) -> None:
    """With its own penalty and constraints: the formula that is shown, counted, and run once."""
    report = cf.derive(name, timeout=20)
    if report.formula is None:
        with pytest.raises(cf.CallError, match="no closed form"):
            cf.cost(name, 40, 4)
        return
    found = cf.cost(name, 40, 4, condition=5)
    assert found.formula == "; ".join(f"{u} = {t}" for u, t in report.formula.unknown.items())
    assert found.predicted["flops"] >= 0
    assert found.measured.seconds > 0
    assert str(found).count("\n") > 5


def test_a_penalty_lessens_the_condition_number_of_the_hessian() -> None:
    """With singular values of X from 1 to 1/c the Hessian of ridge has the condition number (1 + lam)/(1/c^2 + lam)."""
    plain, ridge = (cf.cost(name, 50, 4, condition=10).gradient_descent for name in ("ols", "ridge"))
    assert plain is not None
    assert ridge is not None
    assert plain.condition == pytest.approx(100, rel=1e-6)
    assert 1.5 < ridge.condition < 3  # lam is drawn between 1/2 and 3/2
    assert plain.steps == pytest.approx(math.log(1e6) / math.log(101 / 99), rel=1e-6)


@pytest.mark.parametrize("bad", [("ols", 0, 1, 10), ("ols", 5, 10, 10), ("ols", 10, 2, 0.5), ("ols", 1.5, 1, 2)])
def test_cost_refuses_what_makes_no_sense(bad: tuple[str, float, float, float]) -> None:
    with pytest.raises(cf.CallError):
        cf.cost(*bad)
