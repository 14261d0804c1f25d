"""Linear predictors in the body of a sum over rows: what the unknowns enter by, so that derivatives become matrix products.

With eta = X*theta the gradient of ``sum f(eta)`` is ``X'*f'(eta)`` and its Hessian ``X'*diag(f''(eta))*X``: for a
generalised linear model Newton's step is then one of iteratively reweighted least squares (Nelder and Wedderburn 1972).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from flint import fmpq

from closedform.kernel.expressions.tree import MINUS, ONE, ZERO, Tree, add, free_names, mul

Affine = tuple[tuple[str, Tree], ...]  # unknowns with their coefficients, which hold none


@dataclass
class Predictors:
    """The predictors found so far, each with its name ``eta 0``, ``eta 1``, ..."""

    unknowns: frozenset[str]
    found: dict[Affine, str] = field(default_factory=dict[Affine, str])

    def replaced(self, tree: Tree) -> Tree:
        """The tree with names of predictors where the unknowns stood; those that differ by a number share one."""
        if isinstance(tree, str):
            return self._named({tree: ONE}) if tree in self.unknowns else tree
        if not isinstance(tree, tuple) or not free_names(tree) & self.unknowns:
            return tree
        head, args = str(tree[0]), tree[1:]
        if head == "+":
            linear, rest = dict[str, Tree](), list[Tree]()
            for a in args:
                term = self._linear(a)
                if term is None:
                    rest.append(self.replaced(a))
                else:
                    linear[term[0]] = add(linear[term[0]], term[1]) if term[0] in linear else term[1]
            return add(self._named(linear), *rest) if linear else add(*rest)
        if head == "*":
            term = self._linear(tree)
            return self._named(dict([term])) if term is not None else mul(*(self.replaced(a) for a in args))
        return (head, *(self.replaced(a) for a in args))

    def _linear(self, term: Tree) -> tuple[str, Tree] | None:
        """An unknown and its coefficient."""
        if isinstance(term, str):
            return (term, ONE) if term in self.unknowns else None
        if not isinstance(term, tuple) or term[0] != "*":
            return None
        held = [a for a in term[1:] if free_names(a) & self.unknowns]
        if len(held) != 1 or not isinstance(held[0], str):
            return None
        return held[0], mul(*(a for a in term[1:] if a is not held[0]))

    def _named(self, linear: dict[str, Tree]) -> Tree:
        """The name of the predictor, times the number by which it differs from the one that was named."""
        terms = sorted(linear.items())
        front = _number_of(terms[0][1])
        affine = tuple((u, mul(1 / front, c)) for u, c in terms)
        if affine not in self.found:
            self.found[affine] = f"eta {len(self.found)}"
        return mul(front, self.found[affine])


def _number_of(tree: Tree) -> fmpq:
    if isinstance(tree, fmpq):
        return tree
    if isinstance(tree, tuple) and tree[0] == "*" and isinstance(tree[1], fmpq):
        return tree[1]
    return ONE


def square_of(tree: Tree) -> tuple[Tree, Tree] | None:
    """``c*r^2`` as (c, r), with c a positive number or a product of squares; None for anything else."""
    factors = tree[1:] if isinstance(tree, tuple) and tree[0] == "*" else (tree,)
    number, inside = ONE, list[Tree]()
    for f in factors:
        if isinstance(f, fmpq):
            number = number * f
        elif isinstance(f, tuple) and f[0] == "^" and f[2] == fmpq(2):
            inside.append(f[1])
        else:
            return None
    return (number, mul(*inside)) if number > 0 and inside else None


def negative(tree: Tree) -> Tree:
    """Minus the tree."""
    return mul(MINUS, tree) if tree != ZERO else ZERO
