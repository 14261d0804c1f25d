"""The argument behind a decision, in sentences that a student can follow, made from the evidence of its certificate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from flint import fmpq_poly, fmpz, fmpz_poly

from closedform.kernel.algebra.fields import pair_lengths
from closedform.kernel.algebra.polynomials import poly_text
from closedform.kernel.claims.solvable import shape
from closedform.kernel.reading import Json, rational

POWERS = {2: "square", 3: "cube"}


def explain(f: fmpz_poly, solvable: bool, evidence: dict[str, Json], x: str = "x") -> tuple[str, ...]:
    """Sentences that lead from f, irreducible, to the decision; each step is checked by the kernel's claim."""
    return tuple(_solvable(f, evidence, x) if solvable else _unsolvable(f, evidence, x))


def in_a_sentence(types: Sequence[tuple[int, tuple[int, ...]]], degree: int) -> str:
    """Why cycle types (each with its prime) exclude solvability.

    >>> in_a_sentence([(2, (2, 3))], 5)
    'modulo 2 it factors in degrees 2 and 3, so its group holds an element of order 6 whose square fixes 2 of the 5 \
roots and moves 3, which in a solvable group of prime degree no element does (Galois)'
    """
    if len(types) == 1 and fmpz(degree).is_prime() and (power := _fixing(types[0][1])) is not None:
        p, parts = types[0]
        return f"{_seen(p, parts)} {power[0]}, which in a solvable group of prime degree no element does (Galois)"
    seen = "; ".join(f"modulo {p} it factors in degrees {_and(parts)}" for p, parts in types)
    return f"{seen}; no solvable transitive group of degree {degree} holds elements with these cycle lengths"


def seen_types(evidence: dict[str, Json]) -> list[tuple[int, tuple[int, ...]]] | None:
    """The primes of such evidence with the degrees of the factors modulo them; None for evidence of another kind."""
    if "types" not in evidence:
        return None
    return [(int(str(e["prime"])), _degrees(e)) for e in cast(list[dict[str, Json]], evidence["types"])]


def _seen(p: int, parts: tuple[int, ...]) -> str:
    order = _order(parts)
    return f"modulo {p} it factors in degrees {_and(parts)}, so its group holds an element of order {order}"


def _order(parts: Sequence[int]) -> int:
    out = fmpz(1)
    for part in parts:
        out = out.lcm(fmpz(part))
    return int(out)


def _fixing(parts: tuple[int, ...]) -> tuple[str, int] | None:
    """How a power of an element with these cycles fixes two roots and more, but not all."""
    n = sum(parts)
    for k in sorted({1, *parts}):
        fixed = sum(part for part in parts if k % part == 0)
        if 2 <= fixed < n:
            of = "that" if k == 1 else f"whose {POWERS.get(k, f'{k}th power')}"
            return f"{of} fixes {fixed} of the {n} roots and moves {n - fixed}", k
    return None


def _and(parts: Sequence[int]) -> str:
    words = [str(k) for k in sorted(parts)]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _unsolvable(f: fmpz_poly, evidence: dict[str, Json], x: str) -> list[str]:
    n = f.degree()
    sentences = [f"{poly_text(f, x)} is irreducible over Q, so its Galois group moves each root to each other one."]
    types = seen_types(evidence)
    if types is not None:
        sentences += [
            f"Modulo {p} it splits into distinct irreducible factors of degrees {_and(t)}; so its group holds a "
            f"permutation of the roots with cycles of these lengths (Dedekind)."
            for p, t in types
        ]
        if len(types) == 1 and fmpz(n).is_prime() and (power := _fixing(types[0][1])) is not None:
            sentences.append(
                f"That is an element {power[0]}. In a solvable group of prime degree only the identity fixes two roots "
                "(Galois 1832)."
            )
        else:
            sentences.append(
                f"A solvable transitive group of degree {n} lies in a wreath product of solvable primitive groups, whose "
                "degrees are prime powers (Galois); none of these products holds elements of all these kinds."
            )
        return [*sentences, "So the group is not solvable, and no root is expressible in radicals (Galois)."]
    if "subfield" in evidence:
        entry = cast(dict[str, Json], evidence["subfield"])
        h, g = _polynomial(entry["h"]), _rational(entry["g"])
        sentences.append(
            f"The field of a root x contains {_rational_text(g)}, a root of {poly_text(h)}. The group of that polynomial "
            "is a quotient of the group here, and quotients of solvable groups are solvable."
        )
        return [*sentences, *_unsolvable(h, cast(dict[str, Json], entry["proof"]), "x"), "So the same holds here."]
    shift = int(str(cast(dict[str, Json], evidence["pairs"])["shift"]))
    return [
        *sentences,
        f"The group moves the {n * (n - 1) // 2} pairs of roots in orbits of {_and(pair_lengths(f, shift))} pairs: the "
        "degrees of the factors of the polynomial whose roots are their products (after a shift).",
        f"Blocks of d roots that the group permutes would be a union of orbits with {n}(d - 1)/2 pairs: there is none, so "
        "the group is primitive.",
        f"A solvable primitive group has a prime power as its degree (Galois), and {n} is none: the group is not "
        "solvable, and no root is expressible in radicals.",
    ]


