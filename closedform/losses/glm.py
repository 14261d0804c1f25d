"""Generalised linear models: the negative log-likelihood of a linear predictor."""

from __future__ import annotations

from fractions import Fraction

from closedform.errors import InputError
from closedform.expression import number
from closedform.losses.entry import PENALTY, Draft, Entry, LinearPredictor, Options, check_entries, rows
from closedform.reading.data.tables import Table
from closedform.reading.language import unparse

MAX_CLASSES = 20


def _logistic(table: Table, options: Options) -> Draft:
    if table.target is None:
        return _design(table, options)
    check_entries(table, table.target, lambda y: 0 <= y <= 1, "a label: 0, 1, or a share between them")
    r = rows(table, options)
    loss = r.sum(f"log(1 + exp({r.predictor})) - {r.response}*({r.predictor})")
    if "lam" not in options:
        return Draft(loss, r.coefficients)
    penalty = " + ".join(f"{w}^2" for w in r.slopes) or "0"
    return Draft(f"{loss} + lam*({penalty})", r.coefficients, "", PENALTY)


def _design(table: Table, options: Options) -> Draft:
    """The grouped likelihood with the counts as symbols: at point j, k_j successes among n_j."""
    r = rows(table, options, need_target=False)
    points = sorted(set(zip(*(table.column(key) for key in r.slopes), strict=True))) if r.slopes else [()]
    constant_name = r.coefficients[: len(r.coefficients) - len(r.slopes)]
    terms, assumed = list[str](), list[str]()
    taken = set(r.coefficients)
    n, k = ("n", "k") if not any(f"{p}{j + 1}" in taken for p in "nk" for j in range(len(points))) else ("N", "K")
    for j, point in enumerate(points, 1):
        parts = [*constant_name, *(f"{_text(x)}*{key}" for x, key in zip(point, r.slopes, strict=True) if x)]
        eta = " + ".join(parts) or "0"
        terms.append(f"{n}{j}*log(1 + exp({eta})) - {k}{j}*({eta})")
        assumed += [f"{k}{j} > 0", f"{k}{j} < {n}{j}"]
    note = f"no labels are given: {k}1, ... of {n}1, ... successes at each of the {len(points)} points of the design"
    return Draft(" + ".join(terms), r.coefficients, "", tuple(assumed), (note,))


def _text(value: Fraction) -> str:
    return f"({unparse(number(value))})"


def _softmax(table: Table, options: Options) -> Draft:
    """Class 0 (the least label) is the reference; the labels enter through their sums, which are exact."""
    r = rows(table, options)
    labels = table.column(str(table.target))
    classes = sorted(set(labels))
    if not 2 <= len(classes) <= MAX_CLASSES:
        raise InputError(
            f"softmax regression takes 2 to {MAX_CLASSES} classes, and column {table.target} has {len(classes)}"
        )
    etas, names, score = list[str](), list[str](), list[str]()
    for c, label in enumerate(classes[1:], 1):
        terms = list[str]()
        for key in r.coefficients:
            unknown = f"{key}_{c}"
            names.append(unknown)
            column = table.column(key) if key in r.slopes else (Fraction(1),) * table.rows
            total = sum((x for x, y in zip(column, labels, strict=True) if y == label), Fraction(0))
            terms.append(f"{unknown}*{key}[{r.index}]" if key in r.slopes else unknown)
            score.append(f"{_text(total)}*{unknown}")
        etas.append(" + ".join(terms))
    body = " + ".join(f"exp({eta})" for eta in etas)
    note = f"the least label, {classes[0]}, is the reference class; name_j belongs to the label at place j after it"
    return Draft(f"{r.sum(f'log(1 + {body})')} - ({' + '.join(score)})", tuple(names), "", (), (note,))


def _poisson(table: Table, options: Options) -> Draft:
    r = rows(table, options)
    check_entries(table, str(table.target), lambda y: y >= 0, "a count")
    return Draft(r.sum(f"exp({r.predictor}) - {r.response}*({r.predictor})"), r.coefficients)


