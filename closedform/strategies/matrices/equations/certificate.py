"""Evidence that a matrix formula is stationary: the statement, the formula, and which sizes must exceed which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from closedform.algebra.noncommutative.letters import ONE, Letter, Unsupported
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.algebra.noncommutative.tree import size_tree, tree
from closedform.enclosures.certified import certified
from closedform.expression import free_names, to_tree
from closedform.kernel.certificate import Certificate
from closedform.kernel.claims.matrices import draw_sizes
from closedform.kernel.reading import Json, Refused
from closedform.stationarity.matrix import MatrixSystem


def certificate(system: MatrixSystem, values: dict[str, Poly], order: Sequence[str]) -> Certificate | None:
    """A certificate that the kernel accepts, or None where it cannot test the loss or the formula.

    Raises ``ArithmeticError`` when the kernel finds that the formula is not stationary.
    """
    problem = system.problem
    if problem.loss is None:
        return None
    try:
        formulas: list[Json] = [[u, tree(values[u])] for u in order]
        constraints: list[Json] = [tree(c.left) for c in system.constraints if c.kind == "zero"]
    except Unsupported:
        return None
    known = ("sym", "spd", "psd", "orth", "diag")
    declared = {n: [p for p in known if p in flags] for n, flags in system.names.flags.items()}
    properties: dict[str, Json] = {n: list(words) for n, words in declared.items() if words}
    shapes: dict[str, Json] = {n: [size_tree(r), size_tree(c)] for n, (r, c) in system.names.shapes.items()}
    statement: dict[str, Json] = {
        "loss": to_tree(problem.loss),
        "unknowns": list(system.unknowns),
        "shapes": shapes,
        "properties": properties,
        "constraints": constraints,
    }
    claim: dict[str, Json] = {"kind": "matrix_stationary", "formula": formulas}
    for pairs in (tall(system, values.values()), tall(system)):
        evidence: dict[str, Json] = {"tall": [list[Json](p) for p in pairs]}
        try:
            return certified(statement, claim, evidence)
        except Refused as refused:
            if "is not zero" in str(refused) or "is not met" in str(refused):
                raise ArithmeticError(str(refused)) from None
            if "no meaning" in str(refused) or "exponent" in str(refused):
                return None
            continue
    return None  # some matrix was singular at the sizes tried, or a formula is not shown to be positive


def sizes_of(system: MatrixSystem, formulas: Iterable[Poly] = (), seed: str = "") -> dict[str, int]:
    """Distinct values for the size symbols, as the kernel would draw them; a circle of sizes leaves the relations only."""
    symbols = sorted(
        {s for n in system.names.shapes for node in system.problem.shapes[n] for s in free_names(node) if s != "one_"}
    )
    try:
        return draw_sizes(symbols, [list(p) for p in tall(system, formulas)], seed, 3)
    except Refused:
        return draw_sizes(symbols, [list(p) for p in tall(system)], seed, 3)


def tall(system: MatrixSystem, formulas: Iterable[Poly] = ()) -> list[tuple[str, ...]]:
    """Rows of sizes, the first larger than the sum of the others, so that products that are inverted can have full rank."""
    symbols = list[str]()
    for n in system.names.shapes:
        for node in system.problem.shapes[n]:
            symbols += [s for s in sorted(free_names(node)) if s not in (*symbols, "one_")]
    above: dict[str, set[str]] = {s: set() for s in symbols}
    for p in formulas:
        _tall(p, above)
    for relation in system.problem.relations:
        if len(relation.children) == 2 and relation.head in (">", ">=", "<", "<="):
            big, small = relation.children if relation.head[0] == ">" else reversed(relation.children)
            if big.name in above and small.name in above:
                above[str(small.name)].add(str(big.name))
    below: dict[str, list[str]] = {}
    for small, bigger in above.items():
        for big in bigger:
            below.setdefault(big, []).append(small)
    return sorted((big, *sorted(small)) for big, small in below.items())


def _tall(p: Poly, above: dict[str, set[str]]) -> None:
    """Collect which size must be at least which: in ``inv(V'V)`` the rows of V are not fewer than its columns."""
    for m, word in p.terms:
        for x in (*word, *(a for a, _ in m)):
            for a in x.args:
                if isinstance(a, Poly):
                    _tall(a, above)
            if isinstance(x, Letter) and x.kind == "inv":
                inner: Poly = x.args[0]
                if any(not v for _, v in inner.terms):
                    continue
                for _, v in inner.terms:
                    between = {l.cols for l in v[:-1]}
                    if ONE not in between and inner.rows in above:
                        above[inner.rows] |= {s for s in between if s in above and s != inner.rows}
