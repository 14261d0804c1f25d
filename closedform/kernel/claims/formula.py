"""Claim ``critical_point_formula``: a formula in symbols makes every derivative zero, wherever its conditions hold."""

from __future__ import annotations

from closedform.kernel.expression import differentiate, free_names, infix, read
from closedform.kernel.reading import Json, fields, mapping, names, refuse, sequence
from closedform.kernel.claims.tower import prove_zero, read_relations, substitute


def check(statement: dict[str, Json], claim: dict[str, Json], evidence: dict[str, Json]) -> str:
    """``critical_point_formula``: the point makes every derivative zero, wherever the conditions hold."""
    given = fields(statement, ("unknowns", "parameters", "assumptions"), ("loss", "equations"))
    said, _ = fields(claim, ("kind", "point", "conditions")), fields(evidence, ())
    unknowns, parameters = names(given["unknowns"], "unknowns"), names(given["parameters"], "parameters")
    point = {k: read(v) for k, v in mapping(said["point"], "point").items()}
    assumptions = read_relations(given["assumptions"], "assumptions")
    conditions = read_relations(said["conditions"], "conditions")
    if ("loss" in given) == ("equations" in given) or point.keys() != set(unknowns) or not unknowns:
        refuse("a loss or equations are needed, and a value for every unknown")
    if any(set(unknowns) & free_names(v) for v in point.values()):
        refuse("the point is written with an unknown")
    if "loss" in given:
        equations = [differentiate(read(given["loss"]), x) for x in unknowns]
        subject = f"a critical point of {infix(read(given['loss']))}"
    else:
        equations = [read(e) for e in sequence(given["equations"], "equations", 1_000)]
        subject = "a solution of " + "; ".join(f"{infix(e)} = 0" for e in equations)
    about_data = [r for r in assumptions if not set(unknowns) & (free_names(r[1]) | free_names(r[2]))]
    held = [*about_data, *conditions]
    for equation in equations:
        missing = prove_zero(substitute(equation, point), held)
        if missing:
            refuse(f"nothing says that {infix(missing[0])[:200]} is not zero")
    where = "; ".join(f"{infix(a)} {op} {infix(b)}" for op, a, b in held)
    at = ", ".join(f"{x} = {infix(point[x])}" for x in unknowns)
    return (
        f"{at} is {subject}"
        + (f" wherever {where}" if where else "")
        + (f", for {', '.join(parameters)} real" if parameters else "")
    )
