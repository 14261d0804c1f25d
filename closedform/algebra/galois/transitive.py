"""The transitive permutation groups of degree 3 to 11, by number, and how each sits above its maximal subgroups.

The table holds for every group nTk (numbered as in Conway, Hulpke and McKay 1998) its order, parity, names, cycle
types, orbit lengths on pairs and generators, and for every class of maximal transitive subgroups the start of a
polynomial in the roots that the subgroup keeps and the group does not. ``closedform/tables/README.md`` says where it
comes from; what is read here is checked against itself by ``tests/test_galois.py``.
"""

from __future__ import annotations

import json
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

from closedform.frozen import record

TABLE = Path(__file__).parents[2] / "tables" / "transitive_groups.json"
DEGREES = range(3, 12)

Permutation = tuple[int, ...]  # the image of each point
Type = tuple[int, ...]


class Alternant(NamedTuple):
    """A product, over lists of sets of points, of the differences of the sums of the sets; with its sign."""

    lists: frozenset[tuple[tuple[int, ...], ...]]
    sign: int


Term = tuple[int, ...] | Alternant  # a monomial by its exponents, or an alternant


@record
class Below:
    """A class of maximal transitive subgroups H of a group G, H being the group ``number`` with its points moved.

    Point i of H is point ``point_of[i]`` of G. ``start`` is a term; the sum of its images under H is a polynomial whose
    stabiliser in G is H: it is kept by H, not by G, and nothing lies between.
    """

    number: int
    point_of: Permutation
    start: Term


@record
class Transitive:
    """One group: ``number`` is the k of nTk, ``notation`` the name that Conway, Hulpke and McKay give it."""

    degree: int
    number: int
    order: int
    name: str
    notation: str
    even: bool
    solvable: bool
    types: frozenset[Type]
    pairs: tuple[int, ...]
    generators: tuple[Permutation, ...]
    maximal: tuple[Below, ...]

    @property
    def label(self) -> str:
        return f"{self.degree}T{self.number}"


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    return json.loads(TABLE.read_text("utf-8"))["groups"]


@lru_cache(maxsize=16)
def transitive_groups(degree: int) -> tuple[Transitive, ...]:
    """All of them, in the order of their numbers; degree 3 to 11.

    >>> [(g.label, g.name, g.order) for g in transitive_groups(5)]
    [('5T1', 'C5', 5), ('5T2', 'D5', 10), ('5T3', 'F20', 20), ('5T4', 'A5', 60), ('5T5', 'S5', 120)]
    """
    return tuple(_read(degree, number, row) for number, row in enumerate(_table()[str(degree)], 1))


def _read(degree: int, number: int, row: dict[str, Any]) -> Transitive:
    return Transitive(
        degree,
        number,
        row["order"],
        row["name"],
        row["notation"],
        row["even"],
        row["solvable"],
        frozenset(tuple(t) for t in row["types"]),
        tuple(row["pairs"]),
        tuple(tuple(g) for g in row["generators"]),
        tuple(Below(k, tuple(point_of), _start(start)) for k, point_of, start in row["maximal"]),
    )


def _start(row: dict[str, Any]) -> Term:
    if "exponents" in row:
        return tuple(row["exponents"])
    return alternant([[tuple(s) for s in sets] for sets in row["differences"]])


@lru_cache(maxsize=256)
def reach(degree: int, number: int) -> frozenset[int]:
    """The numbers of the group itself and of all transitive subgroups of it.

    >>> sorted(reach(5, 4))
    [1, 2, 4]
    """
    below = (reach(degree, b.number) for b in transitive_groups(degree)[number - 1].maximal)
    return frozenset({number}).union(*below)


# -- terms and their images ------------------------------------------------------------------------------------------


def alternant(lists: list[list[tuple[int, ...]]]) -> Alternant:
    """The alternant of these lists, each in order, which may turn the sign."""
    sign, out = 1, set[tuple[tuple[int, ...], ...]]()
    for sets in lists:
        items = [tuple(sorted(s)) for s in sets]
        for a, b in combinations(items, 2):
            sign = -sign if a > b else sign
        out.add(tuple(sorted(items)))
    return Alternant(frozenset(out), sign)


def moved(term: Term, by: Permutation) -> Term:
    """The image of a term when point i goes to point ``by[i]``."""
    if isinstance(term, Alternant):
        image, turned = alternant([[tuple(by[i] for i in s) for s in sets] for sets in term.lists])
        return Alternant(image, term.sign * turned)
    out = [0] * len(term)
    for i, e in enumerate(term):
        out[by[i]] = e
    return tuple(out)


def images(term: Term, generators: tuple[Permutation, ...]) -> frozenset[Term]:
    """The orbit of a term."""
    seen, frontier = {term}, [term]
    while frontier:
        fresh = {moved(t, g) for t in frontier for g in generators} - seen
        seen |= fresh
        frontier = list(fresh)
    return frozenset(seen)


@record
class Invariant:
    """A sum of terms for every coset: ``forms[c]`` is the first one moved by ``cosets[c]``, all different."""

    forms: tuple[tuple[Term, ...], ...]
    cosets: tuple[Permutation, ...]


@lru_cache(maxsize=512)
def invariant(degree: int, number: int, which: int) -> Invariant:
    """The invariant of the maximal subgroup ``which`` of a group, and its images under the group, one for each coset."""
    group = transitive_groups(degree)[number - 1]
    below = group.maximal[which]
    back = sorted(range(degree), key=lambda i: below.point_of[i])
    small = tuple(
        tuple(below.point_of[h[back[i]]] for i in range(degree))
        for h in transitive_groups(degree)[below.number - 1].generators
    )
    first = images(below.start, small)
    known, frontier = {first: tuple(range(degree))}, [first]
    while frontier:
        fresh = list[frozenset[Term]]()
        for form in frontier:
            for g in group.generators:
                image = frozenset(moved(t, g) for t in form)
                if image not in known:
                    known[image] = tuple(g[i] for i in known[form])
                    fresh.append(image)
        frontier = fresh
    return Invariant(tuple(tuple(form) for form in known), tuple(known.values()))
