"""False certificates, a folder a kind of claim: each is refused, and at the step that its falsehood is about.

A file states what is false about it, the reason that the kernel gives, and the certificate.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from closedform.kernel import Refused, check_certificate
from closedform.kernel.check import CLAIMS

CORPUS = Path(__file__).parent / "forgeries"
FILES = sorted(CORPUS.rglob("*.json"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_it_is_refused_for_its_own_reason(path: Path) -> None:
    forgery = json.loads(path.read_text(encoding="utf-8"))
    assert forgery["certificate"]["claim"]["kind"] == path.parent.name
    with pytest.raises(Refused) as refused:
        check_certificate(forgery["certificate"])
    assert str(refused.value) == forgery["refused"], forgery["false"]


def test_every_kind_of_claim_has_its_forgeries() -> None:
    assert {p.parent.name for p in FILES} == set(CLAIMS)
    assert len(FILES) >= 120
