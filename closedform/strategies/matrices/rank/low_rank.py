"""Quadratic losses under a rank bound, written as rank(B) <= r or as a product of factors: Eckart-Young and its kin.

Truncated singular value decomposition (Eckart and Young 1936; Mirsky 1960), reduced-rank regression (Izenman 1975),
linear autoencoders and deep linear networks (Baldi and Hornik 1989; Kawaguchi 2016), classical scaling (Gower 1966).
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.facts import definite, sign
from closedform.algebra.noncommutative.functions import identity_is, power
from closedform.algebra.noncommutative.letters import ONE, Letter, Word
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.algebra.noncommutative.solve import collect, identity_multiple
from closedform.algebra.noncommutative.text import display
from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.emit.source import Source, identifier
from closedform.errors import InputError
from closedform.expression import Node
from closedform.frozen import FrozenMap
from closedform.stationarity.matrix import MatrixSystem, matrix_system
from closedform.strategies.matrices.answer import by_theorem, source_of
from closedform.strategies.matrices.rank.factors import by_autoencoder, by_factors, by_scaling
from closedform.strategies.matrices.rank.shapes import (
    INNER,
    NAME,
    Form,
    Ridge,
    chains_of,
    definite_when,
    folded_into_one,
    orthonormal_unknowns,
    quadratic_form,
    ridge_of,
    whitened,
)

name = NAME
example = {"loss": "||A - B||^2 subject to rank(B) <= r", "unknowns": ["B"], "shapes": {"A": "n,m", "B": "n,m"}}
counterexample = {"loss": "||X*a - y||^2", "unknowns": ["a"], "shapes": {"X": "n,k", "y": "n", "a": "k"}}


def declines(system: MatrixSystem) -> str | None:
    ranked = any(c.kind == "rank" for c in system.constraints)
    allowed = ("psd", "sym") if ranked else ("orth",) if orthonormal_unknowns(system) else ()
    if (trouble := system.trouble_with(*allowed, smooth=True)) is not None:
        return trouble
    if any(c.kind == "rank" for c in system.constraints):
        others = {c.kind for c in system.constraints} - {"rank", "psd"}
        return None if not others and len(system.unknowns) == 1 else "there are other constraints or unknowns"
    if system.constraints:
        return "the constraints are not a rank bound"
    columns = any(system.shape(u)[1] == ONE for u in system.unknowns) or orthonormal_unknowns(system) is not None
    return None if columns or chains_of(system) else "the unknowns do not stand in one product"


def attempt(system: MatrixSystem, budget: Budget) -> Attempt:
    budget.check()
    bound = next((c for c in system.constraints if c.kind == "rank"), None)
    if bound is not None:
        u = system.unknowns[0]
        if bound.left != system.unknown(u) and bound.left != system.unknown(u).T:
            return Attempt(name, "declined", "the rank bound is not on the unknown itself")
        form = quadratic_form(system.loss, u, system.unknown(u))
        if isinstance(form, str):
            return Attempt(name, "declined", form)
        if "psd" in system.flags(u) or any(c.kind == "psd" for c in system.constraints):
            return _positive(system, u, bound.bound, form)
        if "sym" in system.flags(u):
            return Attempt(name, "declined", "a symmetric unknown that may be indefinite")
        return _bounded(system, u, bound.bound, form)
    columns = orthonormal_unknowns(system)
    if columns is not None:  # first as if free: a factor of the product may always be chosen orthonormal
        loose = FrozenMap({n: f - {"orth"} for n, f in system.problem.properties.items()})
        system = matrix_system(replace(system.problem, constraints=(), properties=loose))
    found = _thick(system) if any(system.shape(u)[1] == ONE for u in system.unknowns) else system
    penalty, bare = ridge_of(found) if found is not None else (None, None)
    if found is None or bare is None:
        return Attempt(name, "declined", "the unknowns do not stand in one product")
    for letters in chains_of(bare):
        folded = folded_into_one(bare, letters)
        if folded is not None:
            if columns is not None and (penalty is not None or not _outside(letters, columns)):
                return Attempt(name, "declined", "the orthonormal unknown is not an outer factor")
            return _product(found, letters, *folded, penalty, columns)
    return Attempt(name, "declined", "the unknowns do not stand in one product")


def _outside(letters: Word, u: str) -> bool:
    """Does U stand first, or U' last, in a product of two?"""
    first, last = letters[0], letters[-1]
    return len(letters) == 2 and ((first.args[0] == u and not first.t) or (last.args[0] == u and last.t))


