"""Global precision is put back around every test: a test that needs more digits asks for them itself.

The children that tests start (workers, commands) keep compiled modules: without them each compiles the package anew.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import flint
import mpmath
import pytest

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture(autouse=True)
def precision() -> Iterator[None]:
    before = flint.ctx.prec, mpmath.mp.prec, mpmath.iv.prec, sys.get_int_max_str_digits()
    yield
    flint.ctx.prec, mpmath.mp.prec, mpmath.iv.prec = before[:3]
    sys.set_int_max_str_digits(before[3])


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept-golden", action="store_true", help="write the texts in tests/golden anew")
