"""A loss over the rows of a table in floating point: value, gradient and Hessian from whole columns.

The body of each sum is differentiated by the affine forms of the unknowns that it is made of, as the kernel does it.
Nothing computed here is claimed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from flint import fmpq

from closedform.algebra.floating import value
from closedform.algebra.later import np
from closedform.frozen import record
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.jets import in_forms
from closedform.kernel.expressions.tree import Tree, free_names, head_of

if TYPE_CHECKING:
    Array = np.ndarray
    Columns = Mapping[str, Array]


@record
class _Term:
    """A term of the loss: its row in forms, the derivatives by these, and the slopes of each form by row."""

    columns: Columns
    row: Tree
    forms: tuple[tuple[str, Tree], ...]  # the name of each form, and the form
    slopes: tuple[Array, ...]  # (rows, unknowns) for each form
    first: tuple[Tree, ...]
    second: dict[tuple[int, int], Tree]


class RowwiseLoss:
    """The loss ``tree`` of the unknowns ``names``."""

    def __init__(self, tree: Tree, names: Sequence[str], columns: Mapping[str, Sequence[fmpq]]) -> None:
        self.names = list(names)
        floats = {key: np.array([float(v.p) / float(v.q) for v in column]) for key, column in columns.items()}
        terms = tree[1:] if isinstance(tree, tuple) and tree[0] == "+" else (tree,)
        self.parts = [self._part(term, floats) for term in terms]

    def _part(self, term: Tree, columns: Columns) -> _Term:
        factors = term[1:] if isinstance(term, tuple) and term[0] == "*" else (term,)
        sums = [f for f in factors if head_of(f) == "sum"]
        row, own = term, dict[str, "Array"](columns)
        if len(sums) == 1 and isinstance(sums[0], tuple):
            _, index, low, high, body = sums[0]
            start, stop = (int(v.p) if isinstance(v, fmpq) else 0 for v in (low, high))
            own = {key: column[start - 1 : stop] for key, column in columns.items()}
            own[str(index)] = np.arange(start, stop + 1, dtype=float)
            row = ("*", *(f for f in factors if f is not sums[0]), body) if len(factors) > 1 else body
        found: dict[Tree, str] = {}
        inner = in_forms(row, set(self.names), found)
        forms = tuple((key, form) for form, key in found.items())
        count = len(next(iter(own.values()))) if row is not term else 1
        slopes = tuple(np.column_stack([self._slope(form, x, own, count) for x in self.names]) for _, form in forms)
        first = tuple(differentiate(inner, key) for key, _ in forms)
        second = {(j, m): differentiate(first[j], forms[m][0]) for j in range(len(forms)) for m in range(j, len(forms))}
        return _Term(own, inner, forms, slopes, first, second)

    def _slope(self, form: Tree, x: str, columns: Columns, count: int) -> Array:
        tree = differentiate(form, x) if x in free_names(form) else fmpq(0)
        return np.broadcast_to(value(tree, {}, columns), (count,))

    def at(self, x: Array) -> tuple[float, Array, Array]:
        """Value, gradient and Hessian at a point."""
        k = len(self.names)
        total, gradient, hessian = 0.0, np.zeros(k), np.zeros((k, k))
        values = {u: np.array(v) for u, v in zip(self.names, x, strict=True)}
        for part in self.parts:
            here = {key: value(form, values, part.columns) for key, form in part.forms}
            count = len(part.slopes[0]) if part.slopes else 1

            def rows(tree: Tree, here: Columns = here, part: _Term = part, count: int = count) -> Array:
                return np.broadcast_to(value(tree, here, part.columns), (count,))

            total += float(rows(part.row).sum())
            for slope, tree in zip(part.slopes, part.first, strict=True):
                gradient += slope.T @ rows(tree)
            for (j, m), tree in part.second.items():
                block = part.slopes[j].T @ (part.slopes[m] * rows(tree)[:, None])
                hessian += block if j == m else block + block.T
        return total, gradient, hessian
