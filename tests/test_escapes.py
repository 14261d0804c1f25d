"""Several unknowns: which point is least or greatest, and why there is no least one. Expected values by hand."""

from __future__ import annotations

import json

import pytest
import sympy as sp
from flint import arb

import closedform as cf
from closedform.attempt import Attempt
from closedform.budget import Budget
from closedform.enclosures.attained import attains
from closedform.enclosures.line.functions import put
from closedform.enclosures.paths import Gap, lowest_limit
from closedform.frozen import FrozenMap
from closedform.kernel.expressions.tree import ONE, ZERO, read
from closedform.ladder.verdict import conclude
from closedform.points import CriticalPoint
from closedform.strategies.reductions.faces import _Candidate, _FacesAnswer
from closedform.strategies.strata import Stratum

x, y, z = sp.symbols("x y z", real=True)


def answer(loss, **options):
    return json.loads(cf.derive(loss, timeout=30, **options).to_json())


def kinds(said):
    return sorted(p["kind"] for p in said["critical_points"])


def without(said):
    return [s["text"] for s in said["verdict"]["statements"] if "minimum" in s["text"] or "infimum" in s["text"]]


@pytest.mark.parametrize(
    ("loss", "limit"),
    [
        (x**2 - y**2, "-oo"),
        (sp.exp(x + y) - x - 2 * y, "-oo"),  # x = -t, y = t: 1 - t
        (-(x**2) * sp.log(1 + y**2), "-oo"),
        ((x * y - 1) ** 2 + x**2, 0),  # x = 1/t, y = t: 1/t^2
        (sp.exp(-(x**2) - y**2), 0),
        (3 + 1 / (1 + x**2 + y**2), 3),
    ],
)
def test_the_lowest_limit(loss, limit):
    found = lowest_limit(loss, (x, y), [{"x": arb(0), "y": arb(0)}])
    assert found is not None
    assert found.limit == limit if limit == "-oo" else found.exact.rational == limit


def test_a_path_stays_in_the_domain():
    """x y falls along x = t, y = -t, and not where y >= 0 and x >= 0."""
    gaps = [Gap(read(u), ">=") for u in "xy"]
    origin = [{"x": arb(0), "y": arb(0)}]
    assert lowest_limit(x * y, (x, y), origin, gaps[:1]).limit == "-oo"
    inside = lowest_limit(x * y, (x, y), origin, gaps)
    assert inside is None or inside.limit == "number"


@pytest.mark.parametrize(
    ("loss", "value", "has"),
    [
        (100 * (y - x**2) ** 2 + (1 - x) ** 2, 0, True),  # Rosenbrock: at the vertex in y a parabola in x is left
        (x / (1 + x**2 + y**2), -0.5, True),  # x + (1 + x^2 + y^2)/2 >= 0
        (x * sp.exp(-(x**2) - y**2), -0.4, True),
        (x * sp.exp(-(x**2) - y**2), 0.4, False),  # the loss tends to 0, so values up to 0.4 are met far out
        ((x * y - 1) ** 2 + x**2, 1, False),  # the infimum 0 is not attained
        (x * sp.exp(-(x**2)), -0.4, False),  # y runs free: true, but of no bounded set
        (x**2 - y**2, 0, False),
    ],
)
def test_a_least_value_is_attained(loss, value, has):
    assert (attains(sp.expand(loss), (x, y), arb(value), Budget.of(5)) is not None) == has


def test_expanded_rosenbrock_has_its_minimum():
    said = answer("100*x^4 - 200*x^2*y + 100*y^2 + x^2 - 2*x + 1", unknowns=["x", "y"])
    assert kinds(said) == ["global minimum"]
    assert said["verdict"]["minimiser"] == "closed"


def test_least_and_greatest():
    said = answer("x/(1 + x^2 + y^2)", unknowns=["x", "y"])
    assert {p["exact"]["x"]: p["kind"] for p in said["critical_points"]} == {
        "-1": "global minimum",
        "1": "global maximum",
    }


