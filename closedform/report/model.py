"""The ``Report``: what was found out about one problem, with its forms and what can be done with it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from closedform.errors import CallError
from closedform.frozen import record
from closedform.report.expressions import text_of
from closedform.report.formats import FORMATS, Asked
from closedform.report.pictures import draw
from closedform.report.record import ReportRecord

if TYPE_CHECKING:
    from closedform.emit.inference.statistics import FitStatistics
    from closedform.report.pictures.drawing import Drawing
    from closedform.report.solver import GradientFunction, Solver


@record
class Report(ReportRecord):
    """The answer to one call of ``derive``: its parts are values, its forms text, JSON, LaTeX, HTML and pictures."""

    @property
    def details(self) -> dict[str, Any]:
        """What was refused or withdrawn, by name; empty where nothing was. The statements carry everything else."""
        return {k: v for k, v in (("refused", self.refused), ("faults", self.faults)) if v}

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
        rows = [
            {
                **p.numbers,
                "kind": p.kind,
                "loss": None if p.loss is None else text_of(p.loss),
                **{f"{u} exactly": text_of(v) for u, v in (p.exact or {}).items()},
            }
            for p in self.critical_points
        ]
        return importlib.import_module("pandas").DataFrame(rows)

    # -- what leaves the program -----------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """JSON of format 1, sealed; ``closedform verify`` refuses it when anything in it is changed."""
        from closedform.report.formats.sealed import document

        return document(self)

    def to_json(self) -> str:
        """``to_dict`` as text."""
        return self.render("json")

    def render(self, format: str, **asked: Any) -> str:
        """The report in a format of the table ``closedform.report.formats.FORMATS``, with the options of ``Asked``.

        >>> from closedform import derive
        >>> derive("x^2").render("latex").splitlines()[0]
        '\\\\documentclass[11pt]{article}'
        """
        if format not in FORMATS:
            raise CallError(f"there is no format {format!r}; there are {', '.join(FORMATS)}")
        return FORMATS[format].render(self, Asked(**asked))

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
        return self.render("text", width=width, colour=colour, steps=steps, full=full, digits=digits)

    def to_latex(self, *, steps: bool = False) -> str:
        """A LaTeX document that compiles as it stands; ``steps`` shows the way to the answer."""
        return self.render("latex", steps=steps)

    def to_html(self, *, steps: bool = False) -> str:
        """A page that stands alone and works offline; ``steps`` shows the way to the answer."""
        return self.render("html", steps=steps)

    def function(self) -> Callable[..., dict[str, Any]]:
        """The closed form as a function of the data and parameters, by name: ``f(X=X, y=y, lam=0.1) -> {"a": array}``.

        Matrices are never inverted; a scalar formula is worked out in balls and rounded where they give it (up to 2,000
        values and 20,000 rows, no code of its own), else in floating point. Raises ``CallError`` where there is no closed form; the function raises
        ``ConditionError`` where a condition fails at the values, and never returns nan.

        >>> from closedform import derive
        >>> float(derive("x^2 - 2*a*x", unknowns=["x"]).function()(a=1.5)["x"])
        1.5
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
        drawing = draw(self, what)
        if file is not None:
            drawing.save(file)
        return drawing

    def _repr_html_(self) -> str:
        from closedform.report.formats.html import card_of

        return card_of(self)

    def _repr_latex_(self) -> str:
        from closedform.report.formats.latex import answer_of

        return f"${answer_of(self)}$"

    def __repr__(self) -> str:
        return f"<Report {self.verdict.outcome}: {self.problem.source[:80]}>"

    def __str__(self) -> str:
        return self.to_text()
