"""Source text of the auxiliary functions that emitted solvers may need; each uses NumPy only.

They are text, not code of ours, so that ``formula.numpy`` stands alone; the tests compile and run every one.
"""

from __future__ import annotations

NUMPY = {  # the functions that NumPy has, by our names
    **{f: f"np.{f}" for f in ("exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "abs", "sign")},
    "asin": "np.arcsin",
    "acos": "np.arccos",
    "atan": "np.arctan",
}

AUXILIARIES: dict[str, str] = {}

AUXILIARIES["_read"] = '''
def _read(*items):
    """The data as finite float arrays of matching shapes (columns as n x 1), and whether a column came as 1-d."""
    sizes, out, flat = {"1": (1, "")}, [], False
    for name, value, *kind in items:
        if kind[0] in (int, float):
            number = np.asarray(value, dtype=float)
            if number.size != 1 or not np.isfinite(number).all():
                raise ValueError(f"{name} must be one finite number")
            number = float(number.reshape(()))
            if ">" in kind[1:] and not number > 0 or ">=" in kind[1:] and not number >= 0:
                raise ValueError(f"{name} = {number:g} must be {'positive' if '>' in kind[1:] else 'at least 0'}")
            if kind[0] is int and (number != int(number) or number < 1):
                raise ValueError(f"{name} = {number:g} must be a positive whole number")
            out.append(kind[0](number))
            continue
        array = np.asarray(value, dtype=float)
        rows, cols, *said = kind
        if array.ndim == 1 and cols == "1":
            array, flat = array.reshape(-1, 1), True
        elif array.ndim == 1 and rows == "1":
            array = array.reshape(1, -1)
        if array.ndim != 2:
            raise ValueError(f"{name} must be a matrix, but it has {array.ndim} dimensions")
        for size, found in zip((rows, cols), array.shape):
            if size.isdigit() and int(size) != found:
                raise ValueError(f"{name} is {array.shape[0]} x {array.shape[1]}, where {rows} x {cols} is expected")
            if size in sizes and sizes[size][0] != found:
                raise ValueError(f"{name} is {array.shape[0]} x {array.shape[1]}, but {sizes[size][1]} has {size} = {sizes[size][0]}")
            sizes.setdefault(size, (found, name))
        if not np.isfinite(array).all():
            raise ValueError(f"{name} has NaN or infinite entries")
        if ">" in said and not (array > 0).all() or ">=" in said and not (array >= 0).all():
            raise ValueError(f"the entries of {name} must be {'positive' if '>' in said else 'at least 0'}")
        if "sym" in said and np.abs(array - array.T).max(initial=0.0) > 1e-8 * np.abs(array).max(initial=0.0):
            raise ValueError(f"{name} must be symmetric")
        out.append(array)
    return (*out, flat)
'''

AUXILIARIES["_column"] = '''
def _column(value, flat):
    """A column in the style in which the data came: (n,) or (n, 1)."""
    value = np.asarray(value)
    return value.ravel() if flat else value
'''

AUXILIARIES["_solve"] = '''
def _solve(G, C):
    """G^-1 C by LU with one step of refinement; least norm, with a warning, where G is singular to working precision."""
    if G.shape[0] and np.linalg.cond(G) < 1e14:
        x = np.linalg.solve(G, C)
        return x + np.linalg.solve(G, C - G @ x)
    warnings.warn("a matrix that the formula inverts is singular to working precision: least-norm solution", stacklevel=3)
    return np.linalg.lstsq(G, C, rcond=None)[0]
'''

AUXILIARIES["_least_squares"] = '''
def _least_squares(A, b):
    """argmin ||A x - b||: Cholesky with two refinement steps while well conditioned, else SVD; least norm if rank deficient."""
    scale = np.linalg.norm(A, axis=0)
    scale[scale == 0] = 1.0
    S = A / scale
    if A.shape[0] >= A.shape[1]:
        G = S.T @ S
        spectrum = np.linalg.eigvalsh(G)
        if spectrum.size and spectrum[0] > 1e-10 * spectrum[-1]:
            L = np.linalg.cholesky(G)
            x = np.zeros((A.shape[1], b.shape[1]))
            for _ in range(3):
                x += np.linalg.solve(L.T, np.linalg.solve(L, S.T @ (b - S @ x)))
            return x / scale[:, None]
    x, _, rank, _ = np.linalg.lstsq(S, b, rcond=None)
    if rank == A.shape[1]:
        return x / scale[:, None]
    warnings.warn(f"rank {rank} < {A.shape[1]}: the minimiser is not unique; least-norm solution", stacklevel=3)
    U, s, Vt = np.linalg.svd(A, full_matrices=False)
    return Vt[:rank].T @ ((U[:, :rank].T @ b) / s[:rank, None])
'''

AUXILIARIES["_constrained_least_squares"] = '''
def _constrained_least_squares(A, b, C, d):
    """argmin ||A x - b|| subject to C x = d, by an orthonormal basis of the null space of C."""
    U, s, Vt = np.linalg.svd(C)
    rank = int((s > s[:1].max(initial=0.0) * max(C.shape) * np.finfo(float).eps).sum())
    x0 = Vt[:rank].T @ ((U[:, :rank].T @ d) / s[:rank, None])
    if np.abs(C @ x0 - d).max(initial=0.0) > 1e-8 * (1 + np.abs(d).max(initial=0.0)):
        raise ValueError("the constraints contradict each other")
    Z = Vt[rank:].T
    return x0 if not Z.shape[1] else x0 + Z @ _least_squares(A @ Z, b - A @ x0)
'''

AUXILIARIES["_constrained"] = '''
def _constrained(G, c, C, d):
    """Stationary point of x'Gx/2 - c'x subject to C x = d, by an orthonormal basis of the null space of C."""
    U, s, Vt = np.linalg.svd(C)
    rank = int((s > s[:1].max(initial=0.0) * max(C.shape) * np.finfo(float).eps).sum())
    x0 = Vt[:rank].T @ ((U[:, :rank].T @ d) / s[:rank, None])
    if np.abs(C @ x0 - d).max(initial=0.0) > 1e-8 * (1 + np.abs(d).max(initial=0.0)):
        raise ValueError("the constraints contradict each other")
    Z = Vt[rank:].T
    return x0 if not Z.shape[1] else x0 + Z @ _solve(Z.T @ G @ Z, Z.T @ (c - G @ x0))
'''

AUXILIARIES["_agree"] = '''
def _agree(a, b, said="the constraints contradict each other"):
    """Raises where two sides that must be equal differ by more than rounding."""
    if np.max(np.abs(a - b), initial=0.0) > 1e-8 * (1 + np.max(np.abs(a), initial=0.0)):
        raise ValueError(said)
'''

AUXILIARIES["_root"] = '''
def _root(W):
    """R with R'R = W, for W symmetric positive semidefinite."""
    values, vectors = np.linalg.eigh((W + W.T) / 2)
    if values.size and values[0] < -1e-10 * max(abs(values[0]), abs(values[-1])):
        raise ValueError("a weight matrix is not positive semidefinite")
    return np.sqrt(np.maximum(values, 0))[:, None] * vectors.T
'''

AUXILIARIES["_khatrirao"] = '''
def _khatrirao(A, B):
    """The Khatri-Rao product: Kronecker products of matching columns."""
    return np.einsum("ik,jk->ijk", A, B).reshape(-1, A.shape[1])
'''

AUXILIARIES["_kronleft"] = '''
def _kronleft(G, B):
    """The adjoint of A -> kron(A, B): the inner products of the blocks of G with B."""
    p, q = B.shape
    return np.einsum("ikjl,kl->ij", G.reshape(G.shape[0] // p, p, G.shape[1] // q, q), B)
'''

AUXILIARIES["_kronright"] = '''
def _kronright(G, A):
    """The adjoint of B -> kron(A, B): the sum of the blocks of G with the entries of A as weights."""
    n, m = A.shape
    return np.einsum("ikjl,ij->kl", G.reshape(n, G.shape[0] // n, m, G.shape[1] // m), A)
'''

AUXILIARIES["_power"] = '''
def _power(S, exponent):
    """A real power of a symmetric positive definite matrix."""
    values, vectors = np.linalg.eigh((S + S.T) / 2)
    if exponent < 0 and values[0] <= values[-1] * 1e-15 * len(values):
        raise ValueError("a matrix that must be positive definite is singular or indefinite")
    return (vectors * np.maximum(values, 0) ** exponent) @ vectors.T
'''

AUXILIARIES["_eigen"] = '''
def _eigen(M):
    """Eigenvalues of the symmetric part of M, smallest first, and orthonormal eigenvectors."""
    return np.linalg.eigh((M + M.T) / 2)
'''

AUXILIARIES["_simplex"] = '''
def _simplex(v, total):
    """The projection of v on {x >= 0, sum x = total}, by sorting."""
    u = np.sort(v.ravel())[::-1]
    sums = np.cumsum(u) - total
    last = np.nonzero(u > sums / np.arange(1, len(u) + 1))[0][-1]
    return np.maximum(v - sums[last] / (last + 1), 0)
'''

AUXILIARIES["_inverse_root"] = '''
def _inverse_root(S):
    """S^(-1/2) of a symmetric positive semidefinite matrix, zero on its null space."""
    values, vectors = np.linalg.eigh((S + S.T) / 2)
    keep = values > values[-1] * len(values) * np.finfo(float).eps
    return (vectors[:, keep] / np.sqrt(values[keep])) @ vectors[:, keep].T
'''

AUXILIARIES["_sphere"] = '''
def _sphere(A, h, size, filled):
    """argmin y'Ay - 2h'y subject to y'y = size (at most size if filled): eigenvectors and the secular equation."""
    if not size > 0:
        raise ValueError("the set has no interior: its size must be positive")
    values, vectors = _eigen(A)
    g, gaps = (vectors.T @ h).ravel(), values - values[0]
    special = filled and values[0] > 1e-14 * values[-1] and np.sum((g / values) ** 2) <= size
    if special:  # the minimiser lies inside
        return vectors @ (g / values)[:, None]
    near = gaps <= 1e-12 * max(abs(values[0]), abs(values[-1]))
    rest = np.where(near, 0.0, g / np.where(near, 1.0, gaps))
    left = size - np.sum(rest**2)
    special = np.linalg.norm(g[near]) <= 1e-14 * np.linalg.norm(g) and left >= 0 and not (filled and values[0] > 0)
    if special:  # the hard case
        rest[0] = np.sqrt(left)
        return vectors @ rest[:, None]
    low, high = np.linalg.norm(g[near]) / np.sqrt(size), np.linalg.norm(g) / np.sqrt(size)
    t = max(low, 1e-300)
    for _ in range(200):  # Newton's method on 1/|y| - 1/sqrt(size), which is concave; bisection where it leaves
        y = g / (gaps + t)
        length = np.sqrt(np.sum(y**2))
        low, high = (t, high) if length > np.sqrt(size) else (low, t)
        step = (length / np.sqrt(size) - 1) * length**2 / np.sum(y**2 / (gaps + t))
        last, t = t, t + step if low < t + step < high else (low + high) / 2
        if abs(t - last) <= 4e-16 * t:
            break
    y = g / (gaps + t)
    return vectors @ (y * np.sqrt(size / np.sum(y**2)))[:, None]
'''

AUXILIARIES["_by_kronecker"] = '''
def _by_kronecker(A, B, C, product):
    """The least-norm solution of A X + X B = C (or A X B + X = C) where it is singular, by the whole Kronecker matrix."""
    k, m = C.shape
    K = np.kron(B.T, A) + np.eye(k * m) if product else np.kron(B.T, np.eye(k)) + np.kron(np.eye(m), A)
    return _least_squares(K, C.reshape(-1, 1, order="F")).reshape(k, m, order="F")
'''

AUXILIARIES["_diagonalised"] = '''
def _diagonalised(A, B, C, product):
    """A X + X B = C (or A X B + X = C) by eigenvectors, with steps of refinement; None where they are ill conditioned."""
    a, P = np.linalg.eig(A)
    b, Q = np.linalg.eig(B)
    gaps = np.multiply.outer(a, b) + 1 if product else np.add.outer(a, b)
    if max(np.linalg.cond(P), np.linalg.cond(Q)) > 1e6 or np.abs(gaps).min() < 1e-12 * np.abs(gaps).max():
        return None
    X = np.zeros(C.shape)
    for _ in range(3):
        R = C - (A @ X @ B + X if product else A @ X + X @ B)
        Y = np.linalg.solve(Q.T, (np.linalg.solve(P, R) @ Q / gaps).T)  # transposed: Y.T inv(Q)
        X = X + (P @ Y.T).real
    return X
'''

AUXILIARIES["_sylvester"] = '''
def _sylvester(A, B, C):
    """A X + X B = C by Schur forms (Bartels and Stewart) with SciPy, by eigenvectors without; least norm where singular."""
    gaps = np.abs(np.add.outer(np.linalg.eigvals(A), np.linalg.eigvals(B)))
    special = gaps.min() < 1e-13 * gaps.max()
    if special:
        return _by_kronecker(A, B, C, False)
    try:
        from scipy.linalg import solve_sylvester

        X = solve_sylvester(A, B, C)
    except ImportError:
        X = _diagonalised(A, B, C, False)
    return _by_kronecker(A, B, C, False) if X is None else X
'''

AUXILIARIES["_sylvester_symmetric"] = '''
def _sylvester_symmetric(A, B, C):
    """A X + X B = C for symmetric A and B, by their eigenvectors; least norm where it is singular."""
    a, P = np.linalg.eigh(A)
    b, Q = np.linalg.eigh(B)
    gaps = np.add.outer(a, b)
    special = np.abs(gaps).min() < 1e-13 * np.abs(gaps).max()
    if special:
        return _by_kronecker(A, B, C, False)
    return P @ ((P.T @ C @ Q) / gaps) @ Q.T
'''

AUXILIARIES["_stein"] = '''
def _stein(A, B, C):
    """A X B + X = C by eigenvectors; by the whole Kronecker matrix where they are ill conditioned."""
    X = _diagonalised(A, B, C, True)
    return _by_kronecker(A, B, C, True) if X is None else X
'''
