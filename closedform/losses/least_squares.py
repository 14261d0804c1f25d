"""Least squares and its penalised, weighted, constrained and robust kin."""

from __future__ import annotations

from closedform.errors import CallError
from closedform.losses.entry import (
    PENALTY,
    Draft,
    Entry,
    OnData,
    Options,
    check_entries,
    free_index,
    only_column,
    rows,
)
from closedform.reading.data.tables import Table

X_Y = "X=n,k;y=n;a=k"


def _ols(table: Table, options: Options) -> Draft:
    r = rows(table, options)
    return Draft(r.sum(f"({r.response} - ({r.predictor}))^2"), r.coefficients)


def _ridge(table: Table, options: Options) -> Draft:
    r = rows(table, options)
    penalty = " + ".join(f"{w}^2" for w in r.slopes) or "0"
    note = ("the intercept is not penalised",) if len(r.coefficients) > len(r.slopes) else ()
    return Draft(f"{_ols(table, options).loss} + lam*({penalty})", r.coefficients, "", PENALTY, note)


def _lasso(table: Table, options: Options) -> Draft:
    r = rows(table, options)
    penalty = " + ".join(f"abs({w})" for w in r.slopes) or "0"
    return Draft(f"{_ols(table, options).loss}/2 + lam*({penalty})", r.coefficients, "", PENALTY)


def _weighted(table: Table, options: Options) -> Draft:
    weights = str(options.get("weights", ""))
    if weights not in table.names:
        raise CallError(f"weights must name a column; the columns are {', '.join(table.names)}")
    check_entries(table, weights, lambda w: w >= 0, "a weight, which is not negative")
    r = rows(table.without(weights), options)
    return Draft(r.sum(f"{weights}[{r.index}]*({r.response} - ({r.predictor}))^2"), r.coefficients)


def _absolute(table: Table, options: Options) -> Draft:
    r = rows(table, options)
    return Draft(r.sum(f"abs({r.response} - ({r.predictor}))"), r.coefficients)


def _location(body: str) -> OnData:
    def on_data(table: Table, _: Options) -> Draft:
        x = only_column(table)
        i = free_index(("m",))
        return Draft(f"sum({i}, 1, {table.rows}, {body.format(x=f'{x}[{i}]')})", ("m",))

    return on_data


ENTRIES = (
    Entry(
        "ols",
        "ordinary least squares",
        Draft("||X*a - y||^2", ("a",), X_Y),
        "Squared error of a linear model; with data the intercept comes first (intercept=False leaves it out).",
        ("least squares", "linear regression", "lstsq"),
        ("intercept",),
        _ols,
    ),
    Entry(
        "ridge",
        "ridge regression",
        Draft("||X*a - y||^2 + lam*||a||^2", ("a",), X_Y, ("lam > 0",)),
        "Least squares with a squared penalty lam on the slopes.",
        ("tikhonov identity",),
        ("intercept", "lam"),
        _ridge,
    ),
    Entry(
        "wls",
        "weighted least squares",
        Draft("(X*a - y)'*diag(w)*(X*a - y)", ("a",), f"{X_Y};w=n", ("w > 0",)),
        "Least squares where row i counts w_i times.",
        ("weighted least squares",),
        ("intercept", "weights"),
        _weighted,
    ),
    Entry(
        "gls",
        "generalised least squares",
        Draft("(X*a - y)'*inv(S)*(X*a - y)", ("a",), f"{X_Y};S=n,n", ("S spd",)),
        "Least squares with correlated errors of covariance S.",
    ),
    Entry(
        "tikhonov",
        "Tikhonov regularisation",
        Draft("||X*a - y||^2 + lam*||G*a||^2", ("a",), f"{X_Y};G=p,k", ("lam > 0",)),
        "Least squares with a penalty on G a (differences, smoothness).",
    ),
    Entry(
        "multi_output",
        "least squares with several outputs",
        Draft("||X*A - Y||^2", ("A",), "X=n,k;Y=n,m;A=k,m"),
        "One linear model for each column of Y.",
        ("multi-output", "multivariate regression"),
    ),
    Entry(
        "ols_intercept",
        "least squares with an intercept",
        Draft("||X*a + b*ones(n) - y||^2", ("a", "b"), X_Y),
        "Slopes and intercept as two unknowns.",
    ),
    Entry(
        "ridge_intercept",
        "ridge regression with a free intercept",
        Draft("||X*a + b*ones(n) - y||^2 + lam*||a||^2", ("a", "b"), X_Y, ("lam > 0",)),
        "The intercept is not penalised.",
    ),
    Entry(
        "constrained_ols",
        "least squares with equality constraints",
        Draft("||X*a - y||^2 subject to C*a = d", ("a",), f"{X_Y};C=q,k;d=q"),
        "Linear constraints C a = d.",
    ),
    Entry(
        "lasso",
        "lasso",
        Draft("||X*a - y||^2/2 + lam*norm1(a)", ("a",), X_Y, ("lam > 0",)),
        "Least squares with a penalty on the sum of absolute slopes.",
        (),
        ("intercept", "lam"),
        _lasso,
    ),
    Entry(
        "lad",
        "least absolute deviations",
        Draft("norm1(X*a - y)", ("a",), X_Y),
        "Sum of absolute residuals; its location problem is the median.",
        ("median regression", "l1 regression"),
        ("intercept",),
        _absolute,
    ),
    Entry(
        "elastic_net",
        "elastic net",
        Draft("||X*a - y||^2/2 + lam*norm1(a) + mu/2*||a||^2", ("a",), X_Y, ("lam > 0", "mu > 0")),
        "Ridge and lasso penalties together.",
    ),
    Entry(
        "kernel_ridge",
        "kernel ridge regression",
        Draft("||y - K*c||^2 + lam*c'*K*c", ("c",), "K=n,n;y=n;c=n", ("lam > 0", "K psd")),
        "Ridge regression in the span of a kernel.",
    ),
    Entry(
        "smoother",
        "Whittaker smoother",
        Draft("||z - y||^2 + lam*||D*z||^2", ("z",), "y=n;D=p,n;z=n", ("lam > 0",)),
        "A curve close to y with small differences D z.",
        ("whittaker", "hodrick-prescott"),
    ),
    Entry(
        "two_stage",
        "two-stage least squares",
        Draft("||Z*inv(Z'*Z)*Z'*(y - X*a)||^2", ("a",), "X=n,k;Z=n,p;y=n;a=k", ("p >= k",)),
        "Instrumental variables Z.",
        ("2sls", "iv"),
    ),
    Entry(
        "mean",
        "the mean",
        Draft("sum(i, 1, n, (x[i] - m)^2)", ("m",)),
        "The point of least squared distance.",
        (),
        (),
        _location("({x} - m)^2"),
        uses="a column",
    ),
    Entry(
        "median",
        "the median",
        Draft("sum(i, 1, n, abs(x[i] - m))", ("m",)),
        "The point of least absolute distance.",
        (),
        (),
        _location("abs({x} - m)"),
        uses="a column",
    ),
)
