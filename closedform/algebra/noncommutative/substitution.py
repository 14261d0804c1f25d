"""Names replaced by polynomials, in every letter and atom, and the result in normal form again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from closedform.algebra.noncommutative.functions import (
    diagonal,
    diagonal_of,
    elementwise,
    hadamard,
    inverse,
    matrix_scalar,
    power,
    scalar_function,
    unvec,
)
from closedform.algebra.noncommutative.letters import ADJOINTS, Atom, Letter
from closedform.algebra.noncommutative.polynomial import (
    Poly,
    add,
    compound,
    constant,
    eye,
    mul,
    of_atom,
    of_letter,
    trace,
    transpose,
    vec,
    zeros,
)


def substitute(p: Poly, values: Mapping[str, Poly]) -> Poly:
    """Every name replaced by its polynomial (of the same shape), and everything brought to normal form again."""
    if not p.names & values.keys():
        return p
    out = zeros(p.rows, p.cols)
    for (m, w), c in p.terms.items():
        piece = constant(c)
        for a, e in m:
            piece = mul(piece, power(_image_atom(a, values), e) if a.names & values.keys() else of_atom(a, e))
        if w or not p.scalar:
            body = eye(p.rows) if not w else _image(w[0], values)
            for l in w[1:]:
                body = mul(body, _image(l, values))
            piece = mul(piece, body)
        out = add(out, piece)
    return out


def _image(l: Letter, values: Mapping[str, Poly]) -> Poly:
    if not l.names & values.keys():
        return of_letter(l)
    if l.kind == "name":
        return transpose(values[l.args[0]]) if l.t else values[l.args[0]]
    parts = [a if isinstance(a, str) else substitute(a, values) for a in l.args]
    out = rebuild(l, parts)
    return transpose(out) if l.t else out


def rebuild(l: Letter, parts: list[Any]) -> Poly:
    """A compound letter with other arguments (not transposed)."""
    if l.kind == "inv":
        return inverse(parts[0])
    if l.kind == "fn":
        return elementwise(parts[0], parts[1])
    if l.kind == "had":
        out = parts[0]
        for q in parts[1:]:
            out = hadamard(out, q)
        return out
    if l.kind == "diag":
        return diagonal(parts[0])
    if l.kind == "diagonal":
        return diagonal_of(parts[0])
    rows, cols = (l.cols, l.rows) if l.t else (l.rows, l.cols)
    if l.kind == "vec":
        return vec(parts[0])
    if l.kind == "unvec":
        return unvec(parts[0], parts[1], parts[2])
    if l.kind in ("kron", "khatrirao", *ADJOINTS):
        return compound(l.kind, parts[0], parts[1], rows, cols)
    return of_letter(Letter(l.kind, tuple(parts), rows, cols, l.flags))


def _image_atom(a: Atom, values: Mapping[str, Poly]) -> Poly:
    if a.kind == "name":
        return values[a.args[0]]
    if a.kind == "tr":
        body = _image(a.args[0][0], values)
        for l in a.args[0][1:]:
            body = mul(body, _image(l, values))
        return trace(body)
    parts: list[Any] = [x if isinstance(x, str) else substitute(x, values) for x in a.args]
    if a.kind == "poly":
        return parts[0]
    return scalar_function(parts[0], parts[1]) if a.kind == "fn" else matrix_scalar(a.kind, parts[0])
