"""Products of unknowns: factors of a truncated matrix, autoencoders and deep linear networks, classical scaling."""

from __future__ import annotations

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.functions import identity_is, power
from closedform.algebra.noncommutative.letters import Word
from closedform.algebra.noncommutative.solve import identity_multiple
from closedform.algebra.noncommutative.text import display
from closedform.attempt import Attempt, Finding, finding
from closedform.emit.source import identifier
from closedform.stationarity.matrix import MatrixSystem
from closedform.strategies.matrices.answer import by_theorem, source_of
from closedform.strategies.matrices.rank.shapes import (
    NAME,
    Form,
    Ridge,
    definite_when,
    size_text,
    whitened,
)


def by_factors(
    system: MatrixSystem, letters: Word, form: Form, penalty: Ridge | None = None, columns: str | None = None
) -> Attempt:
    inner = [l.cols for l in letters[:-1]]
    source = source_of(system)
    sizes = [source.size(s) for s in dict.fromkeys(inner)]
    rank = sizes[0] if len(sizes) == 1 else source.let("rank", f"min({', '.join(sizes)})")
    a, b, k, _ = form
    conditions = list[str]()
    left, right = (None if identity_is(x) else x for x in (a, b))
    for x in (left, right):
        if x is not None:
            found = definite_when(system, x)
            if found is None:
                return Attempt(NAME, "declined", f"nothing shows that {display(x)} is positive definite")
            conditions += found
    matrix = source.let("M", source.poly(k))
    of_a, of_b = identity_multiple(a), identity_multiple(b)
    scalar = of_a * of_b if left is None and right is None and of_a is not None and of_b is not None else None
    if scalar is not None:
        if definite_when(system, scalar) is None:
            return Attempt(NAME, "declined", f"nothing shows that {display(scalar)} is positive")
        if scalar != w.constant(1):
            source.line(f"{matrix} = {matrix} / ({source.poly(scalar)})")
    U, sv, Vt = source.locals("U sigma V")
    if penalty is not None and (left is not None or right is not None or scalar is None):
        return Attempt(NAME, "declined", "a penalty beside a metric")
    roots = dict[str, str]()
    for x, wish in ((left, "L"), (right, "R")):
        if x is not None:  # the metric may be singular: its root by eigenvalues, and the pseudoinverse of that
            roots[wish] = source.let(wish, source.call("_inverse_root", source.poly(x)))
            source.line(f"{matrix} = {f'{roots[wish]} @ {matrix}' if wish == 'L' else f'{matrix} @ {roots[wish]}'}")
    source.line(f"{U}, {sv}, {Vt} = np.linalg.svd({matrix}, full_matrices=False)")
    source.line(f"{sv} = np.append({sv}, np.zeros({rank}))[:{rank}]")
    source.line(f"{U}, {Vt} = (np.pad(Z, ((0, 0), (0, {rank})))[:, :{rank}] for Z in ({U}, {Vt}.T))")
    if penalty is not None and scalar is not None:  # the penalty is 2 c times the nuclear norm of the product
        shrink = w.scale(penalty.weight, 2 / form[3]) * power(scalar, -1)
        source.line(f"{sv} = np.sqrt(np.maximum({sv} - {source.factor(shrink)}, 0))")
        Vt = source.let("W", f"{Vt} * {sv}")
    if columns is not None:
        if left is not None or right is not None:
            return Attempt(NAME, "declined", "an orthonormal factor beside a metric")
        source.line(f"if {rank} > min({matrix}.shape):")
        source.line('    raise ValueError("there are not so many orthonormal columns")')
    first = f"{U} * {sv}" if left is None else f"{roots['L']} @ ({U} * {sv})"
    last = f"{Vt}.T" if right is None else f"({roots['R']} @ {Vt}).T"
    if columns is not None and letters[0].args[0] == columns:
        first, last = U, f"({Vt} * {sv}).T"
    outputs, codes = dict[str, str](), [f"({first})", *["1"] * (len(letters) - 2), f"({last})"]
    for i, l in enumerate(letters):
        rows, cols = source.size(l.rows) if i else "", source.size(l.cols)
        code = (
            f"{codes[i]} @ np.eye({rank}, {cols})"
            if i == 0
            else f"np.eye({rows}, {rank}) @ {codes[i]}"
            if i == len(letters) - 1
            else f"np.eye({rows}, {cols})"
        )
        u = l.args[0]
        if penalty is not None and penalty.scale:
            code = f"{source.factor(penalty.scale[u])} * ({code})"
        source.line(f"{identifier(u)} = ({code}).T" if l.t else f"{identifier(u)} = {code}")
        outputs[u] = identifier(u)
    shown = "*".join(l.key for l in letters)
    least = inner[0] if len(dict.fromkeys(inner)) == 1 else f"min({', '.join(dict.fromkeys(inner))})"
    target = k if scalar is None else power(scalar, -1) * k
    cut = ""
    if penalty is not None and scalar is not None:
        cut = f"shrink_singular_values({display(target)}, {display(w.scale(penalty.weight, 2 / form[3]) * power(scalar, -1))})"
    best = f"truncated_svd({cut}, {least})" if cut else whitened(left, right, target, least)
    texts = _factor_texts(letters, best, penalty, columns)
    return by_theorem(
        system,
        NAME,
        finding(
            "product of bounded rank",
            product=shown,
            rank=least,
            best=best,
            weight=None if penalty is None else display(penalty.weight),
        ),
        texts={u: texts[u] for u in system.unknowns},
        source=source.finish({u: outputs[u] for u in system.unknowns}),
        conditions=tuple(dict.fromkeys(conditions)),
        remarks=_freedom(letters, penalty),
    )


