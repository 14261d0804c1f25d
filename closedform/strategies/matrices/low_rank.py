"""Quadratic losses under a rank bound, written as rank(B) <= r or as a product of factors: Eckart-Young and its kin.

Truncated singular value decomposition (Eckart and Young 1936; Mirsky 1960), reduced-rank regression (Izenman 1975),
linear autoencoders and deep linear networks (Baldi and Hornik 1989; Kawaguchi 2016), classical scaling (Gower 1966).
More than 400 lines: four spellings of one theorem.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from closedform.algebra.noncommutative import normal_form as w
from closedform.algebra.noncommutative.derivative import differentiate
from closedform.algebra.noncommutative.facts import definite, sign
from closedform.algebra.noncommutative.normal_form import ONE, Atom, Letter, Poly, Word
from closedform.algebra.noncommutative.solve import collect, identity_multiple
from closedform.algebra.noncommutative.text import display, latex
from closedform.attempt import Attempt
from closedform.budget import Budget
from closedform.emit.source import Source, identifier
from closedform.errors import InputError
from closedform.expression import Node
from closedform.frozen import FrozenMap
from closedform.stationarity.matrix import MatrixSystem, matrix_system
from closedform.strategies.matrices.answer import by_theorem, source_of

name = "low rank"
_ONE = "one_"  # the inner size of a product of columns
example = {"loss": "||A - B||^2 subject to rank(B) <= r", "unknowns": ["B"], "shapes": {"A": "n,m", "B": "n,m"}}
counterexample = {"loss": "||X*a - y||^2", "unknowns": ["a"], "shapes": {"X": "n,k", "y": "n", "a": "k"}}
_ECKART = "Eckart and Young, Psychometrika 1 (1936); Mirsky, Quart. J. Math. 11 (1960)"
_BALDI = "Baldi and Hornik, Neural Networks 2 (1989); Kawaguchi, NIPS 2016"


def declines(system: MatrixSystem) -> str | None:
    ranked = any(c.kind == "rank" for c in system.constraints)
    allowed = ("psd", "sym") if ranked else ("orth",) if _orthonormal(system) else ()
    if (trouble := system.trouble_with(*allowed)) is not None:
        return trouble
    if system.gradient is None:
        return system.trouble
    if any(c.kind == "rank" for c in system.constraints):
        others = {c.kind for c in system.constraints} - {"rank", "psd"}
        return None if not others and len(system.unknowns) == 1 else "there are other constraints or unknowns"
    if system.constraints:
        return "the constraints are not a rank bound"
    columns = any(system.shape(u)[1] == ONE for u in system.unknowns) or _orthonormal(system) is not None
    return None if columns or _chains(system) else "the unknowns do not stand in one product"


def _orthonormal(system: MatrixSystem) -> str | None:
    """The one of two unknowns that has orthonormal columns."""
    found = [u for u in system.unknowns if "orth" in system.flags(u)]
    return found[0] if len(found) == 1 and len(system.unknowns) == 2 and not system.constraints else None


def attempt(system: MatrixSystem, budget: Budget) -> Attempt:
    budget.check()
    bound = next((c for c in system.constraints if c.kind == "rank"), None)
    if bound is not None:
        u = system.unknowns[0]
        if bound.left != system.unknown(u) and bound.left != system.unknown(u).T:
            return Attempt(name, "declined", "the rank bound is not on the unknown itself")
        form = _quadratic(system.loss, u, system.unknown(u))
        if isinstance(form, str):
            return Attempt(name, "declined", form)
        if "psd" in system.flags(u) or any(c.kind == "psd" for c in system.constraints):
            return _positive(system, u, bound.bound, form)
        if "sym" in system.flags(u):
            return Attempt(name, "declined", "a symmetric unknown that may be indefinite")
        return _bounded(system, u, bound.bound, form)
    columns = _orthonormal(system)
    if columns is not None:  # first as if free: a factor of the product may always be chosen orthonormal
        loose = FrozenMap({n: f - {"orth"} for n, f in system.problem.properties.items()})
        system = matrix_system(replace(system.problem, constraints=(), properties=loose))
    found = _thick(system) if any(system.shape(u)[1] == ONE for u in system.unknowns) else system
    penalty, bare = _ridge(found) if found is not None else (None, None)
    if found is None or bare is None:
        return Attempt(name, "declined", "the unknowns do not stand in one product")
    for letters in _chains(bare):
        folded = _folded(bare, letters)
        if folded is not None:
            if columns is not None and (penalty is not None or not _outside(letters, columns)):
                return Attempt(name, "declined", "the orthonormal unknown is not an outer factor")
            return _product(found, letters, *folded, penalty, columns)
    return Attempt(name, "declined", "the unknowns do not stand in one product")


def _outside(letters: Word, u: str) -> bool:
    """Does U stand first, or U' last, in a product of two?"""
    first, last = letters[0], letters[-1]
    return len(letters) == 2 and ((first.args[0] == u and not first.t) or (last.args[0] == u and last.t))


