"""Small networks under squared loss."""

from __future__ import annotations

from closedform.errors import CallError
from closedform.losses.entry import Draft, Entry, Options, count, flag, free_index
from closedform.reading.data.tables import Table

ACTIVATIONS = {
    "sigmoid": "sigmoid({})",
    "tanh": "tanh({})",
    "softplus": "softplus({})",
    "relu": "relu({})",
    "linear": "({})",
    "quadratic": "({})^2",
}
MAX_SIZE = 20_000
OPTIONS = ("hidden", "activation", "bias", "layers")


def network(features: tuple[str, ...], options: Options) -> tuple[str, tuple[str, ...]]:
    """The output of the network on the entries ``features`` and its unknowns: output weights, weights, biases.

    One unit and one feature: ``v, w, b``; else ``v1, w1_2, b1`` (unit, feature). From the second hidden layer on the
    weights are ``u2_1_3`` and the biases ``c2_1`` (layer, unit, unit below).
    """
    hidden = count(options, "hidden", 1, 1000)
    layers = count(options, "layers", 1, 20)
    bias = flag(options, "bias", False)
    kind = str(options.get("activation", "sigmoid"))
    if kind not in ACTIVATIONS:
        raise CallError(f"there is no activation {kind[:40]}; there are {', '.join(ACTIVATIONS)}")
    if hidden * len(features) + hidden**layers > MAX_SIZE:
        raise CallError(
            f"a network of {hidden} units in {layers} layers on {len(features)} features is too large to write out"
        )
    act = ACTIVATIONS[kind]
    small = hidden == 1 and len(features) == 1
    outputs, weights, biases, below = list[str](), list[str](), list[str](), list[str]()
    for j in range(1, hidden + 1):
        outputs.append("v" if small else f"v{j}")
        terms = list[str]()
        for f, entry in enumerate(features, 1):
            weights.append("w" if small else f"w{j}_{f}")
            terms.append(f"{weights[-1]}*{entry}")
        if bias:
            biases.append("b" if small else f"b{j}")
            terms.append(biases[-1])
        below.append(act.format(" + ".join(terms)))
    for layer in range(2, layers + 1):
        above = list[str]()
        for j in range(1, hidden + 1):
            terms = list[str]()
            for f, unit in enumerate(below, 1):
                weights.append(f"u{layer}" if small else f"u{layer}_{j}_{f}")
                terms.append(f"{weights[-1]}*{unit}")
            if bias:
                biases.append(f"c{layer}" if small else f"c{layer}_{j}")
                terms.append(biases[-1])
            above.append(act.format(" + ".join(terms)))
        below = above
    return " + ".join(f"{v}*{unit}" for v, unit in zip(outputs, below, strict=True)), (*outputs, *weights, *biases)


def _on_data(table: Table, options: Options) -> Draft:
    if table.target is None:
        raise CallError(f"which column is the target? The columns are {', '.join(table.names)}")
    if not table.features:
        raise CallError("a network needs at least one feature column beside the target")
    i = free_index(())
    output, unknowns = network(tuple(f"{key}[{i}]" for key in table.features), options)
    return Draft(f"sum({i}, 1, {table.rows}, ({table.target}[{i}] - ({output}))^2)", unknowns)


def _symbolic(options: Options) -> Draft:
    output, unknowns = network(("x[i]",), options)
    return Draft(f"sum(i, 1, n, (y[i] - ({output}))^2)", unknowns)


ENTRIES = (
    Entry(
        "nn",
        "a network with one hidden layer",
        _symbolic({}),
        "Squared loss of sum_j v_j*act(w_j*x + b_j); options hidden, activation "
        "(sigmoid, tanh, softplus, relu, linear, quadratic), bias, layers.",
        ("neuron", "network", "mlp"),
        OPTIONS,
        _on_data,
        _symbolic,
    ),
    Entry(
        "nn_matrix",
        "a network with one hidden layer, in matrices",
        Draft("||sigmoid(X*W)*V - Y||^2", ("W", "V"), "X=n,p;W=p,k;V=k,m;Y=n,m"),
        "Hidden weights W and output weights V together.",
    ),
    Entry(
        "elm",
        "output weights over fixed hidden units",
        Draft("||tanh(X*W)*V - Y||^2", ("V",), "X=n,p;W=p,k;V=k,m;Y=n,m"),
        "The hidden weights are given, so this is least squares.",
        ("extreme learning machine",),
    ),
    Entry(
        "deep_linear",
        "a linear network with one hidden layer",
        Draft("||X*A*B - Y||^2", ("A", "B"), "X=n,k;A=k,q;B=q,m;Y=n,m"),
        "A product of two weight matrices.",
    ),
    Entry(
        "autoencoder",
        "a linear autoencoder",
        Draft("||X*W*W' - X||^2 subject to W'*W = eye(q)", ("W",), "X=n,k;W=k,q"),
        "Rows projected on q orthonormal directions.",
        ("linear autoencoder",),
    ),
)
