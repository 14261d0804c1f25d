"""The complete, proved truth about a function of one real unknown with numbers only.

``whole.landscape_of(system, budget)`` gives the landscape of a loss: its stops (critical points, kinks, closed ends) in
order with the sign of the slope beside each, the limits at all other ends, and the least and the greatest value;
``whole.solutions_of(system, budget)`` all solutions of equations. Below them: ``zeros.zeros`` (all zeros of a smooth
function on an open interval), ``cells.line_of`` (the domain from requirements), ``landscape.landscape`` (of a tree on a
line), ``expansion.expansion`` (growth and limits at infinity), ``circles.period_of``. Points are ``spots.Spot``: ``at(bits)``
is a ball of any accuracy, ``exact`` a proved closed form where one was found. What is not decided is in ``open``, and
``complete`` is then false; ``functions.Unclear`` is raised where nothing can be said.

>>> from closedform.budget import Budget
>>> from closedform.enclosures.line.whole import landscape_of
>>> from closedform.problem import read
>>> from closedform.stationarity.scalar import stationarity
>>> found = landscape_of(stationarity(read("x^2 + 3*sin(x)")), Budget.of(5))
>>> [(s.role, s.shape, round(float(s.spot.at().mid()), 6)) for s in found.stops]
[('critical', 'minimum', -0.914856)]
>>> found.complete, found.least.state, [e.limit for e in found.escapes]
(True, 'attained', ['+oo', '+oo'])
"""
