"""Reports made by hand, so that what is tested is how they are written, not how they were found."""

from __future__ import annotations

import dataclasses
import html.parser
import itertools
import json
import pickle
import re
from xml.etree import ElementTree

import numpy as np
import pytest
import sympy as sp

import closedform as cf
from closedform.attempt import Attempt, Formula, NewtonStep
from closedform.errors import CallError
from closedform.frozen import FrozenMap
from closedform.kernel.document import check_document
from closedform.ladder.verdict import Statement, Verdict
from closedform.points import CriticalPoint
from closedform.problem import Problem
from closedform.reading.language import parse
from closedform.report.document import whole as document
from closedform.report.evaluate import evaluate
from closedform.report.formats import text, typeset
from closedform.report.model import Report
from closedform.report.numbers import loss_at, newton_steps
from closedform.report.verification import verify

x = sp.Symbol("x", real=True)
HALF = sp.sqrt(2) / 2
SOURCE = "def solve(X, y):\n    return {'a': np.linalg.lstsq(X, y, rcond=None)[0]}\n"


def point(exact, numeric, kind, loss, inertia):
    return CriticalPoint(
        FrozenMap({"x": exact}), FrozenMap({"x": numeric}), FrozenMap({"x": "1e-30"}), kind, inertia, 1, loss, "radical"
    )


def quartic(**changes):
    report = Report(
        problem=Problem("x**4 - x**2", parse("x**4 - x**2"), ("x",)),
        gradient=FrozenMap({"x": 4 * x**3 - 2 * x}),
        hessian=((12 * x**2 - 2,),),
        equations=(2 * x**3 - x,),
        kind="polynomial",
        verdict=Verdict(
            "closed",
            "radical",
            "instance",
            "closed",
            (
                Statement("all real roots are found", "proved"),
                Statement("e^x is no such number", "derived", ("Schanuel's conjecture",), "Chow 1999"),
                Statement("it looks flat", "observed"),
            ),
        ),
        critical_points=(
            point(-HALF, "-0.70710678118654752440084436210", "global minimum", -sp.Rational(1, 4), (1, 0, 0)),
            point(sp.Integer(0), "0", "local maximum", sp.Integer(0), (0, 1, 0)),
            point(HALF, "0.70710678118654752440084436210", "global minimum", -sp.Rational(1, 4), (1, 0, 0)),
        ),
        complete=True,
        counts=FrozenMap({"complex": 3, "real": 3}),
        attempts=(Attempt("polynomial", "solved", "2 factors", seconds=0.01), Attempt("lambert", "declined", "no exp")),
        newton=(NewtonStep(1.0, 0.2), NewtonStep(0.04, 0.01)),
    )
    return dataclasses.replace(report, **changes)


def matrix():
    formula = Formula(
        FrozenMap({"a": "inv(X'*X)*X'*y"}),
        "",
        ("X has full column rank",),
        "convex",
        FrozenMap({"flops": "2*n*k**2 + k**3/3", "memory": "k**2", "order": "O(n k^2 + k^3)"}),
        SOURCE,
    )
    return Report(
        problem=Problem("ols", parse("||X*a - y||^2"), ("a",), level="matrix"),
        gradient=FrozenMap({"a": "2*X'*(X*a - y)"}),
        hessian=(("2*X'*X",),),
        equations=(),
        kind="matrix",
        verdict=Verdict("closed", "linear_algebra", "formula", "closed", (Statement("The loss is convex", "derived"),)),
        formula=formula,
    )


# -- the value ----------------------------------------------------------------------------------------------------


def test_a_report_is_frozen_and_survives_a_pickle():
    report = quartic()
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.kind = "other"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        report.gradient.x = 1
    assert pickle.loads(pickle.dumps(report)) == report
    assert pickle.loads(pickle.dumps(matrix())).to_json() == matrix().to_json()


