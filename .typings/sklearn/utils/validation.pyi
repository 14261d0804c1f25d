from collections.abc import Sequence
from typing import Any

def check_is_fitted(estimator: object, attributes: str | Sequence[str] | None = None) -> None: ...

# X, or X and y where y is given: whatever kind of array, frame or sparse matrix came in, as an array or a sparse one
def validate_data(
    _estimator: object, /, X: Any = ..., y: Any = ..., reset: bool = True, **check_params: Any
) -> Any: ...
