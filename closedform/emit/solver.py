"""Solvers for losses that are affine in their unknowns after differentiation: stacked least squares where the loss is a
sum of squares, null-space methods for constraints, Kronecker products for several two-sided terms, else the formula."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.facts import definite, sign
from closedform.algebra.noncommutative.functions import identity_is, power
from closedform.algebra.noncommutative.letters import ONE, Unsupported
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.algebra.noncommutative.solve import collect, identity_multiple
from closedform.algebra.noncommutative.text import display
from closedform.emit.source import Source, identifier, summary_of
from closedform.stationarity.matrix import MatrixSystem, Piece

Block = tuple[dict[str, Poly], Poly]  # the matrix that multiplies each unknown, and the rest


def solver(
    system: MatrixSystem,
    values: Sequence[tuple[str, Poly]],
    constrained: bool,
    kinds: Sequence[str],
    agreeing: Sequence[tuple[Poly, Poly]] = (),
) -> tuple[str, str]:
    """NumPy source, and the name of the plan ("least squares", "kronecker", "sylvester", "formula").

    ``agreeing``: pairs that must be equal for the constraints to be met; the source raises ``ValueError`` where not.
    """
    summary = summary_of(system)
    found = stacked(system)
    if found is not None:
        pieces, targets, flipped = found
        return _stack(system, summary, pieces, targets, flipped)
    if "kronecker" in kinds and len(system.unknowns) == 1 and not constrained:
        if sylvester := _sylvester(system, summary):
            return sylvester
        try:
            return _kronecker(system, summary)
        except Unsupported:
            pass
    if len(system.unknowns) == 1 and not constrained and (two := _two_sided(system, summary)):
        return two
    if len(system.unknowns) == 1 and constrained and (null := _null_space(system, summary)):
        return null
    source = Source(system, summary)
    outputs = dict[str, str]()
    for a, b in agreeing:
        code = source.call("_agree", source.poly(a), source.poly(b))
        source.line(code)
    for u, value in values:
        code = source.poly(value)
        source.line(f"{identifier(u)} = {code}")
        source.solved.add(u)
        outputs[u] = identifier(u)
    return source.finish({u: outputs[u] for u in system.unknowns}), "formula"


def stacked(system: MatrixSystem) -> tuple[list[tuple[Piece, Block]], list[Block], bool] | None:
    """Every square as ``A1 U1 + A2 U2 + ... - b`` (of U or of U'), and the constraints likewise."""
    for flipped in (False, True):
        if flipped and len(system.unknowns) > 1:
            break
        rows = list[tuple[Piece, Block]]()
        for piece in system.pieces:
            if piece.residual is None or (sign(piece.coefficient, system.facts) or 0) < 1:
                break
            if (
                piece.coefficient.names | (piece.metric.names if piece.metric is not None else frozenset())
            ) & frozenset(system.unknowns):
                break
            block = _block(piece.residual, system, flipped)
            if block is None and piece.metric is None:
                block = _block(piece.residual.T, system, flipped)
            if block is None:
                break
            if block[0]:
                rows.append((piece, block))
        else:
            targets = [_block(c.left, system, flipped) for c in system.constraints if c.kind == "zero"]
            widths = {(system.shape(u)[0] if flipped else system.shape(u)[1]) for u in system.unknowns}
            if rows and None not in targets and len(widths) == 1:
                return rows, [t for t in targets if t is not None], flipped
    return None


def _block(p: Poly, system: MatrixSystem, flipped: bool) -> Block | None:
    parts, rest = dict[str, Poly](), p
    for u in system.unknowns:
        if u not in rest.names:
            continue
        found = collect(rest, u, *system.shape(u))
        if found is None or found.entrywise is not None:
            return None
        symmetric = system.unknown(u).scalar or w.is_symmetric(system.unknown(u))
        pairs, wrong = (found.flipped, found.plain) if flipped and not symmetric else (found.plain, found.flipped)
        if wrong or not pairs:
            return None
        scalar = system.shape(u) == (ONE, ONE)
        if scalar and p.cols != ONE:
            return None
        total: Poly | None = None
        for left, right in pairs:
            s = identity_multiple(right)
            if s is None and not scalar:
                return None
            one = left * right if scalar or s is None else left * s
            total = one if total is None else total + one
        parts[u] = total  # type: ignore[assignment]
        rest = found.rest
        if symmetric and not scalar:
            return None  # symmetry is one more constraint
    return parts, rest


def _stack(
    system: MatrixSystem, summary: str, pieces: list[tuple[Piece, Block]], targets: list[Block], flipped: bool
) -> tuple[str, str]:
    source = Source(system, summary)
    unknowns = system.unknowns
    heights = {u: system.shape(u)[1] if flipped else system.shape(u)[0] for u in unknowns}
    width = system.shape(unknowns[0])[0] if flipped else system.shape(unknowns[0])[1]
    designs, rights = list[str](), list[str]()
    for piece, (parts, rest) in pieces:
        front = weight(source, piece, rest.rows)
        designs.append(front(_row(source, parts, unknowns, heights, rest.rows)))
        rights.append(front(source.factor(-rest)) if not rest.zero else _zero(source, rest.rows, width))
    a, b = _join(source, "A", designs), _join(source, "b", rights)
    first, alone = unknowns[0], len(unknowns) == 1 and unknowns[0] in system.names.shapes
    solved = identifier(first) if alone else source.fresh("x")
    if targets:
        c = _join(source, "C", [_row(source, parts, unknowns, heights, rest.rows) for parts, rest in targets])
        d = _join(
            source,
            "d",
            [
                source.factor(-rest)
                if rest.rows != ONE
                else f"np.array([[{source.poly(-rest)}]])"
                if rest.cols == ONE
                else source.factor(-rest)
                for _, rest in targets
            ],
        )
        call = source.call("_constrained_least_squares", a, b, c, d)
    else:
        call = source.call("_least_squares", a, b)
    source.line(f"{solved} = {call}{'.T' if flipped else ''}")
    outputs, at = dict[str, str](), "0"
    if alone:
        outputs[first] = solved
    else:
        for u in unknowns:
            if system.shape(u) == (ONE, ONE):
                outputs[u] = f"{solved}[{at}, 0]" if at != "0" else f"{solved}[0, 0]"
                at = "1" if at == "0" else f"{at} + 1"
            else:
                size = source.size(heights[u])
                end = size if at == "0" else f"{at} + {size}"
                outputs[u] = f"{solved}[{'' if at == '0' else at}:{end}]"
                at = end
    return source.finish(outputs), "least squares"


def weight(source: Source, piece: Piece, rows: str) -> Callable[[str], str]:
    """Multiplication from the left with the square root of the piece's weight and metric."""
    system = source.system
    scale = "" if piece.coefficient == w.constant(1) else f"np.sqrt({source.poly(piece.coefficient)})"
    metric = piece.metric
    if metric is None:
        return lambda code: f"{scale}*{_wrap(code)}" if scale else code
    s = metric.single()
    letter = s[2][0] if s and s[:2] == (1, ()) and len(s[2]) == 1 else None
    if letter is not None and letter.kind == "diag":
        root = source.let("root", f"np.sqrt({scale + '**2*' if scale else ''}{source.factor(letter.args[0])})")
        return lambda code: f"{root}*{_wrap(code)}"
    inner = letter.args[0].single() if letter is not None and letter.kind == "inv" else None
    if inner and inner[:2] == (1, ()) and len(inner[2]) == 1 and inner[2][0].kind == "diag":
        root = source.let("root", f"1/np.sqrt({source.poly(inner[2][0].args[0])})")
        return lambda code: f"{scale + '*' if scale else ''}{root}*{_wrap(code)}"
    if letter is not None and letter.kind == "inv":
        level = definite(letter.args[0], system.facts)
        if level is not None and level.strict and not level.conditions:
            root = source.let("L", f"np.linalg.cholesky({source.poly(letter.args[0])})")
            return lambda code: f"{scale + '*' if scale else ''}np.linalg.solve({root}, {code})"
    level = definite(metric, system.facts)
    if level is not None and level.strict and not level.conditions:
        root = source.let("R", f"np.linalg.cholesky({source.poly(metric)}).T")
    else:
        root = source.let("R", source.call("_root", source.poly(metric)))
    del rows
    return lambda code: (
        f"{scale + '*' if scale else ''}{'(' if scale else ''}{root} @ {_wrap(code)}{')' if scale else ''}"
    )


def _wrap(code: str) -> str:
    plain = code.replace("_", "").replace(".T", "").isalnum()
    return code if plain or (code.startswith(("np.", "_")) and code.endswith(")") and " " not in code) else f"({code})"


def _row(source: Source, parts: dict[str, Poly], unknowns: tuple[str, ...], heights: dict[str, str], rows: str) -> str:
    blocks = list[str]()
    for u in unknowns:
        if u in parts:
            code = source.poly(parts[u])
            blocks.append(f"np.full((1, 1), {code})" if parts[u].scalar else code)
        else:
            blocks.append(_zero(source, rows, heights[u]))
    return blocks[0] if len(blocks) == 1 else f"np.hstack([{', '.join(blocks)}])"


def _zero(source: Source, rows: str, cols: str) -> str:
    return f"np.zeros(({source.size(rows)}, {source.size(cols)}))"


def _join(source: Source, wish: str, parts: list[str]) -> str:
    if len(parts) == 1 and parts[0].isidentifier():
        return parts[0]
    return source.let(wish, parts[0] if len(parts) == 1 else f"np.vstack([{', '.join(parts)}])")


def _kronecker(system: MatrixSystem, summary: str) -> tuple[str, str]:
    u = system.unknowns[0]
    rows, cols = system.shape(u)
    source = Source(system, summary)
    designs, rights = list[str](), list[str]()
    for piece in system.pieces:
        if piece.residual is None or (sign(piece.coefficient, system.facts) or 0) < 1:
            raise Unsupported("not a sum of squares")
        if u not in piece.residual.names:
            continue
        found = collect(piece.residual, u, rows, cols)
        if found is None or found.flipped or found.entrywise is not None or not found.plain:
            raise Unsupported("not of the form sum L U R")
        front = weight(source, piece, piece.residual.rows)
        designs.append(" + ".join(f"np.kron({source.factor(b)}.T, {front(source.factor(a))})" for a, b in found.plain))
        right = front(source.factor(-found.rest))
        rights.append(f"({right}).reshape(-1, 1, order='F')")
    if w.is_symmetric(system.unknown(u)):
        raise Unsupported("symmetric")
    a, b = _join(source, "K", designs), _join(source, "b", rights)
    code = f"{source.call('_least_squares', a, b)}.reshape({source.size(rows)}, {source.size(cols)}, order='F')"
    source.line(f"{identifier(u)} = {code}")
    return source.finish({u: identifier(u)}), "kronecker"


def two_terms(system: MatrixSystem) -> tuple[str, Poly, Poly, Poly] | None:
    """("sum", A, B, C) where the unknown solves A X + X B = C, ("product", A, B, C) where it solves A X B + X = C.

    Read off the only square (when it can be made zero), or off the gradient of a loss that is no such square.
    """
    u = system.unknowns[0]
    rows, cols = system.shape(u)
    if w.is_symmetric(system.unknown(u)) or system.gradient is None:
        return None
    moving = [p for p in system.pieces if u in (p.value.names | p.coefficient.names)]
    equations = [p.residual for p in moving if p.residual is not None and p.metric is None] if len(moving) == 1 else []
    for equation in (*equations, system.gradient[u]):
        if (equation.rows, equation.cols) != (rows, cols):
            continue
        found = collect(equation, u, rows, cols)
        if found is None or found.flipped or found.entrywise is not None or len(found.plain) != 2:
            continue
        first, second = found.plain
        for (a, b), (c, d) in ((first, second), (second, first)):
            s, t, r, q = (identity_multiple(x) for x in (b, c, a, d))
            if s is not None and t is not None and r is None and q is None:
                return "sum", a * s, d * t, -found.rest
            if q is not None and t is not None and r is None and s is None and not (q * t).names:
                scale = power(q * t, -1)
                return "product", a * scale, b, -found.rest * scale
    return None


def _sylvester(system: MatrixSystem, summary: str) -> tuple[str, str] | None:
    """A X + X B = C by Bartels and Stewart; A X B + X = C by eigenvectors."""
    found = two_terms(system)
    if found is None:
        return None
    kind, a, b, c = found
    source, u = Source(system, summary), identifier(system.unknowns[0])
    both = all(w.is_symmetric(x) for x in (a, b))
    name = "_sylvester_symmetric" if kind == "sum" and both else "_sylvester" if kind == "sum" else "_stein"
    source.line(f"{u} = {source.call(name, source.poly(a), source.poly(b), source.poly(c))}")
    return source.finish({system.unknowns[0]: u}), "sylvester"


def _two_sided(system: MatrixSystem, summary: str) -> tuple[str, str] | None:
    """min ||A U B - C||: U = A+ C B+."""
    active = [
        p
        for p in system.pieces
        if system.unknowns[0] in (p.residual.names if p.residual is not None else p.value.names)
    ]
    if len(active) != 1 or active[0].residual is None or active[0].metric is not None:
        return None
    u = system.unknowns[0]
    found = collect(active[0].residual, u, *system.shape(u))
    if found is None or found.flipped or len(found.plain) != 1 or w.is_symmetric(system.unknown(u)):
        return None
    a, b = found.plain[0]
    source = Source(system, summary)
    right = source.poly(-found.rest)
    if identity_is(b):
        a, half = a * (identity_multiple(b) or w.constant(1)), right
    else:
        half = source.let("half", f"{source.call('_least_squares', source.factor(b) + '.T', _wrap(right) + '.T')}.T")
    source.line(f"{identifier(u)} = {source.call('_least_squares', source.poly(a), half)}")
    return source.finish({u: identifier(u)}), "two-sided"


def _null_space(system: MatrixSystem, summary: str) -> tuple[str, str] | None:
    """A quadratic loss that is not a sum of squares, with equations: by a basis of the constraints' null space."""
    u = system.unknowns[0]
    g = (system.gradient or {}).get(u)
    blocks = [_block(c.left, system, False) for c in system.constraints if c.kind == "zero"]
    block = _block(g, system, False) if g is not None else None
    if block is None or None in blocks or u not in block[0]:
        return None
    source = Source(system, summary)
    heights = {u: system.shape(u)[0]}
    G = source.let("G", source.poly(block[0][u]))
    c = source.let("c", source.poly(-block[1]) if not block[1].zero else _zero(source, *system.shape(u)))
    rows = [b for b in blocks if b is not None]
    C = _join(source, "C", [_row(source, parts, (u,), heights, rest.rows) for parts, rest in rows])
    d = _join(
        source,
        "d",
        [source.factor(-rest) if not rest.scalar else f"np.full((1, 1), {source.poly(-rest)})" for _, rest in rows],
    )
    source.line(f"{identifier(u)} = {source.call('_constrained', G, c, C, d)}")
    return source.finish({u: identifier(u)}), "formula"


__all__ = ["display", "solver", "stacked", "weight"]
