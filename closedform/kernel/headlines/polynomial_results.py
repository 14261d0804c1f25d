"""The documents of ``roots``, ``galois`` and ``radicals``: their polynomials, their lists and the word "solvable".

A text stands for the polynomial that it writes. Two polynomials are the same up to a rational factor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from flint import fmpq_mpoly

from closedform.kernel.algebra.polynomials import polynomial
from closedform.kernel.algebra.rational import dense, product, quotient, ring
from closedform.kernel.algebra.relations import prove_relation, read_relations
from closedform.kernel.certificate import Certificate
from closedform.kernel.claims import roots as root_lists
from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.substitution import substitute
from closedform.kernel.expressions.tree import Tree, free_names, read
from closedform.kernel.ruling import COVERED, REFUSED, SEALED, Ruling
from closedform.kernel.headlines.agreement import agree, splits
from closedform.kernel.headlines.question import gap_text, relations_in
from closedform.kernel.headlines.text import parse
from closedform.kernel.reading import Json, Refused, fields, mapping, refuse, sequence, text

Claimed = tuple[str, str]  # an expression, and the disc in which it lies
ANSWERS = {"solvable": True, "unsolvable": False, "unsolvable_family": False}
CARDANO = 4  # the degree up to which every polynomial is solvable


class Whole:
    """The polynomial of a document, and others in its ring."""

    def __init__(self, document: dict[str, Json]) -> None:
        tree = parse(text(document.get("polynomial"), "the polynomial"))
        self.names = sorted(free_names(tree))
        self.value = self.of(tree)
        self.unknown = self.names[0] if len(self.names) == 1 else str(document.get("unknown"))
        if self.unknown not in self.names:
            refuse("it is not said which name is the unknown")

    def stray(self, certificate: Certificate) -> bool:
        """Whether a certificate is about the roots by another name than the document."""
        claimed = certificate.claim.get("unknown", certificate.statement.get("unknowns", self.unknown))
        return claimed not in (self.unknown, [self.unknown])

    def distinct(self) -> int:
        """The number of different roots, where no factor of the coefficients vanishes."""
        return int(self._plain().degrees()[self.names.index(self.unknown)])

    def is_product(self, roots: Sequence[Tree]) -> bool:
        """Whether these are the roots of the polynomial without its repeated factors, with their multiplicities there."""
        return splits(self._plain(), self.names, self.unknown, roots) is not None

    def _plain(self) -> fmpq_mpoly:
        return divmod(self.value, self.value.gcd(self.value.derivative(self.names.index(self.unknown))))[0]

    def of(self, tree: Tree) -> fmpq_mpoly:
        out = quotient(tree, self.names, {})
        if not out.bottom.is_constant() or out.top.is_constant():
            refuse(f"{infix(tree)[:80]} is no polynomial in the names of the document's")
        return out.top

    def of_claim(self, certificate: Certificate) -> fmpq_mpoly | None:
        """The polynomial that a certificate speaks of; None where it has none in these names."""
        claimed = certificate.claim.get("polynomial", certificate.statement.get("polynomial"))
        try:
            if certificate.kind == "unsolvable_family":
                return self.of(read(claimed))
            equations = certificate.statement.get("equations")
            if isinstance(equations, list) and len(equations) == 1:
                return self.of(read(equations[0]))
            if claimed is None or len(self.names) != 1:
                return None
            listed = polynomial(claimed, "a polynomial").coeffs()
            return ring(self.names).from_dict({(i,): c for i, c in enumerate(listed) if c != 0})
        except (Refused, KeyError):
            return None


def same(a: fmpq_mpoly, b: fmpq_mpoly) -> bool:
    """Equal up to a rational factor."""
    return a * b.leading_coefficient() == b * a.leading_coefficient()


def _whole(document: dict[str, Json], proved: Mapping[str, Certificate]) -> tuple[Whole, list[Ruling]]:
    """The polynomial; refused where a certificate is about no factor of it."""
    whole, out = Whole(document), list[Ruling]()
    for place, certificate in proved.items():
        own = whole.of_claim(certificate)
        if own is None or not divmod(whole.value, own)[1].is_zero() or whole.stray(certificate):
            out.append(Ruling("polynomial", REFUSED, f"{place} is about another polynomial than the document's"))
    return whole, out or [Ruling("polynomial", COVERED, f"{infix(parse(str(document['polynomial'])))[:200]}")]


def roots(document: dict[str, Json], proved: Mapping[str, Certificate]) -> list[Ruling]:
    """The list must be that of a certificate about the polynomial itself."""
    whole, out = _whole(document, proved)
    shown = list(_discs(document["roots"]))
    for root in sequence(document["roots"], "roots"):
        fields(root, ("numeric", "radius", "multiplicity", "real"))
    for place, certificate in proved.items():
        own = whole.of_claim(certificate) if certificate.kind == "roots" else None
        if own is not None and same(own, whole.value) and certificate.claim["roots"] == shown:
            return [*out, Ruling("roots", COVERED, f"by {place}")]
    return [*out, Ruling("roots", REFUSED, "the roots listed are not those of a certificate")]


def _discs(listed: Json) -> Iterator[dict[str, Json]]:
    """The roots of a document as a certificate lists them."""
    for root in (mapping(r, "a root") for r in sequence(listed, "roots")):
        numeric = fields(root.get("numeric"), ("re", "im"))
        yield {
            **numeric,
            "radius": root.get("radius"),
            "multiplicity": str(root.get("multiplicity")),
            "real": root.get("real", numeric["im"] == "0"),
        }


# -- solvable or not ---------------------------------------------------------------------------------------------


def galois(document: dict[str, Json], proved: Mapping[str, Certificate]) -> list[Ruling]:
    """The factors must multiply to the polynomial, and each "solvable" be what its certificate proves."""
    whole, out = _whole(document, proved)
    factors = [mapping(f, "a factor") for f in sequence(document["factors"], "factors")]
    pairs = list[tuple[fmpq_mpoly, int]]()
    for i, factor in enumerate(factors):
        place = f"factors[{i}]"
        own = whole.of(parse(text(factor.get("polynomial"), "a factor")))
        pairs.append((own, int(str(factor.get("multiplicity")))))
        out.append(_answer(whole, factor, own, place, proved))
        if factor.get("group") is not None:
            out.append(Ruling(f"{place}.group", SEALED, "no certificate names the group"))
    out.append(_product(whole, pairs, [f.get("degree") for f in factors]))
    answers = [f.get("solvable") for f in factors]
    all_of_them = False if False in answers else None if None in answers else True
    proof = all(f.word == COVERED for f in out if f.place.endswith(("solvable", "factors")))
    word = REFUSED if document["solvable"] is not all_of_them else COVERED if proof else SEALED
    return [*out, Ruling("solvable", word, "the answer of the factors")]


def _answer(
    whole: Whole, factor: dict[str, Json], own: fmpq_mpoly, place: str, proved: Mapping[str, Certificate]
) -> Ruling:
    """What is said of one factor's solvability."""
    claimed, at = factor.get("solvable"), f"{place}.solvable"
    certificate = proved.get(f"{place}.certificate")
    about = whole.of_claim(certificate) if certificate is not None else None
    if about is not None and not same(about, own):
        return Ruling(at, REFUSED, "its certificate is about another polynomial")
    answer = None if certificate is None else ANSWERS.get(certificate.kind)
    if certificate is not None and (answer is not claimed or answer is None):
        return Ruling(at, REFUSED, "its certificate says otherwise, or nothing of it")
    if claimed is False and answer is None:
        return Ruling(at, REFUSED, "it is called unsolvable without a certificate")
    if certificate is not None and whole.stray(certificate):
        return Ruling(at, REFUSED, "its certificate has another unknown")
    if answer is not None:
        return Ruling(at, COVERED, f"by {place}.certificate")
    degree = factor.get("degree")  # in the unknown; held against the polynomial in _product
    if claimed is True and isinstance(degree, int) and degree <= CARDANO:
        return Ruling(at, COVERED, f"by the formulas for degrees up to {CARDANO}")
    return Ruling(at, SEALED, "no certificate says so" if claimed is True else "left open")


