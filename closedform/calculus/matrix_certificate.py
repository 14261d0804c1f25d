"""Evidence that a matrix formula is stationary: the statement, the formula, and sizes at which the kernel tests it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import islice, permutations

from closedform.algebra.words import Poly, Unsupported
from closedform.algebra.words_tree import size_tree, tree
from closedform.calculus.matrices import MatrixSystem
from closedform.expression import free_names, to_tree
from closedform.kernel.certificate import Certificate
from closedform.kernel.matrices import check_matrix_stationary
from closedform.kernel.reading import Json, Refused

_SIZES = (6, 4, 3, 2, 5, 7, 8, 9, 10, 11, 12)
_SMALL = (3, 2, 4, 5, 6, 7, 8, 9)
ATTEMPTS = 8


def certificate(system: MatrixSystem, values: dict[str, Poly], order: Sequence[str],
                conditions: Sequence[str] = ()) -> Certificate | None:  # fmt: skip
    """A certificate that the kernel accepts, or None where it has no words for the loss or the formula.

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
        "loss": to_tree(problem.loss), "unknowns": list(system.unknowns), "shapes": shapes, "properties": properties,
        "constraints": constraints,
    }  # fmt: skip
    claim: dict[str, Json] = {"kind": "matrix_stationary", "formula": formulas, "conditions": list(conditions)}
    small = "unvec" in json.dumps(formulas)  # Kronecker products grow fast
    for sizes in assignments(system, _SMALL if small else _SIZES):
        evidence: dict[str, Json] = {"sizes": {s: str(v) for s, v in sizes.items()}}
        try:
            check_matrix_stationary(statement, claim, evidence)
        except Refused as refused:
            if "is not zero" in str(refused) or "is not met" in str(refused):
                raise ArithmeticError(str(refused)) from None
            if "no meaning" in str(refused) or "exponent" in str(refused):
                return None
            continue
        except (ArithmeticError, ValueError):
            continue  # a singular matrix at these sizes
        return Certificate(statement, claim, evidence)
    raise ArithmeticError("the formula could not be tested at any sizes: some matrix was always singular")


def assignments(system: MatrixSystem, values: tuple[int, ...]) -> list[dict[str, int]]:
    """Distinct values for the size symbols, rows of tall data first, so that rank conditions can hold."""
    symbols = list[str]()
    for n, shape in system.names.shapes.items():
        for node in system.problem.shapes[n]:
            symbols += [s for s in sorted(free_names(node)) if s not in symbols]
        del shape
    unknown = {s for u in system.unknowns for s in system.shape(u)}
    rows = {r for n, (r, c) in system.names.shapes.items() if n not in system.unknowns and c != "1" and r != c}
    columns = {c for n, (r, c) in system.names.shapes.items() if n not in system.unknowns and r != c}
    ranked = sorted(symbols, key=lambda s: (s not in rows - columns or s in unknown, s not in unknown, symbols.index(s)))
    out = [dict(zip(ranked, sorted(values[: len(ranked)], reverse=True), strict=False))]
    if len(ranked) > 2:  # twice as tall: for ranks that add up
        first = ranked[0]
        out.append({**out[0], first: 2 * out[0][first]})
    for turn in islice(permutations(sorted(values[: len(ranked)], reverse=True)), 1, ATTEMPTS):
        out.append(dict(zip(ranked, turn, strict=False)))
    return out