def _solvable(f: fmpz_poly, evidence: dict[str, Json], x: str) -> list[str]:
    shown, n = poly_text(f, x), f.degree()
    if "shape" in evidence:
        return [f"{shown}: {shape(f)}, so its roots are expressible in radicals."]
    sentences = [f"{shown} is irreducible over Q."]
    if "orbits" in evidence:
        shift = int(str(cast(dict[str, Json], evidence["orbits"])["shift"]))
        sentences.append(
            f"Its group moves the pairs of roots in orbits of {_and(pair_lengths(f, shift))} pairs, so it is not doubly transitive; a "
            f"transitive group of prime degree, here {n}, is solvable or doubly transitive (Burnside)."
        )
    elif "automorphism" in evidence:
        sentences.append(
            f"Its root field has an automorphism that moves all {n} roots in one cycle: a root goes to a rational "
            "function of it. So the group is cyclic."
        )
    elif "inside" in evidence:
        sentences += _inside(n, n, cast(dict[str, Json], evidence["inside"]))
    else:
        entry = cast(dict[str, Json], evidence["over"])
        h, g = _polynomial(entry["h"]), _rational(entry["g"])
        step = n // h.degree()
        sentences.append(f"The field of a root x contains y = {_rational_text(g)}, a root of {poly_text(h, 'y')}.")
        sentences += _solvable(h, cast(dict[str, Json], entry["proof"]), "y")
        if "inside" in entry:
            sentences += _inside(n, step, cast(dict[str, Json], entry["inside"]))
        else:
            how = f"has degree {step} over that field" if step <= 4 else f"solves g(x) = y, of degree {g.degree()}"
            sentences.append(f"A root {how}, so it is expressible in radicals over it.")
    return sentences


def _inside(n: int, size: int, inside: dict[str, Json]) -> list[str]:
    among = f"In the step of degree {size} above it, among" if size < n else "Among"
    if "pairs" in inside:
        return [
            f"{among} the {size} roots every one is a rational function of any two. So only the identity fixes two of "
            "them, and a transitive group of prime degree with this property is solvable (Galois 1832)."
        ]
    if "lines" in inside:
        return [
            f"{among} the nine roots the group keeps twelve triples, two of which share at most one root and which join "
            "any two: the lines of an affine plane over the field of three elements. Its group AGL(2,3) is solvable."
        ]
    classes = _polynomial(inside["planes"])
    return [
        f"{among} the eight roots the group keeps seven partitions into halves: the parallel planes of an affine space "
        "over the field of two elements. Only the eight translations fix all seven, and the group on them is that of "
        f"{poly_text(classes, 'z')}.",
        *_solvable(classes, cast(dict[str, Json], inside["proof"]), "z"),
    ]


def _degrees(entry: dict[str, Json]) -> tuple[int, ...]:
    return tuple(int(str(d)) for d in cast(list[Json], entry["degrees"]))


def _polynomial(value: Json) -> fmpz_poly:
    return fmpz_poly([fmpz(str(c)) for c in cast(list[Json], value)])


def _rational(value: Json) -> fmpq_poly:
    return fmpq_poly([rational(c, "a coefficient") for c in cast(list[Json], value)])


def _rational_text(g: fmpq_poly) -> str:
    shown = poly_text(fmpz_poly(list(g.numer().coeffs())))
    return shown if g.denom() == 1 else f"({shown})/{g.denom()}"