@pytest.mark.parametrize(
    ("loss", "word"),
    [
        ("(x*y - 1)^2 + x^2", "infimum 0 of the loss is not attained"),
        ("exp(-x^2 - y^2)", "infimum 0 of the loss is not attained"),
        ("log(1 + exp(x + y)) + x^2 - y", "would be a critical point, and there is none"),
        ("(x*y - 1)^2 + x^2 + y^2*x^2*exp(-y^2)", ""),  # no more than the list supports
    ],
)
def test_no_minimum_is_said_with_its_ground(loss, word):
    said = answer(loss, unknowns=["x", "y"])
    assert "global minimum" not in kinds(said)
    assert any(word in text for text in without(said)) or not word


def test_a_point_outside_of_the_text_does_not_make_another_one_least():
    """The least value of what is left after cancelling is at x = 1, where the text has no value."""
    said = answer("((x-1)/(x-1))*((x-1)^2*(x+1)^2 + (x-1)^2/10) + y^2", unknowns=["x", "y"])
    assert kinds(said) == ["local minimum", "saddle"]
    assert "fault" not in json.dumps(said)


def test_a_part_without_a_minimum_does_not_speak_for_the_whole():
    """exp(x) tends to 0, the loss to more: y^4 - y is least at y = 4^(-1/3)."""
    said = answer("exp(x) + abs(y - 1) + 5", unknowns=["x", "y"])
    assert not any("infimum 0" in text for text in without(said) if not text.startswith("of "))


def test_the_ends_of_an_interval_are_not_all():
    """Every median of 1 and 2 is a minimum."""
    text = cf.derive("abs(x-1) + abs(x-2)").to_text()
    assert "there are no others" not in text
    assert "any value in [1, 2]" in " ".join(text.split())


def test_greatest_beside_a_known_least():
    """(x^2 + y^2)/(1 + x^4 + y^4) at x^2 = y^2 = 1/sqrt(2): sqrt(2)/2, four times by the signs."""
    said = answer("(x^2 + y^2)/(1 + x^4 + y^4)", unknowns=["x", "y"])
    assert kinds(said) == ["global maximum"] * 4 + ["global minimum"] + ["saddle"] * 4


def test_turns_of_each_unknown():
    said = answer("x - 2*sin(x) + cos(2*y)", unknowns=["x", "y"])
    assert said["verdict"]["outcome"] == "closed"
    assert not said["complete"]
    assert any("translates by" in s["text"] and "pi in y" in s["text"] for s in said["verdict"]["statements"])
    assert sorted(p["exact"]["x"] for p in said["critical_points"]) == ["-pi/3", "-pi/3", "pi/3", "pi/3"]


def test_counts_come_with_the_points():
    """Of a verdict without points and an enclosure with them, the counts are the enclosure's."""
    no = Attempt("no", "not_closed", "", counts=FrozenMap({"complex": None, "real": None}))
    numbers = Attempt(
        "numbers",
        "enclosed",
        "",
        points=(CriticalPoint(None, FrozenMap({"x": "1.0"}), FrozenMap({"x": "1e-9"})),),
        counts=FrozenMap({"complex": 6, "real": 1}),
    )
    assert conclude("both", [no, numbers]).counts["complex"] == 6


@pytest.mark.parametrize(
    ("loss", "count", "turns"),
    [
        ("sin(x)*sin(y)", 8, "2*pi in x, 2*pi in y"),  # both sines zero, or both cosines
        ("sin(x)*y", 2, "2*pi in x"),  # the slope y*cos(x) is zero with sin(x) = 0 only at y = 0
        ("sin(x)*sin(2*y)", 8, "2*pi in x, pi in y"),
    ],
)
def test_elimination_follows_one_period(loss, count, turns):
    said = answer(loss, unknowns=["x", "y"])
    assert said["verdict"]["outcome"] == "closed"
    assert any(f"translates by {turns}" in s["text"] for s in said["verdict"]["statements"])
    assert len(said["critical_points"]) == count


def test_no_solution_in_any_turn():
    """exp(x) sin(y) and exp(x) cos(y) do not vanish together."""
    assert answer("exp(x)*sin(y)", unknowns=["x", "y"])["verdict"]["outcome"] == "no_critical_point"


def test_a_kink_where_pieces_meet_is_a_minimum():
    """x^2 falls to 0 and x rises from it: no slope at 0 refutes that."""
    said = answer("Piecewise((x^2, x<0),(x, True))")
    assert [(p["exact"], p["kind"]) for p in said["critical_points"]] == [({"x": "0"}, "global minimum")]
    assert "fault" not in json.dumps(said)


