"""The order of strategies, from the first that is tried to the last.

A line is a module of ``strategies/``: exact strategies first, then reductions to smaller systems, then obstructions, then
certified numbers. To add a strategy, write its file and add its line here (one that encloses points: in ``NUMBERS``, too).
A strategy is imported when its turn comes.
"""

TEXT: tuple[str, ...] = (  # these read the text and derive nothing
    "closedform.strategies.networks.interpolation",
    "closedform.strategies.networks.patterns",
    "closedform.strategies.networks.zero_loss",
    "closedform.strategies.networks.width",
)
LINE: tuple[str, ...] = ("closedform.strategies.scalar.univariate_polynomial",)  # of polynomials read without SymPy
EXPONENTIALS: tuple[str, ...] = (  # of losses over rows read without SymPy
    "closedform.strategies.exponentials.separation",
    "closedform.strategies.exponentials.instance",
)
SCALAR: tuple[str, ...] = (
    "closedform.strategies.scalar.nowhere",
    "closedform.strategies.reductions.linear_constraints",
    # constraints
    "closedform.strategies.scalar.polyhedral",
    "closedform.strategies.reductions.active_set",
    "closedform.strategies.reductions.faces",
    # exact strategies
    *EXPONENTIALS,
    "closedform.strategies.exponentials.formula",
    "closedform.strategies.scalar.univariate_polynomial",
    "closedform.strategies.scalar.linear_system",
    "closedform.strategies.scalar.polynomial_system",
    "closedform.strategies.reductions.roots_named",
    "closedform.strategies.scalar.bounded",
    "closedform.strategies.scalar.one_unknown",
    "closedform.strategies.reductions.linear_forms",
    "closedform.strategies.scalar.elimination",
    "closedform.strategies.scalar.piecewise_line",
    # reductions
    "closedform.strategies.reductions.sufficient_statistics",
    "closedform.strategies.reductions.monotone_boundary",
    "closedform.strategies.reductions.separable",
    "closedform.strategies.reductions.cells",
    "closedform.strategies.reductions.profile",
    "closedform.strategies.scalar.termwise_minimum",
    # obstructions
    "closedform.strategies.obstructions.rosenlicht",
    "closedform.strategies.obstructions.all_data",
    "closedform.strategies.obstructions.mixed",
    "closedform.strategies.obstructions.circular",
    "closedform.strategies.obstructions.hypertranscendental",
    "closedform.strategies.reductions.small_samples",
    # certified numbers
    "closedform.strategies.scalar.certified_numerics",
    "closedform.strategies.scalar.observed",
)
MATRIX: tuple[str, ...] = (
    "closedform.strategies.matrices.proximal.prox",
    "closedform.strategies.matrices.support",
    "closedform.strategies.matrices.spectral",
    "closedform.strategies.matrices.orthogonal",
    "closedform.strategies.matrices.sphere",
    "closedform.strategies.matrices.rank.low_rank",
    "closedform.strategies.matrices.quotient",
    "closedform.strategies.matrices.equations.affine",
    "closedform.strategies.matrices.covariance",
    "closedform.strategies.matrices.equations.inverse_function",
    "closedform.strategies.matrices.equations.definite_factor",
    "closedform.strategies.matrices.monotone",
    "closedform.strategies.networks.width",
    "closedform.strategies.obstructions.all_data",
)
LARGE: tuple[str, ...] = (
    "closedform.strategies.large.quadratic",
    "closedform.strategies.large.kinks",
    "closedform.strategies.large.rows",
    "closedform.strategies.large.least_squares",
    "closedform.strategies.large.logistic",
)
NUMBERS = frozenset(  # these bring certified numbers, which are wanted even after "not closed"
    (
        "closedform.strategies.scalar.bounded",
        "closedform.strategies.scalar.certified_numerics",
        "closedform.strategies.scalar.observed",
        "closedform.strategies.large.quadratic",
        "closedform.strategies.large.rows",
        "closedform.strategies.large.logistic",
    )
)
