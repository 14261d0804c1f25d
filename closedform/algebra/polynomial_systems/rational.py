"""The second engine: FLINT's Groebner basis over Q, in a process of its own because it cannot be interrupted.

``python -m closedform.algebra.polynomial_systems.rational`` reads {"unknowns": k, "system": [[[exponents, coefficient], ...], ...]}
and writes the exponents of the leading monomials.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import cast

from flint import Ordering, fmpz_mpoly_ctx, fmpz_mpoly_vec

from closedform.algebra.polynomial_systems.lift import Terms

LIMITS = (1_000, 5_000, 200_000)  # elements, terms, bits of a coefficient


def leading_monomials(system: list[Terms], k: int, seconds: float) -> list[tuple[int, ...]] | None:
    """The leading exponents of a grevlex Groebner basis over Q, or None when it does not come in time."""
    if seconds < 0.3:
        return None
    given = {"unknowns": k, "system": [[[list(e), str(c)] for e, c in f.items()] for f in system]}
    command = [sys.executable, "-P", "-m", "closedform.algebra.polynomial_systems.rational"]
    try:
        done = subprocess.run(
            command, input=json.dumps(given), capture_output=True, text=True, timeout=seconds, check=False
        )
        return [tuple(e) for e in json.loads(done.stdout)] if done.returncode == 0 else None
    except (subprocess.TimeoutExpired, OSError, ValueError):
        return None


def basis(system: list[Terms], k: int, limits: tuple[int, int, int]) -> list[tuple[int, ...]] | None:
    """The same in this process; None past the limits."""
    ring = fmpz_mpoly_ctx.get(tuple(f"x{i}" for i in range(k)), Ordering.degrevlex)
    polynomials = fmpz_mpoly_vec([ring.from_dict(f) for f in system], ring)
    # with limits it returns a pair, which the stubs of python-flint do not say
    found, success = cast(tuple[fmpz_mpoly_vec, bool], polynomials.buchberger_naive(limits=limits))
    return [tuple(int(v) for v in g.monoms()[0]) for g in found] if success else None


def main() -> int:
    given = json.load(sys.stdin)
    system = [{tuple(int(v) for v in e): int(c) for e, c in f} for f in given["system"]]
    found = basis(system, int(given["unknowns"]), LIMITS)
    if found is None:
        return 1
    json.dump(found, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