def test_unbounded_without_a_point():
    """x log x + y log y - x y along x = y = t: 2 t log t - t^2."""
    said = answer("x*log(x) + y*log(y) - x*y", unknowns=["x", "y"])
    assert any("unbounded below" in s["text"] for s in said["verdict"]["statements"])


def test_least_points_inside_of_a_box_are_least_in_it():
    """Himmelblau's four zeros: three have nested roots, whose losses are equal as they are least on the inside."""
    said = answer("(x^2 + y - 11)^2 + (x + y^2 - 7)^2", unknowns=["x", "y"], box="x=-6:6,y=-6:6")
    assert kinds(said).count("global minimum") == 4


def test_a_block_without_a_critical_point_ends_its_loss():
    """The block 5 x^2 - 5 x has none beyond its kink; the cell then has none either, and nothing breaks."""
    report = cf.derive("5*x^2 - 4*x*y - 5*x + 5*abs(x - 3)", unknowns=["x", "y"], timeout=30)
    assert not any("a fault of closedform" in a.reason for a in report.attempts)


@pytest.mark.parametrize(
    ("loss", "options"),
    [
        ("cos(x)", {"assumptions": ["x>0"]}),  # 2*pi is critical, and no translate of pi
        ("cos(x) + y^2", {"assumptions": ["x>1"]}),
        ("cos(x)*x/x*cos(y)", {}),  # the text takes x = 0 away, not x = 2*pi
        ("1/x - 1/x + cos(x)", {}),
        ("log(y) - log(y) + cos(x) + cos(y)", {}),
        ("sqrt(x - 1) - sqrt(x - 1) + cos(x) + y^2", {}),
    ],
)
def test_translates_that_leave_the_domain_are_not_said(loss, options):
    """cos has a maximum at every 2*pi*k; where the domain takes the one that stands for them, the others stay."""
    said = answer(loss, **options)
    assert said["verdict"]["outcome"] != "closed"
    assert not any("translates" in s["text"] for s in said["verdict"]["statements"])


def test_translates_of_linear_forms_are_said_of_the_unknowns():
    """cos(x) + cos(x + y): x and x + y may move by 2*pi each, that is (x, y) by (2*pi, -2*pi) and y by 2*pi."""
    said = answer("cos(x) + cos(x+y)")
    texts = [s["text"] for s in said["verdict"]["statements"]]
    assert "the points stand for all their translates by (2*pi, -2*pi) in (x, y), 2*pi in y" in texts
    assert not any("form_1" in t and "with form_1 = x" not in t for t in texts)


def test_a_period_of_the_domain_longer_than_the_turns():
    """sin(x/2) != 0 is asked modulo 2*pi, but written with period 4*pi: pi and 3*pi are two points, not one twice."""
    said = answer("1/sin(x/2) - 1/sin(x/2) + cos(x)")
    points = [p["exact"]["x"] for p in said["critical_points"]]
    assert points == ["pi", "3*pi"]
    assert any("period 4*pi" in s["text"] for s in said["verdict"]["statements"])


def test_translates_by_the_period_of_the_whole():
    """-cos(2x) - cos(x + y) - z^2... : x may move by pi only where y moves as well, so by 2*pi alone."""
    said = answer("-(2 + cos(2*x))*(2 + cos(x + y))*exp(-z^2)")
    assert all("pi in x" not in s["text"] or "2*pi in x" in s["text"] for s in said["verdict"]["statements"])
    least = {(p["exact"]["x"], p["exact"]["y"]) for p in said["critical_points"] if p["kind"] == "global minimum"}
    assert {("0", "0"), ("pi", "-pi")} <= least or {("0", "0"), ("pi", "pi")} <= least


@pytest.mark.parametrize(
    ("loss", "infimum"),
    [
        ("4*|x|/x + (x - 1)^2", "-3"),  # -4 + 1 from below at 0, where 4 + 1 comes from above
        ("|x|/x + (x - 1)^2", "0"),
    ],
)
def test_the_limit_where_zero_is_divided_by_zero(loss, infimum):
    """The part without 0/0 alone (1 at x = 0) was taken for the limit."""
    texts = [s["text"] for s in answer(loss)["verdict"]["statements"]]
    assert any(f"the infimum {infimum} of the loss is not attained" in t for t in texts)


