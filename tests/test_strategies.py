"""The contract that every strategy keeps: one visit a file, so a new one is tested when it is registered."""

from __future__ import annotations

import copy
import importlib

import pytest

import closedform as cf
from closedform import problem as problems
from closedform.budget import Budget
from closedform.kernel import Refused, check_certificate
from closedform.ladder import LARGE, MATRIX, SCALAR, TEXT, attempts
from closedform.problem import read
from closedform.stationarity.scalar import stationarity
from closedform.strategies.reductions import roots_named
from closedform.strategies.scalar import elimination

STRATEGIES = [*TEXT, *SCALAR, *MATRIX, *LARGE]
_reports: dict[str, cf.Report] = {}


def module_of(name):
    return importlib.import_module(name)


def report_on(name):
    if name not in _reports:
        _reports[name] = cf.derive(**{"timeout": 30, **module_of(name).example})
    return _reports[name]


def system_of(keywords, name):
    keywords = {k: v for k, v in keywords.items() if k not in ("digits", "timeout", "exact")}
    return attempts.system_of(problems.read(keywords.pop("loss", None), **keywords), name)


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_strategy_takes_its_example(name):
    module = module_of(name)
    assert module.declines(system_of(module.example, name)) is None
    step = module.name
    tried = [a for a in report_on(name).attempts if step in a.strategy.split(" > ")]
    assert tried, "this strategy was never tried on its own example"
    assert any(a.outcome not in ("declined", "failed", "timeout") for a in tried), [a.reason for a in tried]


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_strategy_declines_its_counterexample_in_a_sentence(name):
    module = module_of(name)
    system = system_of(module.counterexample, name)
    reason = module.declines(system)
    if reason is None:  # not seen at a glance: then the attempt itself stops, and says why
        attempt = module.attempt(system, Budget.of(20))
        assert attempt.outcome in ("declined", "failed")
        reason = attempt.reason
    assert len(reason.split()) >= 3


@pytest.mark.parametrize("name", STRATEGIES)
def test_its_certificates_are_accepted_and_refused_with_any_number_changed(name):
    report = report_on(name)
    assert all(finding.accepted for finding in cf.verify(report).findings)
    for certificate in report.certificates:
        good = certificate.to_dict()
        check_certificate(good)
        for bad in changed(good["claim"]):
            with pytest.raises(Refused):
                check_certificate({**good, "claim": bad})


# Under these keys another number makes another claim that may be true as well: a larger radius, a wider interval around
# the same root, a wider box around the same zeros, another separating direction. The seal of the document still notices
# the change.
WEAKER = {"radius", "roots", "direction", "box"}


def changed(claim):
    """The claim with one number changed at a time: integers by one, decimals and fractions in their first digit."""
    for path in leaves(claim):
        text = follow(claim, path)
        if WEAKER & set(path):
            continue
        bad = copy.deepcopy(claim)
        follow(bad, path[:-1])[path[-1]] = altered(text)
        yield bad


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from leaves(item, (*path, i))
    elif isinstance(value, str) and value[:1] in "-0123456789" and value:
        yield path


def follow(value, path):
    for step in path:
        value = value[step]
    return value


def altered(text):
    """Another number: the first digit that is not zero becomes its successor."""
    for i, c in enumerate(text):
        if c in "123456789":
            return text[:i] + str(int(c) % 9 + 1) + text[i + 1 :]
    return "7"


def test_elimination_leaves_many_functions_alone() -> None:
    """Fourteen roots of different arguments (NIST's Misra1c) lead to no polynomial of use; three exponentials of one do."""
    rows = "+".join(f"({k}/7 - b1*(1 - 1/(1 + 2*b2*{k})^(1/2)))^2" for k in range(1, 15))
    few = "exp(x) + exp(2*x) + exp(3*x)*y^2 - y"
    systems = [stationarity(read(text)) for text in (rows, few)]
    assert [elimination.declines(s) is None for s in systems] == [False, True]
    assert roots_named.declines(systems[0]) is not None