def _product(whole: Whole, pairs: list[tuple[fmpq_mpoly, int]], degrees: list[Json]) -> Ruling:
    """The product of the factors is the polynomial, up to a factor in which the unknown does not occur."""
    total = ring(whole.names).constant(1)
    for own, times in pairs:
        if not 1 <= times <= whole.value.total_degree():
            return Ruling("factors", REFUSED, "a multiplicity is out of range")
        for _ in range(times):
            total = product(total, own)
    (rest, left), i = divmod(whole.value, total), whole.names.index(whole.unknown)
    if left.is_zero() and rest.degrees()[i] == 0 and [int(p.degrees()[i]) for p, _ in pairs] == degrees:
        return Ruling("factors", COVERED, "they multiply to the polynomial")
    return Ruling("factors", REFUSED, "they do not multiply to the polynomial, or their degrees are others")


# -- radicals ----------------------------------------------------------------------------------------------------


def radicals(document: dict[str, Json], proved: Mapping[str, Certificate]) -> list[Ruling]:
    """Each expression must be one that a certificate proves to be a root; "not solvable" needs its certificate."""
    whole, out = _whole(document, proved)
    listed: list[Json] = [mapping(r, "a root") for r in sequence(document["roots"], "roots")]
    known = {claimed: (place, needed) for place, c in proved.items() for claimed, needed in _proved_roots(c)}
    for i, root in enumerate(listed):
        if isinstance(root, dict) and root.get("exact") is not None:
            out.append(_expression(root, f"roots[{i}].exact", known))
    each = all(f.word == COVERED for f in out)
    out.append(_numbers(whole, listed) if len(whole.names) == 1 else _family(whole, listed, each))
    denied = (place for place, c in proved.items() if ANSWERS.get(c.kind) is False)
    unsolvable = next(denied, None) if all(f.word != REFUSED for f in out) else None
    exact = all(f.word == COVERED for f in out) and all(isinstance(r, dict) and r.get("exact") for r in listed)
    if document["solvable"] is False:
        word, why = (COVERED, f"by {unsolvable}") if unsolvable else (REFUSED, "no certificate says so")
    elif unsolvable is not None:
        word, why = REFUSED, f"{unsolvable} says otherwise"
    elif document["solvable"] is True and exact:
        word, why = COVERED, "every root is written in radicals"
    else:
        word, why = SEALED, "no certificate says so"
    return [*out, Ruling("solvable", word, why)]