def test_json_has_the_keys_of_the_interface():
    whole = json.loads(quartic().to_json())
    assert set(whole) == {
        "format",
        "problem",
        "stationarity",
        "verdict",
        "critical_points",
        "complete",
        "counts",
        "formula",
        "certificates",
        "attempts",
        "environment",
        "seal",
    }
    assert whole["format"] == 1
    assert whole["problem"]["unknowns"] == ["x"]
    assert whole["problem"]["domain"] == {"x": "real"}
    assert whole["stationarity"]["gradient"] == {"x": "4*x**3 - 2*x"}
    assert whole["stationarity"]["hessian"] == [["12*x**2 - 2"]]
    first = whole["critical_points"][0]
    assert first["exact"] == {"x": "-sqrt(2)/2"}
    assert first["inertia"] == [1, 0, 0]
    assert first["loss"] == "-1/4"
    assert whole["counts"] == {"complex": 3, "real": 3}
    assert whole["formula"] is None
    assert json.loads(matrix().to_json())["formula"]["certificate"] == "convex"


def test_the_domain_says_what_bounds_an_unknown():
    problem = Problem("x", parse("x"), ("x", "y"), relations=(parse("x > 0"), parse("a < 1")))
    assert quartic(problem=problem).to_dict()["problem"]["domain"] == {"x": "x > 0", "y": "real"}


def leaves(value, path=()):
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, (*path, key))
    else:
        yield path, value


def test_a_document_is_refused_with_any_leaf_changed():
    good = json.loads(cf.derive("x^4 - x^2").to_json())
    assert all(f.accepted for f in check_document(good))
    changed = 0
    for path, value in leaves(good):
        bad = json.loads(json.dumps(good))
        place = bad
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = "9" if isinstance(value, str) else 7 if not isinstance(value, bool) else not value
        if place[path[-1]] != value:
            changed += 1
            assert not all(f.accepted for f in check_document(bad)), path
    assert changed > 60


def test_nothing_is_proved_without_a_certificate():
    found = verify(quartic())
    assert not found
    assert "nothing is proved" in str(found)


# -- the words ----------------------------------------------------------------------------------------------------


def test_the_answer_comes_first_and_in_plain_words():
    lines = quartic().to_text(width=110).splitlines()
    assert lines[0] == "CLOSED"
    place = "x = -sqrt(2)/2 ≈ -0.707106781187 and at x = sqrt(2)/2 ≈ 0.707106781187"
    assert lines[1].strip() == f"The minimum is -1/4, at {place}."
    assert lines[2].strip() == "All 3 critical points are exact, in radicals; there are no others."


def test_the_short_text_fits_a_screen_and_the_full_one_has_every_digit():
    assert len(quartic().to_text(width=96).splitlines()) <= 14
    assert len(matrix().to_text(width=96).splitlines()) <= 20
    assert "0.70710678118654752440084436210 ± 1e-30" not in quartic().to_text(full=True)
    assert "0.70710678118654752440084436210 ± 1e-30" in quartic().to_text(full=True, digits=30)
    assert "30" not in quartic().to_text()


def test_the_optimum_comes_first_where_it_has_another_verdict():
    verdict = dataclasses.replace(quartic().verdict, outcome="partly_closed", minimiser="closed")
    points = (*quartic().critical_points[:2], dataclasses.replace(quartic().critical_points[2], exact=None))
    shown = quartic(verdict=verdict, critical_points=points).to_text().splitlines()
    assert shown[0] == "Minimum: CLOSED; all points: PARTLY CLOSED"


@pytest.mark.parametrize(
    ("topics", "assuming", "said"),
    [
        ((), (), "There is no closed form: the first."),
        (("not radical",), (), "None of the 3 critical points has an expression in radicals."),
        (("not radical", "not liouvillian"), (), "None of the 3 critical points has an expression in radicals."),
    ],
)
def test_no_more_is_excluded_than_what_every_statement_excludes(topics, assuming, said):
    statements = tuple(Statement("the first", "derived", assuming, topic=t) for t in topics or ("",))
    points = tuple(dataclasses.replace(p, exact=None) for p in quartic().critical_points)
    verdict = Verdict("not_closed", None, "instance", "not_closed", statements)
    assert said in quartic(verdict=verdict, critical_points=points).to_text(width=110)


