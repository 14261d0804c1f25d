"""A closed form as a Python function: ``report.function()``."""

from __future__ import annotations

import inspect
import keyword
import warnings
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from closedform.emit.definiteness import indefinite
from closedform.emit.execution import executed
from closedform.emit.source import identifier
from closedform.errors import CallError, ConditionError, InputError
from closedform.expression import Node, column_names, free_names, scalar_names
from closedform.frozen import record
from closedform.points import SOUGHT, Kind, Sense
from closedform.problem import Problem
from closedform.reading.language import parse, unparse
from closedform.reading.matrices.arrays import measure
from closedform.report.admissible import OPERATORS, failing, precise, relations
from closedform.report.evaluate import evaluate, real_if_close
from closedform.report.expressions import text_of
from closedform.report.record import ReportRecord

_OTHERS: dict[Sense, tuple[Kind, ...]] = {
    "min": ("global maximum", "local maximum"),
    "max": ("global minimum", "local minimum"),
}


def function_of(report: ReportRecord, sought: bool = False) -> Callable[..., dict[str, Any]]:
    """The function of the closed form; raises ``CallError`` where there is none.

    It gives the minimiser (the maximiser, where that is sought) when the report names one without conditions, and
    else every critical point that exists at the values: which of them is the minimum then depends on the values. With
    ``sought`` it gives, of these, those alone that are or may be the one.
    """
    formula = report.formula
    if formula is not None and formula.numpy and report.problem.level == "matrix":
        compiled(formula.numpy)  # a fault of the source shows here
        return MatrixFunction(report.problem, formula.numpy, formula.conditions)
    without = [set(about["conditions"]) for about in report.verdict.about("falls far out") if sought]
    exact = [
        p for p in report.critical_points if p.exact is not None and not any(c <= set(p.conditions) for c in without)
    ]
    optima = [p for p in exact if p.kind in SOUGHT[report.problem.sense]]
    if len(optima) < len(exact) and not any(not p.conditions for p in optima):
        optima = exact
    given, domain = _stated(report.problem)
    names = (*report.problem.unknowns, *report.problem.parameters)  # I may be one, and is no constant then
    if optima:
        points = tuple({u: parse(text_of(e), names) for u, e in (p.exact or {}).items()} for p in optima)
        conditions = tuple(tuple(relations(p.conditions, names)) for p in optima)
    elif formula is not None:
        points = ({u: parse(e, names) for u, e in formula.unknown.items()},)
        conditions = (tuple(relations(formula.conditions, names)),)
    else:
        raise CallError("there is no closed form, so there is no function of it")
    own = compiled(formula.numpy) if formula is not None and formula.numpy and len(points) == 1 else None
    kinds: tuple[Kind, ...] = tuple(p.kind for p in optima) if sought and optima else ()
    return ScalarFunction(points, conditions, given, domain, own, kinds, report.problem.sense)


def _stated(problem: Problem) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
    """The relations between given names, and those about an unknown."""
    own = set(problem.unknowns)
    stated = [r for r in _flat(problem.relations) if r.head in OPERATORS and len(r.children) == 2]
    return tuple(r for r in stated if not free_names(r) & own), tuple(r for r in stated if free_names(r) & own)


def _flat(stated: Sequence[Node]) -> list[Node]:
    """Relations one by one, conjunctions and chains taken apart."""
    out = list[Node]()
    for r in stated:
        if r.head in ("and", "all"):
            out += _flat(r.children)
        elif len(r.children) > 2:
            out += [Node(r.head, pair) for pair in pairwise(r.children)]
        else:
            out.append(r)
    return out


def compiled(source: str) -> Callable[..., dict[str, Any]]:
    """``solve`` of source that closedform itself emitted."""
    return executed(source)["solve"]


