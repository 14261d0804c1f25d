"""Builds ``closedform/tables/transitive_groups.json``: asks GAP for the groups, finds the invariants and the names.

usage: transitive_table.py OUT.json [--degrees 3-11]     (needs ``gap`` with TransGrp, and SymPy; minutes for degree 10)

GAP gives order, generators, cycle types, structure, maximal transitive subgroups with their numbers, and for each the
permutation that moves the numbered group to it. What follows is computed here from the generators: for a maximal
subgroup H of G any orbit of H that is not one of G gives a sum with stabiliser H; the shortest such orbit is sought
among monomials, and among products of differences (of roots, of sums over blocks) where no short one exists.
"""

from __future__ import annotations

import argparse
import ast
import itertools
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from math import factorial
from pathlib import Path
from typing import Any

from sympy.combinatorics import Permutation as SympyPermutation
from sympy.combinatorics import PermutationGroup

from closedform.algebra.galois.transitive import Permutation, Term, alternant, moved

GAP = """
LoadPackage("transgrp");
SizeScreen([100000, 24]);
Row := function(n, k)
  local G, H, t, m;
  G := TransitiveGroup(n, k);
  Print("G ", n, " ", k, " ", Size(G), " ", List(SmallGeneratingSet(G), g -> ListPerm(g, n)), " | ", Name(G), "\\n");
  if Size(G) < 2000 then Print("D ", StructureDescription(G), "\\n"); fi;
  Print("T ", Set(List(ConjugacyClasses(G), c -> SortedList(CycleLengths(Representative(c), [1..n])))), "\\n");
  for H in List(ConjugacyClassesMaximalSubgroups(G), Representative) do
    if IsTransitive(H, [1..n]) then
      m := TransitiveIdentification(H);
      if n > 4 and m = NrTransitiveGroups(n) - 1 then t := ();
      else t := RepresentativeAction(SymmetricGroup(n), TransitiveGroup(n, m), H); fi;
      Print("M ", m, " ", ListPerm(t, n), "\\n");
    fi;
  od;
end;
for n in [FIRST..LAST] do for k in [1..NrTransitiveGroups(n)] do Row(n, k); od; od;
QUIT;
"""
KNOWN = {  # groups with a name of their own
    (3, 1): "A3",
    (4, 2): "V4",
    (6, 9): "S3 x S3",
    (6, 12): "PSL(2,5)",
    (6, 14): "PGL(2,5)",
    (7, 5): "PSL(3,2)",
    (8, 25): "F56",
    (8, 36): "AΓL(1,8)",
    (8, 37): "PSL(2,7)",
    (8, 43): "PGL(2,7)",
    (8, 48): "AGL(3,2)",
    (9, 14): "C3^2 : Q8",
    (9, 15): "F72",
    (9, 19): "AΓL(1,9)",
    (9, 23): "ASL(2,3)",
    (9, 26): "AGL(2,3)",
    (9, 32): "PΓL(2,8)",
    (10, 26): "PSL(2,9)",
    (10, 30): "PGL(2,9)",
    (10, 31): "M10",
    (10, 35): "PΓL(2,9)",
    (11, 5): "PSL(2,11)",
    (11, 6): "M11",
}
POWERS = [
    ("C2 x C2 x C2 x C2", "C2^4"),
    ("C2 x C2 x C2", "C2^3"),
    ("C3 x C3 x C3", "C3^3"),
    ("C2 x C2", "V4"),
    ("C3 x C3", "C3^2"),
    ("C5 x C5", "C5^2"),
    ("(C5 : C4)", "F20"),
    ("QD16", "SD16"),
]
LONGEST_ORBIT = 300
SHORT_NAME = 14


def listed(text: str) -> Any:
    return ast.literal_eval(re.sub(r"\[ 1 \.\. (\d+) \]", lambda m: str(list(range(1, int(m[1]) + 1))), text))