def test_of_a_single_point_the_largest_excluded_class_is_said():
    """Each statement is about the same point; what rests on a conjecture is said so."""
    statements = (
        Statement("no", "derived", topic="not radical"),
        Statement("no", "derived", ("Schanuel's conjecture",), topic="not elementary"),
    )
    points = (dataclasses.replace(quartic().critical_points[0], exact=None),)
    verdict = Verdict("not_closed", None, "instance", "not_closed", statements)
    shown = " ".join(quartic(verdict=verdict, critical_points=points).to_text(width=110).split())
    assert "has no expression in radicals, nor made of arithmetic, exp and log (assuming" in shown


@pytest.mark.parametrize("width", [40, 60, 80, 110])
def test_text_stays_within_the_width(width):
    assert max(map(len, quartic().to_text(width=width).splitlines())) <= width


def test_every_statement_shows_its_trust_and_its_hypotheses():
    shown = quartic().to_text(width=100, full=True)
    for mark in ("[proved]", "[derived]", "[observed]", "assuming Schanuel's conjecture", "(Chow 1999)"):
        assert mark in shown


def test_colours_only_where_they_are_wanted():
    assert "\x1b" not in quartic().to_text()
    coloured = quartic().to_text(width=100, colour=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == quartic().to_text(width=100)


def test_without_a_minimum_the_kinds_are_counted():
    points = tuple(dataclasses.replace(p, kind="local minimum") for p in quartic().critical_points[:2])
    lines = quartic(critical_points=(*points, quartic().critical_points[1])).to_text(width=110).splitlines()
    assert lines[1].strip() == "Critical points found: 2 local minima, 1 local maximum."


def test_newtons_steps_are_shown_when_asked():
    numbers = tuple(dataclasses.replace(p, exact=None) for p in quartic().critical_points)
    assert "Newton" not in quartic(critical_points=numbers).to_text()
    assert "relative step" in quartic(critical_points=numbers).to_text(steps=True)


def test_newtons_method_is_not_told_where_there_is_a_formula():
    assert "Newton" not in quartic().to_text(steps=True)


def test_newtons_steps_are_worked_out_where_the_solver_took_none():
    """The number of right digits about doubles with each step (Kantorovich), and the start is obeyed."""
    problem = Problem("x**4 - x**2", parse("x**4 - x**2"), ("x",), start=FrozenMap({"x": "-3/4"}))
    steps = newton_steps(problem, quartic().critical_points[0], 25)
    errors = [float(s["off by"]) for s in steps]
    assert steps[0]["x"] == "-0.750000000000000000000000"
    assert errors[-1] < 1e-24
    assert all(b < 10 * a * a for a, b in itertools.pairwise(errors[:4]))
    numbers = tuple(dataclasses.replace(p, exact=None) for p in quartic().critical_points)
    shown = quartic(newton=(), critical_points=numbers).to_text(steps=True)
    assert "Newton's method" in shown
    assert "a start beside the solution" in " ".join(shown.split())


def test_the_loss_at_a_point_is_a_certified_decimal():
    assert loss_at(quartic().problem, quartic().critical_points[0]) == "-0.250000000000"


def test_a_long_expression_is_cut_in_text_and_whole_in_json():
    long = sum((x**k for k in range(1, 400)), sp.Integer(0))
    report = quartic(gradient=FrozenMap({"x": long}))
    assert "operations" in report.to_text(width=100)
    assert "x**399" not in report.to_text()
    assert report.to_dict()["stationarity"]["gradient"]["x"] == sp.sstr(long)


def test_integers_past_pythons_limit_are_written():
    huge = sp.Integer(10) ** 5000
    written = quartic(equations=(x - huge,)).to_dict()["stationarity"]["equations"][0]
    assert len(written) > 5000


@pytest.mark.parametrize(
    ("outcome", "word"),
    [
        ("closed", "All 3 critical points are exact"),
        ("partly_closed", "listed have an exact expression"),
        ("no_critical_point", "There is no critical point"),
        ("not_closed", "There is no closed form"),
        ("undecided", "It is open whether there is a closed form"),
    ],
)
def test_each_outcome_has_its_sentence(outcome, word):
    verdict = dataclasses.replace(quartic().verdict, outcome=outcome)
    assert word in quartic(verdict=verdict).to_text(width=110)


def test_an_undecided_report_never_says_that_something_does_not_exist():
    verdict = Verdict("undecided", None, "instance", None, ())
    shown = quartic(verdict=verdict, complete=False, critical_points=()).to_text()
    assert "no closed form" not in shown
    assert "CLOSED" not in shown


# -- renderers ----------------------------------------------------------------------------------------------------


class Outside(html.parser.HTMLParser):
    """Collects whatever would be fetched."""

    def __init__(self):
        super().__init__()
        self.fetched = []

    def handle_starttag(self, tag, attrs):
        names = dict(attrs)
        embedded = tag == "img" and names.get("src", "").startswith("data:")
        if not embedded and (tag in ("script", "link", "img", "iframe") or "src" in names or "href" in names):
            self.fetched.append((tag, names))


@pytest.mark.parametrize("report", [quartic(), matrix()], ids=["scalar", "matrix"])
def test_html_stands_alone_and_its_mathematics_is_well_formed(report):
    page = report.to_html()
    outside = Outside()
    outside.feed(page)
    assert outside.fetched == []
    assert "http" not in page
    formulas = re.findall(r"<math[ >].*?</math>", page)
    assert formulas
    for formula in formulas:
        ElementTree.fromstring(formula)


def test_html_escapes_what_the_user_wrote():
    problem = Problem("<script>alert(1)</script>", parse("x"), ("x",), notes=("<b>note</b>",))
    report = quartic(problem=problem)
    assert "<script>" not in report.to_html() + report._repr_html_()
    assert "<b>" not in report.to_html() + report._repr_html_()


def test_the_notebook_card_has_latex_in_dollars_and_no_json():
    card = matrix()._repr_html_()
    assert r"$a = \left(X^{\top} X\right)^{-1} X^{\top} y$" in card
    assert not hasattr(matrix(), "_repr_mimebundle_")
    assert not hasattr(matrix(), "_repr_json_")
    assert matrix()._repr_latex_() == r"$a = \left(X^{\top} X\right)^{-1} X^{\top} y$"


def test_latex_has_balanced_braces_and_environments():
    for report in (quartic(), matrix()):
        written = report.to_latex()
        plain = re.sub(r"\\[{}]", "", re.sub(r"\\begin\{verbatim\}.*?\\end\{verbatim\}", "", written, flags=re.S))
        assert plain.count("{") == plain.count("}")
        assert re.findall(r"\\begin\{(\w+)\}", plain)[0] == "document"
        assert sorted(re.findall(r"\\begin\{(\w+)\}", plain)) == sorted(re.findall(r"\\end\{(\w+)\}", plain))


@pytest.mark.parametrize(
    ("source", "latex"),
    [
        ("-sqrt(2)/2", r"-\frac{\sqrt{2}}{2}"),
        ("2*X'*(X*a - y)", r"2 X^{\top} \left(X a - y\right)"),
        ("sum(i, 1, n, (y[i] - b0)^2)", r"\sum_{i=1}^{n} \left({y}_{i} - b_{0}\right)^{2}"),
        ("2*3^x", r"2 \cdot 3^{x}"),
        ("y*(1 + x)^-2", r"\frac{y}{\left(1 + x\right)^{2}}"),
        ("(x^2)^3", r"\left(x^{2}\right)^{3}"),
        ("-(x - 1)", r"-\left(x - 1\right)"),
        ("a - (b - c)", r"a - \left(b - c\right)"),
        ("lambda2*a_1", r"\lambda_{2} a_{1}"),
        ("|x|", r"\left|x\right|"),
    ],
)
def test_typesetting(source, latex):
    assert typeset.latex_of(source) == latex


def test_latex_text_keeps_to_characters_that_a_font_has():
    assert typeset.latex_escape("Hölder: λ ≤ 1, a_1 ∈ ℚ") == (
        r"Hölder: \ensuremath{\lambda} \ensuremath{\le} 1, a\_1 ? Q"
    )


def test_what_cannot_be_read_back_is_shown_as_text():
    assert typeset.latex_of("this is (not") == r"\texttt{this is (not}"


# -- functions and plots ------------------------------------------------------------------------------------------


def test_the_function_of_a_matrix_formula_runs_what_was_emitted():
    X = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    found = matrix().function()(X=X, y=np.array([1.0, 3.0, 5.0]))
    np.testing.assert_allclose(found["a"], [1.0, 2.0])


def test_emitted_code_sees_numpy_only():
    formula = Formula(FrozenMap({"a": "X"}), numpy="import os\ndef solve(): pass")
    with pytest.raises(ImportError):
        dataclasses.replace(matrix(), formula=formula).function()


def test_the_function_of_a_scalar_formula_takes_columns_and_broadcasts():
    formula = Formula(FrozenMap({"m": "Sum(x[i], (i, 1, n))/n", "s": "sqrt(Sum((x[i] - m)**2, (i, 1, n))/n)"}))
    f = dataclasses.replace(matrix(), formula=formula).function()
    found = f(x=[1, 2, 3])
    assert found["m"] == pytest.approx(2)
    assert found["s"] == pytest.approx((2 / 3) ** 0.5)
    with pytest.raises(CallError, match="needs n, x"):
        f()


def test_the_function_of_points_gives_the_minimisers():
    np.testing.assert_allclose(quartic().function()()["x"], [-(2**-0.5), 2**-0.5])


def test_no_closed_form_has_no_function():
    with pytest.raises(CallError):
        quartic(critical_points=()).function()


def test_the_cubic_formula_goes_through_complex_numbers_to_a_real_root():
    """x^3 - 3x + 1: three real roots, every radical expression of them complex inside (casus irreducibilis)."""
    root = parse("(-1/2 + sqrt(3)*I/2)^(1/3) + (-1/2 - sqrt(3)*I/2)^(1/3)")
    value = evaluate(root, {}, {})
    assert abs(value**3 - 3 * value + 1) < 1e-12


def test_plots_are_the_same_bytes_every_time(tmp_path):
    pytest.importorskip("matplotlib")
    for name in ("a.svg", "a.png"):
        first, second = tmp_path / f"1{name}", tmp_path / f"2{name}"
        quartic().plot(str(first))
        quartic().plot(str(second))
        assert first.read_bytes() == second.read_bytes()
        assert first.stat().st_size > 2000


def test_a_plot_of_many_unknowns_is_refused_in_a_sentence():
    pytest.importorskip("matplotlib")
    with pytest.raises(CallError, match="one or two unknowns"):
        quartic(problem=Problem("x+y+z", parse("x+y+z"), ("x", "y", "z"))).plot()


def test_documents_are_neutral():
    """No renderer leaks into the document: its blocks hold no escape, tag or command."""
    shown = repr(document.compose(quartic()))
    for mark in ("\x1b", "<td", "\\frac", "$"):
        assert mark not in shown
    assert text.render(document.compose(quartic()), 100) == quartic().to_text(width=100, full=True, digits=30)


def test_the_digits_asked_for_reach_every_number() -> None:
    # x^2 - log(x) is least at sqrt(2)/2, where it is 1/2 + log(2)/2 = 0.846573590279972654708616060729088284037750 (mpmath);
    # digits beyond those of a double were wrong while the coordinates were read in 53 bits
    told = cf.derive("x^2 - log(x)", digits=40).to_text(full=True)
    assert told.count("0.84657359027997265470861606072908828403") == 2
    assert "1/2 + log(2)/2" in told or "log(2)/2 + 1/2" in told


def test_translates_that_are_all_are_not_said_to_be_some() -> None:
    told = cf.derive("log(cos(x))").to_text(full=True)
    assert "With their translates these are all." in told
    assert "There may be others" not in told


def test_a_point_of_which_only_the_loss_is_known_has_no_empty_words() -> None:
    """One expression, unclassified, once under a condition and once under none: ": ; loss 0" was printed."""
    free = CriticalPoint(FrozenMap({"x": sp.S.Zero, "y": sp.S.Zero}), loss=sp.S.Zero)
    report = dataclasses.replace(
        cf.derive("x^2 + y^2"), critical_points=(dataclasses.replace(free, conditions=("a > 0",)), free)
    )
    assert ": ;" not in report.to_text()
    assert "x = 0, y = 0: loss 0" in report.to_text()