def _probit(table: Table, options: Options) -> Draft:
    r = rows(table, options)
    check_entries(table, str(table.target), lambda y: 0 <= y <= 1, "a label: 0 or 1")
    return Draft(
        r.sum(f"-{r.response}*log(normcdf({r.predictor})) - (1 - {r.response})*log(normcdf(-({r.predictor})))"),
        r.coefficients,
    )


def _cloglog(table: Table, options: Options) -> Draft:
    r: LinearPredictor = rows(table, options)
    check_entries(table, str(table.target), lambda y: 0 <= y <= 1, "a label: 0 or 1")
    return Draft(
        r.sum(f"(1 - {r.response})*exp({r.predictor}) - {r.response}*log(1 - exp(-exp({r.predictor})))"), r.coefficients
    )


def _gamma(table: Table, options: Options) -> Draft:
    r = rows(table, options)
    check_entries(table, str(table.target), lambda y: y > 0, "positive")
    return Draft(r.sum(f"{r.response}*exp(-({r.predictor})) + {r.predictor}"), r.coefficients)


X_B = "X=n,k;y=n;b=k"
RIDGE = Draft("ones(n)'*log(1 + exp(X*b)) - y'*X*b + lam*||b||^2", ("b",), X_B, PENALTY)
ENTRIES = (
    Entry(
        "logistic",
        "logistic regression",
        Draft("ones(n)'*log(1 + exp(X*b)) - y'*X*b", ("b",), X_B),
        "Negative log-likelihood of labels 0 and 1 under sigmoid(X b); lam adds a squared penalty on the slopes.",
        ("logit", "logistic regression"),
        ("intercept", "lam"),
        _logistic,
        lambda _: RIDGE,
        target="a label",
    ),
    Entry(
        "logistic_ridge",
        "logistic regression with a squared penalty",
        RIDGE,
        "As logistic, with the penalty lam.",
        (),
        ("intercept", "lam"),
        lambda table, options: _logistic(table, {"lam": "lam", **options}),
        target="a label",
    ),
    Entry(
        "softmax",
        "softmax regression",
        Draft("ones(n)'*log(1 + exp(X*B)*ones(m)) - tr(Y'*X*B)", ("B",), "X=n,k;Y=n,m;B=k,m"),
        "Multinomial logistic regression; Y holds one indicator column for each class but one, which is the reference.",
        ("multinomial",),
        ("intercept",),
        _softmax,
        target="a class",
    ),
    Entry(
        "poisson_regression",
        "Poisson regression",
        Draft("ones(n)'*exp(X*b) - y'*X*b", ("b",), X_B),
        "Counts with log-linear mean.",
        ("poisson glm",),
        ("intercept",),
        _poisson,
    ),
    Entry(
        "probit",
        "probit regression",
        Draft("-y'*log(1/2 + erf(X*b/sqrt(2))/2) - (ones(n) - y)'*log(1/2 - erf(X*b/sqrt(2))/2)", ("b",), X_B),
        "Labels 0 and 1 under the normal distribution function.",
        (),
        ("intercept",),
        _probit,
        target="a label",
    ),
    Entry(
        "cloglog",
        "complementary log-log regression",
        Draft("(ones(n) - y)'*exp(X*b) - y'*log(1 - exp(-exp(X*b)))", ("b",), X_B),
        "Labels 0 and 1 under 1 - exp(-exp(X b)).",
        (),
        ("intercept",),
        _cloglog,
        target="a label",
    ),
    Entry(
        "gamma_regression",
        "gamma regression with log link",
        Draft("y'*exp(-X*b) + ones(n)'*X*b", ("b",), X_B, ("y > 0",)),
        "Positive responses with log-linear mean.",
        ("gamma glm",),
        ("intercept",),
        _gamma,
    ),
)
