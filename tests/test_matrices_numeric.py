"""Formulas against an independent minimiser: never worse, and feasible.

See ``matrix_oracle``. The losses are textbook problems in several spellings: recognition is by structure.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from matrix_oracle import SIZES, Minimisation, derive, sample, value

from closedform import problem as problems
from closedform.emit.source import compiled
from closedform.reading.language import parse
from closedform.stationarity.matrix import matrix_system

LP = ("lam>0",)
CASES = [
    # affine in one unknown
    ("||X*a - y||^2", "a", "X=n,k;y=n;a=k", ()),
    ("(y-X*w).T*Omega*(y-X*w)", "w", "X=n,k;y=n;Omega=n,n;w=k", ("Omega spd",)),
    ("(y-X*w).T*(y-X*w)+lam*w.T*w", "w", "X=n,k;y=n;w=k", LP),
    ("||X*a - y||^2 + lam*||a - c||^2", "a", "X=n,k;y=n;a=k;c=k", LP),
    ("tr((X*A - Y)'*(X*A - Y))/2 + lam*tr(A'*A)", "A", "X=n,k;Y=n,m;A=k,m", LP),
    ("||A*X*B - C||^2", "X", "A=n,k;B=q,p;C=n,p;X=k,q", ()),
    ("||X1 - A*khatrirao(C,B)'||^2", "A", "X1=n,q*p;B=q,k;C=p,k;A=n,k", ()),
    ("||M .* (X - A)||^2 + lam*||X||^2", "X", "M=m,k;A=m,k;X=m,k", LP),
    ("||tanh(X*W)*V - Y||^2", "V", "X=n,p;W=p,k;V=k,q;Y=n,q", ()),
    ("||A*diag(c)*B - C||^2", "c", "A=n,k;B=k,m;C=n,m;c=k", ()),
    ("||diag(x)*z - y||^2 + lam*||x||^2", "x", "z=m;y=m;x=m", LP),
    ("||y - z .* x||^2 + lam*||x - c||^2", "x", "z=m;y=m;x=m;c=m", LP),
    ("x'*A*x/2 - c'*x", "x", "A=k,k;c=k;x=k", ("A spd",)),
    ("||A*X - B||^2", "X", "A=n,k;B=n,k;X=k,k", ("X sym",)),
    ("(x - c)'*inv(P)*(x - c) + (y - H*x)'*inv(R)*(y - H*x)", "x", "c=k;P=k,k;H=p,k;R=p,p;y=p;x=k", ("P spd", "R spd")),
    ("||y - K*al||^2 + lam*al'*K*al + g*||al||^2", "al", "K=m,m;y=m;al=m", ("K psd", "lam>0", "g>0")),
    ("||A*X*A' - X + Q||^2", "X", "A=k,k;Q=k,k;X=k,k", ("Q sym",)),
    ("||A*X*B - X + C||^2", "X", "A=k,k;B=q,q;C=k,q;X=k,q", ()),
    ("||A*X - B||^2 + lam*||X*C - D||^2", "X", "A=n,k;B=n,m;X=k,m;C=m,p;D=k,p", LP),
    ("||A*X + X*B - C||^2 + lam*||X||^2", "X", "A=k,k;B=q,q;C=k,q;X=k,q", LP),
    ("tr(W*P*W') - 2*tr(W*Q)", "W", "P=k,k;Q=k,m;W=m,k", ("P spd",)),
    ("tr(X'*A*X) + tr(X*B*X') - 2*tr(C'*X)", "X", "A=k,k;B=q,q;C=k,q;X=k,q", ("A spd", "B spd")),
    ("||A - s*B||^2 + ||C - s*D||^2", "s", "A=n,m;B=n,m;C=n,k;D=n,k", ()),
    # several unknowns
    ("||X*a + Z*g - y||^2", "a,g", "X=n,k;Z=n,q;y=n;a=k;g=q", ()),
    ("||X*a + c*ones(n) - y||^2 + lam*||a||^2", "a,c", "X=n,k;y=n;a=k", LP),
    ("||X*A + ones(n)*c' - Y||^2", "A,c", "X=n,k;Y=n,q;A=k,q;c=q", ()),
    # constraints
    ("||x - z||^2 subject to A*x = c", "x", "z=m;x=m;A=q,m;c=q", ()),
    ("||x||^2 subject to A*x = c", "x", "x=m;A=q,m;c=q", ()),
    ("w'*S*w subject to ones(m)'*w = 1, mu'*w = t", "w", "S=m,m;mu=m;w=m", ("S spd",)),
    ("w'*S*w - t*mu'*w subject to ones(m)'*w = 1", "w", "S=m,m;mu=m;w=m", ("S spd", "t>0")),
    ("||X - A||^2 subject to X = X'", "X", "A=k,k;X=k,k", ()),
    ("||X - A||^2 subject to X*ones(m) = ones(k)", "X", "A=k,m;X=k,m", ()),
    ("||X - A||^2 subject to X = X', tr(X) = 1", "X", "A=k,k;X=k,k", ()),
    ("||K*c - y||^2 + lam*c'*K*c subject to T'*c = zeros(q)", "c", "K=m,m;y=m;T=m,q;c=m", ("K spd", "lam>0")),
    ("||X*A - B||^2 subject to C*X = D", "X", "A=k,n;B=m,n;C=q,m;D=q,k;X=m,k", ()),
    ("tr(A*S*A') subject to A*X = eye(k)", "A", "S=m,m;X=m,k;A=k,m", ("S spd",)),
    ("-logdet(X) subject to tr(A*X) = 1", "X", "A=k,k;X=k,k", ("A spd", "X spd")),
    # likelihoods
    ("n*logdet(S) + tr(inv(S)*(Y - X*B)'*(Y - X*B))", "S", "X=n,k;Y=n,q;B=k,q;S=q,q", ("S spd",)),
    ("n*logdet(S) + tr(inv(S)*(Y - X*B)'*(Y - X*B))", "B,S", "X=n,k;Y=n,q;B=k,q;S=q,q", ("S spd",)),
    ("n*logdet(S) + tr((X - ones(n)*mu')*inv(S)*(X - ones(n)*mu')')", "mu,S", "X=n,k;mu=k;S=k,k", ("S spd",)),
    ("n*log(s2) + ||y - X*a||^2/s2", "a,s2", "X=n,k;y=n;a=k", ("s2>0",)),
    ("(n + v)*logdet(S) + tr((R'*R + P)*inv(S))", "S", "R=n,k;P=k,k;S=k,k", ("S spd", "P spd", "v>0")),
    ("n/2*log(2*pi*s) + ||y - X*c||^2/(2*s)", "c,s", "X=n,k;y=n;c=k", ("s>0",)),
    ("tr(S*T) + tr(R*T) - logdet(T)", "T", "S=k,k;R=k,k;T=k,k", ("S spd", "R psd", "T spd")),
    ("tr(C*T) - logdet(T) + lam*||T||^2", "T", "C=k,k;T=k,k", ("C sym", "T spd", "lam>0")),
    ("tr(A*X) + tr(B*inv(X))", "X", "A=k,k;B=k,k;X=k,k", ("A spd", "B spd", "X spd")),
    ("logdet(W*W' + s*eye(m)) + tr(inv(W*W' + s*eye(m))*S)", "W,s", "S=m,m;W=m,q", ("S spd", "s>0")),
    ("||X*X - A||^2", "X", "A=k,k;X=k,k", ("A spd", "X spd")),
    ("||g*S + (1 - g)*t*eye(k) - T||^2", "g", "S=k,k;T=k,k", ("S spd", "T spd")),
    ("||X - A||^2", "X", "A=k,k;X=k,k", ("X psd",)),
    # spectral
    ("-tr(W'*S*W) subject to W'*W = eye(q)", "W", "S=m,m;W=m,q", ("S sym",)),
    ("||X - X*W*W'||^2 subject to W'*W = eye(q)", "W", "X=n,m;W=m,q", ()),
    ("-w'*S*w subject to ||w|| = 1", "w", "S=k,k;w=k", ("S sym",)),
    ("w'*S*w subject to w'*w = 2", "w", "S=k,k;w=k", ("S psd",)),
    ("tr(Y'*L*Y) subject to Y'*D*Y = eye(q)", "Y", "L=m,m;D=m,m;Y=m,q", ("L psd", "D spd")),
    ("-u'*C*v subject to u'*A*u = 1, v'*B*v = 1", "u,v", "A=k,k;B=m,m;C=k,m;u=k;v=m", ("A spd", "B spd")),
    ("||X*U - Y*V||^2 subject to U'*X'*X*U = eye(q), V'*Y'*Y*V = eye(q)", "U,V", "X=n,k;Y=n,m;U=k,q;V=m,q", ()),
    ("-w'*C*v subject to ||w||=1, ||v||=1", "w,v", "C=k,m;w=k;v=m", ()),
    ("x'*A*x/(x'*x)", "x", "A=k,k;x=k", ("A sym",)),
    ("x'*A*x/(x'*B*x)", "x", "A=k,k;B=k,k;x=k", ("A sym", "B spd")),
    ("||A*x - c||^2/(1 + x'*x)", "x", "A=n,k;c=n;x=k", ()),
    ("-tr(inv(W'*V*W)*(W'*U*W))", "W", "V=m,m;U=m,m;W=m,q", ("V spd", "U psd")),
    ("-(w'*(m1 - m2))^2/(w'*S*w)", "w", "m1=k;m2=k;S=k,k;w=k", ("S spd",)),
    ("logdet(W'*V*W) - logdet(W'*U*W)", "W", "V=m,m;U=m,m;W=m,q", ("V spd", "U spd")),
    ("-mu'*w/sqrt(w'*S*w)", "w", "mu=m;S=m,m;w=m", ("S spd",)),
    # orthogonal
    ("||Y - D*X||^2 subject to D'*D = eye(q)", "D", "Y=m,n;X=q,n;D=m,q", ()),
    ("||A*R - B||^2 subject to R'*R = eye(k)", "R", "A=n,k;B=n,k;R=k,k", ()),
    ("||A*R - B||^2 subject to R'*R = eye(3), det(R) = 1", "R", "A=n,3;B=n,3;R=3,3", ()),
    ("||s*A*R - B||^2 subject to R'*R = eye(k)", "s,R", "A=n,k;B=n,k;R=k,k", ("s>0",)),
    ("||s*A*R + ones(n)*t' - B||^2 subject to R'*R = eye(q)", "s,R,t", "A=n,q;B=n,q;R=q,q;t=q", ("s>0",)),
    ("||A*M - B||^2 subject to M'*M = tr(M'*M)/q*eye(q)", "M", "A=n,q;B=n,q;M=q,q", ()),
    ("||Q - A||^2 subject to Q'*Q = eye(q)", "Q", "A=m,q;Q=m,q", ()),
    ("||A*R - R*B||^2 subject to R'*R = eye(k)", "R", "A=k,k;B=k,k;R=k,k", ("A sym", "B sym")),
    ("tr((W - eye(k))*S*(W - eye(k))') subject to W*S*W' = eye(k)", "W", "S=k,k;W=k,k", ("S spd",)),
    ("||W - A||^2 subject to W'*S*W = eye(k)", "W", "S=k,k;A=k,k;W=k,k", ("S spd",)),
    ("||A*M - B||^2 subject to M'*M = g*eye(q)", "M", "A=n,q;B=n,q;M=q,q", ("g>0",)),
    ("||W*X - X||^2 subject to W*X*X'*W' = eye(k)", "W", "X=k,n;W=k,k", ()),
    # low rank
    ("||B - Y'*Y||^2", "Y", "B=m,m;Y=q,m", ("B sym",)),
    ("||A - B||^2 subject to rank(B) <= r", "B", "A=p,m;B=p,m", ()),
    ("||Y - X*B||^2 + lam*||B||^2 subject to rank(B) <= r", "B", "X=n,k;Y=n,m;B=k,m", LP),
    ("||X - W2*W1*X||^2", "W1,W2", "X=m,n;W1=r,m;W2=m,r", ()),
    ("||Y - X*W1*W2||^2", "W1,W2", "X=n,k;Y=n,m;W1=k,r;W2=r,m", ()),
    ("||X - A||^2 subject to X psd, rank(X) <= r", "X", "A=m,m;X=m,m", ()),
    ("||A - U*V'||^2", "U,V", "A=p,m;U=p,r;V=m,r", ()),
    ("||A - U*V'||^2 + lam*(||U||^2 + ||V||^2)", "U,V", "A=p,m;U=p,r;V=m,r", LP),
    ("||B - Y*Y'||^2 + lam*||Y||^2", "Y", "B=m,m;Y=m,q", ("B sym", "lam>0")),
    ("||X - Z*W'||^2 subject to W'*W = eye(q)", "Z,W", "X=n,m;Z=n,q;W=m,q", ()),
    ("||X - D*Z||^2 subject to D'*D = eye(q)", "D,Z", "X=m,n;Z=q,n;D=m,q", ()),
    ("||A - u*v'||^2", "u,v", "A=p,m;u=p;v=m", ()),
    ("||A - u*u'||^2", "u", "A=m,m;u=m", ("A sym",)),
    ("||X - B*X||^2 subject to rank(B) <= r", "B", "X=k,n;B=k,k", ()),
    ("||C*(A - B)*D||^2 subject to rank(B) <= r", "B", "A=p,k;B=p,k;C=p,p;D=k,k", ("C spd", "D spd")),
    ("||B - Y*Y'||^2", "Y", "B=m,m;Y=m,q", ("B sym",)),
    # proximal maps and projections
    ("||a - z||^2/2 + tau*norm1(a)", "a", "z=k;a=k", ("tau>0",)),
    ("||y - X*a||^2/2 + tau*||a||_1 + lam/2*||a||^2", "a", "X=n,k;y=n;a=k", ("tau>0", "X orth", "lam>0")),
    ("||a - z||^2/2 + tau*||a||", "a", "z=k;a=k", ("tau>0",)),
    ("||A - Z||^2/2 + tau*nuclear(A)", "A", "Z=m,k;A=m,k", ("tau>0",)),
    ("||X - A||^2 subject to X psd", "X", "A=k,k;X=k,k", ()),
    ("||X - A||^2 subject to X psd, tr(X) = 1", "X", "A=k,k;X=k,k", ()),
    ("||x - z||^2 subject to x >= 0", "x", "z=m;x=m", ()),
    ("||x - z||^2 subject to x >= 0, ones(m)'*x = 1", "x", "z=m;x=m", ()),
    ("||x - z||^2 subject to ||x|| <= t", "x", "z=m;x=m", ("t>0",)),
    ("||x - z||^2 subject to norm1(x) <= t", "x", "z=m;x=m", ("t>0",)),
    ("||x - z||^2 subject to c'*x <= t", "x", "z=m;c=m;x=m", ()),
    ("||X - A||^2 subject to X' = -X", "X", "A=k,k;X=k,k", ()),
    ("||x - z||^2 subject to -1/2 <= x, x <= 1", "x", "z=m;x=m", ()),
    ("||A - s*B||^2", "s", "A=n,m;B=n,m", ()),
    ("c'*x + eps*x'*log(x) subject to ones(m)'*x = 1", "x", "c=m;x=m", ("eps>0",)),
    ("(x - z)'*diag(w)*(x - z) + tau*norm1(x)", "x", "z=m;w=m;x=m", ("tau>0", "w>0")),
    # linear losses on compact sets, quadratic ones on ellipsoids
    ("c'*x subject to x'*S*x = 1", "x", "S=k,k;c=k;x=k", ("S spd",)),
    ("c'*x subject to (x - z)'*S*(x - z) <= t", "x", "S=k,k;c=k;x=k;z=k", ("S spd", "t>0")),
    ("c'*x subject to ||x|| <= t", "x", "c=m;x=m", ("t>0",)),
    ("-c'*x subject to norm1(x) <= t", "x", "c=m;x=m", ("t>0",)),
    ("c'*x subject to x >= 0, ones(m)'*x = 1", "x", "c=m;x=m", ()),
    ("c'*x subject to -1/2 <= x, x <= 1", "x", "c=m;x=m", ()),
    ("tr(C*X) subject to X psd, tr(X) = 1", "X", "C=k,k;X=k,k", ("C sym",)),
    ("tr(C*X) subject to X psd, tr(X) <= t", "X", "C=k,k;X=k,k", ("t>0",)),
    ("x'*S*x/2 - c'*x subject to x'*x <= t^2", "x", "S=k,k;c=k;x=k", ("S sym", "t>0")),
    ("x'*S*x/2 - c'*x subject to ||x|| <= t", "x", "S=k,k;c=k;x=k", ("S spd", "t>0")),
    ("x'*S*x - 2*c'*x subject to x'*x = 1", "x", "S=k,k;c=k;x=k", ("S sym",)),
    ("||X*a - y||^2 subject to a'*P*a <= t", "a", "X=n,k;y=n;P=k,k;a=k", ("P spd", "t>0")),
    ("||X*a - y||^2 subject to (a - z)'*P*(a - z) = 1", "a", "X=n,k;y=n;P=k,k;a=k;z=k", ("P spd",)),
    # penalised factors
    ("||A - u*v'||^2 + lam*||u||^2 + g*||v||^2", "u,v", "A=p,m;u=p;v=m", ("lam>0", "g>0")),
    ("||A - u*v'||^2 + lam*||u||^2*||v||^2", "u,v", "A=p,m;u=p;v=m", LP),
    ("||A - U*V'||^2 + lam*||U||^2 + g*||V||^2", "U,V", "A=p,m;U=p,r;V=m,r", ("lam>0", "g>0")),
    ("||X - X*A*B||^2 + lam*||A||^2 + lam*||B||^2", "A,B", "X=n,k;A=k,q;B=q,k", LP),
    ("||X - U*V*X||^2 + lam*||U||^2 + g*||V||^2", "U,V", "X=k,n;U=k,q;V=q,k", ("lam>0", "g>0")),
    # Kronecker products
    ("||kron(A,X) - B||^2 + lam*||X||^2", "X", "A=q,k;X=d,p;B=q*d,k*p", LP),
    ("||kron(X,A) - B||^2", "X", "A=q,k;X=d,p;B=d*q,p*k", ()),
    ("||kron(A,B)*x - y||^2", "x", "A=n,k;B=m,q;x=k*q;y=n*m", ()),
    ("||kron(A,B)*vec(X) - y||^2 + lam*||X||^2", "X", "A=n,k;B=m,q;X=q,k;y=n*m", LP),
    # correlations, saturated designs, a definite factor
    ("-(u'*C*v)^2/((u'*A*u)*(v'*B*v))", "u,v", "C=k,m;A=k,k;B=m,m;u=k;v=m", ("A spd", "B spd")),
    ("-u'*C*v/sqrt((u'*A*u)*(v'*B*v))", "u,v", "C=k,m;A=k,k;B=m,m;u=k;v=m", ("A spd", "B spd")),
    ("ones(k)'*exp(X*w) - y'*X*w", "w", "X=k,k;y=k;w=k", ("y>0",)),
    ("||exp(X*w) - y||^2", "w", "X=k,k;y=k;w=k", ("y>0",)),
    ("logdet(eye(k) + X*X')", "X", "X=k,q", ()),
    ("logdet(eye(k) + X*X') + lam*||X||^2", "X", "X=k,q", LP),
    ("2*tr(A'*A) + tr(A^2) - 2*tr(C*A)", "A", "A=k,k;C=k,k", ()),
]


def printed(texts: Mapping[str, str], data: dict[str, Any], oracle: Minimisation) -> float:
    """The loss where the formulas say, evaluated from their texts alone (an unknown may be written with others)."""
    at, left = dict(data), dict(texts)
    names = {*oracle.problem.shapes, *SIZES, *oracle.problem.parameters, *oracle.problem.unknowns}
    while left:
        u, text = next((u, t) for u, t in left.items() if not set(re.findall(r"[^\W\d]\w*", t)) & set(left))
        del left[u]
        found = np.asarray(value(parse(text, names), at, SIZES), dtype=float)
        shape = oracle.shapes[u]
        assert found.shape == shape or found.size == 1
        at[u] = found.reshape(shape) if shape else float(found.reshape(()))
    assert oracle.violation(at) < 1e-7
    return oracle.loss(at)


@pytest.mark.parametrize("case", CASES, ids=[c[0] + " in " + c[1] for c in CASES])
def test_formula_is_as_good_as_a_numerical_minimiser(case: tuple[str, str, str, tuple[str, ...]]) -> None:
    system, attempt, why = derive(*case)
    assert attempt is not None, why
    assert attempt.formula is not None
    assert attempt.formula.is_minimum
    solve = compiled(attempt.formula.numpy)
    problem = system.problem
    rng = np.random.default_rng(7)
    for _ in range(1):
        data = sample(problem, rng, SIZES)
        given = {**SIZES, **data}
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = solve(**given)
        oracle = Minimisation(problem, data, SIZES)
        at = dict(data)
        for u, v in found.items():
            at[u] = np.asarray(v, dtype=float).reshape(oracle.shapes[u]) if oracle.shapes[u] else float(v)
        ours, best = oracle.loss(at), oracle.best(rng)
        assert oracle.violation(at) < 1e-8
        assert np.isclose(printed(attempt.formula.unknown, data, oracle), ours, rtol=1e-7, atol=1e-7)
        assert ours <= best + 1e-6 * (1 + abs(best)), (ours, best)


@pytest.mark.parametrize("case", CASES[::3], ids=[c[0] for c in CASES[::3]])
@pytest.mark.parametrize("wrap", ["5*({}) + 7", "({})/3 - h", "-2*h - (-({}))", "h*({})"])
def test_recognition_survives_scaling_and_constants(case: tuple[str, str, str, tuple[str, ...]], wrap: str) -> None:
    loss, subject, rest = case[0].partition(" subject to ")
    _, attempt, why = derive(
        wrap.format(loss) + subject + rest, case[1], case[2], (*case[3], *(["h>0"] if "h" in wrap else []))
    )
    assert attempt is not None, why


SHAPES = {"W1": "q,k", "W2": "m,q", "W3": "p,m", "b": "q", "c": "m", "X": "k,n", "Y": "m,n", "Z": "p,n"}
NETWORKS = [
    ("||W2*sigmoid(W1*X) - Y||^2", "W1,W2"),
    ("||W2*tanh(W1*X) - Y||^2", "W1,W2"),
    ("||W2*relu(W1*X) - Y||^2", "W1,W2"),
    ("||W2*softplus(W1*X + b*ones(n)') - Y||^2", "W1,W2,b"),
    ("||W2*sigmoid(W1*X + b*ones(n)') + c*ones(n)' - Y||^2", "W1,W2,b,c"),
    ("||W3*sigmoid(W2*sigmoid(W1*X)) - Z||^2", "W1,W2,W3"),
    ("||W3*W2*tanh(W1*X) - Z||^2", "W1,W2,W3"),
    ("-ones(m)'*(Y .* log(sigmoid(W2*tanh(W1*X))) + (1 - Y) .* log(1 - sigmoid(W2*tanh(W1*X))))*ones(n)", "W1,W2"),
    ("||W2*sigmoid(W1*X) - Y||^2 + ||W1||^2 + ||W2||^2", "W1,W2"),
]


OPEN = [
    ("ones(n)'*log(1 + exp(X*b)) - y'*X*b", "b", "X=n,k;y=n;b=k", ()),
    ("ones(n)'*log(1 + exp(-y .* (X*b))) + lam*||b||^2", "b", "X=n,k;y=n;b=k", LP),
    ("ones(n)'*log(exp(X*B)*ones(m)) - tr(Y'*X*B)", "B", "X=n,k;Y=n,m;B=k,m", ()),
    ("||sigmoid(X*W)*V - Y||^2", "W,V", "X=n,p;W=p,k;V=k,q;Y=n,q", ()),
    ("||tanh(X*W)*V - Y||^2 + lam*||W||^2", "W", "X=n,p;W=p,k;V=k,q;Y=n,q", LP),
    ("ones(n)'*exp(X*b) - y'*X*b", "b", "X=n,k;y=n;b=k", ()),
    ("ones(n)'*log(M*exp(X*b)) - d'*X*b", "b", "M=n,n;X=n,k;d=n;b=k", ("M>0",)),
    ("||X*a - y||^2 + lam*norm1(a)", "a", "X=n,k;y=n;a=k", LP),
    ("norm1(X*a - y)", "a", "X=n,k;y=n;a=k", ()),
    ("ones(n)'*max(0, 1 - y .* (X*b)) + lam*||b||^2", "b", "X=n,k;y=n;b=k", LP),
    ("||X*X - A||^2", "X", "A=k,k;X=k,k", ()),
    ("||A*X*X' - B||^2 + tr(inv(X*X' + P))", "X", "A=m,k;B=m,k;P=k,k;X=k,q", ("P spd",)),
    ("||A - W*H||^2 subject to W >= 0, H >= 0", "W,H", "A=p,m;W=p,r;H=r,m", ()),
    ("||A - W*H||^2", "W,H", "A=p,m;W=p,r;H=r,m", ("W>=0", "H>=0")),
    ("||A - D||^2", "D", "A=k,k;D=k,k", ("D diag",)),
    ("||X*a - y||^2", "a", "X=n,k;y=n;a=k", ("a integer",)),
    ("-w'*S*w subject to w'*w = 1", "w", "S=k,k;w=k", ("S sym", "w>=0")),
    ("-w'*S*w subject to w'*w = 1, ones(k)'*w = 0", "w", "S=k,k;w=k", ("S sym",)),
    ("||A*R - B||^2 subject to R'*R = eye(q)", "R", "A=n,k;B=n,q;R=k,q", ()),
    ("||M .* (A - U*V')||^2", "U,V", "M=p,m;A=p,m;U=p,r;V=m,r", ()),
    ("||kron(A,B) - C||^2 + ||A'*A - D||^2", "A,B", "A=q,k;B=d,p;C=q*d,k*p;D=k,k", ()),
    ("ones(4)'*exp(kron(X,X)*c)", "X", "X=2,2;c=4", ()),
    *(
        (text, unknowns, ";".join(f"{a}={b}" for a, b in SHAPES.items() if a in re.findall(r"\w+", text)), ())
        for text, unknowns in NETWORKS
    ),
]


@pytest.mark.parametrize("case", OPEN, ids=[c[0] for c in OPEN])
def test_no_strategy_claims_a_loss_without_a_closed_form(case: tuple[str, str, str, tuple[str, ...]]) -> None:
    _, attempt, why = derive(*case)
    assert attempt is None
    assert all(len(reason.split()) > 3 for reason in why)


@pytest.mark.parametrize("case", [*(c for c in OPEN if "diag" not in str(c[3])), *CASES[::3]], ids=str)
def test_gradient_text_against_finite_differences(case: tuple[str, str, str, tuple[str, ...]]) -> None:
    problem = problems.read(case[0], unknowns=case[1].split(","), shapes=case[2], assumptions=list(case[3]))
    texts = matrix_system(problem).outline().gradient
    rng = np.random.default_rng(3)
    data = sample(problem, rng, SIZES)
    oracle = Minimisation(problem, data, SIZES)
    words = {u: problem.properties.get(u, frozenset()) & {"sym", "spd", "psd"} for u in problem.unknowns}
    oracle.rank = None
    oracle.bound = set()
    at = dict(data)
    for u, shape in oracle.shapes.items():
        a = np.abs(rng.normal(size=shape)) + 0.3
        at[u] = a @ a.T + np.eye(len(a)) if words[u] else a if shape else float(a)
    assert texts, "a gradient is always shown"
    for u, text in texts.items():
        names = {*problem.shapes, *SIZES, *problem.parameters, *problem.unknowns}
        found = np.asarray(value(parse(text, names), at, SIZES), dtype=float) * np.ones(oracle.shapes[u])
        h = 1e-6
        for i in np.ndindex(*oracle.shapes[u]):
            step = np.zeros(oracle.shapes[u])
            step[i] = h
            if words[u]:
                step[i[::-1]] = h
            up, down = ({**at, u: at[u] + s * step} for s in (1, -1))
            slope = (oracle.loss(up) - oracle.loss(down)) / (2 * h)
            mine = found[i] * (2 if words[u] and i[0] != i[1] else 1)
            assert np.isclose(slope, mine, rtol=2e-4, atol=1e-4 * (1 + np.abs(found).max())), (u, i, text)