def ask_gap(first: int, last: int) -> Iterator[dict[str, Any]]:
    program = GAP.replace("FIRST", str(first)).replace("LAST", str(last))
    said = subprocess.run(["gap", "-q"], input=program, capture_output=True, text=True, check=True).stdout
    row: dict[str, Any] = {}
    for line in said.splitlines():
        tag, rest = line[:1], line[2:]
        if tag == "G":
            if row:
                yield row
            numbers, notation = rest.split(" | ")
            degree, number, order, generators = numbers.split(" ", 3)
            row = {"degree": int(degree), "number": int(number), "order": int(order), "notation": notation}
            row |= {"generators": [tuple(i - 1 for i in g) for g in listed(generators)], "maximal": [], "structure": ""}
        elif tag == "D":
            row["structure"] = rest
        elif tag == "T":
            row["types"] = listed(rest)
        elif tag == "M":
            number, place = rest.split(" ", 1)
            row["maximal"].append((int(number), tuple(i - 1 for i in listed(place))))
    yield row


# -- orbits ----------------------------------------------------------------------------------------------------------


def orbit(term: Term, generators: list[Permutation], most: int) -> set[Term] | None:
    """The orbit; None past ``most`` terms, or where it holds an alternant with both signs."""
    seen, frontier = {term}, [term]
    while frontier:
        fresh = list[Term]()
        for t in frontier:
            for g in generators:
                image = moved(t, g)
                if image not in seen:
                    if isinstance(image[0], frozenset) and (image[0], -image[1]) in seen:
                        return None
                    seen.add(image)
                    fresh.append(image)
        if len(seen) > most:
            return None
        frontier = fresh
    return seen


def kept(terms: set[Term], generators: list[Permutation]) -> bool:
    return all(moved(t, g) in terms for t in terms for g in generators)


def joined(n: int, edges: list[tuple[int, int]], generators: list[Permutation]) -> tuple[tuple[int, ...], ...]:
    """The finest block system in which the given pairs lie together."""
    home = list(range(n))
    todo = list(edges)
    while todo:
        a, b = todo.pop()
        if home[a] != home[b]:
            old, new = home[b], home[a]
            members = [i for i in range(n) if home[i] == old]
            for i in members:
                home[i] = new
            todo += [(g[i], g[j]) for g in generators for i in (a,) for j in members]
    return tuple(sorted(tuple(i for i in range(n) if home[i] == h) for h in set(home)))


def block_systems(n: int, generators: list[Permutation]) -> list[tuple[tuple[int, ...], ...]]:
    single = {joined(n, [(0, i)], generators) for i in range(1, n)}
    found = set(single)
    while True:
        fresh = {
            joined(n, [(b[0], i) for s in (p, q) for b in s for i in b[1:]], generators) for p in found for q in single
        }
        if fresh <= found:
            return sorted((s for s in found if 1 < len(s) < n), key=lambda s: (len(s), s))
        found |= fresh


# -- invariants ------------------------------------------------------------------------------------------------------


def by_differences(n: int, group: list[Permutation], small: list[Permutation]) -> tuple[int, Any] | None:
    points = [(i,) for i in range(n)]
    candidates: list[list[list[tuple[int, ...]]]] = [[points]]
    systems = block_systems(n, group)
    for s in systems:
        inner = [[(i,) for i in b] for b in s]
        candidates += [[list(s)], [inner[0]], inner, [*inner, list(s)], [points, list(s)], [inner[0], list(s)]]
    for s, t in itertools.permutations(systems, 2):
        if len(s) < len(t) and all(any(set(b) <= set(c) for c in s) for b in t):
            parts = [[b for b in t if set(b) <= set(c)] for c in s]
            finest = [[(i,) for i in b] for b in t]
            candidates += [[parts[0]], parts, [*parts, list(s)], [*parts, points], [*parts, list(t)]]
            candidates += [[*finest, *parts], [*finest, *parts, list(s)]]
    best: tuple[int, Any] | None = None
    for candidate in candidates:
        terms = orbit(alternant(candidate), small, LONGEST_ORBIT)
        if terms is None or kept(terms, group):
            continue
        cost = len(terms) * sum(len(sets) * (len(sets) - 1) // 2 for sets in candidate)
        if best is None or cost < best[0]:
            best = cost, {"differences": [[list(s) for s in sets] for sets in candidate]}
    return best


def monomials(n: int, sizes: tuple[int, ...]) -> Iterator[Term]:
    """Exponent e on sizes[e - 1] of the points."""

    def chosen(left: list[int], rest: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], ...]]:
        if not rest:
            yield ()
            return
        for s in itertools.combinations(left, rest[0]):
            for more in chosen([i for i in left if i not in s], rest[1:]):
                yield (s, *more)

    for sets in chosen(list(range(n)), sizes):
        out = [0] * n
        for e, s in enumerate(sets, 1):
            for i in s:
                out[i] = e
        yield tuple(out)


