"""Real data, decided: the tobacco budworm experiment (D. Collett, Modelling Binary Data, 1991; Venables and Ripley, MASS).

Twenty moths of each sex got 1, 2, 4, 8, 16 or 32 micrograms of a pyrethroid; the number killed is regressed on
log2(dose) = 0..5. The fit is one of the most printed logistic regressions. Has it a closed form? No: exp(slope) is
algebraic of degree 23 with the full symmetric group. Run it:  python examples/budworm.py
"""

from __future__ import annotations

import closedform as cf

KILLED = {"male": (1, 4, 9, 13, 18, 20), "female": (0, 2, 6, 10, 12, 16)}


def fit(sex: str, digits: int = 50) -> cf.Report:
    """The report on one sex, with its certificates."""
    terms = [f"20*log(1 + exp(a + {x}*b)) - {k}*(a + {x}*b)" for x, k in enumerate(KILLED[sex])]
    return cf.derive(" + ".join(terms), unknowns=["a", "b"], digits=digits, timeout=60)


def main() -> None:
    for sex in KILLED:
        report = fit(sex)
        print(
            f"{sex}: {report.verdict.outcome} ({report.counts['complex']} complex critical points, {report.counts['real']} real)"
        )
        for unknown, value in report.critical_points[0].numeric.items():
            print(f"  {unknown} = {value}")
        for found in report.verdict.about("irreducible over Q"):
            print(f"  degree {found['degree']}, group {found['group']}")
        for statement in report.verdict.statements:
            print(f"  [{statement.trust}] {statement.text[:150]}")
        print(f"  kernel: {[f.accepted for f in cf.verify(report).findings]}")


if __name__ == "__main__":
    main()