def _folded(system: MatrixSystem, letters: Word) -> tuple[Poly, Letter] | None:
    """The loss as a function of the product alone, and the letter that stands for it."""
    fresh = "B"
    while fresh in system.names.shapes or fresh in system.problem.parameters:
        fresh += "_"
    gram = len(letters) == 2 and letters[1] == letters[0].T
    flags = frozenset({"sym"} if gram else ())
    whole = Letter("name", (fresh,), letters[0].rows, letters[-1].cols, flags)
    loss = _fold(system.loss, letters, whole)
    return None if loss is None or loss.names & frozenset(system.unknowns) else (loss, whole)


def _product(
    system: MatrixSystem, letters: Word, loss: Poly, whole: Letter, penalty: Ridge | None, columns: str | None = None
) -> Attempt:
    if penalty is not None and len(letters) != 2:
        return Attempt(name, "declined", "a penalty on more than two factors")
    gram, fresh = whole.symmetric, whole.args[0]
    form = _quadratic(loss, fresh, w.of_letter(whole))
    if isinstance(form, str):
        return Attempt(name, "declined", form)
    if penalty is not None and not gram and columns is None:
        a, b, k, _ = form
        one, other = (b, a) if w.identity_is(a) else (a, b)
        known = definite(one, system.facts) is not None and sign(penalty.weight, system.facts) == 2
        if known and other == w.eye(other.rows) and not w.identity_is(one) and k == one:
            return _autoencoder(system, letters, form, penalty)
    if gram and penalty is not None:
        scaled = identity_multiple(form[0])
        if scaled is None or identity_multiple(form[1]) is None:
            return Attempt(name, "declined", "a penalty beside a metric")
        shift = w.scale(penalty.weight, 1 / form[3]) * w.eye(form[2].rows)  # tr(Y'Y) is linear in the product
        return _scaling(system, letters, (form[0], form[1], form[2] - shift, form[3]))
    return _scaling(system, letters, form) if gram else _factors(system, letters, form, penalty, columns)


def _thick(system: MatrixSystem) -> MatrixSystem | None:
    """The system with unknown columns read as matrices of one column, so that their products stay products."""
    shapes = {
        n: (r, Node("name", (_ONE,)) if n in system.unknowns and system.shape(n)[1] == ONE else c)
        for n, (r, c) in system.problem.shapes.items()
    }
    try:
        return matrix_system(replace(system.problem, shapes=FrozenMap(shapes)))
    except InputError:
        return None


@dataclass(frozen=True)
class Ridge:
    """Penalties ``c1 ||U||^2 + c2 ||V||^2``: at a given product their least value is 2 sqrt(c1 c2) times its nuclear norm.

    It is attained with U multiplied by s and V divided by it, ``s^4 = c2/c1`` (s is None where the weights agree).
    """

    weight: Poly  # sqrt(c1 c2)
    scale: dict[str, Poly]  # what each unknown is multiplied with; empty where the weights agree


