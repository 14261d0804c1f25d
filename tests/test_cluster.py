"""Rows in blocks: passes over Dask on a local cluster, and logistic regression by mapped Newton steps."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from closedform import InputError, LeastSquaresRegressor, derive
from closedform.emit.linear.cluster import logistic, logistic_on
from closedform.emit.linear.passes import Stream


def rows(n=900, k=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, k)) * 10.0 ** np.arange(k) + np.array([1e4, 0, 5, -7])
    y = X @ [1.0, -0.2, 0.03, 0.004] + rng.normal(size=n)
    labels = (rng.random(n) < 1 / (1 + np.exp(-(X[:, 0] - 1e4 - 0.1 * X[:, 1])))).astype(float)
    return X, y, rng.random(n) + 0.1, labels


def stream(X, y, w=None, size=100):
    right = np.asarray(y, dtype=float).reshape(len(X), -1)

    def blocks():
        for i in range(0, len(X), size):
            yield X[i : i + size], right[i : i + size], None if w is None else w[i : i + size]

    return Stream(blocks)


# -- logistic regression, in this process ------------------------------------------------------------------------


@pytest.mark.parametrize(("ridge", "intercept", "weighted"), [(0, True, True), (0, False, False), (2.5, True, True)])
def test_logistic_meets_its_stationarity_equations(ridge, intercept, weighted):
    X, _, w, labels = rows()
    X = X - [1e4, 0, 0, 0] if not intercept else X
    w = w if weighted else np.ones(len(w))
    fit = logistic_on(stream(X, labels, w), ridge=ridge, intercept=intercept)
    assert fit.converged
    p = 1 / (1 + np.exp(-(X @ fit.coefficients + fit.intercept)))
    spread = X.std(axis=0)
    slope = (X - X.mean(axis=0)).T @ (w * (p - labels)) if intercept else X.T @ (w * (p - labels))
    assert np.max(np.abs(slope + 2 * ridge * fit.coefficients) / spread) < 1e-9
    assert not intercept or abs(w @ (p - labels)) < 1e-9
    if ridge == 0:
        D = np.column_stack([np.ones(len(X)), X]) if intercept else X
        scale = np.linalg.norm(D, axis=0)
        H = (D / scale).T @ ((D / scale) * (w * p * (1 - p))[:, None])
        np.testing.assert_allclose(fit.standard_errors, np.sqrt(np.diag(np.linalg.inv(H))) / scale, rtol=1e-6)


def test_logistic_agrees_with_the_proved_minimiser():
    i = np.arange(100_500)
    x, y = (i * 7919) % 1013 / 100.0, ((i * 104_729) % 997 < 300 + 40 * ((i * 7919) % 1013 / 100.0)).astype(float)
    proved = derive("logistic", data={"x": x, "y": y}, target="y", timeout=50)
    point = proved.critical_points.global_minimum
    fit = logistic_on(stream(x[:, None], y, size=10_000))
    assert abs(fit.coefficients[0] - float(point.numeric["x"])) < 1e-12
    assert abs(fit.intercept - float(point.numeric["intercept"])) < 1e-12


def test_logistic_that_has_no_minimiser_is_refused():
    x = np.arange(40.0)[:, None]
    with pytest.raises(InputError, match="separated"):
        logistic_on(stream(x, x[:, 0] > 17))
    with pytest.raises(InputError, match="separated"):
        logistic_on(stream(x, np.ones(40)))
    nearly = np.where(x[:, 0] == 17, np.arange(40) % 2, x[:, 0] > 17)
    doubled = np.vstack([x, x[17:18]]), np.append(nearly, 1 - nearly[17])  # both labels at the border: quasi-separated
    with pytest.raises(InputError, match="separated"):
        logistic_on(stream(*doubled))
    X, _, _, labels = rows()
    with pytest.raises(InputError, match="columns depend on each other"):
        logistic_on(stream(np.column_stack([X, X[:, 0] - X[:, 1]]), labels))
    with pytest.raises(InputError, match="one of them is 2"):
        logistic_on(stream(X, labels + 1))
    assert logistic_on(stream(x, x[:, 0] > 17), ridge=0.1).converged


# -- Dask --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client():
    pytest.importorskip("dask.array")
    distributed = pytest.importorskip("distributed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, processes=True)
        client = distributed.Client(cluster)
    yield client
    client.close()
    cluster.close()


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")
class TestDask:
    def test_fit_refinement_and_statistics_are_those_of_the_whole(self, client):
        import dask.array as da

        X, y, w, _ = rows()
        X[:, 3] = X[:, 0] + 1e-5 * X[:, 3]  # ill conditioned: refinement, and the accurate root, are needed
        D, b, v = da.from_array(X, chunks=(130, 4)), da.from_array(y, chunks=200), da.from_array(w, chunks=333)
        for weights, there in ((None, None), (w, v)):
            whole = LeastSquaresRegressor().fit(X, y, weights)
            far = LeastSquaresRegressor().fit(D, b, there)
            np.testing.assert_allclose(far.coef_, whole.coef_, rtol=1e-8)
            for kind in ("nonrobust", "HC3"):
                here, away = (
                    m.statistics(*a, covariance=kind) for m, a in ((whole, (X, y, weights)), (far, (D, b, there)))
                )
                np.testing.assert_allclose(away.standard_errors, here.standard_errors, rtol=1e-8)
        np.testing.assert_allclose(far.predict(D).compute(), whole.predict(X), rtol=1e-10)
        two = LeastSquaresRegressor(ridge=[0.1, 3.0]).fit(D, da.stack([b, -b], axis=1))
        want = LeastSquaresRegressor(ridge=[0.1, 3.0]).fit(X, np.column_stack([y, -y]))
        np.testing.assert_allclose(two.coef_, want.coef_, rtol=1e-8)
        parts = LeastSquaresRegressor(ridge=1.0).fit(D[:500], b[:500]).partial_fit(D[500:], b[500:])
        np.testing.assert_allclose(parts.coef_, LeastSquaresRegressor(ridge=1.0).fit(X, y).coef_, rtol=1e-6)

    def test_dependent_columns_are_named(self, client):
        frames = pytest.importorskip("dask.dataframe")
        pandas = pytest.importorskip("pandas")
        X, y, _, labels = rows()
        frame = pandas.DataFrame(X, columns=["a", "b", "c", "d"]).assign(y=y, label=labels)
        parts = frames.from_pandas(frame, npartitions=5)
        names = ["a", "b", "c", "d"]
        model = LeastSquaresRegressor().fit(parts[names], parts["y"])
        np.testing.assert_allclose(model.coef_, LeastSquaresRegressor().fit(X, y).coef_, rtol=1e-9)
        assert list(model.feature_names_in_) == names
        assert model.statistics().names == ("intercept", *names)
        with pytest.warns(RuntimeWarning, match="b2 = 2\\*b"):
            LeastSquaresRegressor().fit(parts.assign(b2=2 * parts["b"])[[*names, "b2"]], parts["y"])
        np.testing.assert_allclose(model.score(parts[names], parts["y"]), model.score(frame[names], y), rtol=1e-12)
        with pytest.raises(InputError, match="the columns are d, c, b, a; those of the fit were a, b, c, d"):
            model.predict(parts[names[::-1]])
        few = parts[parts["b"] > 25]  # blocks without rows, and nobody knows how many rows the others have
        kept = frame[frame["b"] > 25]
        np.testing.assert_allclose(
            LeastSquaresRegressor().fit(few[names[:2]].values, few["y"].values).coef_,
            LeastSquaresRegressor().fit(kept[names[:2]].to_numpy(), kept["y"]).coef_,
            rtol=1e-9,
        )
        with pytest.raises(InputError, match="no rows to fit"):
            LeastSquaresRegressor().fit(parts[parts["b"] > 1e9][names], parts[parts["b"] > 1e9]["y"])
        fit = logistic(parts[names], parts["label"])
        want = logistic_on(stream(X, labels))
        np.testing.assert_allclose(fit.coefficients, want.coefficients, rtol=1e-10)

    def test_chunks_of_columns_are_put_together_and_said(self, client):
        import dask.array as da

        X, y, _, labels = rows()
        D = da.from_array(X, chunks=(300, 2))
        with pytest.warns(RuntimeWarning, match="2 chunks of columns and is rechunked to whole rows"):
            model = LeastSquaresRegressor().fit(D, da.from_array(y, chunks=300))
        np.testing.assert_allclose(model.coef_, LeastSquaresRegressor().fit(X, y).coef_, rtol=1e-9)
        with pytest.warns(RuntimeWarning, match="rechunked"):
            fit = logistic(D, da.from_array(labels, chunks=90), da.ones(len(X), chunks=900), ridge=0.5)
        np.testing.assert_allclose(fit.coefficients, logistic_on(stream(X, labels), ridge=0.5).coefficients, rtol=1e-10)

    def test_bad_collections_are_one_line(self, client):
        import dask.array as da

        X, y, _, _labels = rows()
        D, b = da.from_array(X, chunks=(300, 4)), da.from_array(y, chunks=300)
        hole = X.copy()
        hole[700, 2] = np.nan
        for wrong, said in (
            (lambda: LeastSquaresRegressor().fit(D, y), "y is not; make y one too"),
            (lambda: LeastSquaresRegressor().fit(D, b[:-1]), "X has 900 rows and y has 899"),
            (lambda: LeastSquaresRegressor().fit(da.from_array(hole, chunks=(300, 4)), b), "not finite at row 100"),
            (lambda: LeastSquaresRegressor().fit(D + 1j, b), "type complex128"),
            (lambda: LeastSquaresRegressor().fit(D[:, 0], b), "1 dimensions"),
            (
                lambda: LeastSquaresRegressor().fit(D, b, -da.ones(900, chunks=300)),
                "a weight is finite and not negative",
            ),
            (lambda: logistic(D, b), "the labels are 0 and 1"),
        ):
            with pytest.raises(InputError, match=said) as caught:
                wrong()
            assert "\n" not in str(caught.value)

    def test_the_page_about_many_machines_runs(self, client, capsys):
        page = (Path(__file__).parent.parent / "examples" / "many_machines.md").read_text()
        (program,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
        space = {"current": client}
        exec(program.replace("client = Client(", "client = current or Client(").replace("client.close()", ""), space)
        assert space["fit"].converged
        np.testing.assert_allclose(space["model"].coef_, np.arange(20), atol=0.05)
        assert "robust covariance HC3" in capsys.readouterr().out