def _factor_texts(letters: Word, best: str, penalty: Ridge | None, columns: str | None) -> dict[str, str]:
    """The factors of ``best`` in the order of the letters: U sqrt(S), identities, sqrt(S) V'; or an orthonormal one."""
    front = {u: f"{display(x)}*" for u, x in penalty.scale.items()} if penalty is not None else {}
    out = dict[str, str]()
    if columns is not None:
        first = letters[0].args[0] == columns
        side, inner = ("left", letters[0].cols) if first else ("right", letters[0].cols)
        other = letters[1] if first else letters[0]
        out[columns] = f"{side}_singular_vectors({best}, {size_text(inner)})"
        whole = f"({best})" if " " in best else best
        # best = columns * other, or other * columns'
        flipped = other.t == first
        out[other.args[0]] = (
            f"{whole}'*{columns}"
            if (first and flipped) or (not first and other.t)
            else (f"{columns}'*{whole}" if first else f"{whole}*{columns}")
        )
        return out
    for i, l in enumerate(letters):
        rows, cols = size_text(l.rows), size_text(l.cols)
        if i == 0:
            text, flipped = f"first_factor({best}, {cols})", l.t
        elif i == len(letters) - 1:
            text, flipped = f"last_factor({best}, {rows})", not l.t
        else:
            text, flipped = f"identity_block({rows}, {cols})", l.t
        out[l.args[0]] = front.get(l.args[0], "") + text + ("'" if flipped else "")
    return out


def _freedom(letters: Word, penalty: Ridge | None) -> tuple[Finding, ...]:
    first, last = letters[0].key, letters[1].key
    if penalty is not None:
        return (finding("factors up to orthogonal matrices", first=first, last=last),)
    return (
        finding("factors up to invertible matrices", first=first, last=last),
        finding("no other local minimum of linear factors"),
    )


def by_autoencoder(system: MatrixSystem, letters: Word, form: Form, penalty: Ridge) -> Attempt:
    """||X - P X||^2 with penalties on the factors of P = U V: shrunken projectors on the leading eigenvectors of XX'."""
    a, b, _, c = form
    gram = b if identity_is(a) else a
    q = letters[0].cols
    keep = w.scale(penalty.weight, 2 / c)
    source = source_of(system)
    values, vectors = source.locals("values vectors")
    n, rows = source.size(q), source.size(gram.rows)
    source.line(f"{values}, {vectors} = {source.call('_eigen', source.poly(gram))}")
    source.line(f"{values}, {vectors} = {values}[::-1][:{n}], {vectors}[:, ::-1][:, :{n}]")
    shrink = source.poly(keep)
    source.line(f"{values} = np.maximum(1 - {shrink} / np.where({values} > {shrink}, {values}, {shrink}), 0)")
    root = source.let("W", f"np.zeros(({rows}, {n}))")
    source.line(f"{root}[:, :len({values})] = {vectors} * np.sqrt({values})")
    names = {l.args[0]: l for l in letters}
    front = {u: f"{display(x)}*" for u, x in penalty.scale.items()}
    inside = f"positive_part(eye({q}) - {display(keep) if keep.single() else f'({display(keep)})'}*inv(largest_eigenvalues({display(gram)}, {q})))"
    factor = f"largest_eigenvectors({display(gram)}, {q})*sqrt({inside})"
    texts = dict[str, str]()
    for i, (u, l) in enumerate(names.items()):
        flipped = l.t == (i == 0)
        scale = f"{source.factor(penalty.scale[u])} * " if penalty.scale else ""
        source.line(f"{identifier(u)} = {scale}{root}{'.T' if flipped else ''}")
        texts[u] = f"{front.get(u, '')}" + (f"({factor})'" if flipped else factor)
    return by_theorem(
        system,
        NAME,
        finding("autoencoder", gram=display(gram), count=q, cut=display(keep)),
        texts={u: texts[u] for u in system.unknowns},
        source=source.finish({u: identifier(u) for u in system.unknowns}),
        remarks=_freedom(letters, penalty),
    )


def by_scaling(system: MatrixSystem, letters: Word, form: Form) -> Attempt:
    a, b, k, _ = form
    s, t = identity_multiple(a), identity_multiple(b)
    scalar = s * t if s is not None and t is not None else None
    if scalar is None or definite_when(system, scalar) is None or not w.is_symmetric(k):
        return Attempt(NAME, "declined", "the loss is not the distance of Y*Y' to a matrix")
    u = letters[0].args[0]
    target = power(scalar, -1) * k
    q = letters[0].cols
    source = source_of(system)
    n = source.size(q)
    y = identifier(u)
    values, vectors = source.locals("values vectors")
    source.line(f"{values}, {vectors} = {source.call('_eigen', source.poly(target))}")
    source.line(f"{values}, {vectors} = np.maximum({values}[::-1][:{n}], 0), {vectors}[:, ::-1][:, :{n}]")
    source.line(f"{y} = np.pad({vectors} * np.sqrt({values}), ((0, 0), (0, {n} - len({values}))))")
    if letters[0].t:
        source.line(f"{y} = {y}.T")
    shown, size = display(target), size_text(q)
    text = f"largest_eigenvectors({shown}, {size})*sqrt(positive_part(largest_eigenvalues({shown}, {size})))"
    return by_theorem(
        system,
        NAME,
        finding("classical scaling", product=f"{letters[0].key}*{letters[1].key}", rank=q, matrix=shown),
        texts={u: f"({text})'" if letters[0].t else text},
        source=source.finish({u: y}),
        remarks=(finding("unique up to an orthogonal factor, minima global"),),
    )