def _ridge(system: MatrixSystem) -> tuple[Ridge | None, MatrixSystem | None]:
    """The penalties and the rest of the loss; (None, system) where there are none, (None, None) where they do not fit."""
    weights, rest, own = list[Poly](), system.loss, frozenset(system.unknowns)
    for u in system.unknowns:
        p = system.unknown(u)
        gram = w.trace(p.T * p).single()
        if gram is None:
            return None, None
        total = w.constant(0)
        for (m, _), c in system.loss.terms.items():
            if gram[1][0] in m and not any(a.names & own for a, _ in m if a != gram[1][0][0]):
                total = total + Poly(ONE, ONE, {(tuple(x for x in m if x != gram[1][0]), ()): c})
        weights.append(total)
        rest = rest - total * w.trace(p.T * p)
    if all(t.zero for t in weights):
        return None, system
    without = replace(system, loss=rest)
    if all(t == weights[0] for t in weights):
        return (Ridge(weights[0], {}), without) if sign(weights[0], system.facts) in (1, 2) else (None, None)
    if len(weights) != 2 or any(sign(t, system.facts) != 2 for t in weights):
        return None, None
    ratio = w.power(weights[1] * w.power(weights[0], -1), Fraction(1, 4))
    scale = {u: w.power(ratio, e) for u, e in zip(system.unknowns, (1, -1), strict=True)}
    return Ridge(w.power(weights[0] * weights[1], Fraction(1, 2)), scale), without


Form = tuple[Poly, Poly, Poly, Fraction]  # L, R, K, c: the loss is c (tr(B'LBR)/2 - tr(K'B)) + const


def _quadratic(loss: Poly, u: str, p: Poly) -> Form | str:
    found = collect(differentiate(loss, {u: p})[u], u, p.rows, p.cols)
    if found is None or found.flipped or found.entrywise is not None or len(found.plain) != 1:
        return "the loss is not a quadratic form with one two-sided term"
    a, b = found.plain[0]
    if a.rows != a.cols or b.rows != b.cols or not (w.is_symmetric(a) and w.is_symmetric(b)):
        return "the quadratic term is not symmetric"
    k, c = -found.rest, abs(w.content(a)[0]) * abs(w.content(b)[0])
    a, b, k = w.scale(a, 1 / abs(w.content(a)[0])), w.scale(b, 1 / abs(w.content(b)[0])), w.scale(k, 1 / c)
    s, t = identity_multiple(a), identity_multiple(b)
    if s is not None and t is None:
        a, b = w.eye(a.rows), b * s
    elif t is not None:
        a, b = a * t, w.eye(b.rows)
    return a, b, k, c


def _positive(system: MatrixSystem, u: str, rank: str, form: Form) -> Attempt:
    """The nearest positive semidefinite matrix of bounded rank."""
    a, b, k, _ = form
    s, t = identity_multiple(a), identity_multiple(b)
    scale = s * t if s is not None and t is not None else None
    if scale is None or _definite(system, scale) is None:
        return Attempt(name, "declined", "the loss is not the distance to a matrix")
    target = w.scale(k + k.T, Fraction(1, 2)) * w.power(scale, -1)
    source = source_of(system)
    values, vectors = source.locals("values vectors")
    r, v = source.size(rank), identifier(u)
    source.line(f"{values}, {vectors} = {source.call('_eigen', source.poly(target))}")
    source.line(f"{values}, {vectors} = np.maximum({values}[::-1][:{r}], 0), {vectors}[:, ::-1][:, :{r}]")
    source.line(f"{v} = ({vectors} * {values}) @ {vectors}.T")
    shown = display(target)
    return by_theorem(
        system,
        name,
        texts={u: f"truncated_svd(positive_part({shown}), {rank})"},
        latex=rf"{latex(target)} = V \Lambda V^\top,\quad \hat {latex(system.unknown(u))} = V_{{{rank}}} (\Lambda_{{{rank}}})_+ V_{{{rank}}}^\top",
        source=source.finish({u: v}),
        theorem=f"the nearest positive semidefinite matrix of rank at most {rank} keeps the {rank} largest positive eigenvalues",
        reference="Mardia, Kent and Bibby, Multivariate Analysis, theorem 14.4.2",
        remarks=("unique when the eigenvalues at the cut differ",),
    )


