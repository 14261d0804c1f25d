"""The problem as its text states it, and what can be refuted of one point by that text alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flint import acb, arb, arb_mat, fmpq

from closedform.audit.evaluation import Open, Slope, TextEvaluation, Undefined, Value, gap, tree_of, truth
from closedform.errors import ClosedFormError
from closedform.expression import RELATIONS, Node, name, scalar_form
from closedform.frozen import record
from closedform.kernel.algebra.inertia import inertia
from closedform.kernel.expressions.jets import jet
from closedform.kernel.expressions.values import evaluate_complex
from closedform.kernel.reading import Refused
from closedform.problem import Problem
from closedform.reading.language import parse, unparse
from closedform.reading.powers import real_powers

MINIMA = ("global minimum", "local minimum", "boundary minimum")
MAXIMA = ("global maximum", "local maximum", "boundary maximum")
MAX_HESSIAN = 20_000  # unknowns squared times rows


@record
class Question:
    """A problem's loss or equations, with every relation that a point must meet; nothing simplified."""

    loss: Node | None
    equations: tuple[Node, ...]
    unknowns: tuple[str, ...]
    names: frozenset[str]  # everything that is a name in the problem, never a constant
    relations: tuple[Node, ...]
    integers: frozenset[str]
    columns: Mapping[str, list[fmpq]]

    @staticmethod
    def of(problem: Problem) -> Question:
        """From a problem on scalars; a constraint that is no relation is left out."""
        relations = [r for r in _flat((*problem.relations, *problem.constraints)) if r.head in RELATIONS]
        for u, (low, high) in problem.box.items():
            relations += [
                Node(op, (name(u), scalar_form(parse(end))))
                for op, end in ((">=", low), ("<=", high))
                if "oo" not in end
            ]
        parts = [*([] if problem.loss is None else [problem.loss]), *problem.equations, *problem.constraints]
        relations += real_powers(parts, problem.unknowns, relations, problem.properties).values()
        integers = {u for u, words in problem.properties.items() if "integer" in words}
        columns = dict[str, list[fmpq]]()
        if problem.data is not None:
            columns = {k: [fmpq(v.numerator, v.denominator) for v in c] for k, c in problem.data.columns.items()}
        return Question(
            problem.loss,
            problem.equations,
            problem.unknowns,
            frozenset((*problem.unknowns, *problem.parameters, *columns)),
            tuple(relations),
            frozenset(integers),
            columns,
        )

    def evaluation(self, at: Mapping[str, arb]) -> TextEvaluation:
        return TextEvaluation(at, {u: i for i, u in enumerate(self.unknowns)}, self.columns)

    def read(self, text: str) -> Node | None:
        """The expression that a text of the report writes, None where our own reader cannot say."""
        try:
            return scalar_form(parse(text, self.names))
        except (ClosedFormError, ValueError, RecursionError):
            return None

    def number(self, text: str, at: Mapping[str, arb]) -> arb | None:
        """A ball around the real value that a text writes, None where it has none that is found.

        Radicals may pass through the complex numbers (three real roots of a cubic); then the principal value counts
        whose imaginary part may be zero.
        """
        node = self.read(text)
        if node is None:
            return None
        try:
            ball = TextEvaluation(at, {}, self.columns).value(node).ball
            if ball.is_finite():
                return ball
        except (Undefined, Open):
            pass
        tree = tree_of(node)
        try:
            value = None if tree is None else evaluate_complex(tree, {k: acb(v) for k, v in at.items()})
        except (Refused, ValueError, ArithmeticError):
            return None
        return value.real if value is not None and value.is_finite() and value.imag.contains(0) else None

    # -- what a point is refused for ---------------------------------------------------------------------------------

    def outside(self, at: Mapping[str, arb]) -> str:
        """Why no point of the balls is admissible; the empty text where that is not shown."""
        evaluation = self.evaluation(at)
        for relation in self.relations:
            try:
                if truth(evaluation, relation) is False:
                    return f"{unparse(relation)} does not hold"
            except Undefined as reason:
                return f"{reason} in {unparse(relation)}"
            except Open:
                continue
        for u in self.integers & at.keys():
            if not at[u].contains_integer():
                return f"{u} is not an integer"
        for part in (self.loss, *self.equations):
            try:
                if part is not None:
                    evaluation.value(part)
            except Undefined as reason:
                return f"{reason} in {unparse(part)[:80] if part is not None else ''}"
            except Open:
                continue
        return ""

    def inside(self, at: Mapping[str, arb]) -> bool:
        """Whether every point of the balls is admissible, and the loss and the equations are smooth enough there."""
        evaluation = self.evaluation(at)
        try:
            if any(truth(evaluation, r) is not True for r in self.relations) or self.integers & at.keys():
                return False
            parts = [self.loss] if self.loss is not None else list(self.equations)
            finite = all(evaluation.value(p).ball.is_finite() for p in parts)
        except (Undefined, Open):
            return False
        return finite and not evaluation.doubts and not evaluation.edges

    def refused(self, at: Mapping[str, arb], kind: str = "") -> str:
        """Why the balls hold no critical point (no solution); the empty text where that is not shown."""
        why = self.outside(at)
        if why:
            return why
        evaluation = self.evaluation(at)
        for equation in self.equations:
            try:
                ball = evaluation.value(equation).ball
            except (Open, Undefined):
                continue
            if ball.is_finite() and not ball.contains(0):
                return f"{unparse(equation)[:80]} is {ball.str(5)} there, not zero"
        if self.loss is None or self.integers & set(self.unknowns):
            return ""
        try:
            slope = evaluation.value(self.loss).slope
            active = self._active(evaluation)
        except (Open, Undefined):
            return ""
        if slope is None or active is None:
            return ""
        return self._unbalanced(slope, active, kind)

    def _active(self, evaluation: TextEvaluation) -> list[tuple[str, Value]] | None:
        """The requirements that may hold with equality, as (head, gap); None where a slope is open."""
        out = dict[Node, tuple[str, Value]]()
        for relation in self.relations:
            there = gap(evaluation, relation)
            if relation.head != "!=" and there.ball.contains(0):
                left, right = relation.children
                out[left if right.number == 0 else relation] = (relation.head, there)
        for node, there in evaluation.edges:
            out.setdefault(node, (">=", there))
        return None if any(v.slope is None for _, v in out.values()) else list(out.values())

    def _unbalanced(self, slope: Slope, active: list[tuple[str, Value]], kind: str) -> str:
        """Why slope = sum of multipliers times the active gaps' slopes has no solution, or none of the right signs.

        With independent slopes of the active gaps the multipliers are unique (Karush, Kuhn and Tucker); with dependent
        ones nothing is refused (Fritz John).
        """
        zero, k = arb(0), len(self.unknowns)
        entries = [slope.get(i, zero) for i in range(k)]
        if not all(e.is_finite() for e in entries):
            return ""
        residual, multipliers = entries, list[arb]()
        if active:
            rows = [[(v.slope or {}).get(i, zero) for i in range(k)] for _, v in active]
            if len(rows) > k or not all(e.is_finite() for row in rows for e in row):
                return ""
            a = arb_mat(rows)
            try:
                multipliers = (a * a.transpose()).solve(a * arb_mat([[e] for e in entries])).entries()
            except ZeroDivisionError:
                return ""
            back = (a.transpose() * arb_mat([[m] for m in multipliers])).entries()
            residual = [e - b for e, b in zip(entries, back, strict=True)]
        for u, r in zip(self.unknowns, residual, strict=True):
            if r.is_finite() and not r.contains(0):
                return f"the slope by {u} is {r.str(5)} there, not zero"
        for (head, _), m in zip(active, multipliers, strict=True):
            if head != "=" and ((kind in MINIMA and bool(m < 0)) or (kind in MAXIMA and bool(m > 0))):
                return f"it is no {kind}: the loss falls towards the inside of the domain"
        return ""

    # -- values and curvature ----------------------------------------------------------------------------------------

    def height(self, at: Mapping[str, arb]) -> arb | None:
        """A ball around the loss, None where it is open."""
        try:
            ball = self.evaluation(at).value(self.loss).ball if self.loss is not None else None
        except (Open, Undefined):
            return None
        return ball if ball is not None and ball.is_finite() else None

    def curvature(self, at: Mapping[str, arb]) -> list[list[arb]] | None:
        """The Hessian at a point that no requirement bounds; None where it is open."""
        rows = max((len(c) for c in self.columns.values()), default=1)
        tree = tree_of(self.loss) if self.loss is not None else None
        k = len(self.unknowns)
        if tree is None or k * k * rows > MAX_HESSIAN or not self.inside(at):
            return None
        try:
            if any(gap(self.evaluation(at), r).ball.contains(0) for r in self.relations):
                return None
            whole = jet(tree, {u: i for i, u in enumerate(self.unknowns)}, dict(at), dict(self.columns))
        except (Refused, Open, Undefined, ValueError, ArithmeticError, KeyError):
            return None
        zero = arb(0)
        out = [[whole.second.get((min(i, j), max(i, j)), zero) for j in range(k)] for i in range(k)]
        return out if all(e.is_finite() for row in out for e in row) else None

    def misnamed(self, at: Mapping[str, arb], kind: str, claimed: tuple[int, int, int] | None) -> str:
        """Why the curvature contradicts a kind or a claimed inertia; the empty text where that is not shown."""
        matrix = self.curvature(at)
        signs = None if matrix is None else inertia(matrix)
        if signs is None:
            return ""
        if claimed is not None and signs != claimed:
            return f"the Hessian's eigenvalues have the signs {signs}, not {claimed}"
        up, down, flat = signs
        if kind in MINIMA and down:
            return f"it is no {kind}: the Hessian has a negative eigenvalue"
        if kind in MAXIMA and up:
            return f"it is no {kind}: the Hessian has a positive eigenvalue"
        if kind == "saddle" and not flat and not (up and down):
            return "it is no saddle: the Hessian is definite"
        if kind == "degenerate" and not flat:
            return "it is not degenerate: the Hessian is regular"
        return ""


def _flat(relations: Sequence[Node]) -> list[Node]:
    """Relations one by one, conjunctions and chains taken apart."""
    out = list[Node]()
    for r in relations:
        if r.head in ("and", "all"):
            out += _flat(r.children)
        elif r.head in RELATIONS and len(r.children) > 2:
            out += [Node(r.head, pair) for pair in zip(r.children, r.children[1:], strict=False)]
        else:
            out.append(r)
    return out
