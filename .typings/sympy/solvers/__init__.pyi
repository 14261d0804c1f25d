from collections.abc import Sequence

from sympy.core import Expr, Symbol
from sympy.matrices import Matrix

# one equation in one unknown, without flags: what else the function returns depends on what it is asked
def solve(f: Expr, symbol: Symbol, /) -> list[Expr]: ...
def linear_eq_to_matrix(equations: Sequence[Expr], *symbols: Symbol | Sequence[Symbol]) -> tuple[Matrix, Matrix]: ...
