"""``radical_roots``: every root of an irreducible polynomial in radicals, proved by the kernel, or why not."""

from __future__ import annotations

from flint import acb, fmpz_poly

from closedform.algebra.galois.subfields import TooLarge
from closedform.algebra.radicals.abbreviate import abbreviated
from closedform.algebra.radicals.solve import solve
from closedform.algebra.radicals.terms import WORKING_BITS, Let, Unresolved, Workspace, operations, text
from closedform.algebra.radicals.tidy import tidy
from closedform.algebra.roots import enclose, rounded
from closedform.budget import Budget, working_bits
from closedform.frozen import record
from closedform.kernel.certificate import Certificate
from closedform.kernel.check import check_certificate
from closedform.kernel.expressions.tree import Tree, write
from closedform.kernel.reading import Json, Refused

MAX_OPERATIONS = 5_000  # written out; longer ones are withheld and the steps given instead


@record
class RootInRadicals:
    """One root: its text (None where withheld), and decimals with a proved radius.

    ``tree`` is the expression over the names of the steps; ``operations`` counts those of the text written out.
    ``short`` is the text in the abbreviations of the solution.
    """

    exact: str | None
    short: str | None
    tree: Tree
    operations: int
    re: str
    im: str
    radius: str
    real: bool
    withheld: str | None


@record
class RadicalSolution:
    """All roots of ``polynomial`` in radicals, in the order of ``monic_roots``.

    ``certificate`` has been accepted by the kernel.
    ``steps`` are the intermediate numbers of the proof (name, text in earlier names) in order, ``abbreviations`` those
    that shorten long expressions; both in order.
    """

    polynomial: fmpz_poly
    roots: tuple[RootInRadicals, ...]
    steps: tuple[tuple[str, str], ...]
    abbreviations: tuple[tuple[str, str], ...]
    certificate: Certificate


@record
class Withheld:
    """No expression is given; ``reason`` says why. It says nothing about whether there is one."""

    reason: str


def radical_roots(
    f: fmpz_poly, budget: Budget, cosines: bool = True, taken: frozenset[str] = frozenset()
) -> RadicalSolution | Withheld:
    """Radicals for every root of f, irreducible over Q and with a solvable group.

    Guarantee: a ``RadicalSolution`` carries a certificate that the kernel has accepted: each expression, with principal
    branches, is the root in its disc. Method: a chain of subfields (T8), each step by the formulas of degree 2, 3, 4 or
    by Lagrange resolvents; without ``cosines`` no real root is written with a part of an angle, and ``taken`` are names
    that no abbreviation may bear. Where this does not succeed, ``Withheld`` says at which step; that proves nothing.

    >>> found = radical_roots(fmpz_poly([1, 0, -10, 0, 1]), Budget.of(10))
    >>> [r.exact for r in found.roots] if isinstance(found, RadicalSolution) else found
    ['-sqrt(2) - sqrt(3)', 'sqrt(2) - sqrt(3)', 'sqrt(3) - sqrt(2)', 'sqrt(2) + sqrt(3)']
    """
    workspace = Workspace(budget, cosines)
    try:
        trees = solve(f, workspace)
        return _proved(f, trees, workspace, budget, taken)
    except (Unresolved, TooLarge) as fault:
        return Withheld(str(fault))
    except Refused as fault:
        return Withheld(f"the expressions found could not be proved: {str(fault)[:200]}")


def _proved(
    f: fmpz_poly, trees: list[Tree], workspace: Workspace, budget: Budget, taken: frozenset[str]
) -> RadicalSolution:
    workspace.prune(trees)
    names = {step.name: step.exact for step in workspace.lets}
    bits = max(WORKING_BITS, working_bits(budget.digits, 64))
    exact_roots = _enclosures(f, bits)
    counted = dict[str, int]()
    sizes = [operations(tree, names, counted) for tree in trees]
    tidied = tidy([t for t, size in zip(trees, sizes, strict=True) if size <= MAX_OPERATIONS], names)
    given, short = abbreviated(tidied, taken)
    texts = iter([(text(whole), text(brief)) for whole, brief in zip(tidied, short, strict=True)])
    out, stated = list[RootInRadicals](), list[Json]()
    for tree, size in zip(trees, sizes, strict=True):
        budget.check()
        z = rounded(_root_at(exact_roots, workspace.value(tree, bits)), 1, budget.digits)
        exact, brief, why = None, None, None
        if size <= MAX_OPERATIONS:
            exact, brief = next(texts)
        else:
            why = f"written out it has {size} operations; the {len(names)} steps that lead to it are given instead"
        out.append(RootInRadicals(exact, brief, tree, size, z.re, z.im, z.radius, z.real, why))
        numeric: dict[str, Json] = {"re": z.re, "im": z.im}
        stated.append({"exact": write(tree), "numeric": numeric, "radius": z.radius})
    lets = [_as_json(step) for step in workspace.lets]
    coefficients: list[Json] = [str(c) for c in f.coeffs()]
    certificate = Certificate({"polynomial": coefficients}, {"kind": "radicals", "let": lets, "roots": stated}, {})
    check_certificate(certificate)
    steps = tuple((s.name, text(s.exact)) for s in workspace.lets)
    return RadicalSolution(f, tuple(out), steps, tuple((n, text(t)) for n, t in given), certificate)


def _as_json(step: Let) -> Json:
    out: dict[str, Json] = {"name": step.name, "exact": write(step.exact), "relation": write(step.relation)}
    return out if step.refined is None else {**out, "refined": write(step.refined)}


def _enclosures(f: fmpz_poly, bits: int) -> list[acb]:
    return [z for z, _ in enclose(f, bits)]


def _root_at(roots: list[acb], value: acb) -> acb:
    near = [z for z in roots if z.overlaps(value)]
    if len(near) != 1:
        raise Unresolved("an expression does not single out its root")
    return near[0]
