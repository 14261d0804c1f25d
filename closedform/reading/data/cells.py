"""What the cells of a table say: exact numbers in the spellings that people use, missing values, words.

A decimal is read exactly as written. Thousands may be set apart by a space, an apostrophe, or the mark that is not the
decimal mark; a column of percentages is read as fractions. Nothing is guessed: ``1,234`` alone may be two numbers and
is refused with the option that decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, Literal

from flint import fmpz

from closedform.errors import InputError, option
from closedform.frozen import record

Decimal = Literal[".", ",", "?"]

NUMBER = re.compile(r"([-+]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([-+]?[0-9]{1,3}))?")
_FRACTION = re.compile(r"([-+]?[0-9]+)/([0-9]+)")
_MISSING = re.compile(r"|[-+]?nan|na|n/a|#n/a|<na>|nat|null|none|-|\?|\.", re.IGNORECASE)
_INFINITE = re.compile(r"[-+]?inf(inity)?", re.IGNORECASE)
_SPACED = re.compile(r"([-+]?[0-9]{1,3}(?:[ \u00a0\u202f'’][0-9]{3})+)(?![0-9])")
_COMMA_GROUPS = re.compile(r"[-+]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?")
_POINT_GROUPS = re.compile(r"[-+]?[0-9]{1,3}(\.[0-9]{3})+(,[0-9]*)?")
_COMMA_DECIMAL = re.compile(r"[-+]?[0-9]*,[0-9]*(?:[eE][-+]?[0-9]{1,3})?")
_DATE = re.compile(r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}([ T].*)?|[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?")
_TRUTH = {"true": Fraction(1), "false": Fraction(0)}
MAX_SHOWN = 40
MOST_AT_ONCE = 10**15


@record
class Column:
    """One column: its exact entries (0 where a cell is missing), or its words and why it is no column of numbers."""

    entries: tuple[Fraction, ...] = ()
    gaps: tuple[int, ...] = ()  # rows of missing cells, from 0
    words: tuple[str, ...] = ()
    fault: str = ""
    notes: tuple[str, ...] = ()
    floats: bool = False  # whether a double that is not whole was among the entries


def missing(value: object) -> bool:
    """Whether a cell says that it has no value (empty, NaN, NA, null, ?)."""
    if value is None or isinstance(value, float):
        return value is None or value != value
    return _MISSING.fullmatch(str(value).strip()) is not None


def decimal_mark(columns: Iterable[Iterable[object]]) -> Decimal:
    """The decimal mark that the cells show: "?" where a comma may be either mark.

    >>> decimal_mark([["1,5", "2"]]), decimal_mark([["1,234,567"]]), decimal_mark([["1,234"]]), decimal_mark([["0.5"]])
    (',', '.', '?', '.')
    """
    comma = point = unclear = False
    for column in columns:
        for cell in column:
            if not isinstance(cell, str) or ("," not in cell and "." not in cell):
                continue
            text = cell.strip().rstrip("%").strip()
            if NUMBER.fullmatch(text):
                point = point or not _POINT_GROUPS.fullmatch(text)
            elif grouped := _COMMA_GROUPS.fullmatch(text):
                certain = text.count(",") > 1 or grouped[2] is not None or text.lstrip("+-").startswith("0")
                point, unclear = point or certain, unclear or not certain
            elif _COMMA_DECIMAL.fullmatch(text) or ("," in text and _POINT_GROUPS.fullmatch(text)):
                comma = True
    return "," if comma and not point else "." if point or not unclear else "?"


def read_column(key: str, values: Sequence[Any], decimal: Decimal = ".") -> Column:
    """The column that these cells make."""
    out, gaps, floats, percent, scale = list[Fraction](), list[int](), False, 0, 1
    truth = [t for value in values if isinstance(value, str) and (t := _TRUTH.get(value.strip().lower())) is not None]
    flags = bool(truth) and all(missing(v) or str(v).strip().lower() in _TRUTH for v in values)
    for row, value in enumerate(values):
        if isinstance(value, (bool, int)):
            out.append(Fraction(int(value)))
            continue
        if missing(value):
            out.append(Fraction(0))
            gaps.append(row)
            continue
        if type(value) is float and (whole := _whole(value, scale)) is not None:
            out.append(Fraction(whole, scale))
            floats = floats or out[-1].denominator != 1
            continue
        text = _text(value)
        if flags:
            out.append(_TRUTH[text.strip().lower()])
            continue
        entry = exact(text, decimal)
        if entry is None:
            fault = f"column {key}, row {row + 1}: {_why_not(text, decimal)}"
            return Column(words=tuple("" if missing(v) else _text(v).strip() for v in values), fault=fault)
        percent += text.rstrip().endswith("%")
        floats = floats or (not isinstance(value, (str, Fraction)) and entry.denominator != 1)
        if type(value) is float and entry.denominator < MOST_AT_ONCE:
            scale = max(scale, 10 ** len(text.partition(".")[2]))
        out.append(entry)
    if gaps and len(gaps) == len(out):
        return Column(fault=f"column {key} is empty")
    notes = list[str]()
    if flags:
        notes.append(f"column {key}: true is read as 1, false as 0")
    if percent and percent < len(out) - len(gaps):
        return Column(fault=f"column {key} has percent signs in some rows and not in others")
    if percent:
        notes.append(f"column {key} is in percent: 50% is 1/2")
    words = tuple("" if missing(v) else str(v).strip() for v in values) if flags else ()
    return Column(tuple(out), tuple(gaps), words, "", tuple(notes), floats)


def _whole(value: float, scale: int) -> int | None:
    """m, where m/scale is the shortest decimal that prints the float: of 15 digits at most only one is read as it."""
    if not abs(value) * scale < MOST_AT_ONCE:
        return None
    whole = round(value * scale)
    return whole if whole / scale == value else None


def _text(value: object) -> str:
    if isinstance(value, float):
        return repr(float(value))
    return "a complex number" if isinstance(value, complex) else str(value)


def exact(text: str, decimal: Decimal = ".") -> Fraction | None:
    """The exact value of a number as written, None where it is none (or, with the mark "?", may be two).

    >>> exact("1 234,5", ","), exact("12%"), exact("1e-3"), exact("1,234"), exact("1,234", "?")
    (Fraction(2469, 2), Fraction(3, 25), Fraction(1, 1000), Fraction(1234, 1), None)
    """
    text = text.strip()
    if text.endswith("%"):
        whole = exact(text[:-1], decimal)
        return None if whole is None else whole / 100
    if (spaced := _SPACED.match(text)) is not None:
        text = re.sub(r"[ \u00a0\u202f'’]", "", spaced[1]) + text[spaced.end() :]
    if decimal == "," and _POINT_GROUPS.fullmatch(text):
        text = text.replace(".", "")
    elif decimal == "." and _COMMA_GROUPS.fullmatch(text):
        text = text.replace(",", "")
    elif decimal == "," and "." in text:
        return None
    if decimal == ",":
        text = text.replace(",", ".", 1)
    match = NUMBER.fullmatch(text)
    if match and (match[2] or match[3]):
        digits, exponent = match[2] + (match[3] or ""), int(match[4] or 0) - len(match[3] or "")
        whole = int(digits) if len(digits) < 4000 else int(fmpz(digits))
        if match[1] == "-":
            whole = -whole
        return Fraction(whole * 10**exponent) if exponent >= 0 else Fraction(whole, 10**-exponent)
    ratio = _FRACTION.fullmatch(text) if len(text) < 4000 else None
    return Fraction(int(ratio[1]), int(ratio[2])) if ratio and int(ratio[2]) else None


def _why_not(text: str, decimal: Decimal) -> str:
    shown = text.strip() if len(text.strip()) <= MAX_SHOWN else text.strip()[:MAX_SHOWN] + "..."
    if _INFINITE.fullmatch(text.strip()):
        return f"{shown} is not a finite number"
    if _COMMA_GROUPS.fullmatch(text.strip()) and decimal == "?":
        whole, part = shown.replace(",", ""), shown.replace(",", ".")
        return f"{shown} may be {whole} or {part}; {option('decimal', '.')} reads the first, {option('decimal', ',')} the second"
    if _COMMA_DECIMAL.fullmatch(text.strip()) and any(c.isdigit() for c in text):
        return (
            f"{shown!r} is not a number; {option('decimal', ',')} reads a decimal comma, or write decimals with a point"
        )
    if decimal == "," and NUMBER.fullmatch(text.strip()):
        return f"{shown!r} has a decimal point, and the decimal mark is a comma; {option('decimal', '.')} reads points"
    return f"{shown!r} is {'a date and ' if _DATE.fullmatch(text.strip()) else ''}not a number"


def refuse_missing(key: str, row: int) -> InputError:
    """The refusal of a missing cell, with the option that leaves its row out."""
    return InputError(f"column {key}, row {row + 1} is missing; {option('missing', 'drop')} leaves such rows out")
