"""Running the source that closedform itself emitted."""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

BUILTINS = (
    "ArithmeticError",
    "Exception",
    "False",
    "ImportError",
    "None",
    "True",
    "TypeError",
    "ValueError",
    "abs",
    "all",
    "any",
    "bool",
    "callable",
    "dict",
    "enumerate",
    "float",
    "getattr",
    "hasattr",
    "int",
    "isinstance",
    "iter",
    "len",
    "list",
    "map",
    "max",
    "min",
    "next",
    "pow",
    "print",
    "property",
    "range",
    "repr",
    "reversed",
    "round",
    "set",
    "slice",
    "sorted",
    "staticmethod",
    "str",
    "sum",
    "super",
    "tuple",
    "type",
    "zip",
    "__build_class__",
    "RuntimeWarning",
    "UserWarning",
)
MODULES = ("numpy", "__future__", "math", "warnings")


def executed(source: str) -> Mapping[str, Callable[..., Any]]:
    """The functions of emitted source; it sees NumPy, math, warnings and a few builtins, nothing else.

    ``scipy.linalg`` is there where it is installed: the source does without it too.
    """

    def numpy_only(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] not in MODULES and name != "scipy.linalg":
            raise ImportError(f"emitted code uses NumPy only, not {name}")
        return builtins.__import__(name, *rest)

    allowed = {name: getattr(builtins, name) for name in BUILTINS}
    space: dict[str, Any] = {
        "__builtins__": {**allowed, "__import__": numpy_only},
        "__name__": "closedform.emitted",
        "np": np,
        "math": math,
    }
    exec(compile(source, "<closedform.emitted>", "exec"), space)
    return space
