"""The atlas: each row is a live report; what the field knows of a few models is held against it."""

from __future__ import annotations

import json

import pytest

import closedform as cf
from closedform.losses import FAMILIES, catalogue
from closedform.losses.models import MODELS

# Least squares by linear algebra; logistic, softmax, Poisson and gamma regression have no formula (theory: T13-T15).
KNOWN = {
    "ols": ("closed", "closed", "linear_algebra"),
    "elm": ("closed", "closed", "linear_algebra"),
    "logistic": ("not_closed", "not_closed", None),
    "softmax": ("not_closed", "not_closed", None),
    "poisson_regression": ("not_closed", "not_closed", None),
    "gamma_regression": ("not_closed", "not_closed", None),
    "logistic_ridge": ("not_closed", None, None),
    "word2vec_step": ("not_closed", "not_closed", None),
    "nn_matrix": ("not_closed", "undecided", None),
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_row_says_what_is_known_of_the_model(name):
    (row,) = cf.atlas([name], seconds=60)
    assert (row.outcome, row.minimiser, row.expression_class) == KNOWN[name]
    assert row.trust in ("proved", "derived")
    assert len(row.basis.split()) > 5


def test_an_undecided_row_says_what_is_missing():
    (row,) = cf.atlas(["lasso"], seconds=60)
    assert row.outcome == "undecided"
    assert row.trust == ""
    assert "which pattern holds depends on the data" in row.basis
    assert row.basis in " ".join(cf.atlas(["lasso"], seconds=60).to_text(width=10_000).split())


def test_every_model_of_the_table_is_in_the_catalogue():
    assert set(MODELS) <= set(catalogue())
    assert sum(e.family != "functions" for e in catalogue().values()) >= 60


def test_the_page_works_offline_and_the_json_has_every_row():
    found = cf.atlas(["ols", "ridge"], seconds=60)
    page = found.to_html()
    assert "LinearRegression" in page
    assert "what changes it" in page
    assert '<a href="#ols">' in page  # each row leads to its report, on the same page
    assert '<h2 id="ols">' in page
    assert "X has full column rank" in page
    assert "http" not in page.replace("http://www.w3.org", "")
    assert [r["name"] for r in json.loads(found.to_json())["rows"]] == ["ols", "ridge"]


def test_an_unknown_loss_is_refused():
    with pytest.raises(cf.CallError, match="no loss olss"):
        cf.atlas(["olss"])


@pytest.mark.slow
def test_every_row_is_decided_or_says_what_is_missing():
    rows = list(cf.atlas(seconds=5))
    assert len(rows) >= 60
    assert [r.name for r in rows if len(r.basis.split()) < 5] == []


def test_no_two_losses_of_the_catalogue_share_a_name():
    names = [n for module in FAMILIES.values() for e in module.ENTRIES for n in (e.name, *e.aliases)]
    assert len(names) == len(set(names))
