"""The second line of defence: what a report is about to say, held against the text of the problem.

Nothing here shares code with the strategies: the reader's trees are evaluated in balls by the kernel. An audit only
refutes. A refuted claim is withdrawn, what remains true is kept, and the withdrawal is a fault of ours that is said.
"""

from closedform.audit.claims import audit

__all__ = ["audit"]
