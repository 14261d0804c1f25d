"""What an attempt still says when a point has left its list: nothing that counted, compared or listed the points."""

from __future__ import annotations

from dataclasses import replace

from closedform.attempt import Attempt


def without_list_certificates(found: Attempt) -> Attempt:
    """The attempt without certificates that list critical points, some of which did not pass."""
    kept = [i for i, c in enumerate(found.certificates) if c.kind != "critical_points"]
    where = {old: new for new, old in enumerate(kept)}
    return replace(
        found,
        certificates=tuple(found.certificates[i] for i in kept),
        findings=tuple(
            s if s.certificate is None else replace(s, certificate=where[s.certificate])
            for s in found.findings
            if s.certificate is None or s.certificate in where
        ),
        points=tuple(
            replace(p, certificate=None if p.certificate is None else where.get(p.certificate)) for p in found.points
        ),
    )


def without_comparisons(found: Attempt) -> Attempt:
    """The attempt without what counted or compared its points: one that did not pass may have been the least."""
    points = tuple(
        replace(p, kind="unclassified" if p.inertia is None else "local" + p.kind.removeprefix("global"))
        if p.kind in ("global minimum", "global maximum")
        else p
        for p in found.points
    )
    kept = tuple(f for f in found.findings if not f.of_the_list)
    return replace(
        found, points=points, findings=kept, minimiser=None if found.minimiser == "closed" else found.minimiser
    )