def _product(
    system: MatrixSystem, letters: Word, loss: Poly, whole: Letter, penalty: Ridge | None, columns: str | None = None
) -> Attempt:
    if penalty is not None and len(letters) != 2:
        return Attempt(name, "declined", "a penalty on more than two factors")
    gram, fresh = whole.symmetric, whole.args[0]
    form = quadratic_form(loss, fresh, w.of_letter(whole))
    if isinstance(form, str):
        return Attempt(name, "declined", form)
    if penalty is not None and not gram and columns is None:
        a, b, k, _ = form
        one, other = (b, a) if identity_is(a) else (a, b)
        known = definite(one, system.facts) is not None and sign(penalty.weight, system.facts) == 2
        if known and other == w.eye(other.rows) and not identity_is(one) and k == one:
            return by_autoencoder(system, letters, form, penalty)
    if gram and penalty is not None:
        scaled = identity_multiple(form[0])
        if scaled is None or identity_multiple(form[1]) is None:
            return Attempt(name, "declined", "a penalty beside a metric")
        shift = w.scale(penalty.weight, 1 / form[3]) * w.eye(form[2].rows)  # tr(Y'Y) is linear in the product
        return by_scaling(system, letters, (form[0], form[1], form[2] - shift, form[3]))
    return by_scaling(system, letters, form) if gram else by_factors(system, letters, form, penalty, columns)


def _thick(system: MatrixSystem) -> MatrixSystem | None:
    """The system with unknown columns read as matrices of one column, so that their products stay products."""
    shapes = {
        n: (r, Node("name", (INNER,)) if n in system.unknowns and system.shape(n)[1] == ONE else c)
        for n, (r, c) in system.problem.shapes.items()
    }
    try:
        return matrix_system(replace(system.problem, shapes=FrozenMap(shapes)))
    except InputError:
        return None


def _positive(system: MatrixSystem, u: str, rank: str, form: Form) -> Attempt:
    """The nearest positive semidefinite matrix of bounded rank."""
    a, b, k, _ = form
    s, t = identity_multiple(a), identity_multiple(b)
    scale = s * t if s is not None and t is not None else None
    if scale is None or definite_when(system, scale) is None:
        return Attempt(name, "declined", "the loss is not the distance to a matrix")
    target = w.scale(k + k.T, Fraction(1, 2)) * power(scale, -1)
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
        finding("nearest semidefinite matrix of bounded rank", rank=rank),
        texts={u: f"truncated_svd(positive_part({shown}), {rank})"},
        source=source.finish({u: v}),
        remarks=(finding("unique where eigenvalues differ"),),
    )


def _bounded(system: MatrixSystem, u: str, rank: str, form: Form) -> Attempt:
    source = source_of(system)
    found = _truncate(source, system, form, rank)
    if isinstance(found, str):
        return Attempt(name, "declined", found)
    code, text, conditions, theorem = found
    source.line(f"{identifier(u)} = {code}")
    return by_theorem(
        system,
        name,
        theorem,
        texts={u: text},
        source=source.finish({u: identifier(u)}),
        conditions=conditions,
        remarks=(finding("unique where singular values differ", rank=rank),),
    )


def _truncate(source: Source, system: MatrixSystem, form: Form, rank: str):
    """Lines up to ``U, s, Vt, r`` of the matrix that is truncated; the code of B, its text, conditions, ..."""
    a, b, k, _ = form
    s = identity_multiple(a) if identity_multiple(b) is not None else None
    r = source.size(rank)
    U, sv, Vt = source.locals("U sigma Vt")
    if s is not None:
        target = power(s, -1) * k if definite_when(system, s) is not None else None
        if target is None:
            return f"nothing shows that {display(s)} is positive"
        source.line(f"{U}, {sv}, {Vt} = np.linalg.svd({source.poly(target)}, full_matrices=False)")
        text = f"truncated_svd({display(target)}, {rank})"
        theorem = finding("Eckart-Young-Mirsky", matrix=display(target), rank=rank)
        return f"({U}[:, :{r}] * {sv}[:{r}]) @ {Vt}[:{r}]", text, (), theorem
    conditions = list[str]()
    for x in (a, b):
        if identity_multiple(x) is None or not identity_is(x):
            found = definite_when(system, x)
            if found is None:
                return f"nothing shows that {display(x)} is positive definite"
            conditions += found
    left = None if identity_is(a) else a
    right = None if identity_is(b) else b
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
        and identity_is(found.plain[0][1])
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
    text = whitened(left, right, k, rank)
    return code, text, tuple(dict.fromkeys(conditions)), finding("Eckart-Young-Mirsky in a metric")
