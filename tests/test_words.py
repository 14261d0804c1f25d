"""The normal form of matrix words against NumPy: every rule is an identity of real matrices, at distinct sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.facts import Facts, definite, gram, sign
from closedform.algebra.noncommutative.functions import hadamard, inverse, of_fill
from closedform.algebra.noncommutative.letters import Atom, Letter, ShapeFault, Unsupported
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.algebra.noncommutative.read import Names, read
from closedform.algebra.noncommutative.solve import collect, solve, vanishes
from closedform.algebra.noncommutative.text import display
from closedform.frozen import FrozenMap
from closedform.reading.language import parse

SIZES = {"n": 4, "k": 3, "m": 2}
SHAPES = {
    "X": ("n", "k"),
    "Z": ("n", "m"),
    "A": ("k", "k"),
    "S": ("k", "k"),
    "P": ("k", "k"),
    "Q": ("k", "k"),
    "W": ("m", "m"),
    "y": ("n", "1"),
    "a": ("k", "1"),
    "c": ("k", "1"),
    "D": ("n", "n"),
}
FLAGS = {"S": {"sym"}, "P": {"spd"}, "Q": {"orth"}, "W": {"psd"}}
NAMES = Names(FrozenMap(SHAPES), FrozenMap({n: frozenset(f) for n, f in FLAGS.items()}))


def data(seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    out: dict[str, Any] = {"lam": 0.7, "g": 1.3}
    for name, (r, c) in SHAPES.items():
        a = rng.normal(size=(SIZES.get(r, 1), SIZES.get(c, 1)))
        flags = FLAGS.get(name, set())
        out[name] = (
            a + a.T
            if "sym" in flags
            else a @ a.T + np.eye(len(a)) * ("spd" in flags)
            if flags & {"spd", "psd"}
            else np.linalg.qr(a)[0]
            if "orth" in flags
            else a
        )
    return out


def numeric(p: Poly, at: dict[str, Any]) -> np.ndarray:
    """The value of a normal form, term by term."""
    rows, cols = (SIZES.get(s, 1) for s in (p.rows, p.cols))
    total = np.zeros((rows, cols))
    for (m, word), c in p.terms.items():
        value = np.eye(rows) if rows == cols else np.zeros((rows, cols))
        if word:
            value = letter(word[0], at)
            for l in word[1:]:
                value = value @ letter(l, at)
        for a, e in m:
            value = value * atom(a, at) ** float(e)
        total = total + float(c) * value
    return total


def letter(l: Letter, at: dict[str, Any]) -> np.ndarray:
    parts = [numeric(a, at) for a in l.args if isinstance(a, Poly)]
    value = {
        "name": lambda: at[l.args[0]],
        "ones": lambda: np.ones((SIZES[l.args[0]], 1)),
        "inv": lambda: np.linalg.inv(parts[0]),
        "diag": lambda: np.diag(parts[0].ravel()),
        "diagonal": lambda: np.diag(parts[0]).reshape(-1, 1),
        "had": lambda: np.prod(parts, axis=0),
        "fn": lambda: {"exp": np.exp, "tanh": np.tanh}[l.args[0]](parts[0]),
    }[l.kind]()
    return value.T if l.t else value


def atom(a: Atom, at: dict[str, Any]) -> float:
    if a.kind in ("name", "size"):
        return float(at.get(a.args[0], SIZES.get(a.args[0], 0)))
    if a.kind == "tr":
        value = letter(a.args[0][0], at)
        for l in a.args[0][1:]:
            value = value @ letter(l, at)
        return float(np.trace(value))
    if a.kind in ("logdet", "det"):
        s, v = np.linalg.slogdet(numeric(a.args[0], at))
        return float(v if a.kind == "logdet" else s * np.exp(v))
    return float(numeric(a.args[0], at).item()) if a.kind == "poly" else float(a.args[0])


Pair = tuple[Poly, Any]  # a normal form, and the function of the data that it must equal


def leaf(name: str) -> Pair:
    return NAMES.poly(name), lambda d: d[name]


@st.composite
def expressions(draw: st.DrawFn, rows: str, cols: str, depth: int = 3) -> Pair:
    """A random expression of a given shape, with its direct evaluation."""
    fits = [n for n, s in SHAPES.items() if s == (rows, cols)]
    flips = [n for n, s in SHAPES.items() if s == (cols, rows)]
    kinds = ["sum", "product", "scaled"] * (depth > 0) + ["leaf"] * bool(fits) + ["flip"] * bool(flips)
    kinds += ["inverse", "hadamard"] * (depth > 0 and rows == cols != "1")
    kind = draw(st.sampled_from(kinds or ["ones"]))
    if kind == "leaf":
        return leaf(draw(st.sampled_from(fits)))
    if kind == "flip":
        p, f = leaf(draw(st.sampled_from(flips)))
        return p.T, lambda d: f(d).T
    if kind == "ones":
        return of_fill(rows, cols), lambda d: np.ones((SIZES.get(rows, 1), SIZES.get(cols, 1)))
    if kind == "scaled":
        p, f = draw(expressions(rows, cols, depth - 1))
        q = draw(st.fractions(-3, 3, max_denominator=4))
        return w.scale(p, q), lambda d: float(q) * f(d)
    if kind == "inverse":
        p, f = draw(expressions(rows, rows, 0)) if rows != "m" else leaf("W")
        gram_ = p.T * p + w.eye(rows)
        return inverse(gram_), lambda d: np.linalg.inv(f(d).T @ f(d) + np.eye(SIZES[rows]))
    if kind == "hadamard":
        (p, f), (q, g) = draw(expressions(rows, cols, depth - 1)), draw(expressions(rows, cols, depth - 1))
        return hadamard(p, q), lambda d: f(d) * g(d)
    if kind == "sum":
        (p, f), (q, g) = draw(expressions(rows, cols, depth - 1)), draw(expressions(rows, cols, depth - 1))
        return p + q, lambda d: f(d) + g(d)
    middle = draw(st.sampled_from(["n", "k", "m", "1"]))
    (p, f), (q, g) = draw(expressions(rows, middle, depth - 1)), draw(expressions(middle, cols, depth - 1))
    if p.scalar or q.scalar:
        return p * q, lambda d: (f(d) * g(d)) if np.size(f(d)) == 1 or np.size(g(d)) == 1 else f(d) @ g(d)
    return p * q, lambda d: f(d) @ g(d)


@settings(max_examples=150, deadline=None)
@given(expressions("k", "k"), st.integers(0, 5))
def test_normal_form_has_the_value_of_the_expression(pair: Pair, seed: int) -> None:
    p, f = pair
    at = data(seed)
    expected = f(at)
    assert np.allclose(numeric(p, at), expected, rtol=1e-6, atol=1e-6 * (1 + np.abs(expected).max()))


@settings(max_examples=60, deadline=None)
@given(expressions("k", "k", 2), st.integers(0, 5))
def test_trace_transposition_and_text(pair: Pair, seed: int) -> None:
    p, f = pair
    at = data(seed)
    expected = f(at)
    size = 1 + np.abs(expected).max()
    assert np.allclose(numeric(w.trace(p), at), np.trace(expected), rtol=1e-6, atol=1e-6 * size)
    assert np.allclose(numeric(p.T, at), expected.T, rtol=1e-6, atol=1e-6 * size)
    assert w.trace(p.T) == w.trace(p)
    again = read(parse(display(p), {*SHAPES, *SIZES}), NAMES)  # the text reads back to the same value
    assert np.allclose(numeric(again, at), expected, rtol=1e-6, atol=1e-6 * size)


def expr(text: str) -> Poly:
    return read(parse(text, {*SHAPES, *SIZES, "lam"}), NAMES)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("inv(P)*P*a", "a"),
        ("Q'*Q", "eye(k)"),
        ("Q*Q'", "eye(k)"),
        ("inv(Q)", "Q'"),
        ("(X*S)'", "S*X'"),
        ("inv(X'*X)*X'*X", "eye(k)"),
        ("inv(2*P)", "inv(P)/2"),
        ("inv(P*A)", "inv(A)*inv(P)"),
        ("tr(eye(k))", "k"),
        ("ones(n)'*ones(n)", "n"),
        ("tr(X*A*X')", "tr(A*X'*X)"),
        ("y'*X*a", "a'*X'*y"),
        ("diag(y)*ones(n)", "y"),
        ("tr(y*y')", "||y||^2"),
        ("inv(inv(P) + inv(P))", "P/2"),
        ("logdet(inv(P))", "-logdet(P)"),
        ("log(det(P))", "logdet(P)"),
        ("log(1 + exp(X*a))", "softplus(X*a)"),
        ("norm1(2*a)", "2*ones(k)'*|a|"),
        ("||lam*a||^2", "lam^2*a'*a"),
        ("sum(a .* c)", "a'*c"),
        ("a .* c", "c .* a"),
        ("(a*c') .* A", "diag(a)*A*diag(c)"),
    ],
)
def test_equal_expressions_have_equal_normal_forms(left: str, right: str) -> None:
    assert expr(left) == expr(right)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("X*y", "3|n x k.*n x 1"),
        ("X + a", "n x k.*k x 1"),
        ("tr(X)", "not square"),
        ("inv(X)", "not square"),
        ("logdet(X)", "not square"),
        ("A + lam", "lam\\*eye"),
        ("khatrirao(X, Z)", "columns"),
    ],
)
def test_shapes_that_do_not_conform_are_named(text: str, words: str) -> None:
    with pytest.raises(ShapeFault, match=words):
        expr(text)


def test_unreadable_heads_say_so() -> None:
    with pytest.raises(Unsupported, match="besselj"):
        expr("besselj(0, X*a)")
    with pytest.raises(Unsupported, match="exponent"):
        expr("||a||^lam")


def test_collect_and_solve() -> None:
    found = collect(expr("X'*X*a + lam*a - X'*y"), "a", "k", "1")
    assert found is not None
    assert found.rest == expr("-X'*y")
    solved = solve(expr("X'*X*a + lam*a - X'*y"), "a", "k", "1")
    assert solved is not None
    assert solved.value == expr("inv(X'*X + lam*eye(k))*X'*y")
    assert collect(expr("a*a'*a"), "a", "k", "1") is None


def test_rewriting_to_zero() -> None:
    assert vanishes(expr("(X'*X + lam*eye(k))*inv(X'*X + lam*eye(k))*c - c"))
    assert not vanishes(expr("(X'*X + lam*eye(k))*inv(X'*X + lam*eye(k))*c - 2*c"))
    assert not vanishes(expr("X'*X*inv(X'*X + lam*eye(k))*c - c"))


def test_definiteness_is_never_guessed() -> None:
    facts = Facts(frozenset({"lam", "n", "k"}))
    assert definite(expr("X'*X + lam*eye(k)"), facts) is not None
    assert definite(expr("X'*X - lam*eye(k)"), facts) is None
    assert definite(expr("S"), facts) is None
    level = definite(expr("X'*X"), facts)
    assert level is not None
    assert level.conditions == ("X has full column rank",)
    assert definite(expr("(y - X*a)*(y - X*a)'"), facts) is not None
    assert gram(expr("(y - X*a)'*(y - X*a)"), facts) is not None
    assert gram(expr("y'*y - a'*X'*X*a"), facts) is None
    assert sign(expr("||y - X*a||^2 - lam"), facts) is None
    assert sign(expr("lam*k + ||y||^2"), facts) == 2
