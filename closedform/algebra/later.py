"""SymPy and NumPy, each imported when a name of it is first used: an answer that needs neither does not wait for them."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any


class _Later(ModuleType):
    """Stands for a module; a name that was used once is its own from then on."""

    def __getattr__(self, name: str) -> Any:
        value = getattr(importlib.import_module(self.__name__), name)
        self.__dict__[name] = value
        return value


if TYPE_CHECKING:
    import numpy as np
    import sympy as sp
else:
    np, sp = _Later("numpy"), _Later("sympy")

__all__ = ["np", "sp"]
