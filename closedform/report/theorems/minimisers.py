"""Theorems by which a formula for matrices is a minimum, and remarks on when it is the only one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from closedform.report.theorems.words import Theorem

ECKART = "Eckart and Young, Psychometrika 1 (1936); Mirsky, Quart. J. Math. 11 (1960)"
FAN = "Fan, Proc. Nat. Acad. Sci. 35 (1949); Horn and Johnson, Matrix Analysis, 2nd ed., corollary 4.3.39"
FISHER = "Fisher, Annals of Eugenics 7 (1936); the Cauchy-Schwarz inequality"
GLM = "McCullagh and Nelder, Generalized Linear Models, 2nd ed., 1989, section 2.3"
HIGHAM = "Higham, Linear Algebra Appl. 103 (1988), theorem 2.1"
PROXIMAL = "Parikh and Boyd, Proximal Algorithms, Found. Trends Optim. 1 (2014), chapter 6"
ROOTS = "Horn and Johnson, Matrix Analysis, 2nd ed., theorem 7.2.6"
SCHOENEMANN = "Schoenemann, Psychometrika 31 (1966); Horn and Johnson, Matrix Analysis, 2nd ed., theorem 7.4.1.1"
SCHWARZ = "the Cauchy-Schwarz inequality; Boyd and Vandenberghe, Convex Optimization, 2004, exercise 4.21"
SUPPORT = "Rockafellar, Convex Analysis, 1970, section 13"


def _why(sentence: str | Callable[..., str], reference: str) -> Theorem:
    return Theorem(sentence, reference, why=True)


def _up_to(pencil: str, side: str, count: str | None, scale_free: bool) -> str:
    if count is None:
        free, gap = "a nonzero factor" if scale_free else "sign", f"the {side} eigenvalue of {pencil} is simple"
    else:
        free = f"an {'invertible' if scale_free else 'orthogonal'} factor from the right"
        gap = f"the {count}-th and the next {side} eigenvalue of {pencil} differ"
    return f"the minimiser is unique up to {free} when {gap}; all local minima are global"


def _multiplier(multiplier: str, filled: bool, quadratic: str, metric: str, target: str, size: str) -> str:
    inside = " (0 where the unconstrained minimiser lies inside)" if filled else ""
    return (
        f"{multiplier} is the multiplier{inside}: the largest real eigenvalue of [-M, h*h'/r; B, -M] relative to [B, 0; 0, B], "
        f"with M = {quadratic}, B = {metric}, h = {target}, r = {size}. A point of the ellipsoid is the global minimum exactly "
        f"when M + {multiplier}*B is positive semidefinite and its equation holds"
    )


def _projector(total: str, matrix: str, side: str) -> str:
    return (
        f"a linear function of a positive semidefinite matrix of trace {total} is least at {total} times the projector on an "
        f"eigenvector of {matrix} for its {side} eigenvalue"
    )


def _product(product: str, rank: str, best: str, weight: str | None) -> str:
    penalty = f"; the least penalty at a given product is twice {weight} times its nuclear norm" if weight else ""
    return (
        f"{product} runs over all matrices of rank at most {rank}, and its best value is {best} "
        f"(Eckart-Young-Mirsky){penalty}"
    )


def _steps(steps: Sequence[str]) -> str:
    return f"{' followed by '.join(steps)} is the proximal map of the penalty (zero lies in the subdifferential)"


MINIMISERS: dict[str, Theorem] = {
    # definite unknowns
    "quadratic equation of commuting matrices": _why(
        "the loss is strictly convex; its equation {equation} = 0 is a quadratic one in {unknown}, which commutes with {rest}",
        "Witten and Tibshirani, J. R. Statist. Soc. B 71 (2009), section 3; van Wieringen and Peeters, CSDA 103 (2016)",
    ),
    "square root of a definite matrix": _why(
        "the residual is zero at the positive definite square root of {matrix}, which is unique", ROOTS
    ),
    "geometric mean of definite matrices": _why(
        "{unknown}*({left})*{unknown} = {right} has one positive definite solution, the geometric mean, and the loss is convex",
        "Bhatia, Positive Definite Matrices, 2007, section 4.1",
    ),
    "one definite solution": _why(
        "the loss is convex, and its equation has one positive definite solution, {solution}", ROOTS
    ),
    "definite factor of the gradient": _why(
        "the gradient is {factor} times {unknown} and this factor is positive definite for every {unknown}, so that it vanishes "
        "at zero alone and the loss grows along every ray from there",
        "Horn and Johnson, Matrix Analysis, 2nd ed., 2013, section 7.1",
    ),
    # eigenvectors
    "Ky Fan": _why(
        "by Ky Fan's trace theorem the columns are eigenvectors of {pencil} for its {count} {side} eigenvalues", FAN
    ),
    "Rayleigh-Ritz": _why(
        "by the Rayleigh-Ritz theorem it is an eigenvector of {pencil} for its {side} eigenvalue", FAN
    ),
    "unique up to a factor": Theorem(_up_to),
    "canonical pair": _why(
        "with A = {a}, B = {b} and C = {c}, the columns are A^(-1/2) and B^(-1/2) times the singular vectors of "
        "A^(-1/2)*C*B^(-1/2) for its {count} largest singular values (von Neumann's trace inequality)",
        "Hotelling, Biometrika 28 (1936); Horn and Johnson, Topics in Matrix Analysis, theorem 3.4.1",
    ),
    "multiples of either column": Theorem(
        "every nonzero multiple of either column is a minimiser too, with signs that keep u'Cv positive"
    ),
    "smallest bordered eigenvalue": _why(
        "with a last coordinate 1 appended the loss is a Rayleigh quotient, smallest at the eigenvector of the smallest "
        "eigenvalue {multiplier} of {pencil}",
        "Golub and Van Loan, SIAM J. Numer. Anal. 17 (1980), theorem 3.1 and equation 3.5",
    ),
    "Cauchy-Schwarz for a quotient": _why(
        "by the Cauchy-Schwarz inequality in the metric {metric}; every nonzero multiple is a minimiser too", FISHER
    ),
    "probabilistic principal components": _why(
        "probabilistic principal components: the maximum-likelihood factor keeps the largest eigenvalues above the noise level",
        "Tipping and Bishop, J. R. Statist. Soc. B 61 (1999), appendix A",
    ),
    "unique up to an orthogonal factor, others saddles": Theorem(
        "unique up to an orthogonal factor from the right when the eigenvalues at the cut differ; other critical points are "
        "saddles"
    ),
    # a quadratic or linear loss on a set
    "multiplier of an ellipsoid": _why(
        _multiplier,
        "More and Sorensen, SIAM J. Sci. Stat. Comput. 4 (1983) 553-572, lemmas 2.4 and 2.8; Gander, Golub and von Matt, Linear "
        "Algebra Appl. 114 (1989) 815-839",
    ),
    "hard case of an ellipsoid": Theorem(
        "where {target} is orthogonal to the eigenvectors of {pencil} for its smallest eigenvalue (the hard case) "
        "M + {multiplier}*B may be singular; the emitted code then adds one of these eigenvectors, with either sign"
    ),
    "linear on an ellipsoid": _why(
        "by the Cauchy-Schwarz inequality in the metric {metric} a linear function is least where the boundary has its slope "
        "as normal",
        SCHWARZ,
    ),
    "linear on a ball": _why(
        "by the Cauchy-Schwarz inequality a linear function is least opposite to its slope", SCHWARZ
    ),
    "linear on a box": _why(
        "each entry is at its bound {low} or {high} by the sign of its slope; any value does where that is zero",
        SUPPORT,
    ),
    "linear on a simplex": _why(
        "a linear function is least at a vertex: the unit vector of the largest entry", SUPPORT
    ),
    "linear on an l1 ball": _why(
        "a linear function is least at a vertex: the unit vector of the largest entry in size, with its sign", SUPPORT
    ),
    "linear on a spectrahedron": _why(
        _projector,
        "Horn and Johnson, Matrix Analysis, 2nd ed., theorem 4.2.2; Overton and Womersley, Math. Programming 62 (1993)",
    ),
    "unique unless attained twice": Theorem("the minimiser is unique unless the extreme value is attained twice"),
    # bounded rank
    "Eckart-Young-Mirsky": _why(
        "by the Eckart-Young-Mirsky theorem it is {matrix} with all but its {rank} largest singular values set to zero",
        ECKART,
    ),
    "Eckart-Young-Mirsky in a metric": _why(
        "in the metric of the quadratic term the loss is a squared distance, so the Eckart-Young-Mirsky theorem applies",
        ECKART,
    ),
    "unique where singular values differ": Theorem(
        "unique when the {rank}-th and the next singular value differ; a rank bound above the smaller size is no bound"
    ),
    "nearest semidefinite matrix of bounded rank": _why(
        "the nearest positive semidefinite matrix of rank at most {rank} keeps the {rank} largest positive eigenvalues",
        "Mardia, Kent and Bibby, Multivariate Analysis, theorem 14.4.2",
    ),
    "unique where eigenvalues differ": Theorem("unique when the eigenvalues at the cut differ"),
    "classical scaling": _why(
        "{product} runs over all positive semidefinite matrices of rank at most {rank}; the nearest to {matrix} keeps its "
        "{rank} largest positive eigenvalues",
        "Gower, Biometrika 53 (1966); Mardia, Kent and Bibby, Multivariate Analysis, theorem 14.4.2",
    ),
    "unique up to an orthogonal factor, minima global": Theorem(
        "unique up to an orthogonal factor from the right when the eigenvalues at the cut differ; all local minima are global"
    ),
    "product of bounded rank": _why(_product, "Baldi and Hornik, Neural Networks 2 (1989); Kawaguchi, NIPS 2016"),
    "autoencoder": _why(
        "in the eigenvectors of {gram} the loss splits: each of the {count} leading ones is kept with the factor 1 - s/value "
        "where that is positive, s = {cut}",
        "Kunin, Bloom, Goeva and Seed, ICML 2019, theorem 4.2",
    ),
    "factors up to orthogonal matrices": Theorem(
        "the factors are determined only up to orthogonal matrices between them: {first}*Q and Q'*{last}"
    ),
    "factors up to invertible matrices": Theorem(
        "the factors are determined only up to invertible matrices between them: {first}*T and T^-1*{last}"
    ),
    "no other local minimum of linear factors": Theorem(
        "every local minimum is global, the other critical points are saddles; this says nothing about networks with "
        "nonlinear activations"
    ),
    # orthogonal unknowns
    "orthogonal polar factor": _why(
        "by von Neumann's trace inequality tr({unknown}'*M), M = {matrix}, is largest at the orthogonal polar factor P*Q' "
        "M = P*S*Q'",
        SCHOENEMANN,
    ),
    "special orthogonal factor": _why(
        "by von Neumann's trace inequality tr({unknown}'*M), M = {matrix}, is largest at the special orthogonal factor P*D*Q' "
        "of the singular value decomposition M = P*S*Q'",
        "Kabsch, Acta Cryst. A32 (1976); Umeyama, IEEE Trans. PAMI 13 (1991)",
    ),
    "unique when of full rank": Theorem("the minimiser is unique when {matrix} has full rank"),
    "Procrustes problem solved by the identity": _why(
        "substituting {unknown} = Q*{metric}^(-1/2), Q orthogonal, leaves a Procrustes problem whose solution is Q = I",
        SCHOENEMANN,
    ),
    "multiple of an orthogonal matrix": _why(
        "by von Neumann's trace inequality, for {unknown} = {root}*Q with Q orthogonal", SCHOENEMANN
    ),
    "polar factor at every scale": _why(
        "{unknown} = s*R with R orthogonal: R is the polar factor of {matrix} for every s > 0, and the loss is quadratic in s",
        SCHOENEMANN,
    ),
    "eigenvectors matched by order": _why(
        "by the rearrangement inequality for traces the eigenvectors are matched by the order of their eigenvalues",
        "Marshall, Olkin and Arnold, Inequalities, 2nd ed., theorem 9.H.1.h",
    ),
    # entry by entry
    "residual of a function zero": _why(
        "with the unknown {inside} the loss is a sum of squares that is zero where {function}({inside}) = {value}", GLM
    ),
    "slope of a function zero": _why(
        "with the unknown {inside} the loss splits over the entries, and each is convex with its slope zero at "
        "{function}({inside}) = {value}",
        GLM,
    ),
    "entropy on a simplex": _why(
        "the negative entropy is strictly convex and keeps the minimiser inside the simplex, where the Lagrange condition "
        "gives exponentials",
        "Boyd and Vandenberghe, Convex Optimization, 2004, section 5.5.3",
    ),
    # proximal maps and projections
    "singular value soft thresholding": _why(
        "singular value soft thresholding is the proximal map of the nuclear norm",
        "Cai, Candes and Shen, SIAM J. Optim. 20 (2010), theorem 2.1",
    ),
    "proximal map of the penalty": _why(_steps, PROXIMAL),
    "unique by strict convexity": Theorem("the loss is strictly convex, so the minimiser is unique"),
    "hard thresholding of singular values": _why(
        "among the matrices of rank r the truncated singular value decomposition is the nearest (Eckart-Young-Mirsky), so that "
        "a singular value is worth its rank when it exceeds {cut}",
        "Eckart and Young, Psychometrika 1 (1936); Parikh and Boyd, Proximal Algorithms, 2014, section 6.9",
    ),
    "unique unless at the cut": Theorem("the minimiser is unique unless a singular value equals {cut}"),
    "projection on a box": _why("the loss splits over the entries, and each is clipped to its bounds", PROXIMAL),
    "projection on a simplex": _why(
        "the projection on the simplex subtracts one threshold, found by sorting, so that the entries sum to {total}",
        "Held, Wolfe and Crowder, Math. Programming 6 (1974); Duchi et al., ICML 2008",
    ),
    "projection on a ball": _why("the projection on a ball scales what lies outside to the sphere", PROXIMAL),
    "projection on an l1 ball": _why(
        "soft thresholding with the threshold found by sorting", "Duchi et al., ICML 2008"
    ),
    "projection on a half-space": _why(
        "what lies outside the half-space moves along the normal to its boundary", PROXIMAL
    ),
    "projection on skew-symmetric matrices": _why(
        "symmetric and skew-symmetric matrices are orthogonal complements", PROXIMAL
    ),
    "projection on a spectrahedron": _why(
        "the eigenvalues are projected on the simplex, the eigenvectors kept", HIGHAM
    ),
    "projection on semidefinite matrices": _why(
        "the nearest positive semidefinite matrix keeps the positive eigenvalues of the symmetric part", HIGHAM
    ),
    "a projection is unique": Theorem("a projection on a closed convex set exists and is unique"),
}
