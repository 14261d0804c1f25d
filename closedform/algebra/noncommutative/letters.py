"""Letters (matrices) and atoms (commuting scalars), and the text of a term made of them.

Identity is textual: the ``key`` of a letter is its text in our language.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from closedform.errors import InputError

ONE = "1"

SYMMETRIC = frozenset({"sym", "spd", "psd", "diag"})

ADJOINTS = ("kronleft", "kronright")


class ShapeFault(InputError):
    """Two shapes that do not conform; the message names both."""


class Unsupported(InputError):
    """An expression outside this calculus; the message says which."""


class Letter:
    """One matrix symbol or compound (inverse, elementwise function, ...), possibly transposed."""

    __slots__ = ("args", "cols", "flags", "key", "kind", "names", "rows", "t")

    def __init__(
        self,
        kind: str,
        args: tuple[Any, ...],
        rows: str,
        cols: str,
        flags: frozenset[str] = frozenset(),
        t: bool = False,
    ) -> None:
        self.args: tuple[Any, ...] = args
        self.kind, self.flags, self.t = kind, flags, t
        self.rows, self.cols = (cols, rows) if t else (rows, cols)
        inner = ", ".join(a if isinstance(a, str) else a.key for a in args)
        text = inner if kind == "name" else f"{kind}({inner})"
        if kind == "fn":
            text = f"{args[0]}({args[1].key})"
        elif kind == "had":
            text = f"({' .* '.join(f'({a.key})' for a in args)})"
        self.key: str = text + "'" if t else text
        names: frozenset[str] = frozenset(args) if kind == "name" else frozenset()
        for a in args:
            if not isinstance(a, str):
                names |= a.names
        self.names: frozenset[str] = names

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Letter) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return self.key

    @property
    def symmetric(self) -> bool:
        return bool(self.flags & SYMMETRIC)

    @property
    def T(self) -> Letter:
        if self.symmetric:
            return self
        if self.kind in ("inv", "fn", "had", "kron", *ADJOINTS):
            parts: tuple[Any, ...] = tuple(a if isinstance(a, str) else a.T for a in self.args)
            if self.kind == "had":
                parts = tuple(sorted(parts, key=lambda a: a.key))
            return Letter(self.kind, parts, self.cols, self.rows, self.flags)
        rows, cols = (self.cols, self.rows) if self.t else (self.rows, self.cols)
        return Letter(self.kind, self.args, rows, cols, self.flags, not self.t)


class Atom:
    """One commuting scalar: a name, the trace of a word, a function of scalars, log det, ..."""

    __slots__ = ("args", "key", "kind", "names")

    def __init__(self, kind: str, args: tuple[Any, ...]) -> None:
        self.args: tuple[Any, ...] = args
        self.kind = kind
        self.key: str
        self.names: frozenset[str] = frozenset()
        if kind in ("name", "const"):
            self.key = args[0]
            self.names = frozenset(args if kind == "name" else ())
        elif kind == "num":
            self.key = str(args[0]) if args[0].denominator == 1 else f"({args[0]})"
        elif kind == "tr":
            word: Word = args[0]
            product = "*".join(l.key for l in word)
            self.key = product if word[0].rows == ONE else f"tr({product})"
            for l in word:
                self.names |= l.names
        else:
            inner = ", ".join(a if isinstance(a, str) else a.key for a in args[1 if kind == "fn" else 0 :])
            self.key = f"({inner})" if kind == "poly" else f"{args[0] if kind == 'fn' else kind}({inner})"
            for a in args:
                if not isinstance(a, str):
                    self.names |= a.names

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Atom) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return self.key


Word = tuple[Letter, ...]

Mono = tuple[tuple[Atom, Fraction], ...]


def power_text(atom: Atom, e: Fraction) -> str:
    if e == 1:
        return atom.key
    base = f"({atom.key})" if atom.kind == "tr" and "*" in atom.key and not atom.key.startswith("tr(") else atom.key
    return f"{base}^{e}" if e.denominator == 1 and e > 0 else f"{base}^({e})"


def term_text(c: Fraction, m: Mono, w: Word, rows: str = ONE) -> str:
    """One term in our language, a minus sign first if it has one."""
    up = [power_text(a, e) for a, e in m if e > 0] + [l.key for l in w]
    down = [power_text(a, -e) for a, e in m if e < 0]
    if not w and rows != ONE:
        up.append(f"eye({rows})")
    if abs(c.numerator) != 1 or not up:
        up.insert(0, str(abs(c.numerator)))
    if c.denominator != 1:
        down.insert(0, str(c.denominator))
    # a division must come after scalars only, or at the very end of a product: matrices may stand before it
    text = "*".join(up) + "".join(f"/{d}" if d.isalnum() or d[0] == "(" or "*" not in d else f"/({d})" for d in down)
    return "-" + text if c < 0 else text