def _definite(system: MatrixSystem, p: Poly) -> tuple[str, ...] | None:
    level = definite(p, system.facts)
    return level.conditions if level is not None and level.strict else None


def _bounded(system: MatrixSystem, u: str, rank: str, form: Form) -> Attempt:
    source = source_of(system)
    found = _truncate(source, system, form, rank)
    if isinstance(found, str):
        return Attempt(name, "declined", found)
    code, text, tex, conditions, theorem = found
    source.line(f"{identifier(u)} = {code}")
    return by_theorem(
        system,
        name,
        texts={u: text},
        latex=rf"\hat {latex(system.unknown(u))} = {tex}",
        source=source.finish({u: identifier(u)}),
        theorem=theorem,
        reference=_ECKART,
        conditions=conditions,
        remarks=(
            (
                f"unique when the {rank}-th and the next singular value differ; a rank bound above the smaller "
                f"size is no bound"
            ),
        ),
    )


def _truncate(source: Source, system: MatrixSystem, form: Form, rank: str):
    """Lines up to ``U, s, Vt, r`` of the matrix that is truncated; the code of B, its text, LaTeX, conditions, ..."""
    a, b, k, _ = form
    s = identity_multiple(a) if identity_multiple(b) is not None else None
    r = source.size(rank)
    U, sv, Vt = source.locals("U sigma Vt")
    if s is not None:
        target = w.power(s, -1) * k if _definite(system, s) is not None else None
        if target is None:
            return f"nothing shows that {display(s)} is positive"
        source.line(f"{U}, {sv}, {Vt} = np.linalg.svd({source.poly(target)}, full_matrices=False)")
        text, tex = (
            f"truncated_svd({display(target)}, {rank})",
            rf"\left[{latex(target)}\right]_{{{rank}}} = U_{{{rank}}} \Sigma_{{{rank}}} V_{{{rank}}}^\top",
        )
        theorem = (
            f"by the Eckart-Young-Mirsky theorem it is {display(target)} with all but its {rank} largest "
            f"singular values set to zero"
        )
        return f"({U}[:, :{r}] * {sv}[:{r}]) @ {Vt}[:{r}]", text, tex, (), theorem
    conditions = list[str]()
    for x in (a, b):
        if identity_multiple(x) is None or not w.identity_is(x):
            found = _definite(system, x)
            if found is None:
                return f"nothing shows that {display(x)} is positive definite"
            conditions += found
    left = None if w.identity_is(a) else a
    right = None if w.identity_is(b) else b
    plain = next((q for q in system.pieces if q.residual is not None), None)
    found = (
        collect(plain.residual, system.unknowns[0], *system.shape(system.unknowns[0]))
        if plain
        and plain.residual is not None
        and len(system.pieces) == 1
        and plain.metric is None
        and len(system.unknowns) == 1
        else None
    )
    if (
        found
        and len(found.plain) == 1
        and not found.flipped
        and w.identity_is(found.plain[0][1])
        and found.entrywise is None
    ):
        x, y = found.plain[0][0] * (identity_multiple(found.plain[0][1]) or w.constant(1)), -found.rest
        full = source.let("full", source.call("_least_squares", source.poly(x), source.poly(y)))
        source.line(f"{Vt} = np.linalg.svd({source.factor(x)} @ {full}, full_matrices=False)[2]")
        code = f"{full} @ {Vt}[:{r}].T @ {Vt}[:{r}]"
    else:
        inner = source.let("M", source.poly(k))
        roots = dict[str, str]()
        for x, wish in ((left, "L"), (right, "R")):
            if x is not None:
                roots[wish] = source.let(wish, source.call("_inverse_root", source.poly(x)))
                source.line(f"{inner} = {f'{roots[wish]} @ {inner}' if wish == 'L' else f'{inner} @ {roots[wish]}'}")
        source.line(f"{U}, {sv}, {Vt} = np.linalg.svd({inner}, full_matrices=False)")
        code = f"({U}[:, :{r}] * {sv}[:{r}]) @ {Vt}[:{r}]"
        code = f"{roots['L']} @ ({code})" if left is not None else code
        code = f"({code}) @ {roots['R']}" if right is not None else code
    la, rb = (
        (f"invsqrt({display(left)})*" if left is not None else ""),
        (f"*invsqrt({display(right)})" if right is not None else ""),
    )
    text = f"{la}truncated_svd({la}({display(k)}){rb}, {rank}){rb}"
    tl = f"{_half(left)} " if left is not None else ""
    tr = f" {_half(right)}" if right is not None else ""
    tex = rf"{tl}\left[{tl}{latex(k)}{tr}\right]_{{{rank}}}{tr}"
    theorem = (
        "in the metric of the quadratic term the loss is a squared distance, so the Eckart-Young-Mirsky theorem applies"
    )
    return code, text, tex, tuple(dict.fromkeys(conditions)), theorem


