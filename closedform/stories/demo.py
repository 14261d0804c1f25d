"""``closedform demo``: the essay's question, told in five stories that are computed while you wait.

Do models need training at all, or could one equation take (X, Y) to the best parameters? Every number, group and
verdict below is picked out of a report made on the spot; only the words that join them are written here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from closedform.derive import derive
from closedform.errors import CallError
from closedform.frozen import record
from closedform.points import CriticalPoint
from closedform.polynomials import galois, monodromy
from closedform.report.document.blocks import (
    Block,
    Claims,
    Document,
    Equation,
    Heading,
    Inline,
    Items,
    Line,
    Paragraph,
    in_language,
)
from closedform.report.document.points import shortened
from closedform.report.document.textbook import readable
from closedform.report.expressions import text_of
from closedform.report.formats import text
from closedform.report.model import Report
from closedform.report.numbers import loss_at
from closedform.stories.cost import predict

Progress = Callable[[str], None] | None
SCREEN = 100  # columns


@record
class Story:
    """A story as a document."""

    document: Document

    def to_text(self, *, colour: bool = False) -> str:
        return text.render(self.document, SCREEN, colour)

    def __str__(self) -> str:
        return self.to_text()


def demo(story: str, progress: Progress = None) -> Story:
    """One of ``STORIES``, computed now; ``print`` shows it.

    Raises ``CallError`` where there is no such story.
    """
    if story not in STORIES:
        raise CallError(f"there is no story {story!r}; there are {', '.join(STORIES)}")
    title, blocks = STORIES[story]
    return Story(Document(title, (Heading(title), *(in_language(b) for b in blocks(progress)))))


# -- what is picked out of a report -------------------------------------------------------------------------------


def _say(*line: Inline) -> Paragraph:
    return Paragraph(tuple(line))


def _gradient(report: Report) -> list[Block]:
    return [_say(f"d/d{u} = ", readable(g, 120)) for u, g in report.gradient.items()]


def _coordinates(point: CriticalPoint, digits: int = 12, longest: int = 60) -> Line:
    """Where a point is: exactly where that is short, and in decimals."""
    out: list[Inline] = []
    for u in point.exact or point.numeric or ():
        exact = point.exact.get(u) if point.exact else None
        decimal = point.numeric.get(u) if point.numeric else None
        spelling = "" if exact is None else text_of(exact)
        whole = spelling.lstrip("-").isdigit()
        number = None if decimal is None or whole else shortened(decimal, digits)
        long = len(spelling) > longest and number is not None
        out += [", " if out else "", Equation(u, None if long else exact, number)]
        if long:
            out.append(f" (exact, in {len(spelling)} characters)")
    return tuple(out)


def _points(report: Report, digits: int = 12) -> Items:
    rows = list[tuple[Line, ...]]()
    for p in report.critical_points:
        height = "" if p.loss is None else text_of(p.loss)
        if p.loss is None or len(height) > 24:
            height = loss_at(report.problem, p, 8) or ""
        rows.append(
            ((*_coordinates(p, digits), f": {p.kind}", f", loss {height}".replace("**", "^") if height else ""),)
        )
    return Items(tuple(rows))


def _verdict(report: Report) -> Paragraph:
    verdict = report.verdict
    kind = f", class {verdict.expression_class}" if verdict.expression_class else ""
    minimiser = f"; its minimiser: {verdict.minimiser}" if verdict.minimiser not in (None, verdict.outcome) else ""
    complete = "; no other critical points exist" if report.complete else ""
    words = f"{verdict.outcome}{kind}{minimiser}{complete}".replace("_", " ")
    return _say(f"Verdict: {words}.  ({report.seconds:.1f} s)")


def _claims(report: Report, most: int) -> Claims:
    return Claims(report.verdict.statements[:most])


# -- the stories --------------------------------------------------------------------------------------------------


def _ols(progress: Progress) -> Iterator[Block]:
    yield _say("Must a linear model be trained? Write the loss, set its gradient to zero, and look.")
    report = derive("ols", progress=progress)
    yield _say("loss ", readable(report.problem.loss))
    yield from _gradient(report)
    if report.formula is not None:
        yield Heading("Setting it to zero and solving, in symbols")
        for u, e in report.formula.unknown.items():
            yield _say(Equation(u, e))
        if report.formula.conditions:
            yield _say(f"when {' and '.join(report.formula.conditions)}.")
        cost = dict(report.formula.cost)
        yield _say(f"flops {cost.get('flops', '')}, order {cost.get('order', '')}".replace("**", "^"))
    yield _verdict(report)
    yield _claims(report, 3)
    yield Heading("Four points, in exact arithmetic: x = 1, 2, 3, 4 and y = 2, 3, 5, 4")
    line = derive("ols", data={"x": [1, 2, 3, 4], "y": [2, 3, 5, 4]}, target="y", intercept=True, progress=progress)
    yield _points(line)
    yield Heading("So is gradient descent ever right here? One million rows, 100 features:")
    for condition in (2.0, 1e3):
        c = predict(1e6, 100, condition)
        yield _say(
            f"condition number {condition:g}: one equation {c.closed_flops:.2g} operations, "
            f"gradient descent {c.steps:.2g} steps, {c.descent_flops:.2g} operations"
        )
    crossing = predict(1e6, 100).crossover
    yield _say(f"They cross at condition number {crossing:.2g}: above it the equation is cheaper.")
    yield from _moral(
        "No training: one equation takes (X, y) to the best parameters. The loss is quadratic, so its gradient is "
        "linear, and linear equations are the ones we can always solve.",
        report.verdict.outcome == "closed",
    )


def _quartic(progress: Progress) -> Iterator[Block]:
    yield _say("The simplest loss with more than one valley: is 'the best' still one equation away?")
    report = derive("x**4 - x**2", progress=progress)
    yield _say("loss ", readable(report.problem.loss))
    yield from _gradient(report)
    yield Heading("Every place where the slope is zero")
    yield _points(report)
    yield _verdict(report)
    yield _claims(report, 4)
    yield Heading("One step up: a quartic with letters in it, a*x^4 + b*x^2")
    assumed = ["a > 0", "b < 0"]
    family = derive("a*x^4 + b*x^2", unknowns=["x"], assumptions=assumed, progress=progress)
    yield _say(f"assuming {' and '.join(assumed)}")
    for p in family.critical_points[:5]:
        yield Items(((((*_coordinates(p), f": {p.kind}")),),))
    yield _verdict(family)
    yield from _moral(
        "Closed and not convex: 'convex' is about finding a minimum by walking downhill, 'closed form' is about "
        "solving an equation. A quartic's gradient is a cubic, and cubics have a formula; it gives hills and valleys "
        "alike, and comparing their losses picks the minimum.",
        report.verdict.outcome == "closed" and report.complete,
    )


def _logistic(progress: Progress) -> Iterator[Block]:
    yield _say("Logistic regression: convex, one valley, one minimum. Surely one equation? Three rows will do.")
    rows = {"x": [1, 2, 3], "y": [0, 1, 1]}
    report = derive("logistic", data=rows, target="y", intercept=False, progress=progress)
    yield _say("x = 1, 2, 3; y = 0, 1, 1; no intercept")
    yield from _gradient(report)
    yield _points(report, 30)
    yield _verdict(report)
    yield Heading("Why there is no formula")
    yield _claims(report, 6)
    yield Heading("The same model where every row has the same feature (an intercept alone)")
    alone = derive("sum(i, 1, n, log(1 + exp(b)) - y[i]*b)", unknowns=["b"], data={"y": [0, 1, 1]}, progress=progress)
    yield _points(alone)
    yield _verdict(alone)
    yield from _moral(
        "Convexity promises one best answer, not a formula for it. Here the answer is a number that radicals cannot "
        "reach, so something has to iterate; but Newton's method doubles its correct digits each step, which is far "
        "from what 'training' brings to mind.",
        report.verdict.outcome == "not_closed" and alone.verdict.outcome == "closed",
    )


def _neuron(progress: Progress) -> Iterator[Block]:
    yield _say("One neuron, v*sigmoid(w*x), squared loss: the smallest network there is. Does it need training?")
    closed = derive("nn", data={"x": [1, 2], "y": [1, 0]}, target="y", progress=progress)
    yield Heading("Two rows: x = 1, 2; y = 1, 0")
    yield _points(closed)
    yield _verdict(closed)
    report = derive("nn", data={"x": [1, 2, 3], "y": [0, 1, 0]}, target="y", progress=progress)
    yield Heading("One row more: x = 1, 2, 3; y = 0, 1, 0")
    yield _points(report)
    yield _verdict(report)
    yield _claims(report, 2)
    wide = derive("nn", data={"x": [1, 2, 3], "y": [0, 1, 0]}, target="y", hidden=3, progress=progress)
    yield Heading("The same three rows, and as many units as rows: three")
    yield _points(wide)
    yield _verdict(wide)
    yield _claims(wide, 1)
    every = derive("nn_matrix", progress=progress)
    yield Heading("Any width, any data: W and V in ||sigmoid(X*W)*V - Y||^2")
    yield _verdict(every)
    yield _claims(every, 1)
    minimum = any(p.kind == "global minimum" for p in closed.critical_points)
    first = "its minimum among them" if minimum else "and none of them is a minimum: training would run for ever"
    yield from _moral(
        f"Two rows: one equation gives every critical point, {first}. Three rows: {len(report.critical_points)} "
        "critical points, and no formula in radicals reaches all of them; here algebra lists them all, so the best one is "
        "known to be the best. As many units as rows: a formula again, with loss exactly zero, and nothing was trained. "
        "So the claim that networks cannot be solved is right of one thing: no formula in radicals lists all critical "
        "points for all data, at any width. It is wrong of another: a wide network's best weights do have a formula. What "
        "is open is the best weights of a network narrower than its data.",
        closed.verdict.outcome == "closed"
        and report.verdict.outcome == "partly_closed"
        and report.complete
        and wide.verdict.minimiser == "closed"
        and str(wide.critical_points[0].loss) == "0"
        and every.verdict.outcome == "not_closed",
    )


def _quintic(progress: Progress) -> Iterator[Block]:
    yield _say("Where exactly does 'solve the gradient' stop? Degree 2, 3, 4 have formulas. Degree 5: three losses.")
    outcomes = list[str]()
    for loss in ("x^6/6 - 2*x", "x^6/6 - 5*x^2/2 + 12*x", "x^6/6 - x^2/2 - x"):
        report = derive(loss, progress=progress)
        outcomes.append(report.verdict.outcome)
        ((_, gradient),) = report.gradient.items()
        group: Any = galois(text_of(gradient)).to_dict()
        facts = [
            f"{f['group'] or 'group of degree ' + str(f['degree'])}"
            f"{', solvable' if f['solvable'] else ', not solvable' if f['solvable'] is False else ''}"
            for f in group["factors"]
        ]
        yield Heading(f"loss {loss}")
        yield _say("gradient ", readable(gradient), f": Galois group {'; '.join(facts)}")
        yield _points(report, 30)
        yield _verdict(report)
    yield Heading("What the proof sees, and what moves")
    yield _say(f"Modulo primes the last gradient falls apart: {galois('x^5 - x - 1').factors[0].reason}.")
    turns = monodromy("x^5 - x - t")
    swaps = ", ".join("".join(f"({' '.join(str(i + 1) for i in c)})" for c in loop.cycles) for loop in turns.loops)
    yield _say(
        f"In x^5 - x = t, lead t once around each of its {len(turns.loops)} branch points: the roots change "
        f"places as {swaps}, proved step by step. These generate a group of order {turns.order}."
    )
    yield Heading("What rests on what, for the last one")
    yield _claims(report, 4)
    yield from _moral(
        "It is not the degree, it is the symmetry of the roots. When their Galois group can be taken apart into cyclic "
        "steps, roots of numbers climb back along those steps; S5 cannot, and no amount of cleverness writes that "
        "minimiser with + - * / and roots. To 30 digits, with proof, it takes a moment all the same.",
        outcomes == ["closed", "closed", "not_closed"],
    )


def _moral(words: str, holds: bool) -> Iterator[Block]:
    """What the story teaches, said only when the reports bear it out."""
    yield Heading("")
    yield _say(
        words
        if holds
        else "The engine did not reach the verdict that this story is about; closedform derive shows what it tried."
    )


STORIES: dict[str, tuple[str, Callable[[Progress], Iterator[Block]]]] = {
    "ols": ("Least squares: the model that never needed training", _ols),
    "quartic": ("Two valleys: not convex, and closed all the same", _quartic),
    "logistic": ("Logistic regression: convex, and no formula", _logistic),
    "neuron": ("One neuron: how small must a network be to be solved?", _neuron),
    "quintic": ("The quintic: where formulas end", _quintic),
}