def _proved_roots(certificate: Certificate) -> Iterator[tuple[Claimed, set[str]]]:
    """The expressions that a certificate proves to be roots, written without its names, with the discs; and where."""
    if certificate.kind == "critical_point_formula":
        under = (certificate.statement.get("assumptions", []), certificate.claim["conditions"])
        needed = {gap_text(r) for listed in under for r in read_relations(listed, "relations")}
        yield from (((infix(read(v)), ""), needed) for v in mapping(certificate.claim["point"], "point").values())
    for tree, root in in_radicals(certificate):
        yield (infix(parse(infix(tree))), str([root["numeric"], root["radius"]])), set()


def in_radicals(certificate: Certificate) -> Iterator[tuple[Tree, dict[str, Json]]]:
    """The roots that a certificate of the kind radicals lists, each without its names, and as it stands."""
    if certificate.kind != "radicals":
        return
    meanings = dict[str, Tree]()
    for step in sequence(certificate.claim["let"], "let"):
        if isinstance(step, dict):
            meanings[str(step["name"])] = substitute(read(step["exact"]), meanings)
    for root in sequence(certificate.claim["roots"], "roots"):
        if isinstance(root, dict):
            yield substitute(read(root["exact"]), meanings), root


def _expression(root: dict[str, Json], at: str, known: Mapping[Claimed, tuple[str, set[str]]]) -> Ruling:
    try:
        exact = infix(parse(text(root["exact"], "exact")))
        texts = {str(c): c for c in sequence(root.get("conditions", []), "conditions")}
        shown = set(map(gap_text, relations_in(texts, set()) or []))
    except Refused as fault:
        return Ruling(at, SEALED, f"not read here: {fault}")
    numbers = [root.get("numeric"), root.get("radius")]
    disc = "" if numbers in ([None, None], [{"re": None, "im": None}, None]) else str(numbers)
    place, needed = known.get((exact, disc), ("", set[str]()))
    if not needed <= shown:
        return Ruling(at, SEALED, f"{place} has conditions that are not shown at the root")
    return Ruling(at, COVERED, f"by {place}") if place else Ruling(at, SEALED, "no certificate has it in these words")


def _family(whole: Whole, listed: list[Json], each: bool) -> Ruling:
    """All roots: x minus each of them multiply to the polynomial without its repeated factors, or no two are ever equal.

    ``each``: it is proved that every one is a root.
    """
    try:
        trees = [parse(text(r["exact"], "exact")) for r in listed if isinstance(r, dict) and r.get("exact") is not None]
        pairs, rest = [*combinations(trees, 2)], [n for n in whole.names if n != whole.unknown]
        full = len(trees) == len(listed) == whole.distinct() and all(agree(*p, rest, {}) is False for p in pairs)
        apart = each and all(prove_relation(("!=", a, b), ()) for a, b in pairs)
        full = full and (apart or whole.is_product(trees))
    except Refused as fault:
        return Ruling("roots", SEALED, f"not read here: {fault}")
    if full:
        return Ruling("roots", COVERED, "they are as many as the roots, and multiply to them or differ everywhere")
    word = REFUSED if len(listed) > whole.distinct() else SEALED
    return Ruling("roots", word, "it is not shown that these are all the roots")


def _numbers(whole: Whole, listed: list[Json]) -> Ruling:
    """The discs are those of all roots: enclosed again, as for the claim ``roots``."""
    discs = list[Json](_discs(listed))
    if whole.value.total_degree() > root_lists.MAX_DEGREE or any(d["re"] is None for d in _discs(listed)):
        return Ruling("roots", SEALED, "not every root has its numbers, or there are too many")
    coefficients: list[Json] = [str(c) for c in dense(whole.value).coeffs()]
    try:
        root_lists.check({}, {"kind": "roots", "polynomial": coefficients, "roots": discs}, {})
    except Refused as fault:
        return Ruling("roots", REFUSED, str(fault))
    return Ruling("roots", COVERED, "the discs hold all complex roots, one each")