def _half(p: Poly | None) -> str:
    return "" if p is None else rf"\left({latex(p)}\right)^{{-1/2}}"


# -- products of unknowns ------------------------------------------------------------------------------------------


def _chains(system: MatrixSystem) -> list[Word]:
    """Runs of unknown letters that hold every unknown once (or U beside U'), fewest transpositions first."""
    unknowns = frozenset(system.unknowns)
    found = dict[Word, None]()
    for m, _ in system.loss.terms:
        for a, _e in m:
            word: Word = a.args[0] if a.kind == "tr" else ()
            for i in range(len(word)):
                turned = word[i:] + word[:i]
                size = 2 if len(unknowns) == 1 else len(unknowns)
                part: list[Letter] = list(turned[:size])
                if len(part) < size or not all(l.kind == "name" and l.names <= unknowns for l in part):
                    continue
                if {x for l in part for x in l.names} == unknowns and (size == len(unknowns) or part[1] == part[0].T):
                    back = tuple(l.T for l in reversed(part))
                    found[min(tuple(part), back, key=lambda x: (sum(l.t for l in x), x[0].key))] = None
    return sorted(found, key=lambda x: (sum(l.t for l in x), x[0].t, x[0].key))


def _fold(loss: Poly, letters: Word, whole: Letter) -> Poly | None:
    """The loss with the product of the letters replaced by one letter, wherever it stands (turning traces)."""
    back = tuple(l.T for l in reversed(letters))
    out = w.constant(0)
    unknowns = {n for l in letters for n in l.names}
    norms: list[Atom] = []
    if len(letters) == 2 and letters[0].cols == _ONE and letters[1] != letters[0].T:  # ||u||^2 ||v||^2 = ||u v'||^2
        norms = [next(iter(w.trace(w.of_letter(l) * w.of_letter(l.T)).terms))[0][0][0] for l in letters]
    for (m, _), c in loss.terms.items():
        piece = w.constant(c)
        if norms and all(dict(m).get(a) == 1 for a in norms):
            piece = piece * w.trace(w.of_letter(whole.T) * w.of_letter(whole))
            m = tuple(x for x in m if x[0] not in norms)
        for a, e in m:
            if not a.names & unknowns:
                piece = piece * w.of_atom(a, e)
                continue
            if a.kind != "tr":
                return None
            done = None
            for i in range(len(a.args[0])):
                word = _replace(a.args[0][i:] + a.args[0][:i], letters, back, whole)
                if not {n for l in word for n in l.names} & unknowns:
                    done = word
                    break
            if done is None:
                return None
            body = w.of_letter(done[0])
            for l in done[1:]:
                body = body * w.of_letter(l)
            piece = piece * w.power(w.trace(body), e)
        out = out + piece
    return out


def _replace(word: Word, letters: Word, back: Word, whole: Letter) -> Word:
    out, i, n = list[Letter](), 0, len(letters)
    while i < len(word):
        if word[i : i + n] == letters:
            out.append(whole)
            i += n
        elif word[i : i + n] == back:
            out.append(whole.T)
            i += n
        else:
            out.append(word[i])
            i += 1
    return tuple(out)


