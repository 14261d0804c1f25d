"""The page ``kernel/FORMAT.md``: its examples are accepted, and a checker written from it agrees with the kernel."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from second_checker import judge

import closedform as cf
from closedform.kernel import Refused, check_certificate
from closedform.kernel.__main__ import FORMAT
from closedform.kernel.check import CLAIMS

HERE = Path(__file__).parent
EXAMPLES = [json.loads(m[1]) for m in re.finditer(r"```json\n(.*?)```", FORMAT.read_text(encoding="utf-8"), re.DOTALL)]
FORGERIES = [p for kind in ("roots", "unsolvable") for p in sorted((HERE / "forgeries" / kind).glob("*.json"))]
ROOTS = [
    "x^2 - 2",
    "x^5 - x - 1",
    "(x - 1)^3*(x + 2)",
    "x^3 - 1",
    "x^4 + 1",
    "(2*x - 1)^2*(x^2 + x + 1)",
    "x^7 - 7*x + 3",
]
INSOLUBLE = ["x^5 - x - 1", "x^5 - 4*x + 2", "x^7 - x - 1", "x^8 - x - 1", "(x^5 - x - 1)*(x^2 - 2)", "2*x^6 - 2*x + 3"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda c: c["claim"]["kind"])
def test_the_examples_are_accepted(example: dict[str, Any]) -> None:
    assert check_certificate(example)


def test_every_claim_has_its_paragraph_and_example() -> None:
    assert {c["claim"]["kind"] for c in EXAMPLES} == set(CLAIMS)
    assert set(re.findall(r"^## (\w+)$", FORMAT.read_text(encoding="utf-8"), re.MULTILINE)) == set(CLAIMS)


def test_the_second_checker_is_small_and_stands_alone() -> None:
    text = (HERE / "second_checker.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 300
    assert not re.search(r"^\s*(from|import) (closedform|flint|sympy|numpy)", text, re.MULTILINE)


@pytest.mark.parametrize("polynomial", ROOTS)
def test_the_second_checker_accepts_roots_and_notices_changes(polynomial: str) -> None:
    good = cf.roots(polynomial, digits=20).certificate.to_dict()
    assert judge(good) is True
    for key, wrong in {"re": "1.23456", "im": "0.777", "multiplicity": "9", "real": None}.items():
        bad: Any = copy.deepcopy(good)
        bad["claim"]["roots"][0][key] = wrong
        assert judge(bad) is not True
    short: Any = copy.deepcopy(good)
    short["claim"]["roots"].pop()
    assert judge(short) is False


@pytest.mark.parametrize("polynomial", INSOLUBLE)
def test_the_second_checker_accepts_insoluble_ones(polynomial: str) -> None:
    certificates = [c.to_dict() for c in cf.galois(polynomial).certificates if c.kind == "unsolvable"]
    assert certificates
    for good in certificates:
        assert judge(good) is True
        bad: Any = copy.deepcopy(good)
        bad["evidence"]["types"][0]["prime"] = "9"
        assert judge(bad) is False


@pytest.mark.parametrize("path", FORGERIES, ids=lambda p: p.stem)
def test_it_accepts_no_forgery(path: Path) -> None:
    certificate = json.loads(path.read_text(encoding="utf-8"))["certificate"]
    assert judge(certificate) is not True
    with pytest.raises(Refused):
        check_certificate(certificate)
