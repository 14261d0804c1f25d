"""The solver of a scalar loss: its gradient and Hessian derived, as NumPy source that stands alone.

A sum of squares is brought down by Levenberg and Marquardt's method first; every loss ends with Newton's.
"""

from __future__ import annotations

from flint import fmpq

from closedform.emit.iterative.code import PythonNames, Writer, columns_of
from closedform.emit.iterative.domain import bounds, defaults
from closedform.emit.iterative.functions import Functions, Parts
from closedform.emit.iterative.source import Iteration, define, through_widths, with_auxiliaries
from closedform.emit.iterative.trees import NoCode, kinked, rounded, tree_of
from closedform.expression import scalar_form
from closedform.kernel.expressions.tree import TWO, Tree, add, free_names, power
from closedform.problem import Problem

MOST_UNKNOWNS = 400
MOST_ENTRIES = 1_500  # of a Hessian that is written out entry by entry
RESTARTS = 9


def iteration(problem: Problem, *, smooth: bool = True) -> Iteration:
    """The solver of a minimisation, or of equations; raises ``NoCode`` with one sentence where there is none.

    Without ``smooth`` there is no ``solve``, and kinks are not rounded off: the derivatives are those beside them.
    """
    return _ScalarAssembly(problem.minimised() if smooth else problem, smooth).whole()