@record
class MatrixFunction:
    """A matrix formula as a function of arrays, by the names of the problem; those that it does not need are ignored.

    Sizes that stand only in products or in ``eye(p)`` are deduced from the arrays where they can be. Raises
    ``ConditionError`` where a stated condition fails at the values, ``CallError`` where a name is missing. Where only
    the rank of a least-squares design is short, the minimiser of least norm is given with a warning.
    """

    problem: Problem
    source: str
    conditions: tuple[str, ...] = ()

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names that have to be given, as in the loss."""
        code = compiled(self.source).__code__
        wanted = code.co_varnames[: code.co_argcount]
        known = {identifier(n): n for n in (*self.problem.shapes, *self.problem.parameters)}
        odd = [n for n in known.values() if keyword.iskeyword(n)] if code.co_flags & 8 else []
        return (*(known.get(n, n) for n in wanted), *odd)

    def __call__(self, **given: Any) -> dict[str, Any]:
        given = {k: v.toarray() if hasattr(v, "toarray") else v for k, v in given.items()}
        shapes = {k: s for k, s in self.problem.shapes.items() if k in given and k not in self.problem.unknowns}
        try:
            arrays = {k: np.asarray(v, dtype=np.float64) for k, v in given.items() if k in shapes}
            sizes = measure({k: a for k, a in arrays.items() if 0 < a.ndim < 3}, shapes)
        except InputError as fault:
            raise ConditionError(str(fault)) from None
        except (TypeError, ValueError):
            sizes = {}  # the emitted code names the fault
        values = {**sizes, **given}
        self._check(values, shapes)
        missing = [n for n in self.parameters if n not in values]
        if missing:
            raise CallError(f"the formula needs {', '.join(missing)}")
        fault = indefinite(self.problem, self.conditions, values)
        if fault is not None:
            raise ConditionError(f"the condition {fault}")
        solve = compiled(self.source)
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            try:
                out = solve(**{n if keyword.iskeyword(n) else identifier(n): values[n] for n in self.parameters})
            except (ValueError, np.linalg.LinAlgError) as fault:
                raise ConditionError(str(fault) or type(fault).__name__) from None
        for warning in heard:
            if "singular to working precision" in str(warning.message):
                raise ConditionError(f"a matrix that the formula inverts is singular at these values{self._stated()}")
        for name, value in out.items():
            if not np.isfinite(value).all():
                raise ConditionError(f"the formula has no finite value of {name} at these values{self._stated()}")
        for warning in heard:
            if not issubclass(warning.category, RuntimeWarning) or "encountered" not in str(warning.message):
                warnings.warn(warning.message, warning.category, stacklevel=2)
        return out

    def _stated(self) -> str:
        return f"; its conditions: {'; '.join(self.conditions)}" if self.conditions else ""

    def _check(self, values: dict[str, Any], shapes: Mapping[str, object]) -> None:
        """The relations between numbers, and definiteness that was declared of arrays."""
        numbers = {
            k: float(np.asarray(v))
            for k, v in values.items()
            if k not in shapes and np.size(v) == 1 and not isinstance(v, str)
        }
        for relation in self.problem.relations:
            names = scalar_names(relation)
            if names <= numbers.keys() and not column_names(relation) and not evaluate(relation, numbers, {}):
                at = ", ".join(f"{n} = {numbers[n]:g}" for n in sorted(names))
                raise ConditionError(f"the condition {unparse(relation)} fails at {at}")
        for name, words in self.problem.properties.items():
            array = np.asarray(values[name], dtype=np.float64) if name in shapes else None
            if array is None or not words & {"spd", "psd"} or array.ndim != 2 or array.shape[0] != array.shape[1]:
                continue
            if not np.isfinite(array).all():
                raise ConditionError(f"{name} has NaN or infinite entries")
            least, most = np.linalg.eigvalsh((array + array.T) / 2)[[0, -1]]
            small = len(array) * np.finfo(np.float64).eps * max(abs(least), abs(most))
            if np.abs(array - array.T).max() > 1e-8 * np.abs(array).max():
                raise ConditionError(f"{name} must be symmetric")
            if least < -small or ("spd" in words and least <= small):
                kind = "positive definite" if "spd" in words else "positive semidefinite"
                raise ConditionError(f"{name} must be {kind}; its least eigenvalue is {least:.3g}")


@record
class ScalarFunction:
    """A scalar closed form as a function of its parameters, in floating point, vectorised.

    ``f(a=1.0, b=...)`` returns the unknowns by name. Parameters may be arrays that broadcast; data columns (``x[i]``
    in the formula) are one-dimensional, and ``n`` is their length unless it is given. Names that the formula does not
    need are ignored. With several points the first axis counts those whose conditions hold at the values; of these the
    optima alone, where ``kinds`` name an optimum.

    Raises ``ConditionError`` where an assumption of the problem fails, where no point's conditions hold, and where the
    formula has no finite real value or leaves the domain: it never returns nan, infinity or a complex number.
    """

    points: tuple[dict[str, Node], ...]
    conditions: tuple[tuple[Node, ...], ...] = ()
    given: tuple[Node, ...] = ()
    domain: tuple[Node, ...] = ()
    own: Callable[..., dict[str, Any]] | None = None  # emitted code for the one point
    kinds: tuple[Kind, ...] = ()  # of the points, where their conditions hold; none: every point is given
    sense: Sense = "min"

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names that have to be given, columns included."""
        names = set[str]()
        for e in self._expressions():
            names |= scalar_names(e) | column_names(e)
        return tuple(sorted(names))

    def _expressions(self) -> list[Node]:
        return [e for p in self.points for e in p.values()]

    def __call__(self, **given: Any) -> dict[str, Any]:
        stated = [*self.given, *(c for own in self.conditions for c in own)]
        columns = frozenset[str]().union(*(column_names(e) for e in (*self._expressions(), *stated)))
        data = {k: np.asarray(v, dtype=float).reshape(-1) for k, v in given.items() if k in columns}
        lengths = {len(v) for v in data.values()}
        if len(lengths) > 1:
            raise CallError(f"the columns {', '.join(data)} have different lengths")
        values = {k: np.asarray(v) for k, v in given.items() if k not in columns and np.asarray(v).dtype.kind in "biuf"}
        if lengths:
            values.setdefault("n", np.asarray(lengths.pop()))
        missing = [p for p in self.parameters if p not in values and p not in data]
        # an unknown that is free in a family of solutions, or written in terms of another, may itself be in the point
        missing = [m for m in missing if not all(m in p for p in self.points)]
        if missing:
            raise CallError(f"the formula needs {', '.join(missing)}")
        for name, v in (*values.items(), *data.items()):
            if not np.all(np.isfinite(v.astype(float))):
                raise ConditionError(f"{name} is not a finite number")
        fault = failing(self.given, values, data)
        if fault is not None:
            raise ConditionError(fault)
        kept, faults = list[tuple[dict[str, Any], Kind]](), list[tuple[bool, str]]()
        for i, p in enumerate(self.points):
            kind: Kind = self.kinds[i] if self.kinds else "unclassified"
            fault = failing(self.conditions[i], values, data) if self.conditions else None
            free = [u for u, e in p.items() if e.name == u and u not in values]
            fault = fault or (f"any {free[0]} will do; give it a value" if free else None)
            at = self._point(p, values, data) if fault is None else {}
            fault = fault or self._misses(at, values, data)
            if fault is None:
                kept.append((at, kind))
            else:
                faults.append((kind not in SOUGHT[self.sense], fault))
        found = self._sought(kept)
        if not found:
            raise ConditionError(
                min(faults, key=lambda f: f[0])[1] if faults else f"the point is a {kept[0][1]} at these values"
            )
        if len(found) == 1:
            return found[0]
        return {u: np.stack(np.broadcast_arrays(*(f[u] for f in found))) for u in found[0]}

    def _sought(self, kept: list[tuple[dict[str, Any], Kind]]) -> list[dict[str, Any]]:
        """The optima; where one is named and none is here, the points that may be one; all where none is named."""
        best = [at for at, kind in kept if kind in SOUGHT[self.sense]]
        if best or not any(kind in SOUGHT[self.sense] for kind in self.kinds):
            return best or [at for at, _ in kept]
        return [at for at, kind in kept if kind not in ("saddle", *_OTHERS[self.sense])]

    def _misses(self, at: dict[str, Any], values: dict[str, Any], data: dict[str, Any]) -> str | None:
        """Why the numbers are no point of the domain, None when they are."""
        for u, v in at.items():
            if np.iscomplexobj(v) or not np.all(np.isfinite(v)):
                return f"the formula for {u} has no finite real value for these data"
        return failing(self.domain, {**values, **at}, data, slack=True)

    def _point(self, point: dict[str, Node], values: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        """Coordinates may be written in terms of others: worked out in an order that allows it."""
        if self.own is not None:
            wanted = inspect.signature(self.own).parameters
            return self.own(**{k: v for k, v in (*values.items(), *data.items()) if k in wanted})
        out, todo = dict[str, Any](), dict(point)
        while todo:
            ready = [u for u, e in todo.items() if not scalar_names(e) & (todo.keys() - {u})]
            if not ready:
                raise CallError(f"the coordinates {', '.join(todo)} are written in terms of each other")
            for u in ready:
                expression = todo.pop(u)
                free = expression.name == u
                if free:
                    out[u] = values[u]
                    continue
                known = {**values, **out}
                number = precise(expression, known, data)
                with np.errstate(all="ignore"):
                    out[u] = real_if_close(evaluate(expression, known, data)) if number is None else number[()]
        return out
