"""Noncommutative polynomials as people write them, with common factors taken out: text in our language."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from flint import Ordering, fmpq_mpoly_ctx

from closedform.algebra.noncommutative.functions import content, divide_mono
from closedform.algebra.noncommutative.letters import ONE, Atom, Letter, Mono, Word, power_text
from closedform.algebra.noncommutative.polynomial import Poly

Term = tuple[Fraction, Mono, Word]


def display(p: Poly) -> str:
    """Text in our language that reads back to ``p``.

    >>> from closedform.algebra.noncommutative.polynomial import symbol
    >>> X, a, y = symbol("X", "n", "k"), symbol("a", "k", "1"), symbol("y", "n", "1")
    >>> display(X.T * X * a - X.T * y)
    "X'*(X*a - y)"
    """
    text = Text()
    return text.bare(text.poly(p))


class Text:
    """What is printed in which order."""

    def poly(self, p: Poly, inner: bool = False) -> str:
        """The text; ``inner``: one group of a sum, where a minus sign in front of parentheses reads well."""
        if p.zero:
            return "0" if p.scalar else f"zeros({p.rows}, {p.cols})"
        c, m = content(p)
        rest = divide_mono(p, c, m)
        terms = [(x, n, word) for (n, word), x in rest.terms.items()]
        if len(terms) == 1:
            x, _n, word = terms[0]
            return self.term(c * x, m, word, p.rows)
        flip = (
            all(x < 0 for x, _, _ in terms) or sum(x < 0 for x, _, _ in terms) * 2 > len(terms)
            if inner
            else (c < 0) != all(c * x < 0 for x, _, _ in terms)  # a minus sign outside only where all terms have one
        )
        if flip:
            c, terms = -c, [(-x, n, word) for x, n, word in terms]
        grouped = self.grouped(terms, p.rows, p.cols)
        if c == 1 and not m:
            return grouped
        if self.is_sum(grouped):
            grouped = self.parens(grouped)
        text = self.attach(abs(c), m, grouped)
        return "-" + text if c < 0 else text

    def grouped(self, terms: list[Term], rows: str, cols: str) -> str:
        head, tail, inside = common(terms)
        column = cols == ONE and not tail
        if (
            (head or tail)
            and len(terms) > 1
            and all(l.kind == "diag" for _, _, word in inside for l in (word[:-1] if column else word))
        ):
            run = next((i for i in range(len(head)) if all(l.kind == "diag" for l in head[i:])), len(head))
            size = head[run].rows if run < len(head) else head[-1].cols if head else rows
            whole = [(x, n, (*head[run:], *word)) for x, n, word in inside]
            factored = self.entrywise(whole, size, ONE if column else size)
            if factored is not None:  # X' diag(s .* (1 - s)) X
                return "*".join([*map(self.letter, head[:run]), factored, *map(self.letter, tail)])
        if (head or tail) and len(terms) > 1:
            outer_rows = head[-1].cols if head else rows
            outer_cols = tail[0].rows if tail else cols
            body = self.grouped(inside, outer_rows, outer_cols) if outer_rows != ONE or outer_cols != ONE else None
            run = next((i for i in range(len(head)) if all(l.kind == "diag" for l in head[i:])), len(head))
            if body is not None and cols == ONE and not tail and run < len(head):
                column = Poly(outer_rows, ONE, {(n, word): x for x, n, word in inside})
                factors = [*(l.args[0] for l in head[run:]), column]
                return "*".join([*map(self.letter, head[:run]), self.hadamard(factors)])
            if body is not None:
                middle = self.parens(body) if self.is_sum(body) else body
                return "*".join([*map(self.letter, head), middle, *map(self.letter, tail)])
        if len(terms) > 1 and (factored := self.entrywise(terms, rows, cols)) is not None:
            return factored
        if any(len(word) == 1 and word[0].kind == "had" for _, _, word in terms) and len(terms) > 1:
            product = self.elementwise(terms, rows, cols)
            if product:
                return product
        groups: dict[str, list[Term]] = {}
        for t in sorted(
            terms, key=lambda t: (t[0] < 0, len(t[1]), -len(t[2]), [l.key for l in t[2]], [a.key for a, _ in t[1]])
        ):
            groups.setdefault(t[2][0].key if len(t[2]) > 1 else f" {len(groups)}", []).append(t)
        parts: list[str] = []
        for group in groups.values():
            if len(group) == 1 or len(group) == len(terms):
                parts += [self.term(x, n, word, rows) for x, n, word in group]
                continue
            one = Poly(rows, cols, {(n, word): x for x, n, word in group})
            parts.append(self.poly(one, inner=len(groups) > 1))
        parts.sort(key=lambda part: part.startswith("-"))
        out = parts[0]
        for part in parts[1:]:
            out += f" - {part[1:].lstrip()}" if part.startswith("-") else f" + {part}"
        return out

    def entrywise(self, terms: list[Term], rows: str, cols: str) -> str | None:
        """A polynomial in the entries of columns, factored (FLINT): ``s .* (1 - s)``; the same of diagonal matrices.

        None where the terms are not of that kind, or have no factors.
        """
        square = cols != ONE
        keys: dict[str, Poly] = {}
        table: list[tuple[Fraction, list[str]]] = []
        for c, m, word in terms:
            column = () if square else word[-1:]
            if m or not (word or square) or any(l.kind != "diag" for l in word[: len(word) - len(column)]):
                return None
            factors = [l.args[0] for l in word[: len(word) - len(column)]]
            factors += [Poly(rows, ONE, {((), column): Fraction(1)})] if column and column[0].kind != "ones" else []
            keys |= {f.key: f for f in factors}
            table.append((c, [f.key for f in factors]))
        if not 1 <= len(keys) <= 8 or max(len(k) for _, k in table) < 2:
            return None
        ring = fmpq_mpoly_ctx.get([f"x{i}" for i in range(len(keys))], Ordering.lex)
        gens = dict(zip(keys, ring.gens(), strict=True))
        whole = ring.constant(0)
        for c, names in table:
            one = ring.constant(1) * c.numerator / c.denominator
            for n in names:
                one = one * gens[n]
            whole = whole + one
        lead, found = whole.factor()
        if len(found) + sum(e > 1 for _, e in found) < 2:
            return None
        number, parts = Fraction(int(lead.p), int(lead.q)), list[tuple[int, str]]()
        for factor, power in found:
            sign, text, size = self._entries(factor, list(keys.values()))
            number *= sign**power
            parts += [(size, text)] * int(power)
        body = " .* ".join(text for _, text in sorted(parts))
        body = f"diag({body})" if square else self.parens(body)
        front = self.attach(abs(number), (), body)
        return "-" + front if number < 0 else front

    def _entries(self, factor: Any, columns: list[Poly]) -> tuple[int, str, int]:
        """A factor with a positive constant, or else first, term: its sign taken out, its text, how many terms it has."""
        terms = [
            ([f for f, e in zip(columns, powers, strict=True) for _ in range(int(e))], Fraction(int(c.p), int(c.q)))
            for powers, c in factor.to_dict().items()
        ]
        terms.sort(key=lambda t: (len(t[0]), [f.key for f in t[0]]))
        constant = next((c for fs, c in terms if not fs), terms[0][1])
        sign = -1 if constant < 0 else 1
        terms.sort(key=lambda t: (t[1] * sign < 0, len(t[0]), [f.key for f in t[0]]))
        out = ""
        for factors, c in terms:
            text = " .* ".join(map(self.factor, factors))
            text = text if len(factors) < 2 or len(terms) == 1 else self.parens(text)
            text = self.attach(abs(c), (), text) if factors else str(abs(c))
            out += (" - " if c * sign < 0 else " + ") + text if out else text
        return sign, self.parens(out) if len(terms) > 1 else out, len(terms)

    def elementwise(self, terms: list[Term], rows: str, cols: str) -> str | None:
        """``Q .* (sum of products of functions)``, where the terms have that form."""
        parts: dict[tuple[str, ...], tuple[list[Poly], dict[tuple[Mono, Word], Fraction]]] = {}
        for c, m, word in terms:
            factors = (
                word[0].args
                if len(word) == 1 and word[0].kind == "had"
                else (Poly(rows, cols, {((), word): Fraction(1)}),)
            )
            functions = [f for f in factors if (x := next(iter(f.terms))[1]) and len(x) == 1 and x[0].kind == "fn"]
            others = [f for f in factors if f not in functions]
            if len(others) != 1:
                return None
            key = (m, next(iter(others[0].terms))[1])
            _, found = parts.setdefault(tuple(f.key for f in functions), (functions, {}))
            found[key] = found.get(key, Fraction(0)) + c
        (_, first), *rest = parts.values()
        ratios = [Fraction(1)]
        for _, other in rest:
            if other.keys() != first.keys():
                return None
            ratio = next(other[k] / first[k] for k in first)
            if any(other[k] != ratio * first[k] for k in first):
                return None
            ratios.append(ratio)
        lists = [list(functions) for functions, _ in parts.values()]
        shared = list[Poly]()
        for f in tuple(lists[0]):  # one that stands twice is shared twice only where all have it twice
            if all(f in x for x in lists):
                shared.append(f)
                for x in lists:
                    x.remove(f)
        total = ""
        for r, x in sorted(zip(ratios, lists, strict=True), key=lambda rx: len(rx[1])):
            body = " .* ".join(self.factor(f) for f in x) or "1"
            body = body if abs(r) == 1 else f"{abs(r)}*{body}"
            total += (" - " if r < 0 else " + ") + body if total else ("-" if r < 0 else "") + body
        pieces = [self.factor(Poly(rows, cols, first)), *(self.factor(f) for f in shared)]
        if len(parts) > 1:
            pieces.append(self.parens(total))
        return self.parens(" .* ".join(pieces))

    def is_sum(self, text: str) -> bool:
        depth = 0
        for i, ch in enumerate(text):
            depth += ch in "([{"
            depth -= ch in ")]}"
            if depth == 0 and ch in "+-" and (i == 0 or text[i - 1] == " "):
                return True
        return False

    def parens(self, text: str) -> str:
        return f"({text})"

    def powers(self, m: Mono) -> tuple[list[str], list[str]]:
        """The factors above and below the line; roots of one order under one root."""
        up, down = list[str](), list[str]()
        roots: dict[Fraction, list[Atom]] = {}
        for a, e in m:
            if abs(e) < 1 and e.numerator in (1, -1):
                roots.setdefault(e, []).append(a)
        for a, e in m:
            group = roots.get(e, [a])
            if a != group[0]:
                continue
            if len(group) == 1:
                (up if e > 0 else down).append(self.power(a, abs(e)))
            else:
                whole = Poly(ONE, ONE, {(tuple((b, Fraction(1)) for b in group), ()): Fraction(1)})
                (up if e > 0 else down).append(self.power(Atom("poly", (whole,)), abs(e)))
        return up, down

    def fraction(self, c: Fraction, m: Mono) -> tuple[list[str], list[str]]:
        """The factors above and below the line of a rational number times powers of scalars."""
        up, down = self.powers(m)
        if c.numerator != 1:
            up.insert(0, str(c.numerator))
        if c.denominator != 1:
            down.insert(0, str(c.denominator))
        return up, down

    def attach(self, c: Fraction, m: Mono, body: str) -> str:
        up, down = self.fraction(c, m)
        below = "*".join(down)
        return "*".join([*up, body]) + (f"/{below}" if self.single(below) else f"/({below})" if below else "")

    def single(self, text: str) -> bool:
        """May the text stand after a division sign as it is: one name, number, call, or thing in parentheses?"""
        head, _, power = text.rpartition("^")
        body = head if head and re.fullmatch(r"\d+|\([-\d/]+\)", power) else text
        return bool(re.fullmatch(r"[\w']+", body)) or (
            bool(re.fullmatch(r"\w*\(.*\)'?", body, re.DOTALL)) and self.closes(body)
        )

    def term(self, c: Fraction, m: Mono, word: Word, rows: str) -> str:
        body = self.word(word) if word else "" if rows == ONE else f"eye({rows})"
        if not body:
            ups = self.powers(m)[0]
            if c.numerator not in (1, -1) or not ups:
                ups = [str(abs(c.numerator)), *ups]
            text = self.attach(Fraction(1, c.denominator), tuple(x for x in m if x[1] < 0), "*".join(ups))
        else:
            text = self.attach(abs(c), m, body)
        return "-" + text if c < 0 else text

    def word(self, word: Word) -> str:
        """A product; ``diag(v)`` before a column as an elementwise product, by ``diag(1/v)`` as a quotient."""
        if len(word) > 1 and word[-1].cols == ONE:
            for i in range(len(word) - 1):
                if word[i].kind == "diag" and all(l.rows != ONE for l in word[i + 1 :]):
                    j = next(k for k in range(i, len(word)) if word[k].kind != "diag" or k == len(word) - 1)
                    factors = [l.args[0] for l in word[i:j]]
                    factors.append(Poly(word[i].cols, ONE, {((), word[j:]): Fraction(1)}))
                    return "*".join([*map(self.letter, word[:i]), self.hadamard(factors)])
        return "*".join(map(self.letter, word))

    def hadamard(self, factors: list[Poly]) -> str:
        """An elementwise product in parentheses, what is divided by behind ``./``."""
        below = [f for f in factors if self.reciprocal(f) is not None]
        above = [f for f in factors if f not in below]
        text = " .* ".join(map(self.factor, above)) or "1"
        for f in below:
            inner = self.reciprocal(f)
            text += "" if inner is None else f" ./ {self.factor(inner)}"
        return self.parens(text)

    def reciprocal(self, p: Poly) -> Poly | None:
        s = p.single()
        letter = s[2][0] if s and s[:2] == (1, ()) and len(s[2]) == 1 else None
        return letter.args[1] if letter is not None and letter.kind == "fn" and letter.args[0] == "recip" else None

    def power(self, a: Atom, e: Fraction) -> str:
        if a.kind == "poly":
            body = f"({self.poly(a.args[0])})"
            return (
                body
                if e == 1
                else f"{body}^{e}"
                if e.denominator == 1
                else f"sqrt{body}"
                if e == Fraction(1, 2)
                else f"{body}^({e})"
            )
        if e == Fraction(1, 2):
            return f"sqrt({self.atom(a)})"
        shown = self.atom(a)
        if e == 1:
            return shown
        return power_text(a, e).replace(a.key, shown, 1)

    def atom(self, a: Atom) -> str:
        if a.kind == "tr":
            body = "*".join(map(self.letter, a.args[0]))
            return body if a.args[0][0].rows == ONE else f"tr({body})"
        if a.kind in ("logdet", "det", "nuclear", "rank"):
            return f"{a.kind}({self.poly(a.args[0])})"
        if a.kind == "fn":
            return f"{a.args[0]}({self.poly(a.args[1])})"
        return a.key

    def letter(self, l: Letter) -> str:
        kind, args = l.kind, l.args
        if kind == "name" or kind == "ones":
            return l.key
        if kind == "fn" and args[0] == "recip":
            return f"(1 ./ {self.factor(args[1])})"
        if kind == "fn":
            return f"{args[0]}({self.bare(self.poly(args[1]))})"
        if kind == "had":
            return self.hadamard(list(args))
        text = ", ".join(self.bare(self.poly(a)) if isinstance(a, Poly) else a for a in args)
        text = f"{'diag' if kind == 'diagonal' else kind}({text})"
        return text + "'" if l.t else text

    def bare(self, text: str) -> str:
        """Without parentheses around the whole of it."""
        return text[1:-1] if text.startswith("(") and text.endswith(")") and self.closes(text) else text

    def factor(self, p: Poly) -> str:
        """One factor of an elementwise product, which binds like * and from the left."""
        text = self.poly(p)
        plain = re.fullmatch(r"[\w']+", text) or (re.fullmatch(r"\w*\(.*\)'?", text) and self.closes(text))
        return text if plain else f"({text})"

    def closes(self, text: str) -> bool:
        """Does the first parenthesis close at the end?"""
        depth = 0
        for i, ch in enumerate(text):
            depth += (ch == "(") - (ch == ")")
            if depth == 0 and ch == ")":
                return i >= len(text) - 2
        return False


def common(terms: list[Term]) -> tuple[Word, Word, list[Term]]:
    """Letters at the front and at the back of every word."""
    words = [word for _, _, word in terms]
    shortest = min(len(word) for word in words)
    i = 0
    while i < shortest and all(word[i] == words[0][i] for word in words):
        i += 1
    j = 0
    while i + j < shortest and all(word[-1 - j] == words[0][-1 - j] for word in words):
        j += 1
    head, tail = words[0][:i], words[0][len(words[0]) - j :]
    return head, tail, [(c, m, word[i : len(word) - j]) for c, m, word in terms]