def by_monomials(n: int, group: list[Permutation], small: list[Permutation]) -> tuple[int, Any] | None:
    shapes = [(a,) for a in range(1, n)] + [(a, b) for a in range(1, n) for b in range(1, n - a)]
    shapes.sort(key=lambda s: (len(s), sum(e * k for e, k in enumerate(s, 1))))
    best: tuple[int, Any] | None = None
    for sizes in shapes:
        count = factorial(n) // factorial(n - sum(sizes))
        for k in sizes:
            count //= factorial(k)
        if count > (60_000 if n < 10 else 3_000):
            continue
        seen = set[Term]()
        for start in monomials(n, sizes):
            if start in seen:
                continue
            terms = orbit(start, small, LONGEST_ORBIT if best is None else best[0] - 1)
            if terms is None:
                continue
            seen |= terms
            if not kept(terms, group):
                best = len(terms), {"exponents": list(start)}
                if best[0] <= n:
                    return best
        if best is not None and best[0] <= 4 * n:
            return best
    return best


def start_of(n: int, group: list[Permutation], small: list[Permutation]) -> Any:
    first = by_differences(n, group, small)
    if first is not None and first[0] <= 2 * n:
        return first[1]
    second = by_monomials(n, group, small)
    found = first if second is None or (first is not None and first[0] < 2 * second[0]) else second
    if found is None:
        raise SystemExit(f"no invariant was found in degree {n}")
    return found[1]


# -- names -----------------------------------------------------------------------------------------------------------


def wreath(row: dict[str, Any], named: dict[tuple[int, int, frozenset[tuple[int, ...]]], str]) -> str:
    """ "A wr B" when the group is the full wreath product of its actions inside a block and on the blocks."""
    n, group = row["degree"], PermutationGroup([SympyPermutation(list(g)) for g in row["generators"]])
    for system in block_systems(n, row["generators"]):
        home = {i: k for k, b in enumerate(system) for i in b}
        above = PermutationGroup([SympyPermutation([home[g[b[0]]] for b in system]) for g in row["generators"]])
        first = system[0]
        stabiliser = PermutationGroup([group.identity])
        for h in _setwise(group, home):
            stabiliser = PermutationGroup([*stabiliser.generators, h])
        inside = PermutationGroup([SympyPermutation([first.index(h(i)) for i in first]) for h in stabiliser.generators])
        if inside.order() ** len(system) * above.order() == row["order"]:
            names = [named.get(_key(g, d)) for g, d in ((inside, len(first)), (above, len(system)))]
            if all(names):
                return " wr ".join(name.replace("A3", "C3") for name in names if name)
    return ""


def _setwise(group: PermutationGroup, home: dict[int, int]) -> Iterator[SympyPermutation]:
    """Schreier generators of the stabiliser of the block with number 0."""
    start = next(i for i, k in home.items() if k == 0)
    reached, frontier = {0: group.identity}, [0]
    while frontier:
        k = frontier.pop()
        for g in group.generators:
            image = reached[k] * g
            if home[image(start)] not in reached:
                reached[home[image(start)]] = image
                frontier.append(home[image(start)])
    for r in reached.values():
        for g in group.generators:
            image = r * g
            yield image * reached[home[image(start)]] ** -1


def _key(group: PermutationGroup, degree: int) -> tuple[int, int, frozenset[tuple[int, ...]]]:
    types = {tuple(sorted(k for k, m in p.cycle_structure.items() for _ in range(m))) for p in group.elements}
    return degree, group.order(), frozenset(types)


