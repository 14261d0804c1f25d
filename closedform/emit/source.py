"""NumPy source for matrix formulas: readable, standing alone, and numerically good (solves, never inverses).

A ``Source`` collects the lines of one ``solve(...)``. Only the auxiliary functions that are used are printed above it.
Every array is checked once: shapes that do not conform, NaN and infinity raise one clear ``ValueError``.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from closedform.algebra.noncommutative.letters import ADJOINTS, ONE, Atom, Letter, Mono, Unsupported, Word
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.emit.auxiliaries import AUXILIARIES, NUMPY
from closedform.reading.language import unparse
from closedform.stationarity.matrix import MatrixSystem

_RESERVED = frozenset({"np", "warnings", "sizes", "flat", "solve"})


def identifier(name: str) -> str:
    """A Python name for one of ours (``lambda`` becomes ``lambda_``)."""
    return name + "_" if keyword.iskeyword(name) or name in _RESERVED else name


def summary_of(system: MatrixSystem) -> str:
    """The first line of the emitted docstring: printable characters of the loss only, so that it cannot end the string."""
    problem = system.problem
    text = unparse(problem.loss) if problem.catalogue and problem.loss is not None else " ".join(problem.source.split())
    return f"Minimise {text[:200]}".replace("\\", "").replace('"', "")


def _plain(text: str) -> str:
    """Text that may stand between single quotes."""
    return text.replace("\\", "").replace("'", "\\'")


class Source:
    """The body of ``solve`` under construction."""

    def __init__(self, system: MatrixSystem, summary: str) -> None:
        self.system, self.summary = system, summary
        self.lines: list[str] = []
        self.used: list[str] = []
        self.needed: list[str] = []  # sizes as local variables
        self.arguments: list[str] = []
        self.taken = {identifier(n) for n in (*system.names.shapes, *system.problem.parameters, *system.unknowns)}
        self.solved: set[str] = set()  # unknowns that have a value by now

    # -- pieces of code ------------------------------------------------------------------------------------------

    def line(self, text: str) -> None:
        self.lines.append(text)

    def fresh(self, wish: str) -> str:
        name = wish
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name

    def let(self, wish: str, code: str) -> str:
        name = self.fresh(wish)
        self.line(f"{name} = {code}")
        return name

    def locals(self, names: str) -> list[str]:
        """Fresh local variables, named like the wishes where those are free."""
        return [self.fresh(n) for n in names.split()]

    def call(self, auxiliary: str, *args: str) -> str:
        if auxiliary not in self.used:
            self.used.append(auxiliary)
        return f"{auxiliary}({', '.join(args)})"

    def name(self, name: str) -> str:
        if name not in self.solved and name not in self.arguments and name not in self.needed:
            (self.needed if name in self.sizes() else self.arguments).append(name)
        return identifier(name)

    def sizes(self) -> dict[str, str]:
        """Size symbols that a datum shows, with the code that reads them."""
        out = dict[str, str]()
        for name, (rows, cols) in self.system.names.shapes.items():
            if name in self.system.unknowns:
                continue
            for axis, s in enumerate((rows, cols)):
                if s.isidentifier() and s not in out:
                    out[s] = name, axis  # type: ignore[assignment]
        return {s: f"{identifier(n)}.shape[{axis}]" for s, (n, axis) in out.items()}  # type: ignore[misc]

    def size(self, n: str) -> str:
        if n == "one_":  # the inner size of a product of columns: see matrix_low_rank
            return "1"
        return re.sub(r"[^\W\d]\w*", lambda m: self.name(m[0]), n)

    # -- from words ----------------------------------------------------------------------------------------------

    def poly(self, p: Poly) -> str:
        """Code of a polynomial; sums are not in parentheses."""
        if p.zero:
            return "0.0" if p.scalar else f"np.zeros(({self.size(p.rows)}, {self.size(p.cols)}))"
        out = ""
        for (m, word), c in sorted(
            p.terms.items(), key=lambda t: (t[1] < 0, len(t[0][0]), -len(t[0][1]), [l.key for l in t[0][1]])
        ):
            text = self.term(abs(c), m, word, p.rows)
            out += (" - " if c < 0 else " + ") + text if out else ("-" if c < 0 else "") + text
        return out

    def factor(self, p: Poly) -> str:
        text = self.poly(p)
        return (
            f"({text})"
            if len(p.terms) > 1 or text.startswith("-") or " @ " in text or "*" in text or "/" in text
            else text
        )

    def term(self, c: Fraction, m: Mono, word: Word, rows: str) -> str:
        up = [self.power(a, e) for a, e in m if e > 0]
        down = [self.power(a, -e) for a, e in m if e < 0]
        if c.numerator != 1 or not (up or word or rows != ONE):
            up.insert(0, str(c.numerator))
        if c.denominator != 1:
            down.insert(0, str(c.denominator))
        body = self.word(word) if word else "" if rows == ONE else f"np.eye({self.size(rows)})"
        if body and (up or down) and (" @ " in body):
            body = f"({body})"
        front = "*".join([*up, *([body] if body else [])]) or "1"
        return front + "".join(f"/{d}" for d in down)

    def power(self, a: Atom, e: Fraction) -> str:
        base = self.atom(a)
        if e == 1:
            return base
        if e == Fraction(1, 2):
            return f"np.sqrt({base})"
        return f"{base}**{e}" if e.denominator == 1 else f"{base}**({e})"

    def atom(self, a: Atom) -> str:
        if a.kind == "name":
            return self.name(a.args[0])
        if a.kind == "const":
            return f"np.{a.args[0]}"
        if a.kind == "size":
            return f"({self.size(a.args[0])})"
        if a.kind == "num":
            return f"({a.args[0]})"
        if a.kind == "poly":
            return f"({self.poly(a.args[0])})"
        if a.kind == "tr":
            word = a.args[0]
            back = tuple(l.T for l in reversed(word))
            if len(word) == 2 and word[1] == word[0].T:
                return f"np.sum({self.letter(word[1])}**2)"
            if word[0].rows == ONE:
                return f"({self.word(word if any(l.kind == 'inv' for l in word) or len(word) < 3 else back)}).item()"
            return f"np.trace({self.word(word)})"
        if a.kind == "logdet":
            return f"np.linalg.slogdet({self.poly(a.args[0])})[1]"
        if a.kind == "det":
            return f"np.linalg.det({self.poly(a.args[0])})"
        if a.kind == "nuclear":
            return f"np.linalg.norm({self.poly(a.args[0])}, 'nuc')"
        if a.kind == "fn" and a.args[0] in NUMPY:
            return f"{NUMPY[a.args[0]]}({self.poly(a.args[1])})"
        raise Unsupported(f"no NumPy code for {a.key}")

    def word(self, word: Word) -> str:
        for i, l in enumerate(word):
            if l.kind != "inv":
                continue
            left, right = word[:i], word[i + 1 :]
            inner: Poly = l.args[0]
            pole = self.diagonal_of(inner)
            if right:
                rest = self.word(right)
                body = f"({rest}) / {pole}" if pole else self.call("_solve", self.poly(inner), rest)
                return f"{self.word(left)} @ {body}" if left else body
            if left:
                rest = self.word(tuple(x.T for x in reversed(left)))
                return f"(({rest}) / {pole}).T" if pole else self.call("_solve", self.poly(inner.T), rest) + ".T"
            return self.call("_solve", self.poly(inner), f"np.eye({self.size(l.rows)})")
        if len(word) > 1 and word[0].kind == "diag":
            v = self.factor(word[0].args[0])
            rest = self.word(word[1:])
            return f"({v} * ({rest}))" if " @ " in rest else f"({v} * {rest})"
        if len(word) > 1 and word[-1].kind == "diag":
            rest = self.word(word[:-1])
            return f"(({rest}) * ({self.poly(word[-1].args[0])}).T)"
        for i, l in enumerate(word):
            if l.kind == "diag" and i > 0:
                return f"{self.word(word[:i])} @ {self.word(word[i:])}"
        if len(word) > 2 and word[-1].cols == ONE:  # a matrix meets a column, not a matrix
            return f"{self.letter(word[0])} @ ({self.word(word[1:])})"
        return " @ ".join(self.letter(l) for l in word)

    def diagonal_of(self, p: Poly) -> str | None:
        """The column v as code where ``p`` is diag(v)."""
        s = p.single()
        return (
            f"({self.poly(s[2][0].args[0])})"
            if s and s[:2] == (1, ()) and len(s[2]) == 1 and s[2][0].kind == "diag"
            else None
        )

    def letter(self, l: Letter) -> str:
        kind, args = l.kind, l.args
        if kind == "name":
            return self.name(args[0]) + (".T" if l.t else "")
        if kind == "ones":
            n = self.size(args[0])
            return f"np.ones((1, {n}))" if l.t else f"np.ones(({n}, 1))"
        if kind == "had":
            return f"({' * '.join(self.factor(a) for a in args)})"
        if kind == "diag":
            return f"np.diag(({self.poly(args[0])}).ravel())"
        if kind == "diagonal":
            code = f"np.diag({self.poly(args[0])}).reshape(-1, 1)"
        elif kind == "fn":
            code = self.function(args[0], self.poly(args[1]))
        elif kind == "kron":
            code = f"np.kron({self.poly(args[0])}, {self.poly(args[1])})"
        elif kind in ADJOINTS:
            code = self.call(f"_{kind}", self.poly(args[0]), self.poly(args[1]))
        elif kind == "khatrirao":
            code = self.call("_khatrirao", self.poly(args[0]), self.poly(args[1]))
        elif kind == "vec":
            code = f"({self.poly(args[0])}).reshape(-1, 1, order='F')"
        elif kind == "unvec":
            code = f"({self.poly(args[0])}).reshape({self.size(args[1])}, {self.size(args[2])}, order='F')"
        elif kind == "inv":
            return self.word((l,))
        else:
            raise Unsupported(f"no NumPy code for {kind}")
        return code + ".T" if l.t else code

    def function(self, f: str, code: str) -> str:
        if f in NUMPY:
            return f"{NUMPY[f]}({code})"
        if f == "sigmoid":
            return f"(1 / (1 + np.exp(-({code}))))"
        if f == "softplus":
            return f"np.logaddexp(0, {code})"
        if f == "relu":
            return f"np.maximum({code}, 0)"
        if f == "recip":
            return f"(1 / ({code}))"
        raise Unsupported(f"no NumPy code for {f}")

    # -- the whole -----------------------------------------------------------------------------------------------

    def finish(self, outputs: Mapping[str, str]) -> str:
        """The source: imports, auxiliaries, ``solve``; ``outputs`` maps unknowns to the code of their values."""
        checks_first = [
            self.call(
                "_agree", self.poly(e.left), self.poly(e.right), f"'the assumption {_plain(e.text)} does not hold'"
            )
            for e in self.system.assumed
        ]
        self.lines[:0] = checks_first
        shapes, sizes = self.system.names.shapes, self.sizes()
        column = [u for u in outputs if shapes.get(u, (ONE, ONE)) != (ONE, ONE) and ONE in shapes[u]]
        order = [n for n in [*shapes, *self.system.problem.parameters] if n in self.arguments]
        order += [n for n in self.arguments if n not in order]
        order = [n for n in order if n not in sizes]
        carriers = [
            n
            for n in shapes
            if n not in order
            and n not in self.system.unknowns
            and any(sizes[s].startswith(f"{identifier(n)}.shape") for s in self.needed if s in sizes)
        ]
        order = [n for n in shapes if n in carriers or n in order] + [n for n in order if n not in shapes]
        checks, bounded = list[str](), {s for u in outputs for s in shapes.get(u, ())}
        for n in order:
            if n in shapes and shapes[n] != (ONE, ONE):
                checks.append(f'("{n}", {identifier(n)}, "{shapes[n][0]}", "{shapes[n][1]}"{self.declared(n)})')
            else:
                whole = n in bounded or n in self.whole()
                checks.append(f'("{n}", {identifier(n)}, {"int" if whole else "float" + self.declared(n)})')
        names = ", ".join(identifier(n) for n in order)
        body = [f'"""{self.summary}"""']
        check = f"{names}, flat = _read({', '.join(checks)})"
        if len(check) > 100:
            check = f"{names}, flat = _read(\n        " + ",\n        ".join(checks) + ",\n    )"
        body.append(check)
        for s in self.needed:
            if s in sizes:
                body.append(f"{identifier(s)} = {sizes[s]}")
        body += self.lines
        shown = ", ".join(f'"{u}": {f"_column({code}, flat)" if u in column else code}' for u, code in outputs.items())
        body.append(f"return {{{shown}}}")
        used = ["_read", *(["_column"] if column else []), *self.used]
        needs = [a for name in used for a in (*_NEEDS.get(name, ()), name)]
        defined = [AUXILIARIES[name] for name in dict.fromkeys(needs)]
        head = (
            "import warnings\n\nimport numpy as np" if any("warnings" in d for d in defined) else "import numpy as np"
        )
        odd = [n for n in order if keyword.iskeyword(n)]  # Python has no argument of that name
        body[1:1] = [f'{identifier(n)} = keywords["{n}"]' for n in odd]
        names = ", ".join([identifier(n) for n in order if n not in odd] + ["**keywords"] * bool(odd))
        function = f"def solve({names}):\n" + "\n".join("    " + line for line in body)
        return "\n\n\n".join([head, function, *(d.strip("\n") for d in defined)]) + "\n"

    def declared(self, n: str) -> str:
        """What was declared of a datum and can be checked at sight, as further arguments of ``_read``."""
        facts, words = self.system.facts, self.system.flags(n)
        signs = [">"] if n in facts.positive else [">="] if n in facts.nonnegative else []
        return "".join(f', "{w}"' for w in [*signs, *(["sym"] if words & {"sym", "spd", "psd"} else [])])

    def whole(self) -> set[str]:
        """The names that are sizes, also inside of products (y has n*p rows) and as the bound of a rank."""
        sizes = " ".join(part for shape in self.system.names.shapes.values() for part in shape)
        return {c.bound for c in self.system.constraints if c.bound} | set(re.findall(r"[^\W\d]\w*", sizes))


_NEEDS = {
    "_constrained_least_squares": ("_least_squares",),
    "_constrained": ("_solve",),
    "_two_sided": ("_least_squares",),
    "_sylvester": ("_least_squares", "_by_kronecker", "_diagonalised"),
    "_sylvester_symmetric": ("_least_squares", "_by_kronecker"),
    "_stein": ("_least_squares", "_by_kronecker", "_diagonalised"),
    "_sphere": ("_eigen",),
}


def compiled(source: str) -> Callable[..., dict[str, Any]]:
    """The ``solve`` of an emitted source, called with keywords named as in the loss (``lambda`` included).

    Size symbols given as further keywords (``q=2``) are accepted where ``solve`` does not ask for them.
    """
    space: dict[str, Any] = {}
    exec(compile(source, "<closedform formula>", "exec"), space)  # our own text: see ``Source``
    solve = space["solve"]
    wanted = solve.__code__.co_varnames[: solve.__code__.co_argcount]

    def function(**data: Any) -> dict[str, Any]:
        given = {identifier(k): v for k, v in data.items()}
        missing = [n for n in wanted if n not in given]
        if missing:
            raise ValueError(f"missing data: {', '.join(missing)}; this formula needs {', '.join(wanted)}")
        odd = {k: v for k, v in data.items() if keyword.iskeyword(k)} if solve.__code__.co_flags & 8 else {}
        return solve(**{n: given[n] for n in wanted}, **odd)

    function.__doc__ = solve.__doc__
    return function
