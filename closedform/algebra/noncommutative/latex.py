"""Noncommutative polynomials as LaTeX, in the order and with the common factors of their text."""

from __future__ import annotations

import re
from fractions import Fraction

from closedform.algebra.noncommutative.letters import ONE, Atom, Letter, Mono
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.algebra.noncommutative.text import Text

_GREEK = frozenset(
    [
        "alpha",
        "beta",
        "gamma",
        "delta",
        "epsilon",
        "zeta",
        "eta",
        "theta",
        "iota",
        "kappa",
        "lambda",
        "mu",
        "nu",
        "xi",
        "pi",
        "rho",
        "sigma",
        "tau",
        "upsilon",
        "phi",
        "chi",
        "psi",
        "omega",
        "Gamma",
        "Delta",
        "Theta",
        "Lambda",
        "Xi",
        "Pi",
        "Sigma",
        "Phi",
        "Psi",
        "Omega",
    ]
)

_ALIAS = {"lam": "lambda", "al": "alpha", "sig": "sigma", "eps": "epsilon"}


def latex(p: Poly) -> str:
    return _Latex().poly(p)


class _Latex(Text):
    times, dot = " ", r" \odot "

    def over(self, p: Poly) -> str:
        return rf" \oslash {self.factor(p)}"

    def parens(self, text: str) -> str:
        return rf"\left({text}\right)"

    def name(self, text: str) -> str:
        base, _, digits = re.fullmatch(r"(.*?)(_?)(\d*)", text).groups()  # type: ignore[union-attr]
        base = _ALIAS.get(base, base)
        shown = rf"\{base}" if base in _GREEK else base if len(base) == 1 else rf"\mathrm{{{base}}}".replace("_", r"\_")
        return f"{shown}_{{{digits}}}" if digits else shown

    def zeros(self, rows: str, cols: str) -> str:
        return rf"0_{{{rows} \times {cols}}}"

    def eye(self, n: str) -> str:
        return f"I_{{{n}}}"

    def attach(self, c: Fraction, m: Mono, body: str) -> str:
        up, down = self.fraction(c, m)
        text = " ".join([*up, body] if body not in ("", "1") or not up else up)
        return rf"\frac{{{text}}}{{{' '.join(down)}}}" if down else text

    def power(self, a: Atom, e: Fraction) -> str:
        shown = self.poly(a.args[0]) if a.kind == "poly" else self.atom(a)
        if e == Fraction(1, 2):
            return rf"\sqrt{{{shown}}}"
        if a.kind == "poly":
            shown = self.parens(shown)
        if e == 1:
            return shown
        return f"{shown}^{{{e}}}" if a.kind in ("name", "poly") else f"{self.parens(shown)}^{{{e}}}"

    def atom(self, a: Atom) -> str:
        if a.kind == "name":
            return self.name(a.args[0])
        if a.kind == "num":
            return str(a.args[0])
        if a.kind == "tr":
            body = " ".join(map(self.letter, a.args[0]))
            return body if a.args[0][0].rows == ONE else rf"\operatorname{{tr}}\left({body}\right)"
        if a.kind == "logdet":
            return rf"\log\det {self.parens(self.poly(a.args[0]))}"
        if a.kind == "fn":
            return rf"\operatorname{{{a.args[0]}}}{self.parens(self.poly(a.args[1]))}"
        if a.kind in ("det", "rank", "nuclear"):
            return rf"\operatorname{{{a.kind}}}{self.parens(self.poly(a.args[0]))}"
        return a.key

    def letter(self, l: Letter) -> str:
        kind, args = l.kind, l.args
        if kind == "name":
            text = self.name(args[0])
        elif kind == "ones":
            text = rf"\mathbf{{1}}_{{{args[0]}}}"
        elif kind == "inv":
            inner = self.poly(args[0])
            return f"{inner}^{{-1}}" if re.fullmatch(r"\\?\w+(_\{\w+\})?", inner) else f"{self.parens(inner)}^{{-1}}"
        elif kind == "fn":
            f = {"sigmoid": r"\sigma", "exp": r"\exp", "log": r"\log", "recip": "1/"}.get(
                args[0], rf"\operatorname{{{args[0]}}}"
            )
            return f"{f}{self.parens(self.poly(args[1]))}"
        elif kind == "had":
            return self.hadamard(list(args))
        elif kind == "kron":
            return self.parens(rf"{self.factor(args[0])} \otimes {self.factor(args[1])}")
        elif kind == "khatrirao":
            text = self.parens(rf"{self.factor(args[0])} \odot_{{KR}} {self.factor(args[1])}")
        else:
            text = rf"\operatorname{{{kind}}}" + self.parens(
                ", ".join(self.poly(a) if isinstance(a, Poly) else a for a in args)
            )
        return text + r"^\top" if l.t else text

    def factor(self, p: Poly) -> str:
        text = self.poly(p)
        return self.parens(text) if self.is_sum(text) else text
