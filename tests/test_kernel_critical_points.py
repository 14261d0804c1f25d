"""Kernel claim ``critical_points``: true certificates pass, every damaged one is refused."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from flint import arb

from closedform.kernel import Refused, check_certificate
from closedform.kernel.expressions.jets import jet

QUARTIC = {"loss": ["+", ["^", "x", "4"], ["*", "-1", ["^", "x", "2"]]], "unknowns": ["x"]}
ROOT_HALF = "0.70710678118654752440"  # 1/sqrt(2)


def certificate(statement: Any, claim: Any, evidence: Any) -> dict[str, Any]:
    return {"format": 1, "statement": statement, "claim": {"kind": "critical_points", **claim}, "evidence": evidence}


def point(radius: str = "1e-20", inertia: list[str] | None = None, **numeric: str) -> dict[str, Any]:
    out: dict[str, Any] = {"numeric": numeric, "radius": dict.fromkeys(numeric, radius)}
    return out if inertia is None else {**out, "inertia": inertia}


ROOTS = certificate(
    QUARTIC,
    {
        "complete": True,
        "counts": {"real": "3", "complex": "3"},
        "points": [
            {**point("0", ["0", "1", "0"], x="0"), "exact": {"x": "0"}},
            point(inertia=["1", "0", "0"], x=ROOT_HALF),
            {**point(inertia=["1", "0", "0"], x="-" + ROOT_HALF), "loss": {"numeric": "-0.25", "radius": "1e-15"}},
        ],
    },
    {"method": "roots", "precision": "200"},
)
NEWTON = certificate(
    QUARTIC,
    {
        "complete": False,
        "points": [point("0.001", ["0", "1", "0"], x="0"), point(inertia=["1", "0", "0"], x=ROOT_HALF)],
    },
    {"method": "newton", "precision": "200", "points": [{}, {"box": {"x": "0.001"}}]},
)
LINEAR = certificate(
    {
        "loss": [
            "sum",
            "i",
            "1",
            "3",
            ["^", ["+", ["@", "y", "i"], ["*", "-1", "a"], ["*", "-1", "b", ["@", "x", "i"]]], "2"],
        ],
        "unknowns": ["a", "b"],
        "columns": {"x": ["1", "2", "3"], "y": ["1", "2", "4"]},
    },
    {
        "complete": True,
        "points": [{**point("1e-2", ["2", "0", "0"], a="-0.667", b="1.5"), "exact": {"a": "-2/3", "b": "3/2"}}],
    },
    {"method": "linear", "precision": "100"},
)
CONVEX = certificate(  # log(1 + e^x) - x/3 has its minimum where e^x/(1 + e^x) = 1/3, at x = -log 2
    {"loss": ["+", ["log", ["+", "1", ["exp", "x"]]], ["*", "-1/3", "x"]], "unknowns": ["x"]},
    {"complete": True, "points": [point(inertia=["1", "0", "0"], x="-0.6931471805599453094172321")]},
    {"method": "newton", "precision": "100", "complete": {"method": "convex"}},
)
CIRCLE = [["+", ["^", "x", "2"], ["^", "y", "2"], "-4"], ["+", ["*", "x", "y"], "-1"]]
A, B = "1.9318516526", "0.5176380902"  # (sqrt 6 +- sqrt 2)/2
BEZOUT = certificate(
    {"equations": CIRCLE, "unknowns": ["x", "y"]},
    {
        "complete": True,
        "counts": {"real": "4", "complex": "4"},
        "points": [point("1e-9", x=s + u, y=s + v) for s in ("", "-") for u, v in ((A, B), (B, A))],
    },
    {"method": "newton", "precision": "100", "complete": {"method": "bezout"}},
)
COMPLEX = certificate(  # x^2 + y^2 = -2, x y = 1: (1 - x^2)... the four zeros are x^4 + 2 x^2 + 1 = 0, so shift to -3
    {"equations": [["+", ["^", "x", "2"], "1"], ["+", "y", ["*", "-1", "x"]]], "unknowns": ["x", "y"]},
    {"complete": True, "points": []},
    {
        "method": "none",
        "precision": "100",
        "complete": {"method": "bezout", "others": [{"numeric": {"x": ["0", "1"], "y": ["0", "1"]}, "radius": "1e-6"}]},
    },
)
MULTIPLES = certificate(  # x y = 1 makes the other 2 x = 4; by degrees there could be six zeros
    {
        "equations": [["+", ["*", "x", "y"], "-1"], ["+", ["*", ["^", "x", "2"], "y"], "x", "-4"]],
        "unknowns": ["x", "y"],
    },
    {"complete": True, "counts": {"real": "1", "complex": "1"}, "points": [point("1e-9", x="2", y="0.5")]},
    {
        "method": "newton",
        "precision": "100",
        "complete": {
            "method": "multiples",
            "solved": [],
            "standard": "00",
            "multiples": ["00 10 11", "00 01"],
            "others": [],
        },
    },
)
SOLVED = certificate(  # y = x^2, then x^4 = 16: four zeros, where the degrees as written allow eight
    {"equations": [["+", "y", ["*", "-1", ["^", "x", "2"]]], ["+", ["^", "y", "2"], "-16"]], "unknowns": ["x", "y"]},
    {
        "complete": True,
        "counts": {"real": "2", "complex": "4"},
        "points": [point("1e-9", x="2", y="4"), point("1e-9", x="-2", y="4")],
    },
    {
        "method": "newton",
        "precision": "100",
        "complete": {
            "method": "bezout",
            "solved": [["0", "1"]],
            "others": [{"numeric": {"x": ["0", "2"], "y": ["-4", "0"]}, "radius": "1e-6"}],
        },
    },
)
COVER = certificate(
    QUARTIC,
    {"complete": True, "box": {"x": ["1/2", "2"]}, "points": [point(x=ROOT_HALF)]},
    {"method": "newton", "precision": "100", "complete": {"method": "cover", "leaves": "00U0EE0EE"}},
)

GOOD = {
    "roots": ROOTS,
    "newton": NEWTON,
    "linear": LINEAR,
    "convex": CONVEX,
    "bezout": BEZOUT,
    "complex": COMPLEX,
    "multiples": MULTIPLES,
    "solved": SOLVED,
}


@pytest.mark.parametrize("name", sorted(GOOD))
def test_true_certificates_are_accepted(name: str) -> None:
    assert check_certificate(json.loads(json.dumps(GOOD[name])))


def test_a_cover_is_accepted() -> None:
    assert "1/2 <= x <= 2" in check_certificate(COVER)


@pytest.mark.parametrize(
    "leaves", ["0U0EE", "0UE", "00U0EE0EEE", "00U0EE0E", "", "E", "N", "M", "U", "00E0EE0EE", "10U0EE0EE", "0UX"]
)
def test_a_cover_with_a_gap_is_refused(leaves: str) -> None:
    value = copy.deepcopy(COVER)
    value["evidence"]["complete"]["leaves"] = leaves
    with pytest.raises(Refused):
        check_certificate(value)


@pytest.mark.parametrize("part", ["standard", "multiples"])
def test_a_bound_by_multiples_needs_every_word(part: str) -> None:
    said = MULTIPLES["evidence"]["complete"][part]
    for i, words in enumerate(said if part == "multiples" else [said]):
        for word in words.split():
            value = copy.deepcopy(MULTIPLES)
            fewer = " ".join(w for w in words.split() if w != word)
            value["evidence"]["complete"][part] = [*said[:i], fewer, *said[i + 1 :]] if part == "multiples" else fewer
            with pytest.raises(Refused):
                check_certificate(value)


def test_a_cover_needs_all_its_points_and_its_box() -> None:
    for change in ({"points": []}, {"box": {"x": ["-2", "2"]}}):
        value = copy.deepcopy(COVER)
        value["claim"].update(change)
        with pytest.raises(Refused):
            check_certificate(value)


def leaves_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [p for k, v in value.items() for p in leaves_of(v, (*path, k))]
    if isinstance(value, list):
        return [p for i, v in enumerate(value) for p in leaves_of(v, (*path, i))]
    return [path]


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    out = copy.deepcopy(value)
    inner = out
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = new
    return out


CLAIMED = [
    (n, p)
    for n, c in sorted(GOOD.items())
    for p in leaves_of(c["claim"], ("claim",))
    if p[-1] != "kind" and "radius" not in p
]


@pytest.mark.parametrize(("name", "path"), CLAIMED)
def test_a_changed_claim_is_refused(name: str, path: tuple[Any, ...]) -> None:
    value = GOOD[name]
    old = value
    for key in path:
        old = old[key]
    new = not old if isinstance(old, bool) else "7/3" if "exact" in path else "5"
    damaged = changed(value, path, new)
    if (
        path[-1] == "complete"
        and old is True
        and "counts" not in value["claim"]
        and value["evidence"]["method"] in ("roots", "linear")
    ):
        return  # to claim less is no fault
    with pytest.raises(Refused):
        check_certificate(damaged)


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_point_left_out_is_refused_where_the_list_is_complete(name: str) -> None:
    value = copy.deepcopy(GOOD[name])
    if not value["claim"]["complete"] or not value["claim"]["points"]:
        pytest.skip("not complete")
    value["claim"]["points"].pop()
    with pytest.raises(Refused):
        check_certificate(value)


@pytest.mark.parametrize("name", ["newton", "bezout", "solved"])
def test_the_same_point_twice_is_refused(name: str) -> None:
    value = copy.deepcopy(GOOD[name])
    value["claim"]["points"][1] = copy.deepcopy(value["claim"]["points"][0])
    with pytest.raises(Refused):
        check_certificate(value)


def test_an_unknown_key_is_refused() -> None:
    for part in ("statement", "claim", "evidence"):
        value = copy.deepcopy(NEWTON)
        value[part]["more"] = "1"
        with pytest.raises(Refused, match="unknown key"):
            check_certificate(value)


@pytest.mark.parametrize(
    "loss",
    [
        ["*", "x", ["exp", "x"]],
        ["+", ["exp", "x"], ["*", "-1", ["^", "x", "2"]], ["*", "-1", "x"]],
        ["^", "x", "3"],
        ["sin", "x"],
    ],
)
def test_convexity_is_not_believed(loss: Any) -> None:
    value = certificate(
        {"loss": loss, "unknowns": ["x"]},
        {"complete": True, "points": [point("0.1", x="-1")]},
        {"method": "newton", "precision": "100", "complete": {"method": "convex"}},
    )
    with pytest.raises(Refused):
        check_certificate(value)


def test_a_multiple_root_is_flat() -> None:
    value = certificate(
        {"loss": ["^", "x", "3"], "unknowns": ["x"]},
        {"complete": True, "points": [point("0", ["0", "0", "1"], x="0")]},
        {"method": "roots", "precision": "100"},
    )
    assert check_certificate(value)


@pytest.mark.parametrize(
    ("inertia", "true"), [(["0", "0", "1"], True), (["1", "0", "0"], False), (["0", "1", "0"], False)]
)
def test_an_irrational_multiple_root_is_flat(inertia: list[str], true: bool) -> None:
    """(x^2 - 2)^3 has the derivative 6x(x^2 - 2)^2, and at 0 the second derivative 24."""
    two = "1.41421356237309504880"
    value = certificate(
        {"loss": ["^", ["+", ["^", "x", "2"], "-2"], "3"], "unknowns": ["x"]},
        {
            "complete": True,
            "points": [point("1e-19", inertia, x="-" + two), point("0", ["1", "0", "0"], x="0"), point("1e-19", x=two)],
        },
        {"method": "roots", "precision": "200"},
    )
    if true:
        assert check_certificate(value)
    else:
        with pytest.raises(Refused, match="inertia"):
            check_certificate(value)


def test_powers_with_the_unknown_above_and_below() -> None:
    """x^x has its minimum at 1/e."""
    value = certificate(
        {"loss": ["^", "x", "x"], "unknowns": ["x"]},
        {"complete": False, "points": [point("1e-15", ["1", "0", "0"], x="0.36787944117144232")]},
        {"method": "newton", "precision": "100", "points": [{"box": {"x": "0.01"}}]},
    )
    assert check_certificate(value)
    value["claim"]["points"][0]["inertia"] = ["0", "1", "0"]
    with pytest.raises(Refused, match="inertia"):
        check_certificate(value)


def test_the_jet_of_a_power_of_two_unknowns() -> None:
    """x^y at (2, 3): value 8, slopes 12 and 8 log 2, second derivatives 12, 4 + 12 log 2, 8 log(2)^2."""
    found = jet(("^", "x", "y"), {"x": 0, "y": 1}, {"x": arb(2), "y": arb(3)}, {})
    log = arb(2).log()
    assert found.value.overlaps(arb(8))
    assert found.first[0].overlaps(arb(12))
    assert found.first[1].overlaps(8 * log)
    assert found.second[0, 0].overlaps(arb(12))
    assert found.second[0, 1].overlaps(4 + 12 * log)
    assert found.second[1, 1].overlaps(8 * log * log)
    assert all(b.rad() < 1e-10 for b in (found.value, *found.first.values(), *found.second.values()))


def test_the_domain_is_obeyed() -> None:
    domain = {**QUARTIC, "relations": [[">", "x", "0"]]}
    inside = certificate(
        domain, {"complete": True, "points": [point(x=ROOT_HALF)]}, {"method": "roots", "precision": "100"}
    )
    assert check_certificate(inside)
    with pytest.raises(Refused):
        check_certificate(certificate(domain, ROOTS["claim"], ROOTS["evidence"]))


@pytest.mark.parametrize(
    "bomb",
    [
        ["^", ["+", "x", "1"], "100000000"],
        ["^", "9", ["^", "9", "9999"]],
        ["sum", "i", "1", "100000000000", "x"],
    ],
)
def test_bombs_are_refused(bomb: Any) -> None:
    value = certificate(
        {"loss": bomb, "unknowns": ["x"]}, {"complete": True, "points": []}, {"method": "roots", "precision": "100"}
    )
    with pytest.raises(Refused):
        check_certificate(value)


def test_the_sentence_says_the_domain_and_the_data() -> None:
    """Without them it would be false: (x - 1)^2 + (x - 3)^2 is said for these data and for x > 0 only."""
    square = ["^", ["+", "x", ["*", "-1", ["@", "a", "i"]]], "2"]
    stated = {"loss": ["sum", "i", "1", "2", square], "unknowns": ["x"], "columns": {"a": ["1", "3"]}}
    claim = {"complete": True, "points": [{**point("0", x="2"), "exact": {"x": "2"}}]}
    said = check_certificate(
        certificate({**stated, "relations": [[">", "x", "0"]]}, claim, {"method": "roots", "precision": "64"})
    )
    assert said == (
        "the gradient of sum(i, 1, 2, (x - a[i])^2) where x > 0 (a = 1, 3) has a zero, one each, at x = 2, "
        "and no other real zero in this domain"
    )
