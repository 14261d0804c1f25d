"""SymPy's printer of text, in words that our reader knows; ``bridge.text`` is its face."""

from __future__ import annotations

from typing import Any

from sympy.printing.str import StrPrinter


class Printer(StrPrinter):
    """``sstr`` without the letters that a name may claim: e is written exp(1); I stays, unless a name takes it."""

    def _print_Exp1(self, expr: Any) -> str:
        return "exp(1)"

    def _print_ImaginaryUnit(self, expr: Any) -> str:
        return "sqrt(-1)" if self._settings.get("full_prec") == "taken" else "I"

    def _print_polygamma(self, expr: Any) -> str:
        order, z = expr.args
        if order in (0, 1):
            return f"{'digamma' if order == 0 else 'trigamma'}({self._print(z)})"
        return f"polygamma({self._print(order)}, {self._print(z)})"

    def _print_Relational(self, expr: Any) -> str:
        names = {"==": "Eq", "!=": "Ne"}
        if expr.rel_op in names:
            return f"{names[expr.rel_op]}({self._print(expr.lhs)}, {self._print(expr.rhs)})"
        return f"{self._print(expr.lhs)} {expr.rel_op} {self._print(expr.rhs)}"
