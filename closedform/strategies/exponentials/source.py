"""Python source for the formula of an exponential system with symbols: a root, and the unknowns from it."""

from __future__ import annotations

from collections.abc import Mapping

from flint import fmpz_mpoly

from closedform.kernel.algebra.exponentials import Field
from closedform.strategies.exponentials.branches import Branch
from closedform.strategies.exponentials.division import coefficients
from closedform.strategies.exponentials.field import ExponentialSystem


def numpy_source(b: Branch, where: ExponentialSystem, shifts: Mapping[str, str]) -> str:
    """A function ``solve`` of the symbols that returns the unknowns; empty where the symbols stand in exponents.

    It takes the positive root of the eliminant at which all exponentials are positive, polished by Newton steps.
    """
    fld = where.field
    arguments = list(where.parameters)
    if any(how is not None and how[2] for how in where.of.values()) or any(not p.isidentifier() for p in arguments):
        return ""
    given = set(arguments) | {t for t, _ in fld.scales.values()}
    if any(t in where.parameters for t, _ in fld.scales.values()) or b.main is None or b.eliminant is None or not given:
        return ""
    lines = ["import numpy as np", "", "", f"def solve({', '.join(arguments)}):"]
    lines += [f"    {p} = np.float64({p})" for p in arguments]
    lines += [f"    {n} = {n} - {k}" for n, k in shifts.items()]
    lines.append("    c = [")
    lines += [f"        {_python(c, fld)}," for c in reversed(coefficients(b.eliminant, b.main, fld))]
    lines += ["    ]", "    best = None", "    for root in np.roots(c):"]
    if b.main in fld.positive:
        lines += ["        if abs(root.imag) > 1e-7 * abs(root) or root.real <= 0:", "            continue"]
    lines += [
        f"        {b.main} = root.real",
        "        for _ in range(3):",
        f"            slope = np.polyval(np.polyder(c), {b.main})",
        f"            {b.main} = {b.main} - np.polyval(c, {b.main}) / slope if slope else {b.main}",
    ]
    for i, (n, (above, below)) in enumerate(b.values):
        lines += [f"        above, below = {_python(above, fld)}, {_python(below, fld)}"]
        if i == 0 and n in fld.positive and len(where.generators) == 2:
            lines += [
                "        if abs(below) <= 1e-9 * (1 + abs(above)):  # 0/0: the root of one equation that solves the other best",
                f"            roots = np.roots([{', '.join(_python(c, fld) for c in reversed(_in(where, 0, n)))}])",
                "            roots = [r.real for r in roots if r.real > 0 and abs(r.imag) <= 1e-7 * abs(r)]",
                f"            other = [{', '.join(_python(c, fld) for c in reversed(_in(where, 1, n)))}]",
                f"            {n} = min(roots, key=lambda r: abs(np.polyval(other, r)), default=-1.0)",
                "        else:",
                f"            {n} = above / below",
            ]
        else:
            lines += [f"        {n} = above / below"]
    positive = [n for n, _ in b.values if n in fld.positive]
    if positive:
        lines += [f"        if not ({' and '.join(f'{n} > 0' for n in positive)}):", "            continue"]
    out = list[str]()
    for u in where.system.unknowns:
        how = where.of[u.name]
        out.append(
            f'"{u.name}": {u.name}' if how is None else f'"{u.name}": np.log({how[0]}) / ({how[1].p} / {how[1].q})'
        )
    lines += [
        f"        best = {{{', '.join(out)}}}",
        "    if best is None:",
        '        raise ValueError("no critical point for these values")',
        "    return best",
        "",
    ]
    return "\n".join(lines)


def _in(where: ExponentialSystem, equation: int, name: str) -> list[fmpz_mpoly]:
    return coefficients(where.quotients[equation][0], name, where.field)


def _python(p: fmpz_mpoly, fld: Field) -> str:
    terms = list[str]()
    for m, c in zip(p.monoms(), p.coeffs(), strict=True):
        factors = [n if e == 1 else f"{n}**{e}" for n, e in zip(fld.names, m, strict=True) if e]
        terms.append("*".join([f"{int(c)}.0", *factors]))
    return " + ".join(terms) or "0.0"
