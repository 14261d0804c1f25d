"""Matrix losses: spectra, orthogonality, low rank, covariance, control."""

from __future__ import annotations

from closedform.losses.entry import Draft, Entry


def _entry(name: str, title: str, loss: str, unknowns: str, shapes: str, explanation: str, *assumed: str,
           aliases: tuple[str, ...] = ()) -> Entry:  # fmt: skip
    return Entry(name, title, Draft(loss, tuple(unknowns.split()), shapes, assumed), explanation, aliases)


ENTRIES = (
    _entry("pca", "principal components", "-tr(W'*S*W) subject to W'*W = eye(q)", "W", "S=k,k;W=k,q",
           "The q directions of largest variance.", "S sym", aliases=("principal component analysis",)),
    _entry("rayleigh_quotient", "the Rayleigh quotient", "-(w'*S*w)/(w'*w)", "w", "S=k,k;w=k",
           "Its stationary points are the eigenvectors.", "S sym"),
    _entry("lda", "Fisher's discriminant", "-(w'*(m1 - m2))^2/(w'*S*w)", "w", "m1=k;m2=k;S=k,k;w=k",
           "The direction that separates two means best.", "S spd", aliases=("fisher",)),
    _entry("cca", "the first canonical pair", "-u'*C*v subject to u'*A*u = 1, v'*B*v = 1", "u v",
           "C=k,m;A=k,k;B=m,m;u=k;v=m", "Most correlated linear combinations.", "A spd", "B spd"),
    _entry("mds", "classical scaling", "||B - Y*Y'||^2", "Y", "B=n,n;Y=n,q", "Points with given inner products.", "B sym",
           aliases=("classical mds",)),
    _entry("laplacian_eigenmap", "Laplacian eigenmap", "tr(Y'*L*Y) subject to Y'*D*Y = eye(q)", "Y", "L=k,k;D=k,k;Y=k,q",
           "Smooth coordinates on a graph.", "L psd", "D spd"),
    _entry("procrustes", "orthogonal Procrustes", "||A*R - B||^2 subject to R'*R = eye(k)", "R", "A=n,k;B=n,k;R=k,k",
           "The rotation that carries A nearest to B."),
    _entry("eckart_young", "low rank approximation", "||A - B||^2 subject to rank(B) <= r", "B", "A=n,m;B=n,m",
           "The nearest matrix of rank at most r.", aliases=("eckart-young", "low rank")),
    _entry("reduced_rank", "reduced rank regression", "||Y - X*B||^2 subject to rank(B) <= r", "B", "X=n,k;Y=n,m;B=k,m",
           "Least squares with coefficients of rank at most r."),
    _entry("matrix_factorisation", "matrix factorisation", "||A - U*V'||^2", "U V", "A=n,m;U=n,r;V=m,r",
           "A product of two thin matrices.", aliases=("factorisation",)),
    _entry("nearest_psd", "the nearest positive semidefinite matrix", "||X - A||^2 subject to X psd", "X", "A=k,k;X=k,k",
           "Projection on a cone."),
    _entry("sylvester", "a Sylvester equation in the least squares sense", "||A*X + X*B - C||^2", "X",
           "A=k,k;B=m,m;C=k,m;X=k,m", "A X + X B = C."),
    _entry("lyapunov", "a Lyapunov equation in the least squares sense", "||A*X + X*A' + Q||^2", "X", "A=k,k;Q=k,k;X=k,k",
           "A X + X A' = -Q.", "Q sym"),
    _entry("covariance", "covariance of a normal sample", "logdet(S) + tr(inv(S)*C)", "S", "C=k,k;S=k,k",
           "Maximum likelihood at empirical covariance C.", "C spd", "S spd"),
    _entry("precision", "precision of a normal sample", "tr(C*T) - logdet(T)", "T", "C=k,k;T=k,k",
           "The inverse covariance.", "C spd", "T spd"),
    _entry("precision_ridge", "precision with a squared penalty", "tr(C*T) - logdet(T) + lam/2*||T||^2", "T",
           "C=k,k;T=k,k", "A quadratic matrix equation.", "C spd", "T spd", "lam > 0"),
    _entry("soft_threshold", "soft threshold", "||a - z||^2/2 + tau*norm1(a)", "a", "z=k;a=k",
           "The proximal map of the sum of absolute values.", "tau > 0"),
    _entry("nuclear_prox", "singular value threshold", "||X - A||^2/2 + tau*nuclear(X)", "X", "A=n,m;X=n,m",
           "The proximal map of the nuclear norm.", "tau > 0"),
    _entry("kalman", "Kalman gain", "tr((eye(k) - K*H)*P*(eye(k) - K*H)' + K*R*K')", "K", "P=k,k;H=p,k;R=p,p;K=k,p",
           "The gain of least posterior variance.", "P spd", "R spd"),
    _entry("lqr", "one step of linear-quadratic control", "u'*R*u + (A*x + B*u)'*P*(A*x + B*u)", "u",
           "R=m,m;A=k,k;B=k,m;P=k,k;x=k;u=m", "The best control u at state x.", "R spd", "P psd"),
    _entry("min_variance", "minimum variance portfolio", "w'*S*w subject to ones(k)'*w = 1", "w", "S=k,k;w=k",
           "Weights that sum to one.", "S spd", aliases=("portfolio",)),
    _entry("mean_variance", "mean-variance portfolio", "g/2*w'*S*w - mu'*w", "w", "S=k,k;w=k;mu=k",
           "Expected return against variance, aversion g.", "S spd", "g > 0", aliases=("markowitz",)),
)  # fmt: skip
