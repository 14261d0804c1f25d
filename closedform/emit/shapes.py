"""The shapes that NumPy's functions return, and the flops that they cost. The flops of each stand in ``operations``."""

from __future__ import annotations

from typing import Any, TypeGuard

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.functions import power
from closedform.algebra.noncommutative.letters import Unsupported
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.emit.operations import ENTRYWISE, LINALG, REDUCED, extreme, times
from closedform.frozen import record


def is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


@record
class Array:
    """The shape of an array: no size for a number, one for a vector, two for a matrix."""

    shape: tuple[Poly, ...]

    @property
    def size(self) -> Poly:
        return w.product(w.constant(1), *self.shape)


NUMBER = Array(())


class NumPy:
    """NumPy on shapes: each call gives the shape of its result, and adds to ``flops`` what it costs."""

    flops: Poly

    def broadcast(self, *arrays: Any) -> Array:
        shapes = [a.shape for a in arrays if isinstance(a, Array)]
        longest = max(shapes, key=len, default=())
        out = list(longest)
        for s in shapes:
            for i, n in enumerate(reversed(s)):
                spot = len(out) - 1 - i
                if out[spot] == w.constant(1):
                    out[spot] = n
        return Array(tuple(out))

    def entrywise(self, *arrays: Any) -> Array:
        out = self.broadcast(*arrays)
        self.flops = self.flops + out.size if out.shape else self.flops
        return out

    def numpy(self, name: str, args: list[Any], keywords: dict[str, Any]) -> Any:
        first: Any = args[0] if args else None
        if name in ENTRYWISE:
            return self.entrywise(*args)
        if name in REDUCED or name in ("any", "all"):
            return self.method(first, name, args[1:], keywords)
        if name in LINALG:
            return self.linalg(name, args, keywords)
        if name in ("eye", "ones", "zeros", "full"):
            return self.made(name, args)
        if name == "kron":
            out = Array(tuple(a * b for a, b in zip(args[0].shape, args[1].shape, strict=True)))
            self.flops = self.flops + out.size
            return out
        if name == "einsum":
            return self.contraction(args)
        if name == "diag":
            return Array((first.shape[0], first.shape[0])) if len(first.shape) == 1 else Array((first.shape[0],))
        if name in ("hstack", "vstack"):
            return self.stacked(first, 1 if name == "hstack" else 0)
        if name == "block":
            return self.stacked([self.stacked(row, 1) for row in first], 0)
        if name == "append":
            return Array((args[0].size + (args[1].size if isinstance(args[1], Array) else w.constant(1)),))
        if name == "pad":
            return self.padded(first, args[1])
        if name in ("where", "asarray", "array", "sort", "isfinite"):
            arrays = [a for a in args if isinstance(a, Array)]
            return self.broadcast(*arrays) if arrays else Array(tuple([w.constant(1)] * 2))
        if name == "arange":
            return Array((args[-1] if isinstance(args[-1], Poly) else w.constant(1),))
        if name in ("nonzero", "unravel_index", "argmax", "argsort", "finfo"):
            return [first if isinstance(first, Array) else NUMBER]
        raise Unsupported(f"np.{name} is not counted")

    def linalg(self, name: str, args: list[Any], keywords: dict[str, Any]) -> Any:
        a: Array = args[0]
        thin = keywords.get("full_matrices") is False
        key = "full_svd" if name == "svd" and not thin else name
        order: Any = args[1] if len(args) > 1 else None
        if name == "norm" and isinstance(order, str):
            key = "cond"
        arrays: list[Array] = [x for x in args if isinstance(x, Array) and x.shape]
        self.flops = self.flops + LINALG[key](*(x.shape for x in arrays))
        low = extreme("min", *a.shape) if len(a.shape) == 2 else None
        if name == "svd":
            rows, cols = a.shape
            return [Array((rows, low if thin else rows)), Array((low,)), Array((low if thin else cols, cols))]  # type: ignore[arg-type]
        if name in ("eigh", "eig"):
            return [Array((a.shape[0],)), a]
        if name == "lstsq":
            return [Array((a.shape[1], *args[1].shape[1:])), NUMBER, low, NUMBER]
        if name == "slogdet":
            return [NUMBER, NUMBER]
        if name == "norm":
            return Array((a.shape[1],)) if "axis" in keywords else NUMBER
        return {
            "eigvalsh": Array((a.shape[0],)),
            "eigvals": Array((a.shape[0],)),
            "cholesky": a,
            "solve": args[-1],
        }.get(name, NUMBER)

    def made(self, name: str, args: list[Any]) -> Array:
        if name == "eye":
            rows = args[0]
            cols = args[1] if len(args) > 1 else rows
            return Array((rows, cols))
        shape: list[Any] = args[0] if is_list(args[0]) else [args[0]]
        if not all(isinstance(s, Poly) for s in shape):
            raise Unsupported("an array of unknown size")
        return Array(tuple(shape))

    def stacked(self, parts: Any, axis: int) -> Array:
        listed: list[Any] = parts if is_list(parts) else [parts]
        matrices = [p if len(p.shape) == 2 else Array((w.constant(1), w.constant(1))) for p in listed]
        along = w.add(*(p.shape[axis] for p in matrices))
        across = matrices[0].shape[1 - axis]
        return Array((across, along) if axis else (along, across))

    def padded(self, a: Array, amounts: Any) -> Array:
        if not is_list(amounts) or len(amounts) != 2:
            return a
        extra = [_on_both_sides(pair) for pair in amounts]
        return Array(tuple(s + x if isinstance(x, Poly) else s for s, x in zip(a.shape, extra, strict=True)))

    def contraction(self, args: list[Any]) -> Array:
        """Two flops for each combination of the indices, one where nothing is summed."""
        inputs, output = str(args[0]).split("->")
        sizes: dict[str, Poly] = {}
        for letters, array in zip(inputs.split(","), args[1:], strict=True):
            sizes |= dict(zip(letters, array.shape, strict=True))
        summed = set(sizes) - set(output)
        self.flops = self.flops + times(2 if summed else 1, *sizes.values())
        return Array(tuple(sizes[i] for i in output))

    def method(self, value: Any, name: str, args: list[Any], keywords: dict[str, Any] | None = None) -> Any:
        if not isinstance(value, Array):
            return value if isinstance(value, Poly) and name in REDUCED else NUMBER
        if name in REDUCED:
            size = value.shape[0] if name == "trace" else value.size
            self.flops = self.flops + size if value.shape else self.flops
            along = keywords.get("axis") if keywords else None
            return value if name == "cumsum" else Array(value.shape[1:]) if along is not None else NUMBER
        if name == "ravel":
            return Array((value.size,))
        if name == "reshape":
            shape = args[0] if args and is_list(args[0]) else args
            sizes = [s for s in shape if isinstance(s, Poly)]
            if any(s == w.constant(-1) for s in sizes):
                others = w.product(w.constant(1), *(s for s in sizes if s != w.constant(-1)))
                sizes = [value.size * power(others, -1) if s == w.constant(-1) else s for s in sizes]
            return Array(tuple(sizes))
        return value if name in ("copy", "astype") else NUMBER


def _on_both_sides(amounts: Any) -> Any:
    """What padding adds to one axis: the amounts before and after, or one that is not known."""
    return w.add(*(x for x in amounts if isinstance(x, Poly))) if is_list(amounts) else amounts
