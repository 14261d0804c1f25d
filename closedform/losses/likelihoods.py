"""Negative log-likelihoods of independent observations x_1, ..., x_n, constants left out."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from closedform.losses.entry import Draft, Entry, Options, check_entries, free_index, only_column
from closedform.reading.data.tables import Table

Support = tuple[Callable[[Fraction], bool], str]  # which numbers are allowed, in words too

POSITIVE: Support = (lambda x: x > 0, "positive")
NOT_NEGATIVE: Support = (lambda x: x >= 0, "at least zero")
COUNT: Support = (lambda x: x >= 0 and x.denominator == 1, "a count: 0, 1, 2, ...")
COUNT_FROM_ONE: Support = (lambda x: x >= 1 and x.denominator == 1, "a count from one: 1, 2, 3, ...")
UNIT: Support = (lambda x: 0 < x < 1, "between 0 and 1")
LABEL: Support = (lambda x: 0 <= x <= 1, "0 or 1")
ANY: Support = (lambda _: True, "")


def _likelihood(
    name: str,
    title: str,
    body: str,
    unknowns: str,
    bounds: str,
    support: Support,
    explanation: str,
    *aliases: str,
) -> Entry:
    names = tuple(unknowns.split())
    assumed = tuple(part.strip() for part in bounds.split(",") if part.strip())
    draft = Draft(f"sum(i, 1, n, {body.replace('x_i', 'x[i]')})", names, "", assumed)

    def on_data(table: Table, _: Options) -> Draft:
        column = only_column(table)
        check_entries(table, column, *support)
        i = free_index(names)
        return Draft(f"sum({i}, 1, {table.rows}, {body.replace('x_i', f'{column}[{i}]')})", names, "", assumed)

    return Entry(name, title, draft, explanation, aliases, (), on_data, uses="a column")


ENTRIES = (
    _likelihood(
        "normal",
        "normal likelihood",
        "log(sigma) + (x_i - mu)^2/(2*sigma^2)",
        "mu sigma",
        "sigma > 0",
        ANY,
        "Mean and standard deviation.",
        "gaussian",
    ),
    _likelihood(
        "exponential", "exponential likelihood", "lam*x_i - log(lam)", "lam", "lam > 0", NOT_NEGATIVE, "Rate lam."
    ),
    _likelihood("poisson", "Poisson likelihood", "lam - x_i*log(lam)", "lam", "lam > 0", COUNT, "Mean lam."),
    _likelihood(
        "bernoulli",
        "Bernoulli likelihood",
        "-x_i*log(p) - (1 - x_i)*log(1 - p)",
        "p",
        "0 < p < 1",
        LABEL,
        "Probability p.",
        "coin",
    ),
    _likelihood(
        "binomial",
        "binomial likelihood",
        "-x_i*log(p) - (N - x_i)*log(1 - p)",
        "p",
        "0 < p < 1, N >= 1",
        COUNT,
        "Probability p of N trials each.",
    ),
    _likelihood(
        "geometric",
        "geometric likelihood",
        "-log(p) - (x_i - 1)*log(1 - p)",
        "p",
        "0 < p < 1",
        COUNT_FROM_ONE,
        "Trials up to the first success.",
    ),
    _likelihood(
        "negative_binomial",
        "negative binomial likelihood",
        "loggamma(r) - loggamma(x_i + r) - r*log(p) - x_i*log(1 - p)",
        "r p",
        "r > 0, 0 < p < 1",
        COUNT,
        "Failures before r successes.",
        "negative binomial",
    ),
    _likelihood(
        "gamma",
        "gamma likelihood",
        "loggamma(k) + k*log(theta) - (k - 1)*log(x_i) + x_i/theta",
        "k theta",
        "k > 0, theta > 0",
        POSITIVE,
        "Shape k and scale theta.",
        "gamma distribution",
    ),
    _likelihood(
        "inverse_gamma",
        "inverse gamma likelihood",
        "loggamma(a) - a*log(b) + (a + 1)*log(x_i) + b/x_i",
        "a b",
        "a > 0, b > 0",
        POSITIVE,
        "Shape a and scale b.",
    ),
    _likelihood(
        "beta",
        "beta likelihood",
        "loggamma(a) + loggamma(b) - loggamma(a + b) - (a - 1)*log(x_i) - (b - 1)*log(1 - x_i)",
        "a b",
        "a > 0, b > 0",
        UNIT,
        "Shapes a and b on the unit interval.",
        "beta distribution",
    ),
    _likelihood(
        "weibull",
        "Weibull likelihood",
        "-log(k) + k*log(lam) - (k - 1)*log(x_i) + (x_i/lam)^k",
        "k lam",
        "k > 0, lam > 0",
        POSITIVE,
        "Shape k and scale lam.",
    ),
    _likelihood(
        "rayleigh",
        "Rayleigh likelihood",
        "2*log(sigma) + x_i^2/(2*sigma^2)",
        "sigma",
        "sigma > 0",
        POSITIVE,
        "Scale sigma.",
    ),
    _likelihood("maxwell", "Maxwell likelihood", "3*log(a) + x_i^2/(2*a^2)", "a", "a > 0", POSITIVE, "Scale a."),
    _likelihood(
        "lognormal",
        "log-normal likelihood",
        "log(sigma) + (log(x_i) - mu)^2/(2*sigma^2)",
        "mu sigma",
        "sigma > 0",
        POSITIVE,
        "Mean and deviation of the logarithm.",
    ),
    _likelihood(
        "pareto",
        "Pareto likelihood",
        "-log(alpha) - alpha*log(m) + (alpha + 1)*log(x_i)",
        "alpha",
        "alpha > 0, m > 0",
        POSITIVE,
        "Tail index alpha over the known least value m.",
    ),
    _likelihood(
        "laplace", "Laplace likelihood", "log(b) + abs(x_i - mu)/b", "mu b", "b > 0", ANY, "Location and scale."
    ),
    _likelihood("cauchy", "Cauchy likelihood", "log(1 + (x_i - t)^2)", "t", "", ANY, "Location t at scale one."),
    _likelihood(
        "cauchy_scale",
        "Cauchy likelihood with a scale",
        "log(g^2 + (x_i - t)^2) - log(g)",
        "t g",
        "g > 0",
        ANY,
        "Location and scale.",
    ),
    _likelihood(
        "logistic_distribution",
        "logistic distribution",
        "(x_i - mu)/s + log(s) + 2*log(1 + exp(-(x_i - mu)/s))",
        "mu s",
        "s > 0",
        ANY,
        "Location and scale.",
    ),
    _likelihood(
        "gumbel",
        "Gumbel likelihood",
        "log(b) + (x_i - mu)/b + exp(-(x_i - mu)/b)",
        "mu b",
        "b > 0",
        ANY,
        "Location and scale of a largest value.",
    ),
    _likelihood(
        "inverse_gaussian",
        "inverse Gaussian likelihood",
        "-log(lam)/2 + lam*(x_i - mu)^2/(2*mu^2*x_i)",
        "mu lam",
        "mu > 0, lam > 0",
        POSITIVE,
        "Mean and shape.",
        "wald",
    ),
    _likelihood(
        "student",
        "Student t location",
        "(nu + 1)/2*log(1 + (x_i - mu)^2/nu)",
        "mu",
        "nu > 0",
        ANY,
        "Location at known degrees of freedom nu.",
    ),
    _likelihood(
        "von_mises",
        "von Mises likelihood",
        "log(besseli(0, kappa)) - kappa*cos(x_i - mu)",
        "mu kappa",
        "kappa > 0",
        ANY,
        "Mean direction and concentration.",
    ),
    _likelihood(
        "zero_truncated_poisson",
        "zero-truncated Poisson likelihood",
        "lam - x_i*log(lam) + log(1 - exp(-lam))",
        "lam",
        "lam > 0",
        COUNT_FROM_ONE,
        "Counts from one.",
    ),
    _likelihood(
        "zeta",
        "zeta (Zipf) likelihood",
        "log(zeta(s)) + s*log(x_i)",
        "s",
        "s > 1",
        COUNT_FROM_ONE,
        "Exponent s.",
        "zipf",
    ),
    Entry(
        "mixture",
        "two normals with equal weights",
        Draft("sum(i, 1, n, -log(exp(-(x[i] - a)^2/2) + exp(-(x[i] - b)^2/2)))", ("a", "b")),
        "Means of a mixture of two unit normals.",
        ("gaussian mixture",),
    ),
)
