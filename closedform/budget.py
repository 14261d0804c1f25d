"""How much time and how many digits an attempt may use."""

from __future__ import annotations

import time

from closedform.errors import OutOfTime
from closedform.frozen import record


@record
class Budget:
    """A deadline on the monotonic clock, the digits wanted, and the seed of anything random.

    Long loops call ``check()`` now and then, which raises ``OutOfTime``; a call into FLINT that cannot look up is
    ended from outside by the process that watches the attempt.
    """

    deadline: float
    digits: int = 30
    seed: int = 0

    @staticmethod
    def of(seconds: float, digits: int = 30) -> Budget:
        return Budget(time.monotonic() + seconds, digits)

    @property
    def remaining(self) -> float:
        return self.deadline - time.monotonic()

    def check(self) -> None:
        if self.remaining <= 0:
            raise OutOfTime("out of time")

    def share(self, seconds: float) -> Budget:
        """A budget that ends after ``seconds`` or with this one, whichever is sooner."""
        return Budget(min(self.deadline, time.monotonic() + seconds), self.digits, self.seed)


def working_bits(digits: int, guard: int = 120) -> int:
    """Binary digits in which to work for so many decimal ones, with ``guard`` more to lose on the way."""
    return int(digits * 3.4) + guard
