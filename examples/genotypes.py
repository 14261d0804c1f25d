"""Additive genetic effects: one formula for the logistic fit of any genotype counts.

Genotypes are coded 0, 1, 2 (copies of an allele), n_j people have genotype j and k_j of them the trait. The maximum
likelihood estimate of the log odds ratio per allele, usually found by iteration, is the logarithm of the positive root
of a cubic, whatever the counts. Run it:  python examples/genotypes.py
"""

from __future__ import annotations

import sympy as sp

import closedform as cf

LOSS = " + ".join(f"n{j}*log(1 + exp(a + {j}*b)) - k{j}*(a + {j}*b)" for j in range(3))
COUNTS = [f"{c}{j} > 0" for j in range(3) for c in "nk"] + [f"k{j} < n{j}" for j in range(3)]

# cases among carriers of 0, 1, 2 copies in three made-up studies, and one without any effect
STUDIES = {
    "small": ((5, 7, 4), (1, 3, 3)),
    "large": ((5120, 3050, 470), (1204, 880, 171)),
    "no effect": ((40, 40, 40), (10, 10, 10)),
}


def formula() -> cf.Report:
    """The derivation with the counts as symbols."""
    return cf.derive(LOSS, unknowns=["a", "b"], assumptions=COUNTS, timeout=120)


def main() -> None:
    report = formula()
    print(f"{report.verdict.outcome}, scope {report.verdict.scope}, class {report.verdict.expression_class}")
    for statement in report.verdict.statements:
        print(f"  [{statement.trust}] {statement.text}")
    solve = report.function()
    for title, (n, k) in STUDIES.items():
        counts = {f"n{j}": v for j, v in enumerate(n)} | {f"k{j}": v for j, v in enumerate(k)}
        fitted = solve(**counts)
        exact = cf.derive(
            LOSS.replace("n0", str(n[0]))
            .replace("n1", str(n[1]))
            .replace("n2", str(n[2]))
            .replace("k0", str(k[0]))
            .replace("k1", str(k[1]))
            .replace("k2", str(k[2])),
            unknowns=["a", "b"],
        )
        point = exact.critical_points[0]
        print(f"\n{title}: n = {n}, k = {k}")
        print(
            f"  by the formula   a = {fitted['a']:.12f}  b = {fitted['b']:.12f}  (odds ratio per allele {sp.exp(fitted['b']):.6f})"
        )
        print(
            f"  this table only  a = {point.numeric['a'][:14]}  b = {point.numeric['b'][:14]}  {exact.verdict.outcome}"
        )


if __name__ == "__main__":
    main()
