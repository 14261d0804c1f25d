"""The solver of a scalar loss: its gradient and Hessian derived, as NumPy source that stands alone.

Sums over rows are array operations. Where unknowns enter a sum through linear predictors, derivatives are products with
their design matrices. A sum of squares is brought down by Levenberg and Marquardt's method first; every loss ends with Newton's.
More than 450 lines: the functions of one source share their names, and each is a few lines over the same parts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations_with_replacement

from flint import fmpq

from closedform.emit.iterative.code import Names, Writer, columns_of, varies
from closedform.emit.iterative.domain import bounds, defaults
from closedform.emit.iterative.predictors import Affine, Predictors, square_of
from closedform.emit.iterative.source import Iteration, define, with_auxiliaries
from closedform.emit.iterative.trees import NoCode, derivative, kinked, rounded, tree_of
from closedform.expression import scalar_form
from closedform.kernel.expressions.tree import ONE, TWO, ZERO, Tree, add, free_names, mul, power
from closedform.problem import Problem

MOST_UNKNOWNS = 400
MOST_ENTRIES = 1_500  # of a Hessian that is written out entry by entry
RESTARTS = 9


@dataclass
class _Sum:
    """A sum over rows: its body in predictors."""

    rows: Tree  # in predictors
    designs: dict[str, Affine]
    count: Tree


@dataclass
class _Parts:
    """A loss: sums over rows in predictors, and what is left, an expression in the unknowns themselves."""

    rest: Tree = ZERO
    sums: list[_Sum] = field(default_factory=list[_Sum])


def iteration(problem: Problem, *, smooth: bool = True) -> Iteration:
    """The solver of a minimisation, or of equations; raises ``NoCode`` with one sentence where there is none.

    Without ``smooth`` there is no ``solve``, and kinks are not rounded off: the derivatives are those beside them.
    """
    return _Assembly(problem.minimised() if smooth else problem, smooth).whole()


class _Assembly:
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
        names = Names()
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

    # -- the loss taken apart ----------------------------------------------------------------------------------------

    def parts(self, loss: Tree) -> _Parts:
        """Additive sums over rows in predictors, where predictors gather several unknowns; all else as it is."""
        parts, rest = _Parts(), list[Tree]()
        for term in _terms(loss):
            found = self._in_predictors(term)
            if found is None:
                rest.append(term)
            else:
                parts.sums.append(found)
        parts.rest = add(*rest)
        return parts

    def _in_predictors(self, term: Tree) -> _Sum | None:
        factors = term[1:] if isinstance(term, tuple) and term[0] == "*" else (term,)
        sums = [f for f in factors if isinstance(f, tuple) and f[0] == "sum"]
        outer = mul(*(f for f in factors if f not in sums))
        if len(sums) != 1 or free_names(outer) & set(self.unknowns):
            return None
        (_, index, low, high, body) = sums[0]
        predictors = Predictors(frozenset(self.unknowns))
        rows = self.writer.rows_of(predictors.replaced(body), str(index), low, high)
        if rows is None or not predictors.found or all(len(a) < 2 for a in predictors.found):
            return None
        designs = dict[str, Affine]()
        for affine, name in predictors.found.items():
            columns = [(u, self.writer.rows_of(c, str(index), low, high)) for u, c in affine]
            if any(c is None for _, c in columns):
                return None
            designs[name] = tuple((u, c) for u, c in columns if c is not None)
        count = self.writer.count(self.writer.vectorised(low), self.writer.vectorised(high))
        return _Sum(mul(self.writer.vectorised(outer), rows), designs, count)

    # -- the source ------------------------------------------------------------------------------------------------

    def whole(self) -> Iteration:
        smooth = rounded(self.loss) if self.kinked else self.loss
        parts = self.parts(smooth)
        squares = self._squares(smooth) if self.smooth else None
        k = len(self.unknowns)
        if k * (k + 1) // 2 > MOST_ENTRIES and free_names(parts.rest) & set(self.unknowns) and not parts.sums:
            raise NoCode(f"the Hessian has {k * (k + 1) // 2} entries, too many to write out")
        functions = [
            self._function("loss", [], parts, self._loss_lines),
            self._function("gradient", [f"out = np.zeros({k})"], parts, self._gradient_lines),
            self._function("hessian", [f"out = np.zeros(({k}, {k}))"], parts, self._hessian_lines),
        ]
        if squares is not None:
            functions += [
                self._function("residuals", [], squares, self._residual_lines),
                self._function("jacobian", [], squares, self._jacobian_lines),
            ]
        method = "Newton's method, damped"
        if squares is not None:
            method = "Levenberg and Marquardt's method, then Newton's"
        elif len(parts.sums) == 1 and len(parts.sums[0].designs) == 1 and not self.kinked:
            method = "Newton's method, damped: each step is one of iteratively reweighted least squares"
        elif self.kinked:
            method = "Newton's method on the loss with its kinks rounded off, ever less"
        return self._assembled(functions, method, squares is not None, _is_linear_model(parts))

    def _function(self, name: str, first: list[str], parts: _Parts, lines: object) -> tuple[str, list[str]]:
        body = lines(parts)  # type: ignore[operator]
        return name, [*first, *body]

    def _predicted(self, parts: _Parts) -> list[str]:
        """Design matrices and predictors, as lines."""
        out = list[str]()
        for s, total in enumerate(parts.sums):
            rows = self.writer.code(total.count)
            for name, affine in total.designs.items():
                eta = self.writer.names("part", f"eta{s}_{name[4:]}")
                if len(affine) == 1 and affine[0][1] == ONE:
                    out.append(f"{eta} = {self.writer.code(affine[0][0])}")
                    continue
                X = self.writer.names("part", f"X{s}_{name[4:]}")
                columns = ", ".join(self.writer.code(c) for _, c in affine)
                comma = "," if len(affine) == 1 else ""
                out.append(f"{X} = _design({rows}, {columns}{comma})")
                which = [self.unknowns.index(u) for u, _ in affine]
                out.append(f"{eta} = {X} @ theta[{_places(which)}]")
        return out

    def _local(self, s: int, tree: Tree) -> Tree:
        """The body of sum number s, its predictors under names of their own."""
        if isinstance(tree, str):
            return f"eta {s}_{tree[4:]}" if tree.startswith("eta ") else tree
        return (tree[0], *(self._local(s, a) for a in tree[1:])) if isinstance(tree, tuple) else tree

    def _written(self, parts: _Parts, trees: list[Tree]) -> tuple[list[str], list[str]]:
        """Lines with predictors and repeated parts, then the code of each tree."""
        shared, named = self.writer.shared(trees)
        return [*self._predicted(parts), *shared], [self.writer.code(t, named) for t in trees]

    def _totals(self, parts: _Parts) -> list[Tree]:
        return [("total", self._spread(self._local(s, t.rows), t.count)) for s, t in enumerate(parts.sums)]

    def _spread(self, rows: Tree, count: Tree) -> Tree:
        """The rows of a sum; where nothing varies, times a column of ones."""
        return rows if varies(rows) else mul(rows, ("filled", count))

    def _loss_lines(self, parts: _Parts) -> list[str]:
        lines, (code,) = self._written(parts, [add(*self._totals(parts), self.writer.vectorised(parts.rest))])
        guard = [f"if not ({' and '.join(self.open)}):", "    return np.inf"] if self.open else []
        return [*guard, *lines, f"return {code}"]

    def _gradient_lines(self, parts: _Parts) -> list[str]:
        trees, targets = list[Tree](), list[tuple[str, str]]()
        for s, total in enumerate(parts.sums):
            for name, affine in total.designs.items():
                slope = derivative(total.rows, name)
                if slope == ZERO:
                    continue
                trees.append(self._spread(self._local(s, slope), total.count))
                which = [self.unknowns.index(u) for u, _ in affine]
                targets.append((f"out[{_places(which)}] += ", self._times(s, name, affine)))
        for j, u in enumerate(self.unknowns):
            slope = derivative(parts.rest, u)
            if slope != ZERO:
                trees.append(self.writer.vectorised(slope))
                targets.append((f"out[{j}] += ", "{}"))
        lines, codes = self._written(parts, trees)
        return [*lines, *(t + form.format(c) for (t, form), c in zip(targets, codes, strict=True)), "return out"]

    def _times(self, s: int, name: str, affine: Affine) -> str:
        """``X' * {}`` for a design matrix; a sum where the design is a column of ones."""
        if len(affine) == 1 and affine[0][1] == ONE:
            return "np.sum({})"
        return self.writer.names("part", f"X{s}_{name[4:]}") + ".T @ ({})"

    def _hessian_lines(self, parts: _Parts) -> list[str]:
        trees, lines_of = list[Tree](), list[tuple[str, ...]]()
        for s, total in enumerate(parts.sums):
            for a, b in combinations_with_replacement(total.designs, 2):
                weight = derivative(derivative(total.rows, a), b)
                if weight == ZERO:
                    continue
                trees.append(self._spread(self._local(s, weight), total.count))
                left, right = ([self.unknowns.index(u) for u, _ in total.designs[x]] for x in (a, b))
                block = self._block(s, (a, total.designs[a]), (b, total.designs[b]))
                lines = [f"block = {block}", f"out[np.ix_({_list(left)}, {_list(right)})] += block"]
                if a != b:
                    lines.append(f"out[np.ix_({_list(right)}, {_list(left)})] += block.T")
                lines_of.append(tuple(lines))
        for i, j in combinations_with_replacement(range(len(self.unknowns)), 2):
            entry = derivative(derivative(parts.rest, self.unknowns[i]), self.unknowns[j])
            if entry == ZERO:
                continue
            trees.append(self.writer.vectorised(entry))
            lines_of.append(
                (f"out[{i}, {j}] += {{}}",) if i == j else (f"out[{i}, {j}] += {{}}", f"out[{j}, {i}] = out[{i}, {j}]")
            )
        lines, codes = self._written(parts, trees)
        body = [line.format(c) for group, c in zip(lines_of, codes, strict=True) for line in group]
        return [*lines, *body, "return out"]

    def _block(self, s: int, a: tuple[str, Affine], b: tuple[str, Affine]) -> str:
        """``A' * diag(weights) * B``, the weights as ``{}``."""

        def matrix(name: str, affine: Affine) -> str:
            if len(affine) == 1 and affine[0][1] == ONE:
                return ""
            return self.writer.names("part", f"X{s}_{name[4:]}")

        left, right = matrix(*a), matrix(*b)
        if left and right:
            return f"{left}.T @ (np.reshape({{}}, (-1, 1))*{right})"
        if left or right:
            column = f"({left or right}.T @ ({{}}))"
            return f"{column}.reshape({'-1, 1' if left else '1, -1'})"
        return "np.full((1, 1), np.sum({}))"

    # -- sums of squares ---------------------------------------------------------------------------------------------

    def _squares(self, loss: Tree) -> _Parts | None:
        """The loss as squares: of expressions over rows, and of single ones; None where it is no sum of squares."""
        if self.kinked or self.open or self.lower or self.upper:
            return None
        parts, rest = _Parts(), list[Tree]()
        for term in _terms(loss):
            if not free_names(term) & set(self.unknowns):
                continue
            square = square_of(term)
            if square is not None:
                rest.append(mul(power(square[0], fmpq(1, 2)) if square[0] != 1 else ONE, square[1]))
                continue
            if not isinstance(term, tuple) or term[0] != "sum":
                return None
            inner = [square_of(t) for t in _terms(term[4])]
            for t in inner:
                if t is None:
                    return None
                body = mul(power(t[0], fmpq(1, 2)) if t[0] != 1 else ONE, t[1])
                found = self._in_predictors(("sum", term[1], term[2], term[3], body))
                if found is None:
                    rows = self.writer.rows_of(body, str(term[1]), term[2], term[3])
                    if rows is None:
                        return None
                    count = self.writer.count(self.writer.vectorised(term[2]), self.writer.vectorised(term[3]))
                    found = _Sum(rows, {}, count)
                parts.sums.append(found)
        parts.rest = ("list", *rest)
        return parts if parts.sums or rest else None

    def _residual_lines(self, parts: _Parts) -> list[str]:
        rest = parts.rest[1:] if isinstance(parts.rest, tuple) else ()
        trees = [self._spread(self._local(s, t.rows), t.count) for s, t in enumerate(parts.sums)]
        lines, codes = self._written(parts, [*trees, *(self.writer.vectorised(r) for r in rest)])
        pieces = [f"({c})*np.ones({self.writer.code(t.count)})" for c, t in zip(codes, parts.sums, strict=False)]
        pieces += [f"[{c}]" for c in codes[len(trees) :]]
        return [*lines, f"return np.concatenate([{', '.join(pieces)}])"]

    def _jacobian_lines(self, parts: _Parts) -> list[str]:
        rest = parts.rest[1:] if isinstance(parts.rest, tuple) else ()
        trees, body, blocks = list[Tree](), list[str](), list[str]()
        for s, total in enumerate(parts.sums):
            block = f"J{s}"
            blocks.append(block)
            body.append(f"{block} = np.zeros(({self.writer.code(total.count)}, {len(self.unknowns)}))")
            for name, affine in total.designs.items():
                trees.append(self._local(s, derivative(total.rows, name)))
                which = [self.unknowns.index(u) for u, _ in affine]
                X = "1.0" if len(affine) == 1 and affine[0][1] == ONE else self.writer.names("part", f"X{s}_{name[4:]}")
                weight = f"np.reshape(({{}})*np.ones({self.writer.code(total.count)}), (-1, 1))"
                body.append(f"{block}[:, {_places(which)}] += {weight}*{X}")
            for j, u in enumerate(self.unknowns):
                slope = derivative(total.rows, u)
                if slope != ZERO:
                    trees.append(slope)
                    body.append(f"{block}[:, {j}] += {{}}")
        if rest:
            blocks.append("J")
            body.append(f"J = np.zeros(({len(rest)}, {len(self.unknowns)}))")
            for i, r in enumerate(rest):
                for j, u in enumerate(self.unknowns):
                    slope = derivative(r, u)
                    if slope != ZERO:
                        trees.append(self.writer.vectorised(slope))
                        body.append(f"J[{i}, {j}] = {{}}")
        lines, codes = self._written(parts, trees)
        filled, left = list[str](), list(codes)
        for line in body:
            filled.append(line.format(left.pop(0)) if "{}" in line else line)
        return [*lines, *filled, f"return np.vstack([{', '.join(blocks)}])"]

    # -- putting it together -----------------------------------------------------------------------------------------

    def _assembled(self, functions: list[tuple[str, list[str]]], method: str, squares: bool, plain: bool) -> Iteration:
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
        for name, body in functions:
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
            out += [
                "    for theta in starts:",
                "        iterations = 0",
                "        for width in 10.0 ** -np.arange(12):",
                "            at = [lambda theta, g=g: g(theta, *data, width) for g in (loss, gradient, hessian)]",
                f"            theta, steps, converged = _newton(*at, theta{keep})",
                "            iterations += steps",
            ]
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


def _is_linear_model(parts: _Parts) -> bool:
    """One predictor of several unknowns: then zero is as good a start as any."""
    return len(parts.sums) >= 1 and all(len(s.designs) == 1 for s in parts.sums)


def _terms(tree: Tree) -> tuple[Tree, ...]:
    return tree[1:] if isinstance(tree, tuple) and tree[0] == "+" else (tree,)


def _places(which: list[int]) -> str:
    if which == list(range(which[0], which[0] + len(which))):
        return f"{which[0]}:{which[0] + len(which)}"
    return _list(which)


def _list(which: list[int]) -> str:
    return f"[{', '.join(str(j) for j in which)}]"


def _mentions(line: str, name: str) -> bool:
    out, word = False, ""
    for c in line + " ":
        if c.isalnum() or c == "_":
            word += c
        else:
            out, word = out or word == name, ""
    return out
