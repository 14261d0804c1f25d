"""A critical point, as every floor above hands it on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from closedform.frozen import FrozenMap, Shown, record, shown

if TYPE_CHECKING:
    from sympy import Expr

Kind = Literal[
    "global minimum",
    "local minimum",
    "saddle",
    "local maximum",
    "global maximum",
    "boundary minimum",
    "boundary maximum",  # of a problem with sense "max"
    "degenerate",
    "unclassified",
]
Sense = Literal["min", "max"]
SOUGHT: FrozenMap[Sense, tuple[Kind, Kind]] = FrozenMap(
    {"min": ("global minimum", "boundary minimum"), "max": ("global maximum", "boundary maximum")}
)
LEAST_KINDS = SOUGHT["min"]

CLASSES = (
    "rational",
    "radical",
    "elementary",
    "lambert_w",
    "special",
    "linear_algebra",
    "spectral",
    "piecewise",
)


@record
class CriticalPoint:
    """One real critical point, or one family of them.

    ``exact`` maps each unknown to a SymPy expression, or is None where no closed form is known; a family of points
    leaves one unknown free and writes the others in terms of it. ``numeric`` and ``radius`` are decimal text: the
    true value lies within ``radius`` of ``numeric``, proved; None where data are symbols. ``inertia`` counts the
    positive, negative and zero eigenvalues of the Hessian, None where not proved. ``expression_class`` is one of
    ``CLASSES``, None without an exact expression. ``certificate`` indexes the report's certificates.
    """

    exact: FrozenMap[str, Expr] | None = None
    numeric: FrozenMap[str, str] | None = None
    radius: FrozenMap[str, str] | None = None
    kind: Kind = "unclassified"
    inertia: tuple[int, int, int] | None = None
    multiplicity: int | None = None
    loss: Expr | None = None
    expression_class: str | None = None
    conditions: tuple[str, ...] = ()
    note: str = ""
    certificate: int | None = field(default=None)

    @property
    def is_family(self) -> bool:
        """Does a coordinate run free: do the exact values hold an unknown?

        >>> from sympy import Symbol
        >>> CriticalPoint(exact=FrozenMap({"x": -Symbol("y"), "y": Symbol("y")})).is_family, CriticalPoint().is_family
        (True, False)
        """
        exact = self.exact or {}
        return any(s.name in exact for v in exact.values() for s in getattr(v, "free_symbols", ()))

    @cached_property
    def shown(self) -> CriticalPoint:
        """The point with SymPy's expressions in the place of ours."""
        exact = None if self.exact is None else FrozenMap({u: shown(v) for u, v in self.exact.items()})
        loss = shown(self.loss)
        same = exact is None or all(v is w for v, w in zip(exact.values(), (self.exact or {}).values(), strict=True))
        return self if same and loss is self.loss else replace(self, exact=exact, loss=loss)

    @property
    def numbers(self) -> dict[str, float]:
        """The coordinates as floating-point numbers, by name; empty where the data are symbols.

        >>> CriticalPoint(numeric=FrozenMap({"x": "0.5"})).numbers
        {'x': 0.5}
        """
        return {u: float(v) for u, v in (self.numeric or {}).items()}

    def __getitem__(self, unknown: str) -> float:
        return self.numbers[unknown]


class CriticalPoints(Shown[CriticalPoint]):
    """The critical points of a report: a tuple, with the names by which one asks for some of them."""

    __slots__ = ()

    @property
    def minima(self) -> tuple[CriticalPoint, ...]:
        """Global, local and boundary minima."""
        return tuple(p for p in self if p.kind.endswith("minimum"))

    @property
    def maxima(self) -> tuple[CriticalPoint, ...]:
        return tuple(p for p in self if p.kind.endswith("maximum"))

    @property
    def saddles(self) -> tuple[CriticalPoint, ...]:
        return tuple(p for p in self if p.kind == "saddle")

    @property
    def global_minimum(self) -> CriticalPoint | None:
        """The first of the global minima; None where none is proved to exist."""
        return next((p for p in self if p.kind == "global minimum"), None)

    @property
    def global_maximum(self) -> CriticalPoint | None:
        return next((p for p in self if p.kind == "global maximum"), None)


def largest_class(classes: Sequence[str | None]) -> str | None:
    """The smallest class of ``CLASSES`` that holds all the given ones."""
    known = [c for c in classes if c is not None]
    return max(known, key=CLASSES.index) if known else None


def interval(low: str, high: str) -> str:
    """The closed interval between two ends, open where one is infinite.

    >>> interval("0", "1"), interval("-oo", "0")
    ('[0, 1]', '(-oo, 0]')
    """
    return f"{'(' if low == '-oo' else '['}{low}, {high}{')' if high == 'oo' else ']'}"