def name_of(row: dict[str, Any], last: int, named: dict[Any, str]) -> str:
    n, k, order = row["degree"], row["number"], row["order"]
    if k == last or (k == last - 1 and n > 3):
        return f"{'S' if k == last else 'A'}{n}"
    if (n, k) in KNOWN:
        return KNOWN[n, k]
    if n in (5, 7, 11):
        return f"C{n}" if order == n else f"D{n}" if order == 2 * n else f"F{order}"
    structure = re.sub(r"\bD(\d+)\b", lambda m: f"D{int(m[1]) // 2}", row["structure"])  # GAP counts elements
    for long, short in POWERS:
        structure = structure.replace(long, short)
    structure = "F20" if structure == "C5 : C4" else re.sub(r"\(([A-Z]\w*\^\d|V4)\)", r"\1", structure)
    product = wreath(row, named) if not structure or len(structure) > 6 else ""
    if product:
        return product
    if structure and len(structure) <= SHORT_NAME:
        return structure
    return min((part.strip() for part in row["notation"].split("=")), key=len)


def finished(row: dict[str, Any], rows: dict[int, list[dict[str, Any]]], name: str) -> dict[str, Any]:
    n, generators = row["degree"], row["generators"]
    maximal = list[Any]()
    for number, place in row["maximal"]:
        back = sorted(range(n), key=lambda i: place[i])
        small = [tuple(place[h[back[i]]] for i in range(n)) for h in rows[n][number - 1]["generators"]]
        maximal.append([number, list(place), start_of(n, generators, small)])
    left, pairs = {(i, j) for j in range(n) for i in range(j)}, list[int]()
    while left:
        found = {next(iter(left))}
        while True:
            fresh = {(min(g[i], g[j]), max(g[i], g[j])) for i, j in found for g in generators} - found
            if not fresh:
                break
            found |= fresh
        pairs.append(len(found))
        left -= found
    group = PermutationGroup([SympyPermutation(list(g)) for g in generators])
    return {
        "order": row["order"],
        "name": name,
        "notation": row["notation"],
        "even": all(SympyPermutation(list(g)).is_even for g in generators),
        "solvable": bool(group.is_solvable),
        "types": sorted(sorted(t) for t in row["types"]),
        "pairs": sorted(pairs),
        "generators": [list(g) for g in generators],
        "maximal": maximal,
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("out", type=Path)
    options.add_argument("--degrees", default="3-11")
    given = options.parse_args()
    if shutil.which("gap") is None:
        sys.exit("skipped: gap is not installed")
    first, last = map(int, given.degrees.split("-"))
    rows, named = dict[int, list[dict[str, Any]]](), {_key(PermutationGroup([SympyPermutation([1, 0])]), 2): "C2"}
    for row in ask_gap(first, last):
        rows.setdefault(row["degree"], []).append(row)
    lines = list[str]()
    for n, groups in rows.items():
        done = list[str]()
        for row in groups:
            name = name_of(row, len(groups), named)
            if n <= 5:
                group = PermutationGroup([SympyPermutation(list(g)) for g in row["generators"]])
                named[_key(group, n)] = name
            done.append(json.dumps(finished(row, rows, name), separators=(",", ":"), ensure_ascii=False))
        lines.append(f'"{n}": [\n' + ",\n".join(done) + "\n]")
        print(f"degree {n}: {len(groups)} groups", file=sys.stderr)
    origin = (
        "Generators, orders, numbers, cycle types and maximal transitive subgroups of the transitive groups computed "
        "with GAP 4.12 and its library TransGrp (numbers as in Conway, Hulpke, McKay, On transitive permutation groups, "
        "LMS J. Comput. Math. 1 (1998)); invariants, orbits on pairs, parity and names computed by this project from "
        "the generators."
    )
    body = ",\n".join(lines)
    given.out.write_text(f'{{"origin": {json.dumps(origin)},\n "groups": {{\n{body}\n}}}}\n', "utf-8")


if __name__ == "__main__":
    main()
