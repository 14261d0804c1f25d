"""The ``Report``: everything that was found out about one problem, frozen and picklable."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from closedform.attempt import Attempt, Formula
from closedform.errors import CallError
from closedform.expression import RELATIONS, Node
from closedform.frozen import FrozenMap
from closedform.kernel.certificate import Certificate
from closedform.kernel.claims.matrices import HEADS
from closedform.kernel.document import seal
from closedform.kernel.expression import ARITY, read
from closedform.kernel.infix import infix
from closedform.kernel.reading import Json
from closedform.ladder.verdict import Verdict
from closedform.points import SOUGHT, CriticalPoint, CriticalPoints
from closedform.problem import Problem
from closedform.report.document.answer import DIGITS as SHOWN_DIGITS
from closedform.report.document.brief import brief
from closedform.report.document.whole import compose
from closedform.report.formats import html, latex, text, typeset
from closedform.report.written import text_of
from closedform.statement import tree_of

if TYPE_CHECKING:
    from closedform.emit.inference.statistics import FitStatistics
    from closedform.report.document.blocks import Block
    from closedform.report.pictures.drawing import Drawing
    from closedform.report.solver import GradientFunction, Solver

NO_POINTS = CriticalPoints()
DEFAULT_DIGITS = 30  # that are worked out where no others are asked for
FORMAT = 1  # of the JSON: 1 is the first


@dataclass(frozen=True, repr=False)
class Report:
    """The answer to one call of ``derive``.

    ``gradient`` maps each unknown to a SymPy expression (scalar and sum level) or to text in our language (matrix
    level); so do ``hessian`` (rows of entries) and ``equations``. ``complete`` is true only when it is proved that
    there are no further real critical points. ``counts`` are the numbers of distinct complex and real solutions,
    where known. ``attempts`` is the ladder as it was climbed. ``details`` are named extras for the text: Newton's
    steps under ``"newton"``, the condition number, what a table was like.
    """

    problem: Problem
    gradient: FrozenMap[str, object]
    hessian: tuple[tuple[object, ...], ...] | None
    equations: tuple[object, ...]
    kind: str
    verdict: Verdict
    critical_points: CriticalPoints = NO_POINTS
    complete: bool = False
    counts: FrozenMap[str, int | None] = FrozenMap()
    formula: Formula | None = None
    certificates: tuple[Certificate, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    details: FrozenMap[str, object] = FrozenMap()
    digits: int = 30
    seconds: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "critical_points", CriticalPoints(self.critical_points))

    @property
    def refused(self) -> tuple[str, ...]:
        """What the kernel objected to in certificates of ours: a fault of closedform, exit code 3."""
        return tuple(str(r) for r in self.details.get("refused", ()))  # type: ignore[attr-defined]

    # -- the answer as values ---------------------------------------------------------------------------------------

    @property
    def solution(self) -> Mapping[str, Any] | None:
        """The optimum by name: numbers of a problem in numbers, else the formulas as text; None where none is known.

        >>> from closedform import derive
        >>> derive("x^2 - 2*x").solution
        {'x': 1.0}
        """
        given: Any = self.details.get("solution")
        if given is not None:
            return {u: given[u] for u in self.problem.unknowns if u in given}
        whole, edge = SOUGHT[self.problem.sense]
        best = next((p for kind in (whole, edge) for p in self.critical_points if p.kind == kind), None)
        if best is not None and (best.numbers or best.exact is not None):
            return best.numbers or {u: text_of(v) for u, v in (best.exact or {}).items()}
        return dict(self.formula.unknown) if self.formula is not None and self.verdict.minimiser == "closed" else None

    def to_sympy(self) -> list[dict[Any, Any]]:
        """The critical points as SymPy's ``solve(..., dict=True)`` gives solutions; those without a formula are left out.

        >>> from closedform import derive
        >>> derive("x^2 - 2*x").to_sympy()
        [{x: 1}]
        """
        from sympy import Symbol

        exact = [p.exact for p in self.critical_points if p.exact is not None]
        return [{Symbol(u, real=True): v for u, v in place.items()} for place in exact]

    def to_dataframe(self) -> Any:
        """The critical points as a pandas table: one column an unknown, then kind, loss and what is exact."""
        import pandas as pd  # pyright: ignore[reportMissingImports]

        rows = [
            {
                **p.numbers,
                "kind": p.kind,
                "loss": None if p.loss is None else text_of(p.loss),
                **{f"{u} exactly": text_of(v) for u, v in (p.exact or {}).items()},
            }
            for p in self.critical_points
        ]
        return pd.DataFrame(rows)

    # -- what leaves the program -----------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """JSON of format 1, sealed; ``closedform verify`` refuses it when anything in it is changed."""
        from importlib.metadata import version

        formula, tree = self.formula, tree_of(self.problem)
        document: dict[str, Any] = {
            "format": FORMAT,
            "problem": {
                "source": self.problem.source,
                "loss": _loss_text(self.problem, tree),
                "tree": tree,
                "sense": self.problem.sense,
                "unknowns": list(self.problem.unknowns),
                "parameters": list(self.problem.parameters),
                "domain": domain(self.problem),
                **stated(self.problem),
                "notes": list(self.problem.notes),
            },
            "stationarity": {
                "gradient": {u: text_of(g) for u, g in self.gradient.items()},
                "hessian": None if self.hessian is None else [[text_of(e) for e in row] for row in self.hessian],
                "equations": [text_of(e) for e in self.equations],
                "kind": self.kind,
            },
            "verdict": {
                "outcome": self.verdict.outcome,
                "scope": self.verdict.scope,
                "expression_class": self.verdict.expression_class,
                "minimiser": self.verdict.minimiser,
                "statements": [
                    {
                        "text": s.text,
                        "trust": s.trust,
                        "assuming": list(s.assuming),
                        "reference": s.reference,
                        "certificate": s.certificate,
                    }
                    for s in self.verdict.statements
                ],
            },
            "critical_points": [_point(p) for p in self.critical_points],
            "complete": self.complete,
            "counts": {"complex": self.counts.get("complex"), "real": self.counts.get("real")},
            "formula": None
            if formula is None
            else {
                "unknown": dict(formula.unknown),
                "latex": formula.latex,
                "conditions": list(formula.conditions),
                "certificate": formula.convexity,
                "cost": dict(formula.cost),
                "numpy": formula.numpy,
            },
            "certificates": [c.to_dict() for c in self.certificates],
            "attempts": [
                {"strategy": a.strategy, "outcome": a.outcome, "reason": a.reason, "seconds": round(a.seconds, 6)}
                for a in self.attempts
            ],
            "environment": {"version": version("closedform"), "seed": self.seed},
        }
        if "witness data" in self.details:
            given: Any = self.details["witness data"]
            document["witness"] = {name: list(entries) for name, entries in given.items()}
        if "solution" in self.details:
            document["solution"] = self.details["solution"]
        document["seal"] = seal(document)
        return document

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    def to_text(
        self,
        width: int | None = None,
        *,
        colour: bool = False,
        steps: bool = False,
        full: bool = False,
        digits: int | None = None,
    ) -> str:
        """For a terminal of ``width`` columns: what matters; ``full`` has every statement and what was tried.

        ``steps`` shows the way to the answer. Numbers have 12 digits; when ``digits`` are given here or were in
        ``derive``, as many, and with ``full`` each has its proved radius.
        """
        asked = digits or (self.digits if self.digits != DEFAULT_DIGITS else None)
        way = self._steps() if steps else ()
        if full:
            return text.render(compose(self, way, None if asked else SHOWN_DIGITS), width, colour)
        return text.render(brief(self, asked or SHOWN_DIGITS, way), width, colour)

    def _steps(self) -> tuple[Block, ...]:
        from closedform.report.document.steps import (
            steps,  # it works with SymPy, which a short report of matrices does not need
        )

        return steps(self)

    def to_latex(self, *, steps: bool = False) -> str:
        """A LaTeX document that compiles as it stands; ``steps`` shows the way to the answer."""
        return latex.render(compose(self, self._steps() if steps else ()))

    def to_html(self, *, steps: bool = False) -> str:
        """A page that stands alone and works offline; ``steps`` shows the way to the answer."""
        return html.render(compose(self, self._steps() if steps else ()), self._picture())

    def _picture(self) -> bytes | None:
        """The plot as PNG, where there is something to draw and matplotlib to draw it."""
        try:
            return self.plot()._repr_png_()
        except CallError:
            return None

    def function(self) -> Callable[..., dict[str, Any]]:
        """The closed form as a function of the data and parameters, by name: ``f(X=X, y=y, lam=0.1) -> {"a": array}``.

        Numerically good for matrices (never an explicit inverse). Raises ``CallError`` where there is no closed form.
        """
        from closedform.report.function import function_of

        return function_of(self)

    def statistics(self, covariance: str = "nonrobust", *, level: float = 0.95, student: bool = True) -> FitStatistics:
        """Of linear least squares on data: standard errors, tests, intervals, R^2, F, the likelihood; ``print`` has a table.

        ``covariance`` is "nonrobust" or "HC0" to "HC3". Floating point (trust observed). Raises ``CallError`` where the
        loss is no linear least squares, or has no data.

        >>> from closedform import derive
        >>> s = derive("ols", data={"x": [1, 2, 3, 4], "y": [1, 3, 2, 5]}, target="y").statistics()
        >>> s.names, s.standard_errors.round(6).tolist()
        (('intercept', 'x'), [1.423025, 0.519615])
        """
        from closedform.report.inference import statistics_of

        formulas = list(self.formula.unknown.values()) if self.formula is not None else []
        only = formulas[0] if len(formulas) == 1 else None
        return statistics_of(self.problem, only, covariance, level, student)

    def solver(self) -> Solver:
        """What finds the optimum for values of the data: the closed form, else an iteration with the derived derivatives.

        ``solver(X=X, y=y)`` gives the unknowns with ``iterations``, ``converged`` and ``gradient_norm``; ``solver.source``
        is NumPy that stands alone. Raises ``CallError`` with the reason where there is neither.

        >>> from closedform import derive
        >>> report = derive("exp(x) - 2*x + x^4")
        >>> found = report.solver()()
        >>> found.converged, round(found["x"], 6)
        (True, 0.466384)
        """
        from closedform.report.solver import solver_of

        return solver_of(self)

    def gradient_function(self) -> GradientFunction:
        """The derived gradient as a function of arrays: ``g(W1=W1, W2=W2, X=X, Y=Y) -> {"W1": array, "W2": array}``.

        Its ``source`` is NumPy that stands alone; ``hessian`` gives the second derivatives.
        """
        from closedform.report.solver import gradient_of

        return gradient_of(self)

    def plot(self, file: str | None = None, *, what: str | None = None) -> Drawing:
        """The loss with its critical points (one or two unknowns); ``what="roots"`` the roots in the complex plane.

        ``what="monodromy"``: how they change places while the one parameter runs around loops.

        Needs the ``plot`` extra. Saved to ``file`` (.svg, .png, .pdf; the same bytes every time) when one is given.
        """
        from closedform.report.pictures.plots import draw

        drawing = draw(self, what)
        if file is not None:
            drawing.save(file)
        return drawing

    def _repr_html_(self) -> str:
        return html.card(brief(self, SHOWN_DIGITS), compose(self, digits=SHOWN_DIGITS))

    def _repr_latex_(self) -> str:
        return f"${typeset.answer_latex(compose(self))}$"

    def __repr__(self) -> str:
        return f"<Report {self.verdict.outcome}: {self.problem.source[:80]}>"

    def __str__(self) -> str:
        return self.to_text()


def _loss_text(problem: Problem, tree: Json) -> str | None:
    """The kernel's own print of the tree, where there is one: that is what ``verify`` compares."""
    if problem.loss is None:
        return None
    return (
        text_of(problem.loss)
        if tree is None
        else infix(read(tree, heads=HEADS if problem.level == "matrix" else ARITY))
    )