def _factors(
    system: MatrixSystem, letters: Word, form: Form, penalty: Ridge | None = None, columns: str | None = None
) -> Attempt:
    inner = [l.cols for l in letters[:-1]]
    source = source_of(system)
    sizes = [source.size(s) for s in dict.fromkeys(inner)]
    rank = sizes[0] if len(sizes) == 1 else source.let("rank", f"min({', '.join(sizes)})")
    a, b, k, _ = form
    conditions = list[str]()
    left, right = (None if w.identity_is(x) else x for x in (a, b))
    for x in (left, right):
        if x is not None:
            found = _definite(system, x)
            if found is None:
                return Attempt(name, "declined", f"nothing shows that {display(x)} is positive definite")
            conditions += found
    matrix = source.let("M", source.poly(k))
    scalar = identity_multiple(a) * identity_multiple(b) if left is None and right is None else None  # type: ignore[operator]
    if scalar is not None:
        if _definite(system, scalar) is None:
            return Attempt(name, "declined", f"nothing shows that {display(scalar)} is positive")
        if scalar != w.constant(1):
            source.line(f"{matrix} = {matrix} / ({source.poly(scalar)})")
    U, sv, Vt = source.locals("U sigma V")
    if penalty is not None and (left is not None or right is not None or scalar is None):
        return Attempt(name, "declined", "a penalty beside a metric")
    roots = dict[str, str]()
    for x, wish in ((left, "L"), (right, "R")):
        if x is not None:  # the metric may be singular: its root by eigenvalues, and the pseudoinverse of that
            roots[wish] = source.let(wish, source.call("_inverse_root", source.poly(x)))
            source.line(f"{matrix} = {f'{roots[wish]} @ {matrix}' if wish == 'L' else f'{matrix} @ {roots[wish]}'}")
    source.line(f"{U}, {sv}, {Vt} = np.linalg.svd({matrix}, full_matrices=False)")
    source.line(f"{sv} = np.append({sv}, np.zeros({rank}))[:{rank}]")
    source.line(f"{U}, {Vt} = (np.pad(Z, ((0, 0), (0, {rank})))[:, :{rank}] for Z in ({U}, {Vt}.T))")
    if penalty is not None and scalar is not None:  # the penalty is 2 c times the nuclear norm of the product
        shrink = w.scale(penalty.weight, 2 / form[3]) * w.power(scalar, -1)
        source.line(f"{sv} = np.sqrt(np.maximum({sv} - {source.factor(shrink)}, 0))")
        Vt = source.let("W", f"{Vt} * {sv}")
    if columns is not None:
        if left is not None or right is not None:
            return Attempt(name, "declined", "an orthonormal factor beside a metric")
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
    la, rb = (
        (f"invsqrt({display(left)})*" if left is not None else ""),
        (f"*invsqrt({display(right)})" if right is not None else ""),
    )
    target = k if scalar is None else w.power(scalar, -1) * k
    cut = ""
    if penalty is not None and scalar is not None:
        cut = f"shrink_singular_values({display(target)}, {display(w.scale(penalty.weight, 2 / form[3]) * w.power(scalar, -1))})"
    body = cut or display(target) if not la and not rb else f"{la}({display(target)}){rb}"
    best = f"{la}truncated_svd({body}, {least}){rb}"
    texts = _factor_texts(letters, best, penalty, columns)
    tex = " ".join(
        rf"\hat {latex(w.of_letter(Letter('name', l.args, *((l.cols, l.rows) if l.t else (l.rows, l.cols)))))}"
        + ("^\\top" if l.t else "")
        for l in letters
    )
    tl, tr = _half(left), _half(right)
    return by_theorem(
        system,
        name,
        texts={u: texts[u] for u in system.unknowns},
        latex=rf"{tex} = {tl}\left[{tl}{latex(target)}{tr}\right]_{{{least}}}{tr}",
        source=source.finish({u: outputs[u] for u in system.unknowns}),
        theorem=(
            f"{shown} runs over all matrices of rank at most {least}, and its best value is {best} "
            f"(Eckart-Young-Mirsky)"
        )
        + (
            (f"; the least penalty at a given product is twice {display(penalty.weight)} times its nuclear norm")
            if penalty is not None
            else ""
        ),
        reference=_BALDI,
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
        out[columns] = f"{side}_singular_vectors({best}, {_size_text(inner)})"
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
        rows, cols = _size_text(l.rows), _size_text(l.cols)
        if i == 0:
            text, flipped = f"first_factor({best}, {cols})", l.t
        elif i == len(letters) - 1:
            text, flipped = f"last_factor({best}, {rows})", not l.t
        else:
            text, flipped = f"identity_block({rows}, {cols})", l.t
        out[l.args[0]] = front.get(l.args[0], "") + text + ("'" if flipped else "")
    return out


def _size_text(n: str) -> str:
    return "1" if n == _ONE else n


def _freedom(letters: Word, penalty: Ridge | None) -> tuple[str, ...]:
    first, last = letters[0].key, letters[1].key
    if penalty is not None:
        return (f"the factors are determined only up to orthogonal matrices between them: {first}*Q and Q'*{last}",)
    return (
        f"the factors are determined only up to invertible matrices between them: {first}*T and T^-1*{last}",
        "every local minimum is global, the other critical points are saddles; this says nothing about networks with "
        "nonlinear activations",
    )


def _autoencoder(system: MatrixSystem, letters: Word, form: Form, penalty: Ridge) -> Attempt:
    """||X - P X||^2 with penalties on the factors of P = U V: shrunken projectors on the leading eigenvectors of XX'."""
    a, b, _, c = form
    gram = b if w.identity_is(a) else a
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
        name,
        texts={u: texts[u] for u in system.unknowns},
        latex=rf"{latex(gram)} = V \Lambda V^\top,\quad \hat P = V_{{{q}}} \left(I - {latex(keep)} \Lambda_{{{q}}}^{{-1}}\right)_+ V_{{{q}}}^\top",
        source=source.finish({u: identifier(u) for u in system.unknowns}),
        theorem=(
            f"in the eigenvectors of {display(gram)} the loss splits: each of the {q} leading ones is kept with the factor "
            f"1 - s/value where that is positive, s = {display(keep)}"
        ),
        reference="Kunin, Bloom, Goeva and Seed, ICML 2019, theorem 4.2",
        remarks=_freedom(letters, penalty),
    )


