"""Conditions of matrix formulas that say that something is positive definite, held against arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from closedform.algebra.noncommutative.letters import Unsupported
from closedform.algebra.noncommutative.read import read
from closedform.emit.auxiliaries import AUXILIARIES
from closedform.emit.source import Source, identifier
from closedform.errors import InputError
from closedform.problem import Problem
from closedform.reading.language import parse
from closedform.stationarity.matrix import matrix_system

WORDS = " is positive definite"


def indefinite(problem: Problem, conditions: Sequence[str], values: Mapping[str, Any]) -> str | None:
    """The first condition that fails at the values by more than rounding; None where none does or it cannot be told."""
    stated = [c.partition(" (")[0] for c in conditions if WORDS in c]
    if not stated:
        return None
    system = matrix_system(problem)
    at = {identifier(k): np.asarray(v, dtype=float) if np.ndim(v) else _number(v) for k, v in values.items()}
    for condition in stated:
        try:
            source = Source(system, "")
            code = source.poly(read(parse(condition.removesuffix(WORDS)), system.names))
            space: dict[str, Any] = {"np": np}
            exec("\n".join(AUXILIARIES[name] for name in source.used), space)  # our own text, as below
            found = np.atleast_2d(eval(code, {**space, **at}))
            eigenvalues = np.linalg.eigvalsh((found + found.T) / 2)
        except (InputError, Unsupported, NameError, ValueError, TypeError, np.linalg.LinAlgError):
            continue
        if eigenvalues[0] < -len(found) * np.finfo(float).eps * abs(eigenvalues).max():
            return f"{condition} fails; its least eigenvalue is {eigenvalues[0]:.3g}"
    return None


def _number(value: Any) -> Any:
    """A number that may be a size as an integer."""
    try:
        return int(value) if float(value).is_integer() else float(value)
    except (TypeError, ValueError):
        return value
