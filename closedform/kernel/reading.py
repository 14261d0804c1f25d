"""Strict reading of untrusted JSON: everything is refused unless it is exactly what is expected."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NoReturn

from flint import fmpq, fmpz

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

MAX_DIGITS = 200_000  # of one number, as text
MAX_ITEMS = 500_000  # of one list
MAX_ROWS = 1_000_000  # of one column

_INTEGER = re.compile(r"-?[0-9]+")
_RATIONAL = re.compile(r"(-?[0-9]+)(?:/([0-9]+))?")
_DECIMAL = re.compile(r"(-?)([0-9]+)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,7}))?")
_NAME = re.compile(r"[^\W\d]\w*")


# What following untrusted evidence may raise: it is then refused.
MALFORMED = (ArithmeticError, ValueError, TypeError, KeyError, IndexError, RecursionError)


class Refused(Exception):
    """The certificate is not accepted; the message says at which step."""


def refuse(reason: str) -> NoReturn:
    raise Refused(reason)


def fields(value: Json, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Json]:
    """The object ``value`` if its keys are exactly the required ones, plus some of the optional ones."""
    if not isinstance(value, dict):
        refuse(f"expected an object with {', '.join(required)}")
    for key in required:
        if key not in value:
            refuse(f"missing key {key!r}")
    for key in value:
        if key not in required and key not in optional:
            refuse(f"unknown key {key!r}")
    return value


def sequence(value: Json, what: str, limit: int = MAX_ITEMS) -> list[Json]:
    if not isinstance(value, list):
        refuse(f"{what} must be a list")
    if len(value) > limit:
        refuse(f"{what} has {len(value)} entries, more than the limit {limit}")
    return value


def text(value: Json, what: str, limit: int = MAX_DIGITS) -> str:
    if not isinstance(value, str) or len(value) > limit:
        refuse(f"{what} must be text of at most {limit} characters")
    return value


def name(value: Json, what: str) -> str:
    out = text(value, what, 200)
    if not _NAME.fullmatch(out):
        refuse(f"{what} must be a name")
    return out


def names(value: Json, what: str) -> list[str]:
    out = [name(v, what) for v in sequence(value, what, 10_000)]
    if len(set(out)) != len(out):
        refuse(f"{what} repeats a name")
    return out


def integer(value: Json, what: str, low: int | None = None, high: int | None = None) -> int:
    """An integer written as text; bounds inclusive."""
    out = text(value, what)
    if not _INTEGER.fullmatch(out):
        refuse(f"{what} must be an integer as text")
    number = int(fmpz(out))
    if (low is not None and number < low) or (high is not None and number > high):
        refuse(f"{what} = {number} is out of range")
    return number


def rational(value: Json, what: str) -> fmpq:
    """A rational written as text, ``p`` or ``p/q``."""
    match = _RATIONAL.fullmatch(text(value, what))
    if not match:
        refuse(f"{what} must be a rational as text")
    denominator = fmpz(match[2] or "1")
    if denominator == 0:
        refuse(f"{what} has a zero denominator")
    return fmpq(fmpz(match[1]), denominator)


def decimal(value: Json, what: str) -> fmpq:
    """A decimal written as text (``-1.25e-3``), or a rational, read exactly."""
    digits = text(value, what)
    if "/" in digits:
        return rational(value, what)
    match = _DECIMAL.fullmatch(digits)
    if not match:
        refuse(f"{what} must be a decimal as text")
    fraction, exponent = match[3] or "", int(match[4] or "0")
    if abs(exponent) > MAX_DIGITS:
        refuse(f"{what} has an exponent out of range")
    scale = exponent - len(fraction)
    number = fmpq(fmpz(match[2] + fraction), 1) * (fmpq(10) ** scale)
    return -number if match[1] else number


def mapping(value: Json, what: str) -> dict[str, Json]:
    if not isinstance(value, dict):
        refuse(f"{what} must be an object")
    for key in value:
        name(key, what)
    return value


def columns(value: Json, unknowns: Collection[str] = ()) -> dict[str, list[fmpq]]:
    """Named columns of exact numbers; refused where one bears the name of an unknown."""
    out = {x: _column(c, x) for x, c in mapping(value, "columns").items()}
    if set(out) & set(unknowns):
        refuse("a column bears the name of an unknown")
    return out


def _column(value: Json, what: str) -> list[fmpq]:
    """A list of decimals or rationals as text, read exactly; quick where they are short."""
    out = list[fmpq]()
    for v in sequence(value, what, MAX_ROWS):
        match = _RATIONAL.fullmatch(v) if isinstance(v, str) and len(v) < 18 else None
        if match is not None and (bottom := int(match[2] or "1")):
            out.append(fmpq(int(match[1]), bottom))
        else:
            out.append(decimal(v, what))
    return out