def domain(problem: Problem) -> dict[str, str]:
    """For each unknown, the relations and properties that bound it, as text; "real" where nothing does."""
    out: dict[str, str] = {}
    for u in problem.unknowns:
        bounds = [text_of(r) for r in problem.relations if r.head in RELATIONS and u in _names(r)]
        bounds += sorted(problem.properties.get(u, ()))
        out[u] = ", ".join(bounds) or "real"
    return out


def stated(problem: Problem) -> dict[str, Any]:
    """What is assumed besides the domain, the constraints, and the shapes: without them the question is another."""
    listed = [r for r in problem.relations if r.head not in RELATIONS or not _names(r) & set(problem.unknowns)]
    words = [f"{n} {w}" for n, flags in problem.properties.items() if n not in problem.unknowns for w in sorted(flags)]
    return {
        "assumptions": [*map(text_of, listed), *sorted(words)],
        "constraints": [text_of(c) for c in problem.constraints],
        "shapes": {n: [text_of(side) for side in sides] for n, sides in problem.shapes.items()},
    }


def _names(node: Node) -> set[str]:
    if node.name is not None:
        return {node.name}
    return {name for child in node.children for name in _names(child)}


def _point(point: CriticalPoint) -> dict[str, Any]:
    def texts(values: Mapping[str, object] | None) -> dict[str, str] | None:
        return None if values is None else {u: text_of(v) for u, v in values.items()}

    out: dict[str, Any] = {
        "exact": texts(point.exact),
        "numeric": texts(point.numeric),
        "radius": texts(point.radius),
        "kind": point.kind,
        "inertia": None if point.inertia is None else list(point.inertia),
        "multiplicity": point.multiplicity,
        "loss": None if point.loss is None else text_of(point.loss),
        "expression_class": point.expression_class,
        "certificate": point.certificate,
    }
    if point.conditions:
        out["conditions"] = list(point.conditions)
    if point.note:
        out["note"] = point.note
    return out
