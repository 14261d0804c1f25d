"""The headlines of a matrix problem, for all data: its gradient and formula, the minimiser, and that there is no other.

The gradient is compared with the kernel's own derivative, and the formula with a certificate's, at random data modulo a
prime, as in the claim ``matrix_stationary``. A loss of degree two in the unknowns has one critical point where its
Hessian is regular: its determinant is found to be a constant times powers of the determinants that the formula inverts.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from itertools import islice, product
from math import prod

from closedform.kernel.algebra.matrices import HEADS, MODULUS, DualMatrix, Matrix, ModularSample, entries, matrix, trace
from closedform.kernel.claims.matrices import MAX_DEGREE_BITS, draw_sizes, inverses, special, trials
from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.rows import Columns
from closedform.kernel.expressions.substitution import substitute
from closedform.kernel.expressions.tree import MINUS, ZERO, Tree, add, mul, read, write
from closedform.kernel.ruling import COVERED, REFUSED, SEALED, Ruling
from closedform.kernel.headlines.agreement import heads, normal, written_out
from closedform.kernel.headlines.consequences import Consequences
from closedform.kernel.headlines.matrices.convexity import LINEAR, bowl, degree, shape_trees, sizes_of, strict
from closedform.kernel.headlines.matrices.spectral import eigenvectors
from closedform.kernel.headlines.text import parse
from closedform.kernel.reading import Json, Refused, mapping, refuse, sequence

PRODUCTS = ("*", "^", "hadamard", "kron", "khatrirao", "norm")
RATIONAL = {"recip", "square", "sylvester", "inv", "eye", "ones", "zeros", "unvec", *PRODUCTS, *LINEAR}
KY_FAN, ONE_POINT = "eigenvectors, by Ky Fan's theorem", "the one critical point has its formula"
MAX_UNKNOWN, MAX_POWERS, MAX_DEFINED = 60, 2_000, 8  # entries of the unknowns; exponents that are tried; nested names


def matrices(document: dict[str, Json], question: Consequences, why_none: str, least: bool) -> list[Ruling]:
    """A finding for each headline of a report about matrices.

    ``why_none`` says why no formula gives the critical points for all data, ``least`` whether it is so of the minimiser.
    """
    out, verdict = list(_gradient(document, question)), mapping(document["verdict"], "verdict")
    fan = eigenvectors(question, document.get("formula"))
    formula = Ruling("formula", COVERED, KY_FAN) if fan else _formula(document.get("formula"), question)
    out.insert(0, question.finding(why_none, fan or any(f.word == COVERED for f in out)))
    out += [formula] if formula is not None else []
    proved = not fan and formula is not None and formula.word == COVERED and question.loss is not None
    why = _unique(question) if proved else ""
    if document.get("complete") is True:
        open_ = "eigenvectors for other eigenvalues are critical too" if fan else "no certificate says so"
        out.append(Ruling("complete", COVERED if why else SEALED, why or open_))
    convex = "the loss is convex, so it is least where it is stationary" if proved and bowl(question) else ""
    for key, best, none in (("minimiser", convex, why_none if least else ""), ("outcome", why and ONE_POINT, why_none)):
        said = verdict.get(key)
        if said not in (None, "undecided"):
            found = {"closed": KY_FAN if fan else best, "not_closed": "" if fan else none}.get(str(said), "")
            word = COVERED if found else REFUSED if fan else SEALED
            out.append(Ruling(f"verdict.{key}", word, f"{said}: {found or 'no certificate says so of all data'}"))
    return out


def _formula(claimed: Json, question: Consequences) -> Ruling | None:
    """The formula must be that of a certificate about the same loss, or have its values at random data."""
    found = next(_proved(question), None)
    if not isinstance(claimed, dict):
        return None
    if found is None:
        return Ruling("formula", SEALED, "no certificate about this loss says so")
    (name, formulas), apart, texts = found, set[str](), dict[str, Json]()

    def trial(sizes: dict[str, int], seed: str) -> int:
        sample, worst = _sample(question, sizes, seed), 0
        for x, tree in formulas.items():
            right, mine = sample.tree(tree, 0), sample.tree(texts[x], 0)
            apart.update([x] * (right.value != mine.value))
            sample.known[x], worst = right, max(worst, right.degree + mine.degree)
        return worst

    try:
        shown = mapping(claimed.get("unknown"), "formula")
        trees = {x: _defined(str(v), question.shapes.get(x, ["1", "1"])) for x, v in shown.items()}
        texts |= {x: write(t) for x, t in trees.items()}
        apart |= trees.keys() ^ formulas.keys()
        if not apart and {x: normal(t, HEADS) for x, t in trees.items()} != {
            x: normal(read(v, heads=HEADS), HEADS) for x, v in formulas.items()
        }:
            both = [*formulas.values(), *texts.values()]
            trials(both, sizes_of(question), _tall(question, name), both, _sides(question), trial, _words(question))
    except (Refused, ZeroDivisionError, ValueError) as fault:
        return Ruling("formula", SEALED, str(fault)[:200])
    word, how = (REFUSED, "it is not that of") if apart else (COVERED, "stationary, by")
    return Ruling("formula", word, f"{how} {name}")


def _defined(text: str, sides: list[str]) -> Tree:
    """The tree of "f where P = g, Q = h", with the names put in; sylvester(A, B, C) is the X with A*X + X*B = C."""
    body, _, given = text.partition(" where ")
    heads, known = {**HEADS, "sylvester": 3}, dict[str, Tree]()
    out = parse(body, (), heads)
    for part in re.split(r", (?=[^\W\d]\w* = )", given) if given else []:
        name, _, value = part.partition(" = ")
        known[name] = parse(value, (), HEADS)
    for _ in range(min(len(known), MAX_DEFINED)):
        out = substitute(out, known)
    if not isinstance(out, tuple) or out[0] != "sylvester":
        return out
    (_, a, b, c), (rows, cols) = out, (parse(side, (), HEADS) for side in sides)
    whole = add(("kron", ("eye", cols), a), ("kron", ("transpose", b), ("eye", rows)))
    return ("unvec", mul(("inv", whole), ("vec", c)), rows, cols)


def _proved(question: Consequences) -> Iterator[tuple[str, dict[str, Json]]]:
    """The certificates about the loss, with the formulas in the order of evaluation."""
    for name, certificate in question.own.items():
        pairs = [sequence(p, "a formula", 2) for p in sequence(certificate.claim["formula"], "formula")]
        yield name, {str(x): tree for x, tree in pairs}


def _tall(question: Consequences, name: str) -> list[list[str]]:
    rows = sequence(question.own[name].evidence["tall"], "tall")
    return [[str(s) for s in sequence(row, "sizes")] for row in rows]


# -- random data -------------------------------------------------------------------------------------------------------


def _sample(question: Consequences, sizes: dict[str, int], seed: str) -> ModularSample:
    blank = ModularSample("", {}, {}, sizes)
    shapes = {x: (blank.size(rows), blank.size(cols)) for x, (rows, cols) in shape_trees(question).items()}
    return ModularSample(seed, shapes, _words(question), sizes)


def _sides(question: Consequences) -> list[Json]:
    """The numbers of rows and columns of all letters."""
    return [side for pair in shape_trees(question).values() for side in pair]


def _words(question: Consequences) -> dict[str, list[str]]:
    return {x: sorted(words) for x, words in question.properties.items()}


def _gradient(document: dict[str, Json], question: Consequences) -> Iterator[Ruling]:
    """The text of each derivative, against the derivatives along random directions at random data."""
    shown = mapping(document.get("stationarity"), "stationarity").get("gradient")
    if question.loss is None or not isinstance(shown, dict):
        return
    loss = write(question.loss)
    for x, formula in shown.items():
        at = f"gradient by {x}"
        try:
            if x not in question.unknowns:
                refuse(f"{x} is no unknown")
            claimed = parse(str(formula), (), HEADS)
            tree, apart = write(claimed), list[str]()

            def trial(sizes: dict[str, int], seed: str, x: str = x, tree: Json = tree, apart: list[str] = apart) -> int:
                sample = _sample(question, sizes, seed)
                value, (direction, _) = sample.name(x), sample.shaped(f"d {x}", x)
                if "orth" in sample.properties.get(x, ()):
                    direction = sample.random(f"d {x}", *sample.shapes[x])
                gradient = sample.tree(tree, 0)
                sample.known[x] = DualMatrix(value.value, direction, value.degree)
                moved = sample.tree(loss, 0)
                slope = 0 if moved.slope is None else int(moved.slope[0, 0])
                if gradient.value.nrows() != direction.nrows() or gradient.value.ncols() != direction.ncols():
                    apart.append("it has another shape")
                elif int(trace(gradient.value.transpose() * direction)[0, 0]) != slope:
                    apart.append("the derivative is another")
                return 2 * (moved.degree + gradient.degree) + 2

            both = [loss, tree]
            tried, _ = trials(both, sizes_of(question), [], both, _sides(question), trial, _words(question))
        except Refused as fault:
            yield Ruling(at, SEALED, str(fault)[:200])
            continue
        if not apart:
            yield Ruling(at, COVERED, f"the kernel's own derivative, at {len(tried)} random data")
        elif heads(claimed) | heads(question.loss) <= RATIONAL:
            yield Ruling(at, REFUSED, apart[0])
        else:
            yield Ruling(at, SEALED, "not compared: its functions are not brought together here")


def alike(one: Tree, other: Tree, columns: Columns) -> bool | None:
    """True where two trees of numbers have the same values at random numbers modulo the prime; None: not compared."""
    gap = write(add(written_out(one, columns), mul(MINUS, written_out(other, columns))))
    seed = hashlib.sha256(json.dumps(gap).encode()).hexdigest()
    try:
        values = [ModularSample(f"{seed}|{k}", {}, {}, {}).tree(gap, 0) for k in range(3)]
    except (Refused, ZeroDivisionError, ValueError):
        return None
    return True if all(not any(entries(v.value)) and v.degree < 2**MAX_DEGREE_BITS for v in values) else None


def _unique(question: Consequences) -> str:
    """Why there is no other critical point than that of the formula, "" where it is not shown."""
    unknowns = set(question.unknowns)
    if question.loss is None or any(degree(c, unknowns) > 1 for c in question.constraints):
        return ""
    if question.properties.keys() & unknowns or degree(question.loss, unknowns) > 2:
        return strict(question)
    for name, formulas in _proved(question):
        inverted = [t for f in formulas.values() for t in inverses(f)]
        try:
            if _regular_everywhere(question, formulas, inverted, _tall(question, name)):
                where = " and ".join(f"{infix(read(t, heads=HEADS))} is invertible" for t in inverted)
                return f"the equations are linear and regular{f' where {where}' if where else ''}"
        except (Refused, ZeroDivisionError, ValueError):
            continue
    return ""


def _regular_everywhere(
    question: Consequences, formulas: dict[str, Json], inverted: list[Json], tall: list[list[str]]
) -> bool:
    """Whether det H is that of a multiple of the inverted matrices, by a number that is zero at no sizes.

    To one sign, it must be k^f*(r*k^e)^u, for u unknowns and each size k, with the same r, e and f at more sizes than
    another number may be so: any other could be zero at sizes that are not tried.
    """
    symbols, loss = sizes_of(question), write(question.loss or ZERO)
    constraints = list(map(write, question.constraints))
    seed = hashlib.sha256(json.dumps([loss, formulas], sort_keys=True).encode()).hexdigest()
    found = list[tuple[dict[str, int], int, int]]()
    for least in range(2, 5 + special([loss, *constraints], symbols, _sides(question))):
        sizes = draw_sizes(symbols, tall, f"{seed}|{least}", least)
        regular = _regular(question, formulas, inverted, sizes, f"{seed}|{least}")
        if regular is None:
            return False
        found.append((sizes, *regular))

    def matches(powers: tuple[tuple[int, int], ...]) -> bool:
        each = [*zip(symbols, powers, strict=True)]
        bare = [(c * prod(pow_p(s[k], -e * u - f) for k, (e, f) in each), u) for s, c, u in found]
        first, many = bare[0]
        gaps = [pow_p(c, many) * pow_p(first, -u) % MODULUS.p for c, u in bare]
        return all(gap in (1, MODULUS.p - 1) for gap in gaps)

    once: list[tuple[int, int]] = [(e, f) for e in (0, -1, 1) for f in (0, -1, 1)]
    return any(map(matches, islice(product(once, repeat=len(symbols)), MAX_POWERS)))


def _regular(
    question: Consequences, formulas: dict[str, Json], inverted: list[Json], sizes: dict[str, int], seed: str
) -> tuple[int, int] | None:
    """The constant that det H is, at these sizes, beside powers of the inverted determinants; and the number of unknowns.

    Unknowns that affine constraints fix are not counted. None where there is no such constant.
    """
    found, entered, free = list[list[int]](), 0, 0
    for k in range(3):
        sample = _sample(question, sizes, f"{seed}|{k}")
        for x, tree in formulas.items():
            sample.known[x] = sample.tree(tree, 0)
        hessian = _hessian(sample, [write(question.loss or ZERO), *map(write, question.constraints)], list(formulas))
        entered = hessian.nrows()
        free = 2 * sum(len(entries(sample.known[x].value)) for x in formulas) - entered
        found.append([int(a.det()) % MODULUS.p for a in (hessian, *(sample.tree(t, 0).value for t in inverted))])
    if not all(value for values in found for value in values):
        return None
    (first, *below), others = found[0], found[1:]
    for powers in islice(product(range(entered + 1), repeat=len(inverted)), MAX_POWERS):
        ratio = first * pow_p(prod(map(pow_p, below, powers)), -1) % MODULUS.p
        if all((v[0] - ratio * prod(map(pow_p, v[1:], powers))) % MODULUS.p == 0 for v in others):
            return ratio, free
    return None


def pow_p(base: int, exponent: int) -> int:
    return pow(base, exponent, MODULUS.p)


def _hessian(sample: ModularSample, trees: list[Json], unknowns: list[str]) -> Matrix:
    """The second derivatives of a loss of degree two, bordered by the first ones of affine constraints, by differences."""
    here = {x: sample.known[x].value for x in unknowns}
    places = [(x, i) for x in unknowns for i in range(len(entries(here[x])))]
    if len(places) > MAX_UNKNOWN:
        refuse("too many entries of unknowns")

    def values(*steps: tuple[str, int]) -> list[list[int]]:
        for x, a in here.items():
            moved = entries(a)
            for i in (i for y, i in steps if y == x):
                moved[i] += 1
            sample.known[x] = DualMatrix(matrix(a.nrows(), a.ncols(), moved), None, 0)
        return [entries(sample.tree(t, 0).value) for t in trees]

    zero, single = values(), [values(p) for p in places]
    slopes = [
        [(b - a) % MODULUS.p for x, y in zip(zero[1:], one[1:], strict=True) for a, b in zip(x, y, strict=True)]
        for one in single
    ]
    size, more = len(places), len(slopes[0])
    rows = [[0] * (size + more) for _ in range(size + more)]
    for i, p in enumerate(places):
        for j, q in enumerate(places[: i + 1]):
            second = (values(p, q)[0][0] - single[i][0][0] - single[j][0][0] + zero[0][0]) % MODULUS.p
            rows[i][j] = rows[j][i] = second
        for k, slope in enumerate(slopes[i]):
            rows[i][size + k] = rows[size + k][i] = slope
    return matrix(size + more, size + more, [v for row in rows for v in row])
