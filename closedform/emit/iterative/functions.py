"""The functions of a scalar loss as lines of code: the loss, its derivatives, and the residuals of a sum of squares.

Sums over rows are array operations. Where unknowns enter a sum through linear predictors, derivatives are products with
their design matrices.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations_with_replacement

from flint import fmpq

from closedform.emit.iterative.code import Writer, varies
from closedform.emit.iterative.predictors import Affine, Predictors, square_of
from closedform.emit.iterative.trees import derivative
from closedform.kernel.expressions.tree import ONE, ZERO, Tree, add, free_names, mul, power


@dataclass
class Sum:
    """A sum over rows: its body in predictors."""

    rows: Tree  # in predictors
    designs: dict[str, Affine]
    count: Tree


@dataclass
class Parts:
    """A loss: sums over rows in predictors, and what is left, an expression in the unknowns themselves."""

    rest: Tree = ZERO
    sums: list[Sum] = field(default_factory=list[Sum])


@dataclass
class Functions:
    """The functions of one problem; each method gives the body of one."""

    writer: Writer
    unknowns: tuple[str, ...]

    def sums_and_rest(self, loss: Tree) -> Parts:
        """Additive sums over rows in predictors, where predictors gather several unknowns; all else as it is."""
        parts, rest = Parts(), list[Tree]()
        for term in _terms(loss):
            found = self._in_predictors(term)
            if found is None:
                rest.append(term)
            else:
                parts.sums.append(found)
        parts.rest = add(*rest)
        return parts

    def squares(self, loss: Tree) -> Parts | None:
        """The loss as squares: of expressions over rows, and of single ones; None where it is no sum of squares."""
        parts, rest = Parts(), list[Tree]()
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
                    found = Sum(rows, {}, count)
                parts.sums.append(found)
        parts.rest = ("list", *rest)
        return parts if parts.sums or rest else None

    def _in_predictors(self, term: Tree) -> Sum | None:
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
        return Sum(mul(self.writer.vectorised(outer), rows), designs, count)

    def loss(self, parts: Parts) -> list[str]:
        lines, (code,) = self._with_shared_parts(parts, [add(*self._totals(parts), self.writer.vectorised(parts.rest))])
        return [*lines, f"return {code}"]

    def gradient(self, parts: Parts) -> list[str]:
        trees, targets = list[Tree](), list[tuple[str, str]]()
        for s, total in enumerate(parts.sums):
            for name, affine in total.designs.items():
                slope = derivative(total.rows, name)
                if slope == ZERO:
                    continue
                trees.append(self._spread(self._numbered(s, slope), total.count))
                which = [self.unknowns.index(u) for u, _ in affine]
                targets.append((f"out[{_indices(which)}] += ", self._product(s, name, affine)))
        for j, u in enumerate(self.unknowns):
            slope = derivative(parts.rest, u)
            if slope != ZERO:
                trees.append(self.writer.vectorised(slope))
                targets.append((f"out[{j}] += ", "{}"))
        lines, codes = self._with_shared_parts(parts, trees)
        first = f"out = np.zeros({len(self.unknowns)})"
        return [first, *lines, *(t + form.format(c) for (t, form), c in zip(targets, codes, strict=True)), "return out"]

    def hessian(self, parts: Parts) -> list[str]:
        trees, lines_of = list[Tree](), list[tuple[str, ...]]()
        for s, total in enumerate(parts.sums):
            for a, b in combinations_with_replacement(total.designs, 2):
                weight = derivative(derivative(total.rows, a), b)
                if weight == ZERO:
                    continue
                trees.append(self._spread(self._numbered(s, weight), total.count))
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
        lines, codes = self._with_shared_parts(parts, trees)
        body = [line.format(c) for group, c in zip(lines_of, codes, strict=True) for line in group]
        k = len(self.unknowns)
        return [f"out = np.zeros(({k}, {k}))", *lines, *body, "return out"]

    def residuals(self, parts: Parts) -> list[str]:
        rest = parts.rest[1:] if isinstance(parts.rest, tuple) else ()
        trees = [self._spread(self._numbered(s, t.rows), t.count) for s, t in enumerate(parts.sums)]
        lines, codes = self._with_shared_parts(parts, [*trees, *(self.writer.vectorised(r) for r in rest)])
        pieces = [f"({c})*np.ones({self.writer.code(t.count)})" for c, t in zip(codes, parts.sums, strict=False)]
        pieces += [f"[{c}]" for c in codes[len(trees) :]]
        return [*lines, f"return np.concatenate([{', '.join(pieces)}])"]

    def jacobian(self, parts: Parts) -> list[str]:
        rest = parts.rest[1:] if isinstance(parts.rest, tuple) else ()
        trees, body, blocks = list[Tree](), list[str](), list[str]()
        for s, total in enumerate(parts.sums):
            block = f"J{s}"
            blocks.append(block)
            body.append(f"{block} = np.zeros(({self.writer.code(total.count)}, {len(self.unknowns)}))")
            for name, affine in total.designs.items():
                trees.append(self._numbered(s, derivative(total.rows, name)))
                which = [self.unknowns.index(u) for u, _ in affine]
                X = "1.0" if len(affine) == 1 and affine[0][1] == ONE else self.writer.names("part", f"X{s}_{name[4:]}")
                weight = f"np.reshape(({{}})*np.ones({self.writer.code(total.count)}), (-1, 1))"
                body.append(f"{block}[:, {_indices(which)}] += {weight}*{X}")
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
        lines, codes = self._with_shared_parts(parts, trees)
        filled, left = list[str](), list(codes)
        for line in body:
            filled.append(line.format(left.pop(0)) if "{}" in line else line)
        return [*lines, *filled, f"return np.vstack([{', '.join(blocks)}])"]

    def _predicted(self, parts: Parts) -> list[str]:
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
                out.append(f"{eta} = {X} @ theta[{_indices(which)}]")
        return out

    def _numbered(self, s: int, tree: Tree) -> Tree:
        """The body of sum number s, its predictors under names of their own."""
        if isinstance(tree, str):
            return f"eta {s}_{tree[4:]}" if tree.startswith("eta ") else tree
        return (tree[0], *(self._numbered(s, a) for a in tree[1:])) if isinstance(tree, tuple) else tree

    def _with_shared_parts(self, parts: Parts, trees: list[Tree]) -> tuple[list[str], list[str]]:
        """Lines with predictors and repeated parts, then the code of each tree."""
        shared, named = self.writer.shared(trees)
        return [*self._predicted(parts), *shared], [self.writer.code(t, named) for t in trees]

    def _totals(self, parts: Parts) -> list[Tree]:
        return [("total", self._spread(self._numbered(s, t.rows), t.count)) for s, t in enumerate(parts.sums)]

    def _spread(self, rows: Tree, count: Tree) -> Tree:
        """The rows of a sum; where nothing varies, times a column of ones."""
        return rows if varies(rows) else mul(rows, ("filled", count))

    def _product(self, s: int, name: str, affine: Affine) -> str:
        """``X' * {}`` for a design matrix; a sum where the design is a column of ones."""
        if len(affine) == 1 and affine[0][1] == ONE:
            return "np.sum({})"
        return self.writer.names("part", f"X{s}_{name[4:]}") + ".T @ ({})"

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


def _terms(tree: Tree) -> tuple[Tree, ...]:
    return tree[1:] if isinstance(tree, tuple) and tree[0] == "+" else (tree,)


def _indices(which: list[int]) -> str:
    if which == list(range(which[0], which[0] + len(which))):
        return f"{which[0]}:{which[0] + len(which)}"
    return _list(which)


def _list(which: list[int]) -> str:
    return f"[{', '.join(str(j) for j in which)}]"