def test_zero_times_what_has_no_value_is_not_zero():
    """(x - 1)/sin(pi*x) tends to -1/pi at 1: a product with a zero in it has that value only if the rest is finite."""
    tree = read(["*", ["+", "x", "-1"], ["^", ["sin", ["*", ["pi"], "x"]], "-1"]])
    assert put(tree, {"x": ONE}) != ZERO
    assert put(read(["*", "x", ["exp", "y"]]), {"x": ZERO}) == ZERO


@pytest.mark.parametrize(
    ("loss", "least"),
    [
        ("Piecewise((x^2 + y^2 - 1, x > 0), (x^2 + y^2, True))", None),  # -1 is approached as x falls to 0
        ("Piecewise((x^2 + y^2 - 5, x > 1), (x^2 + y^2, True))", None),  # -4 as x falls to 1
        ("Piecewise((1, x > 0), (0, True)) + x^2 + y^2", 0),  # at the origin
    ],
)
def test_a_jump_that_the_gradient_hides(loss, least):
    """Both pieces have the gradient (2x, 2y): no certificate about it speaks of the loss."""
    report = cf.derive(loss, timeout=30)
    said = json.loads(report.to_json())
    assert "FAULT" not in report.to_text()
    assert "convex" not in " ".join(s["text"] for s in said["verdict"]["statements"] if "not convex" not in s["text"])
    assert ("global minimum" in kinds(said)) == (least is not None)


def test_a_part_keeps_the_domain_of_its_own_text():
    """|x|/x is -1 for x < 0: with (x - 1)^2 its infimum is 0 there, below the loss 1 at (1, 1)."""
    report = cf.derive("|x|/x + (x - 1)^2 + (y - 1)^2", timeout=30)
    assert "FAULT" not in report.to_text()
    assert "global minimum" not in kinds(json.loads(report.to_json()))


def test_integers_are_not_looked_for_among_the_reals():
    report = cf.derive("cos(x) + y^2", assumptions=["x integer"], timeout=30)
    assert "FAULT" not in report.to_text()
    assert not report.critical_points


@pytest.mark.parametrize(
    ("loss", "kind"),
    [
        ("cos(x) + y^2 subject to x - y = 0", "global minimum"),  # cos(x) + x^2 >= 1
        ("y^2 - 2*x^2 subject to x - y = 0", "global maximum"),  # -x^2
        ("x^2 - 3*y^2 subject to x - 2*y = 0", "global minimum"),  # y^2
    ],
)
def test_on_a_constraint_the_hessian_of_all_directions_says_nothing(loss, kind):
    """The loss is flat at the origin, with a Hessian of both signs; on the line it is a function of one unknown."""
    assert kinds(answer(loss)) == [kind]


def test_a_list_of_one_turn_is_not_every_point():
    """a*cos(x) has a critical point at every multiple of pi: two of them are listed."""
    text = " ".join(cf.derive("a*cos(x) + y^2", unknowns=["x", "y"], timeout=30).to_text().split())
    assert "Every critical point" not in text


def test_least_of_different_strata_are_not_equal_for_that():
    """x^2 <= 4 is active at x = 2 and at x = -2: what is least on one edge says nothing of the other."""
    one, other = Stratum((0,), {x: sp.Integer(2)}, None), Stratum((0,), {x: sp.Integer(-2)}, None)

    def equal(*least: Stratum) -> bool:
        found = object.__new__(_FacesAnswer)
        found.gaps = ["no symmetry is asked"]
        found.candidates = [_Candidate((0,), None, {"x": arb(0)}, least=s) for s in least]
        return found._equal(0, 1)

    assert equal(one, one)
    assert not equal(one, other)


def test_a_family_is_not_called_a_point():
    """Where y^2 is least in x and y, x runs free: no single point is the only one."""
    text = " ".join(cf.derive("(y - 1)^2 + 0*x", unknowns=["x", "y"]).to_text().split())
    assert "any x" in text
    assert "only critical point" not in text
    assert "only family of critical points" in text
