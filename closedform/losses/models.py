"""Which models people train with a loss of the catalogue, and what would change whether it has a closed form."""

from __future__ import annotations

from collections.abc import Mapping

from closedform.frozen import record


@record
class Models:
    """Names of models that minimise this loss, and a sentence on what changes the verdict."""

    names: str
    change: str = ""


WIDTH = "as many units as different rows: then a global minimiser has a formula (derive nn --hidden h --data ...)"
DESIGN = "the design: saturated tables, one binary feature and genotype coding close (derive logistic --design FILE)"
PENALTY = "an orthogonal design, or one feature: then the threshold is a formula"
MODELS: Mapping[str, Models] = {
    "ols": Models("LinearRegression, OLS", "dependent columns: the minimisers are then a family"),
    "ridge": Models("Ridge, RidgeClassifier", "the penalty itself: chosen by validation it is another problem"),
    "wls": Models("LinearRegression with sample_weight, WLS"),
    "gls": Models("GLS, GLSAR"),
    "kernel_ridge": Models("KernelRidge, GaussianProcessRegressor (mean)"),
    "lasso": Models("Lasso, LassoLars", PENALTY),
    "elastic_net": Models("ElasticNet", PENALTY),
    "lad": Models("QuantileRegressor at 1/2, L1 regression", "one column of ones: then it is the median"),
    "two_stage": Models("IV2SLS"),
    "smoother": Models("Hodrick-Prescott filter"),
    "logistic": Models("LogisticRegression without penalty, Logit, GLM Binomial", DESIGN),
    "logistic_ridge": Models("LogisticRegression", "no penalty and a saturated design"),
    "softmax": Models("LogisticRegression (multinomial), MNLogit", "a saturated design: the logits of the shares"),
    "poisson_regression": Models("PoissonRegressor, GLM Poisson", "a design of cells: log of the cell means"),
    "gamma_regression": Models("GammaRegressor, GLM Gamma with log link", "a design of cells: log of the cell means"),
    "probit": Models("Probit", "a saturated design: quantiles of the shares"),
    "cloglog": Models("GLM Binomial with cloglog link", "a saturated design: log(-log(1 - share))"),
    "nn": Models("MLPRegressor with one unit", WIDTH),
    "nn_matrix": Models("MLPRegressor, one hidden layer of any width", WIDTH),
    "elm": Models("random features, extreme learning machines, the last layer of any network"),
    "deep_linear": Models("linear networks"),
    "autoencoder": Models("PCA, linear autoencoders"),
    "hinge": Models("LinearSVC, SVC", "few rows: each pattern of active rows is a linear system"),
    "squared_hinge": Models("LinearSVC (its default)", "few rows: each pattern of active rows is a linear system"),
    "least_squares_classifier": Models("RidgeClassifier, least-squares support vector machines"),
    "huber": Models("HuberRegressor, RLM", "given data: on each pattern of outliers it is a mean"),
    "ordinal": Models("OrderedModel", "two classes: then it is logistic regression"),
    "ppca": Models("PCA.score, probabilistic PCA", "by an eigendecomposition (Tipping and Bishop 1999)"),
    "epsilon_insensitive": Models("LinearSVR, SVR"),
    "quantile": Models("QuantileRegressor, QuantReg", "given data: it is an order statistic"),
    "gaussian_discriminant": Models("LinearDiscriminantAnalysis (classes)"),
    "lda": Models("LinearDiscriminantAnalysis (directions)"),
    "qda": Models("QuadraticDiscriminantAnalysis, GaussianNB, EmpiricalCovariance"),
    "naive_bayes": Models("BernoulliNB, MultinomialNB"),
    "gaussian_process_scale": Models("GaussianProcessRegressor (scale)"),
    "gaussian_process_noise": Models("GaussianProcessRegressor (noise)", "equal eigenvalues: then it is a variance"),
    "cox": Models("PHReg"),
    "autoregression": Models("AutoReg"),
    "exponential_smoothing": Models("SimpleExpSmoothing", "three values: then the errors are linear in the weight"),
    "kalman_noise": Models("UnobservedComponents, state space models"),
    "factorisation_step": Models("NMF and recommenders by alternating least squares"),
    "word2vec_step": Models("word2vec with negative sampling", DESIGN),
    "batch_normalisation": Models("batch and layer normalisation"),
    "attention_values": Models("the value matrix of a transformer layer"),
    "distillation_temperature": Models("CalibratedClassifierCV (temperature), distillation", "two distinct logits"),
    "two_means": Models("KMeans with two clusters", "a given assignment: then the centres are means"),
    "isotonic": Models("IsotonicRegression"),
    "factor_analysis": Models("FactorAnalysis", "equal noises: then it is probabilistic PCA, by an eigendecomposition"),
}
