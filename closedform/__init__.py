"""closedform: does the answer have a closed form?

``derive`` takes a loss (text, a SymPy expression, or the name of a known one), derives its gradient, solves the
stationarity system and says, with proof, whether the answer has a closed form. The names below are imported when they
are first used, so that ``import closedform`` and every bad call are quick.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from closedform.derive import derive
    from closedform.emit.estimator import LeastSquaresRegressor
    from closedform.errors import CallError, ClosedFormError, ConditionError, InputError, TextFault
    from closedform.losses import losses
    from closedform.polynomials import galois, radicals, roots
    from closedform.report.model import Report
    from closedform.report.verification import verify
    from closedform.stories.atlas import atlas
    from closedform.stories.cost import cost
    from closedform.stories.demo import demo

    __version__: str

__all__ = [
    "CallError",
    "ClosedFormError",
    "ConditionError",
    "InputError",
    "LeastSquaresRegressor",
    "Report",
    "TextFault",
    "__version__",
    "atlas",
    "cost",
    "demo",
    "derive",
    "galois",
    "losses",
    "radicals",
    "roots",
    "verify",
]

_MODULES = {
    "derive": "derive",
    "verify": "report.verification",
    "roots": "polynomials",
    "galois": "polynomials",
    "radicals": "polynomials",
    "losses": "losses",
    "Report": "report.model",
    "ClosedFormError": "errors",
    "CallError": "errors",
    "ConditionError": "errors",
    "LeastSquaresRegressor": "emit.estimator",
    "atlas": "stories.atlas",
    "cost": "stories.cost",
    "demo": "stories.demo",
    "InputError": "errors",
    "TextFault": "errors",
}


class _Face(ModuleType):
    """The package itself. ``closedform.derive`` and ``closedform.losses`` are modules and functions of one name: to a
    user the name is the function, also after the module was imported."""

    def __setattr__(self, name: str, value: object) -> None:
        if name in _MODULES and isinstance(value, ModuleType):
            value = getattr(value, name)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Face


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("closedform")
    if name not in _MODULES:
        raise AttributeError(f"module 'closedform' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"closedform.{_MODULES[name]}"), name)
    setattr(sys.modules[__name__], name, value)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
