"""Classical functions of few variables."""

from __future__ import annotations

from closedform.losses.entry import Draft, Entry


def _entry(name: str, title: str, loss: str, unknowns: str, explanation: str, *assumed: str) -> Entry:
    return Entry(name, title, Draft(loss, tuple(unknowns.split()), "", assumed), explanation)


ENTRIES = (
    _entry("quartic", "the double well", "x^4 - x^2", "x", "Not convex, and closed all the same."),
    _entry(
        "quintic",
        "a loss whose gradient is a quintic",
        "x^6/6 - x^2/2 - x",
        "x",
        "The gradient x^5 - x - 1 has group S5.",
    ),
    _entry("quadratic", "a quadratic in symbols", "a*x^2 + b*x + c", "x", "The vertex of a parabola.", "a > 0"),
    _entry("rosenbrock", "Rosenbrock's function", "(1 - x)^2 + 100*(y - x^2)^2", "x y", "A curved valley."),
    _entry("himmelblau", "Himmelblau's function", "(x^2 + y - 11)^2 + (x + y^2 - 7)^2", "x y", "Nine critical points."),
    _entry("booth", "Booth's function", "(x + 2*y - 7)^2 + (2*x + y - 5)^2", "x y", "A convex quadratic."),
    _entry("matyas", "Matyas' function", "0.26*(x^2 + y^2) - 0.48*x*y", "x y", "A flat convex quadratic."),
    _entry(
        "beale",
        "Beale's function",
        "(3/2 - x + x*y)^2 + (9/4 - x + x*y^2)^2 + (21/8 - x + x*y^3)^2",
        "x y",
        "Steep corners.",
    ),
    _entry("camel", "the six-hump camel", "(4 - 2.1*x^2 + x^4/3)*x^2 + x*y + (4*y^2 - 4)*y^2", "x y", "Six minima."),
    _entry("three_hump_camel", "the three-hump camel", "2*x^2 - 1.05*x^4 + x^6/6 + x*y + y^2", "x y", "Three minima."),
    _entry(
        "goldstein_price",
        "the Goldstein-Price function",
        "(1 + (x + y + 1)^2*(19 - 14*x + 3*x^2 - 14*y + 6*x*y + 3*y^2))"
        "*(30 + (2*x - 3*y)^2*(18 - 32*x + 12*x^2 + 48*y - 36*x*y + 27*y^2))",
        "x y",
        "Four minima, degree eight.",
    ),
    _entry(
        "styblinski_tang",
        "the Styblinski-Tang function",
        "(x^4 - 16*x^2 + 5*x)/2 + (y^4 - 16*y^2 + 5*y)/2",
        "x y",
        "Separable.",
    ),
    _entry(
        "motzkin", "Motzkin's polynomial", "x^4*y^2 + x^2*y^4 - 3*x^2*y^2 + 1", "x y", "Nonnegative, no sum of squares."
    ),
    _entry(
        "bohachevsky",
        "Bohachevsky's function",
        "x^2 + 2*y^2 - 0.3*cos(3*pi*x) - 0.4*cos(4*pi*y) + 0.7",
        "x y",
        "A bowl with ripples.",
    ),
    _entry("easom", "Easom's function", "-cos(x)*cos(y)*exp(-(x - pi)^2 - (y - pi)^2)", "x y", "A needle."),
    _entry(
        "kepler",
        "Kepler's equation as a loss",
        "E0^2/2 + ecc*cos(E0) - M*E0",
        "E0",
        "Eccentric anomaly E0 at eccentricity ecc and mean anomaly M.",
        "0 < ecc < 1",
    ),
    _entry(
        "lennard_jones",
        "the Lennard-Jones potential",
        "4*eps*((s/r)^12 - (s/r)^6)",
        "r",
        "Distance of two atoms.",
        "eps > 0",
        "s > 0",
        "r > 0",
    ),
    _entry(
        "morse", "the Morse potential", "D*(1 - exp(-a*(r - r0)))^2", "r", "Bond length.", "D > 0", "a > 0", "r0 > 0"
    ),
)
