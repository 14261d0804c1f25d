from typing import Literal

from sympy.core import Expr, _Value
from sympy.logic.boolalg import Boolean

class Relational(Boolean):
    @property
    def args(self) -> tuple[Expr, Expr]: ...
    @property
    def lhs(self) -> Expr: ...
    @property
    def rhs(self) -> Expr: ...
    @property
    def rel_op(self) -> Literal["==", "!=", "<", "<=", ">", ">="]: ...
    @property
    def canonical(self) -> Relational: ...
    @property
    def negated(self) -> Relational: ...
    @property
    def reversed(self) -> Relational: ...
    def __new__(cls, lhs: _Value, rhs: _Value, rop: str | None = None, *, evaluate: bool = True) -> Boolean: ...

class Equality(Relational):
    def __new__(
        cls, lhs: Expr | Boolean | complex, rhs: Expr | Boolean | complex, *, evaluate: bool = True
    ) -> Boolean: ...

class Unequality(Relational):
    def __new__(
        cls, lhs: Expr | Boolean | complex, rhs: Expr | Boolean | complex, *, evaluate: bool = True
    ) -> Boolean: ...

class GreaterThan(Relational):
    def __new__(cls, lhs: _Value, rhs: _Value, *, evaluate: bool = True) -> Boolean: ...

class LessThan(Relational):
    def __new__(cls, lhs: _Value, rhs: _Value, *, evaluate: bool = True) -> Boolean: ...

class StrictGreaterThan(Relational):
    def __new__(cls, lhs: _Value, rhs: _Value, *, evaluate: bool = True) -> Boolean: ...

class StrictLessThan(Relational):
    def __new__(cls, lhs: _Value, rhs: _Value, *, evaluate: bool = True) -> Boolean: ...

Rel = Relational
Eq = Equality
Ne = Unequality
Ge = GreaterThan
Le = LessThan
Gt = StrictGreaterThan
Lt = StrictLessThan
