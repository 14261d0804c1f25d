"""Claim ``unsolvable_family``: the roots of a polynomial with parameters have no formula in radicals."""

from __future__ import annotations

from flint import fmpq_poly

from closedform.kernel.algebra.polynomials import poly_text
from closedform.kernel.algebra.rational import quotient
from closedform.kernel.claims.unsolvable import prove_unsolvable
from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.tree import read
from closedform.kernel.reading import Json, fields, mapping, name, names, rational, refuse


def check(statement: dict[str, Json], claim: dict[str, Json], evidence: dict[str, Json]) -> str:
    """``{"kind": "unsolvable_family", "polynomial": tree, "unknown", "parameters"}`` by one rational specialisation."""
    fields(statement, ())
    claimed = fields(claim, ("kind", "polynomial", "unknown", "parameters"))
    x, tree = name(claimed["unknown"], "unknown"), read(claimed["polynomial"])
    parameters = names(claimed["parameters"], "parameters")
    given = fields(evidence, ("at", "proof"))
    at = {key: rational(v, key) for key, v in mapping(given["at"], "at").items()}
    if set(at) != set(parameters) or x in at:
        refuse("the witness must give every parameter one value")
    whole = quotient(tree, [x, *parameters], {})
    if not whole.bottom.is_constant():
        refuse(f"not a polynomial: {infix(tree)[:60]}")
    f = whole.top
    special = fmpq_poly([])
    for exponents, c in f.to_dict().items():
        for key, e in zip(parameters, exponents[1:], strict=True):
            c *= at[key] ** int(e)
        special += fmpq_poly([0] * int(exponents[0]) + [c])
    if special.degree() != f.degrees()[0]:
        refuse("the degree drops at the witness")
    why = prove_unsolvable(special.numer(), given["proof"])
    values = ", ".join(f"{key} = {at[key]}" for key in parameters)
    return (
        f"the roots {x} of {infix(tree)} have no formula in radicals over Q({', '.join(parameters)}): "
        f"for {values} it is {poly_text(special.numer(), x)}, irreducible, and {why}"
    )
