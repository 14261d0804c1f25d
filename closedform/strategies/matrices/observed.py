"""A formula from a theorem, run: its emitted code on random data must not be beaten by feasible neighbours.

Neighbours are the code's own answers for slightly different data, where the data that the constraints speak of stay as
they are: such answers are feasible for the first data too. This observes, it proves nothing; but it catches a theorem
applied with a wrong sign, order or scale, and then the formula is withheld.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

import numpy as np

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.letters import ONE, Letter, Unsupported
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.attempt import Finding, finding
from closedform.emit.auxiliaries import AUXILIARIES
from closedform.emit.source import Source, compiled, identifier
from closedform.reading.data.handed import is_tuple
from closedform.stationarity.matrix import MatrixSystem
from closedform.strategies.matrices.equations.certificate import sizes_of

NEIGHBOURS = 12


def observe(system: MatrixSystem, source: str) -> Finding | None:
    """What was observed, None where nothing could be tried; raises ``ArithmeticError`` when a neighbour is better."""
    names = system.names
    if system.rules:  # random data do not satisfy equations
        return None
    try:
        measure = loss_function(system)
    except Unsupported:
        return None
    solve = compiled(source)
    rng = np.random.default_rng(0)
    fixed = frozenset[str]().union(*(c.left.names for c in system.constraints))
    sizes = sizes_of(system)
    data = drawn(system, sizes, rng)
    if data is None:
        return None
    shape = {n: a.shape for n, a in data.items() if _is_array(a)}
    extra = {s: v for s, v in sizes.items() if s not in data}
    movable = [n for n in shape if n in system.loss.names and n not in fixed]
    if not movable:
        return None
    try:
        with np.errstate(all="ignore"):
            best = measure(data, extra, solve(**data, **extra))
            for i in range(NEIGHBOURS):
                near = dict(data)
                for n in movable:
                    other = _random(rng, shape[n], names.flags.get(n, frozenset()), n in system.facts.positive)  # type: ignore[arg-type]
                    near[n] = data[n] + (0.3, 0.02)[i % 2] * other
                value = measure(data, extra, solve(**near, **extra))
                if value < best - 1e-7 * (1 + abs(best)):
                    raise ArithmeticError(f"the formula was beaten by a feasible neighbour: {value:.12g} < {best:.12g}")
    except (ValueError, TypeError, KeyError, np.linalg.LinAlgError):
        return None
    where = ", ".join(f"{k} = {v}" for k, v in sizes.items())
    return finding("not beaten by neighbours", "observed", sizes=where, neighbours=NEIGHBOURS)


def _is_array(value: object) -> TypeGuard[np.ndarray]:
    return isinstance(value, np.ndarray)


def drawn(system: MatrixSystem, sizes: Mapping[str, int], rng: np.random.Generator) -> dict[str, Any] | None:
    """Random data with the declared properties at these sizes; None where a size is not known."""
    names, out = system.names, dict[str, Any]()
    for n, (r, c) in names.shapes.items():
        if n in system.unknowns:
            continue
        rows, cols = _size(r, sizes), _size(c, sizes)
        if rows is None or cols is None:
            return None
        out[n] = _random(rng, (rows, cols), names.flags.get(n, frozenset()), n in system.facts.positive)
    for n in system.problem.parameters:
        if n not in out:
            out[n] = sizes.get(n, 2) if n in sizes or n in _bounds(system) else float(rng.uniform(0.5, 1.5))
    return out


def has_value(system: MatrixSystem, values: Mapping[str, Poly], draws: int = 6) -> bool:
    """Was every matrix that the formulas invert invertible at some sizes, for random data with the declared properties?

    A formula for which this fails is not claimed: it may have no value at all. What cannot be evaluated has none.
    """
    pivots = list(dict.fromkeys(q for p in values.values() for q in _inverted(p)))
    source = Source(system, "")
    try:
        codes = [source.poly(q) for q in pivots]
    except Unsupported:
        return False
    head = "import warnings\nimport numpy as np\n" + "\n".join(AUXILIARIES[name] for name in source.used)
    space: dict[str, Any] = {}
    exec(compile(head, "<closedform pivots>", "exec"), space)
    for trial in range(draws):
        sizes, rng = sizes_of(system, values.values(), str(trial)), np.random.default_rng(trial)
        at: dict[str, Any] = dict(sizes)
        for n in sorted({*(x for p in pivots for x in p.names), *(a for a in source.arguments)}):
            rows, cols = (_size(s, sizes) for s in system.names.shapes.get(n, (ONE, ONE)))
            if rows is None or cols is None:
                return False
            drawn = _random(rng, (rows, cols), system.flags(n), n in system.facts.positive | system.facts.nonnegative)
            at.setdefault(n, drawn if n in system.names.shapes else float(drawn[0, 0]))
        here = {**space, **{identifier(n): v for n, v in at.items()}}
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = [np.atleast_2d(eval(compile(c, "<closedform pivot>", "eval"), here)) for c in codes]
        except (ValueError, np.linalg.LinAlgError):
            continue
        if all(np.isfinite(a).all() and np.linalg.cond(a) < 1e10 and np.abs(a).max() > 1e-10 for a in found):
            return True
    return False


def _inverted(p: Poly) -> Iterator[Poly]:
    """The matrices and scalars that the formula inverts, inner ones too."""
    for m, word in p.terms:
        for x in (*word, *(a for a, _ in m)):
            for a in x.args:
                if isinstance(a, Poly):
                    yield from _inverted(a)
                elif is_tuple(a):  # the word of a trace
                    for l in a:
                        yield from _inverted(w.of_letter(l))
            if isinstance(x, Letter) and x.kind == "inv":
                yield x.args[0]
        for a, e in m:
            if e < 0:
                yield w.of_atom(a)


def loss_function(system: MatrixSystem) -> Any:
    """The loss as a function of the data, the sizes and the answer."""
    source = Source(system, "")
    source.solved |= set(system.unknowns)
    code = source.poly(system.loss)
    head = "import warnings\nimport numpy as np\n" + "\n".join(AUXILIARIES[name] for name in source.used)
    space: dict[str, Any] = {}
    names = [*system.names.shapes, *system.problem.parameters, *system.unknowns]
    renamed = {n: identifier(n) for n in names}
    exec(compile(head, "<closedform loss>", "exec"), space)
    whole = compile(code, "<closedform loss>", "eval")

    def measure(data: dict[str, Any], sizes: dict[str, int], answer: dict[str, Any]) -> float:
        at = {renamed.get(k, identifier(k)): v for k, v in {**sizes, **data, **answer}.items()}
        for k, v in at.items():
            if isinstance(v, np.ndarray) and v.ndim == 1:
                at[k] = v.reshape(-1, 1)
        return float(np.asarray(eval(whole, {**space, **at})).reshape(()))

    return measure


def _size(s: str, sizes: Mapping[str, int]) -> int | None:
    if s in (ONE, "one_") or s.isdigit():  # a column read as a matrix of one column: see low_rank
        return 1 if s == "one_" else int(s)
    if s in sizes:
        return sizes[s]
    parts = s.split("*")
    return int(np.prod([sizes[p] for p in parts])) if all(p in sizes for p in parts) else None


def _bounds(system: MatrixSystem) -> set[str]:
    return {c.bound for c in system.constraints if c.bound}


def _random(rng: np.random.Generator, shape: tuple[int, int], flags: frozenset[str], positive: bool) -> np.ndarray:
    a = rng.normal(size=shape)
    if "orth" in flags:
        return np.linalg.qr(a)[0]
    if "diag" in flags:
        return np.diag(np.abs(np.diag(a)) + 0.1)
    if flags & {"spd", "psd"}:
        return a @ a.T + 0.1 * np.eye(len(a)) * ("spd" in flags)
    if "sym" in flags:
        return a + a.T
    return np.abs(a) + 0.1 if positive else a
