"""The solver of a loss of matrices: its gradient and Hessian by matrix calculus, as NumPy source that stands alone.

The gradient is the program of the loss run backwards; the Hessian is applied to one direction at a time, the gradient's own
derivative along it, and so needs no formula for its entries.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from closedform.algebra.noncommutative.letters import ONE, Atom, Letter, ShapeFault, Unsupported
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.emit.auxiliaries import AUXILIARIES
from closedform.emit.iterative.forms import WIDTH, CodePrinter, Reader, symbols
from closedform.emit.iterative.program import Program
from closedform.emit.iterative.source import Iteration, define, through_widths, with_auxiliaries
from closedform.emit.iterative.trees import NoCode
from closedform.emit.source import Source, identifier, summary_of
from closedform.problem import Problem
from closedform.stationarity.matrix import MatrixSystem, matrix_system

RESTARTS = 5
KEPT = frozenset({"sym", "spd", "psd", "diag", "orth", "integer", "complex"})  # what an iteration cannot keep


def iteration(problem: Problem, *, smooth: bool = True) -> Iteration:
    """The solver of a minimisation among matrices; raises ``NoCode`` with one sentence where there is none."""
    try:
        system = matrix_system(problem.minimised() if smooth else problem)
        return _MatrixAssembly(system, smooth).whole()
    except (Unsupported, ShapeFault) as fault:
        raise NoCode(str(fault)) from None


@dataclass
class _Made:
    """One function of the source: its name, its lines, and the names of data, sizes and auxiliaries that it uses."""

    name: str
    lines: list[str]
    names: set[str]
    used: list[str]


class _MatrixAssembly:
    def __init__(self, system: MatrixSystem, smooth: bool) -> None:
        self.system, self.smooth = system, smooth
        self.unknowns = system.unknowns
        if smooth:
            for u in self.unknowns:
                kept = sorted(system.flags(u) & KEPT)
                if kept:
                    raise NoCode(f"{u} is declared {kept[0]}, and a step of the iteration would not keep that")
            if system.problem.constraints:
                raise NoCode("the iteration keeps no constraint after 'subject to'")
        self.program = Program()
        reader = Reader(system, self.program, rounded=smooth)
        assert system.problem.loss is not None
        self.loss = reader(system.problem.loss)
        self.kinked = smooth and reader.kinked
        leaves = [self.program.leaf(u, system.shape(u)) for u in self.unknowns]
        self.gradient = self.program.reverse(self.loss, leaves)
        self.directions = {u: self._fresh(f"d_{u}") for u in self.unknowns}
        moved = {
            x: self.program.leaf(self.directions[u], system.shape(u))
            for x, u in zip(leaves, self.unknowns, strict=True)
        }
        self.turned = self.program.forward(self.gradient, moved)
        self.arguments = list[str]()

    def _fresh(self, name: str) -> str:
        while name in self.system.names.shapes or name in self.system.problem.parameters:
            name += "_"
        return name

    def _made(self, name: str, results: list[int]) -> _Made:
        shapes, parameters = self.system.names.shapes, self.system.problem.parameters
        printer = CodePrinter(
            self.program, {identifier(n) for n in (*shapes, *parameters, *self.directions.values())} | {"T"}
        )
        codes = printer.codes(results)
        if name == "loss":
            last = f"return float({codes[0]})"
        else:
            last = f"return np.concatenate([{', '.join(f'np.ravel({c})' for c in codes)}]).astype(float)"
        return _Made(name, [*printer.lines, last], set(printer.sizes), list(printer.used))

    # -- functions -------------------------------------------------------------------------------------------------

    def whole(self) -> Iteration:
        made = [
            self._made("loss", [self.loss]),
            self._made("gradient", self.gradient),
            self._made("curvature", self.turned),
        ]
        shapes = self.system.names.shapes
        sizes = set(symbols(*(self.system.shape(u) for u in self.unknowns)))
        needed = sizes.union(*(f.names for f in made)) - {WIDTH, *self.directions.values(), *self.unknowns}
        data = [n for n in shapes if n not in self.unknowns and (n in needed)]
        shown = {s for n in data for s in symbols(shapes[n])}
        carriers = [
            n for n in shapes if n not in self.unknowns and n not in data and set(symbols(shapes[n])) & (needed - shown)
        ]
        data = [n for n in shapes if n in data or n in carriers]
        shown = {s for n in data for s in shapes[n] if s.isidentifier()}
        scalars = [p for p in self.system.problem.parameters if p in needed and p not in shapes and p not in shown]
        scalars += sorted(s for s in needed if s not in shapes and s not in scalars and s not in shown)
        self.arguments = [*data, *scalars]
        text = [self._given(data, scalars), self._split()]
        for f in made:
            head = [f'"""{_DOCS[f.name]}"""']
            extra = ["direction"] if f.name == "curvature" else []
            extra += [identifier(a) for a in self.arguments] + (["width"] if self.kinked else [])
            text.append(define(f.name, ["theta", *extra], [*head, *self._unpacked(f), *f.lines]))
        text.append(self._whole_hessian())
        if self.smooth:
            text.insert(0, self._solve())
        used = list(dict.fromkeys(["_read", *(u for f in made for u in f.used)]))
        method = "Newton's method, damped"
        if self.kinked:
            method = "Newton's method on the loss with its kinks rounded off, ever less"
        elif self._is_plain():
            method = "Newton's method, damped: each step is one of iteratively reweighted least squares"
        defined = {name: AUXILIARIES[name].strip("\n") for name in used if name in AUXILIARIES}
        pairs = tuple((a, identifier(a)) for a in self.arguments)
        return Iteration(with_auxiliaries(text, defined), method, pairs, (), self.unknowns)

    def _whole_hessian(self) -> str:
        tail = "".join(f", {identifier(a)}" for a in self.arguments) + (", width" if self.kinked else "")
        lines = [
            '"""All second derivatives, rows of the unknowns one after the other."""',
            f"columns = [curvature(theta, unit{tail}) for unit in np.eye(len(theta))]",
            "return (np.array(columns) + np.array(columns).T) / 2",
        ]
        return define("hessian", ["theta", *(t for t in tail.split(", ") if t)], lines)

    # -- the frame ---------------------------------------------------------------------------------------------------

    def _given(self, data: list[str], scalars: list[str]) -> str:
        shapes, code = self.system.names.shapes, Source(self.system, "")
        checks = [f'("{n}", {identifier(n)}, "{shapes[n][0]}", "{shapes[n][1]}"{code.declared(n)})' for n in data]
        whole = set(symbols(*shapes.values()))
        checks += [f'("{n}", {identifier(n)}, {"int" if n in whole else "float" + code.declared(n)})' for n in scalars]
        names = [identifier(n) for n in (*data, *scalars)]
        if not names:
            return define("given", [], ['"""There are no data."""', "return ()"])
        lines = [
            '"""The data as the functions below take them."""',
            f"{', '.join(names)}, flat = _read({', '.join(checks)})",
            f"return ({', '.join(names)}{',' if len(names) == 1 else ''})",
        ]
        return define("given", names, lines)

    def _split(self) -> str:
        lines, place = ['"""The unknowns in their shapes."""', *self._sizes(), "out, place = {}, 0"], "place"
        for u in self.unknowns:
            rows, cols = self.system.shape(u)
            if (rows, cols) == (ONE, ONE):
                lines += [f'out["{u}"] = theta[{place}]', "place += 1"]
                continue
            r, c = (re.sub(r"[^\W\d]\w*", lambda m: identifier(m[0]), s) for s in (rows, cols))
            lines += [f'out["{u}"] = theta[place:place + {r}*{c}].reshape({r}, {c})', f"place += {r}*{c}"]
        return define("split", ["theta", *(identifier(a) for a in self.arguments)], [*lines, "return out"])

    def _sizes(self) -> list[str]:
        """Lines that read the sizes off the data."""
        out, shapes = list[str](), self.system.names.shapes
        seen = set(self.arguments)
        for n in self.arguments:
            for axis, s in enumerate(shapes.get(n, ())):
                if s.isidentifier() and s not in seen:
                    seen.add(s)
                    out.append(f"{identifier(s)} = {identifier(n)}.shape[{axis}]")
        return out

    def _unpacked(self, f: _Made) -> list[str]:
        tail = "".join(f", {identifier(a)}" for a in self.arguments)
        names = ", ".join(identifier(u) for u in self.unknowns)
        comma = "," if len(self.unknowns) == 1 else ""
        out = [f"{names}{comma} = split(theta{tail}).values()"]
        if f.name == "curvature":
            moved = ", ".join(identifier(self.directions[u]) for u in self.unknowns)
            out.append(f"{moved}{comma} = split(direction{tail}).values()")
        used = {identifier(s) for s in f.names}
        return out + [line for line in self._sizes() if line.partition(" =")[0] in used]

    def _solve(self) -> str:
        arguments = [identifier(a) for a in self.arguments]
        width = ", 1e-11" if self.kinked else ""
        sizes = [f"{' + '.join(self._entries())}"]
        lower = self._lower()
        plain = self._is_plain()
        lines = [
            f'"""{summary_of(self.system)}."""',
            *([f"flat = any(np.ndim(a) == 1 for a in ({', '.join(arguments)},))"] if arguments else ["flat = False"]),
            f"data = given({', '.join(arguments)})",
            *([f"{', '.join(arguments)}{',' if len(arguments) == 1 else ''} = data"] if arguments else []),
            *self._sizes(),
            f"count = {sizes[0]}",
            f"f = lambda theta: loss(theta, *data{width})",
            f"df = lambda theta: gradient(theta, *data{width})",
            *([f"lower = np.concatenate([{', '.join(lower)}])"] if lower else []),
            f"first = {'np.maximum(lower, 0) + 1.0*np.isfinite(lower)' if lower else 'np.zeros(count)'}",
            "with np.errstate(all='ignore'):",
            f"    starts = _starts(start, first, np.ones(count), {0 if plain and not lower else RESTARTS}, f)",
            "    runs = []",
            "    for theta in starts:",
        ]
        keep = ", lower" if lower else ""
        if self.kinked:
            lines += through_widths(keep)
        else:
            lines.append(
                f"        theta, iterations, converged = _newton(f, df, lambda theta: hessian(theta, *data), theta{keep})"
            )
        lines += [
            "        runs.append((theta, iterations, converged))",
            "    best = _best(runs, f)",
            "    values = split(best[0], *data)",
            "    values = {u: v.ravel() if flat and np.shape(v)[1:] == (1,) else v for u, v in values.items()}",
            f"    return _outcome(values, best, f, df{keep})",
        ]
        return define("solve", [*arguments, "start=None"], lines)

    def _entries(self) -> list[str]:
        out = list[str]()
        for u in self.unknowns:
            sizes = [re.sub(r"[^\W\d]\w*", lambda m: identifier(m[0]), s) for s in self.system.shape(u) if s != ONE]
            out.append("*".join(sizes) or "1")
        return out

    def _lower(self) -> list[str]:
        facts = self.system.facts
        held = facts.positive | facts.nonnegative
        if not any(u in held for u in self.unknowns):
            return []
        return [
            f"np.full({n}, {'0.0' if u in held else '-np.inf'})"
            for u, n in zip(self.unknowns, self._entries(), strict=True)
        ]

    def _is_plain(self) -> bool:
        """One unknown that enters affinely whatever is not a square: no other start is worth a try."""
        return len(self.unknowns) == 1 and _enters_once(self.system.loss, frozenset(self.unknowns))


_DOCS = {
    "loss": "The loss.",
    "gradient": "Its derivatives, the unknowns one after the other.",
    "curvature": "How the gradient changes when the unknowns move in a direction.",
}


def _enters_once(p: Poly, own: frozenset[str]) -> bool:
    def words(l: Letter | Atom) -> bool:
        if l.kind == "name":
            return True
        if l.kind == "tr":
            held = [x for x in l.args[0] if x.names & own]
            return (len(held) <= 1 and all(words(x) for x in held)) or (
                all(x.kind == "name" for x in held) and len(held) <= 2
            )
        return all(_enters_once(a, own) for a in l.args if isinstance(a, Poly)) and l.kind in (
            "fn",
            "poly",
            "had",
            "diag",
        )

    for m, word in p.terms:
        held: list[Letter | Atom] = [a for a, _ in m if a.names & own]
        held += [l for l in word if l.names & own]
        squares = len(held) == 2 and all(x.kind == "name" for x in held)
        if (len(held) > 1 and not squares) or not all(words(x) for x in held):
            return False
    return True