def _scaling(system: MatrixSystem, letters: Word, form: Form) -> Attempt:
    a, b, k, _ = form
    s, t = identity_multiple(a), identity_multiple(b)
    scalar = s * t if s is not None and t is not None else None
    if scalar is None or _definite(system, scalar) is None or not w.is_symmetric(k):
        return Attempt(name, "declined", "the loss is not the distance of Y*Y' to a matrix")
    u = letters[0].args[0]
    target = w.power(scalar, -1) * k
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
    shown, size = display(target), _size_text(q)
    text = f"largest_eigenvectors({shown}, {size})*sqrt(positive_part(largest_eigenvalues({shown}, {size})))"
    return by_theorem(
        system,
        name,
        texts={u: f"({text})'" if letters[0].t else text},
        latex=(
            rf"{latex(target)} = V \Lambda V^\top,\quad \hat {latex(system.unknown(u))} = V_{{{q}}} "
            rf"(\Lambda_{{{q}}})_+^{{1/2}}"
        ),
        source=source.finish({u: y}),
        theorem=(
            f"{letters[0].key}*{letters[1].key} runs over all positive semidefinite matrices of rank at "
            f"most {q}; the nearest to {shown} keeps its {q} largest positive eigenvalues"
        ),
        reference="Gower, Biometrika 53 (1966); Mardia, Kent and Bibby, Multivariate Analysis, theorem 14.4.2",
        remarks=(
            (
                "unique up to an orthogonal factor from the right when the eigenvalues at the cut differ; all "
                "local minima are global"
            ),
        ),
    )
