"""Source that stands alone: functions, and after them the auxiliary ones that they call."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

from closedform.emit.iterative import methods
from closedform.frozen import record


@record
class Iteration:
    """Source with ``given``, which takes the ``arguments``, and ``solve``, which takes them and ``start``.

    ``loss``, ``gradient`` and ``hessian`` take the unknowns side by side and what ``given`` returns.
    """

    source: str
    method: str
    arguments: tuple[tuple[str, str], ...]  # name in the problem (a column or a parameter), name in the code
    columns: tuple[str, ...]
    unknowns: tuple[str, ...]
    shapes: tuple[tuple[str, int, int], ...] = ()


def through_widths(keep: str) -> list[str]:
    """Lines, inside a loop over starts, that minimise with ever narrower roundings of the kinks; ``keep`` is the bounds."""
    return [
        "        iterations = 0",
        "        for width in 10.0 ** -np.arange(12):",
        "            at = [lambda theta, g=g: g(theta, *data, width) for g in (loss, gradient, hessian)]",
        f"            theta, steps, converged = _newton(*at, theta{keep})",
        "            iterations += steps",
    ]


def define(name: str, arguments: list[str], lines: list[str]) -> str:
    return f"def {name}({', '.join(arguments)}):\n" + "\n".join("    " + line for line in lines)


def with_auxiliaries(functions: list[str], more: Mapping[str, str] | None = None) -> str:
    """The functions, then ``more`` source, and after them the methods that these call, and those that they call."""
    functions = [*functions, *(more or {}).values()]
    text, known = "\n\n\n".join(functions), dict[str, str]()
    todo = text
    while True:
        own = [n for n in vars(methods) if n.startswith("_") and not n.startswith("__")]
        names = [n for n in own if n not in known and n not in (more or {})]
        wanted = [n for n in names if f"{n}(" in todo]
        if not wanted:
            break
        for n in wanted:
            known[n] = inspect.getsource(getattr(methods, n)).strip()
        todo = "\n".join(known[n] for n in wanted)
    head = "import math\n\nimport numpy as np" if any("math." in k for k in known.values()) else "import numpy as np"
    return "\n\n\n".join([head, text, *known.values()]) + "\n"
