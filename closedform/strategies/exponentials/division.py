"""Polynomials in one variable over a function field: division, common factors, remainders."""

from __future__ import annotations

from typing import Any

from flint import fmpq_poly, fmpz_mpoly, fmpz_poly

from closedform.kernel.algebra.exponentials import Field, Quotient


def variables(p: fmpz_mpoly, fld: Field) -> set[str]:
    return {n for n, d in zip(fld.names, p.degrees(), strict=True) if d > 0}


def divides(f: fmpz_mpoly, p: fmpz_mpoly) -> bool:
    return divmod(p, f)[1].is_zero()


def coefficients(p: fmpz_mpoly, name: str, fld: Field) -> list[fmpz_mpoly]:
    """The coefficients by powers of one generator, lowest first."""
    i = fld.names.index(name)
    parts: dict[int, dict[tuple[int, ...], Any]] = {}
    for m, c in zip(p.monoms(), p.coeffs(), strict=True):
        parts.setdefault(int(m[i]), {})[(*m[:i], 0, *m[i + 1 :])] = c
    return [fld.ctx.from_dict(parts.get(k, {})) for k in range(max(parts, default=0) + 1)]


def substituted(p: fmpz_mpoly, name: str, value: Quotient, fld: Field) -> fmpz_mpoly:
    """The numerator of p with a generator replaced by a quotient: p * below^degree."""
    above, below = value
    parts = coefficients(p, name, fld)
    total, power = fld.one * 0, fld.one
    for c in reversed(parts):  # Horner, homogeneous
        total, power = total * above + c * power, power * below
    return total


Coefficients = list[fmpq_poly]  # of a polynomial over a number field, lowest first


def common_factor(
    f: fmpz_mpoly, main: str, gone: str, polynomials: list[fmpz_mpoly], avoid: list[fmpz_mpoly], fld: Field
) -> Coefficients:
    """The monic gcd in ``gone`` over Q[main]/f of the polynomials, without its factors in common with ``avoid``."""
    modulus = fmpq_poly(dense(f, main, fld))

    def over_field(p: fmpz_mpoly) -> Coefficients:
        return _trimmed([fmpq_poly(dense(c, main, fld)) % modulus for c in coefficients(p, gone, fld)])

    common = Coefficients()
    for p in polynomials:
        common = _euclid(common, over_field(p), modulus)
    for p in avoid:
        while len(common) > 1:
            shared = _euclid(common, over_field(p), modulus)
            if len(shared) < 2:
                break
            common = _divmod(common, shared, modulus)[0]
    return common


def _trimmed(p: Coefficients) -> Coefficients:
    while p and p[-1].is_zero():
        p.pop()
    return p


def _monic(p: Coefficients, modulus: fmpq_poly) -> Coefficients:
    g, inverse, _ = p[-1].xgcd(modulus)
    return [(c * inverse / g[0]) % modulus for c in p]


def _divmod(p: Coefficients, q: Coefficients, modulus: fmpq_poly) -> tuple[Coefficients, Coefficients]:
    """Division by a monic polynomial."""
    rest, out = list(p), [fmpq_poly([0])] * max(0, len(p) - len(q) + 1)
    for k in range(len(p) - len(q), -1, -1):
        out[k] = rest[k + len(q) - 1]
        for j, c in enumerate(q):
            rest[k + j] = (rest[k + j] - out[k] * c) % modulus
    return out, _trimmed(rest[: len(q) - 1])


def _euclid(p: Coefficients, q: Coefficients, modulus: fmpq_poly) -> Coefficients:
    while q:
        q = _monic(q, modulus)
        p, q = q, _divmod(p, q, modulus)[1] if len(p) >= len(q) else p
        if len(q) >= len(p) > 0 and q:
            q = _divmod(q, p, modulus)[1]
    return p


def last_linear(p: fmpz_mpoly, q: fmpz_mpoly, name: str, fld: Field) -> tuple[Quotient | None, list[fmpz_mpoly]]:
    """The member of the remainder sequence that is linear in ``name``, solved for it, and the contents divided out."""
    i = fld.names.index(name)
    removed = list[fmpz_mpoly]()
    if p.degrees()[i] < q.degrees()[i]:
        p, q = q, p
    while q.degrees()[i] > 1:
        p, q = q, _pseudo_remainder(p, q, name, fld)
        if q.is_zero():
            return None, removed
        content = _content(q, name, fld)
        if not content.is_constant():
            removed.append(content)
            q = q // content
    if q.degrees()[i] == 0:
        return None, removed
    rest, c = coefficients(q, name, fld)
    return (-rest, c), removed


def _pseudo_remainder(p: fmpz_mpoly, q: fmpz_mpoly, name: str, fld: Field) -> fmpz_mpoly:
    i, x = fld.names.index(name), fld.generator[name]
    lead, degree = coefficients(q, name, fld)[-1], q.degrees()[i]
    while not p.is_zero() and p.degrees()[i] >= degree:
        k = p.degrees()[i]
        p = lead * p - coefficients(p, name, fld)[-1] * q * x ** (k - degree)
    return p


def _content(p: fmpz_mpoly, name: str, fld: Field) -> fmpz_mpoly:
    out = fld.one * 0
    for c in coefficients(p, name, fld):
        out = out.gcd(c)
    return out


def dense(p: fmpz_mpoly, name: str, fld: Field) -> fmpz_poly:
    """A polynomial in one generator only, as FLINT's univariate type."""
    i = fld.names.index(name)
    out = [0] * (int(p.degrees()[i]) + 1)
    for m, c in zip(p.monoms(), p.coeffs(), strict=True):
        out[int(m[i])] = int(c)
    return fmpz_poly(out)