class _ScalarAssembly:
    def __init__(self, problem: Problem, smooth: bool) -> None:
        self.problem, self.unknowns, self.smooth = problem, problem.unknowns, smooth
        if problem.constraints and smooth:
            raise NoCode("the iteration keeps bounds of single unknowns, and no constraint after 'subject to'")
        if len(self.unknowns) > MOST_UNKNOWNS:
            raise NoCode(f"there are {len(self.unknowns)} unknowns; code is written for {MOST_UNKNOWNS} at most")
        if problem.loss is not None:
            self.loss = tree_of(scalar_form(problem.loss))
        else:
            self.loss = add(*(power(tree_of(scalar_form(e)), TWO) for e in problem.equations))
        self.kinked = smooth and kinked(self.loss)
        names = PythonNames()
        rows: Tree | None = None
        if problem.data is not None:
            rows = fmpq(problem.data.rows)
        elif "n" in problem.parameters:
            rows = "n"
        self.writer = Writer(names, frozenset(self.unknowns), rows, tuple(columns_of(self.loss)))
        for kind, own in (("column", self.writer.known), ("unknown", self.unknowns), ("number", problem.parameters)):
            for key in own:
                if kind != "number" or key not in self.writer.known:
                    names(kind, key)
        self.lower, self.upper, self.open = bounds(problem, self.writer) if smooth else ({}, {}, [])

    def whole(self) -> Iteration:
        smooth, k = rounded(self.loss) if self.kinked else self.loss, len(self.unknowns)
        write = Functions(self.writer, self.unknowns)
        parts = write.sums_and_rest(smooth)
        bounded = self.open or self.lower or self.upper
        squares = write.squares(smooth) if self.smooth and not self.kinked and not bounded else None
        if k * (k + 1) // 2 > MOST_ENTRIES and free_names(parts.rest) & set(self.unknowns) and not parts.sums:
            raise NoCode(f"the Hessian has {k * (k + 1) // 2} entries, too many to write out")
        guard = [f"if not ({' and '.join(self.open)}):", "    return np.inf"] if self.open else []
        functions = {
            "loss": [*guard, *write.loss(parts)],
            "gradient": write.gradient(parts),
            "hessian": write.hessian(parts),
        }
        if squares is not None:
            functions |= {"residuals": write.residuals(squares), "jacobian": write.jacobian(squares)}
        method = "Newton's method, damped"
        if squares is not None:
            method = "Levenberg and Marquardt's method, then Newton's"
        elif len(parts.sums) == 1 and len(parts.sums[0].designs) == 1 and not self.kinked:
            method = "Newton's method, damped: each step is one of iteratively reweighted least squares"
        elif self.kinked:
            method = "Newton's method on the loss with its kinks rounded off, ever less"
        return self._assembled(functions, method, squares is not None, _is_linear_model(parts))

    # -- putting it together -----------------------------------------------------------------------------------------

    def _assembled(self, functions: dict[str, list[str]], method: str, squares: bool, plain: bool) -> Iteration:
        w, k = self.writer, len(self.unknowns)
        bounds = self._bound_lines()  # may use further parameters
        columns = [(c, w.names("column", c)) for c in w.columns]
        size = w.rows if isinstance(w.rows, str) and w.rows in w.numbers and columns else None
        numbers = [(p, w.names("number", p)) for p in w.numbers if p != size]
        extra = [name for _, name in (*columns, *numbers)]
        if size is not None:
            extra.append(w.names("number", size))
        if self.kinked:
            extra.append("width")
        locals_ = ", ".join(w.names("unknown", u) for u in self.unknowns)
        text = list[str]()
        docs = {
            "loss": "The loss.",
            "gradient": "Its derivatives, in the order of theta.",
            "hessian": "Its second derivatives.",
            "residuals": "What the loss is the sum of squares of.",
            "jacobian": "Their derivatives, a column an unknown.",
        }
        for name, body in functions.items():
            used = any(_mentions(line, w.names("unknown", u)) for u in self.unknowns for line in body)
            head = [f'"""{docs[name]}"""', *([f"{locals_}{',' if k == 1 else ''} = theta"] if used else [])]
            text.append(define(name, ["theta", *extra], [*head, *body]))
        text.insert(0, define("given", [name for _, name in (*columns, *numbers)], self._given(columns, numbers, size)))
        if self.smooth:
            arguments = [name for _, name in (*columns, *numbers)]
            lines = [f'"""{self._summary(method)}"""', *self._solve_lines(arguments, bounds, squares, plain)]
            text.insert(0, define("solve", [*arguments, "start=None"], lines))
        return Iteration(
            with_auxiliaries(text),
            method,
            (*columns, *numbers),
            tuple(c for c, _ in columns),
            self.unknowns,
        )

    def _given(self, columns: list[tuple[str, str]], numbers: list[tuple[str, str]], size: str | None) -> list[str]:
        out = ['"""The data as the functions below take them."""']
        names = [name for _, name in columns]
        entire = [name for key, name in columns if key in self.writer.entire]
        for group in (entire, *([name] for name in names if name not in entire)):
            if group:  # columns that one sum runs through are of one length
                left = f"{', '.join(group)}{',' if len(group) == 1 else ''}"
                out.append(f"{left} = _columns({', '.join(f'{n}={n}' for n in group)})")
        back = [
            *names,
            *(f"float({name})" for _, name in numbers),
            *([f"len({(entire or names)[0]})"] if size is not None else []),
        ]
        return [*out, f"return ({', '.join(back)}{',' if len(back) == 1 else ''})"]

    def _summary(self, method: str) -> str:
        goal = "Minimise" if self.problem.loss is not None else "Solve the equations of"
        text = " ".join(self.problem.source.split())[:120].replace("\\", "").replace('"', "")
        return f"{goal} {text}\n\n    {method}.\n    "

    def _bound_lines(self) -> list[str]:
        def side(bounds: dict[str, list[str]], fold: str, empty: str) -> str:
            return ", ".join(
                empty if u not in bounds else bounds[u][0] if len(bounds[u]) == 1 else f"{fold}({', '.join(bounds[u])})"
                for u in self.unknowns
            )

        if not (self.lower or self.upper):
            return []
        return [f"lower = [{side(self.lower, 'max', '-np.inf')}]", f"upper = [{side(self.upper, 'min', 'np.inf')}]"]

    def _solve_lines(self, arguments: list[str], bounds: list[str], squares: bool, plain: bool) -> list[str]:
        if not all(u.isprintable() and '"' not in u and "\\" not in u for u in self.unknowns):
            raise NoCode("a name holds a character that code cannot")
        width = ", 1e-11" if self.kinked else ""
        out = [f"data = given({', '.join(arguments)})", *self._rebound(arguments), *bounds]
        out += [f"f = lambda theta: loss(theta, *data{width})", f"df = lambda theta: gradient(theta, *data{width})"]
        held = {u for u in self.unknowns if u in self.lower or u in self.upper}
        random = ", ".join("0" if plain else "0.3" if u in held else "1" for u in self.unknowns)
        keep = ", lower, upper" if bounds else ""
        out += [
            "with np.errstate(all='ignore'):",
            f"    starts = _starts(start, [{', '.join(defaults(self.problem))}], [{random}], {0 if plain else RESTARTS}, f)",
            "    runs = []",
        ]
        if self.kinked:
            out += ["    for theta in starts:", *through_widths(keep)]
        else:
            few = f"_newton(f, df, H, theta{keep}, steps=25)"
            out.append("    H = lambda theta: hessian(theta, *data)")
            if squares:
                few = "_levenberg_marquardt(r, J, theta, steps=40)"
                out.append("    r, J = (lambda theta, g=g: g(theta, *data) for g in (residuals, jacobian))")
            first = (
                "((theta, 0, False) for theta in starts)" if plain else f"_promising(starts, lambda theta: {few}, f)"
            )
            out += [f"    for theta, iterations, converged in {first}:", "        if not converged:"]
            if squares:
                out += [
                    "            theta, steps, _ = _levenberg_marquardt(r, J, theta)",
                    "            iterations += steps",
                    f"        theta, steps, converged = _newton(f, df, H, theta{keep})",
                    "        iterations += steps",
                ]
            else:
                out += [
                    f"            theta, steps, converged = _newton(f, df, H, theta{keep})",
                    "            iterations += steps",
                ]
        names = ", ".join(f'"{u}"' for u in self.unknowns)
        return [
            *out,
            "        runs.append((theta, iterations, converged))",
            "    best = _best(runs, f)",
            f"    return _outcome(dict(zip([{names}], best[0].tolist())), best, f, df{keep})",
        ]

    def _rebound(self, arguments: list[str]) -> list[str]:
        """The numbers under their names, where bounds are written with them."""
        numbers = [self.writer.names("number", p) for p in self.writer.numbers if self.lower or self.upper]
        return [f"{name} = float({name})" for name in numbers if name in arguments]


def _is_linear_model(parts: Parts) -> bool:
    """One predictor of several unknowns: then zero is as good a start as any."""
    return len(parts.sums) >= 1 and all(len(s.designs) == 1 for s in parts.sums)


def _mentions(line: str, name: str) -> bool:
    out, word = False, ""
    for c in line + " ":
        if c.isalnum() or c == "_":
            word += c
        else:
            out, word = out or word == name, ""
    return out
