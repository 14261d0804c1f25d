"""``python -m closedform.kernel FILE``: 0 every certificate proved, 1 one refused (or none there), 2 unreadable."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from closedform.kernel.document import check_document
from closedform.kernel.reading import Refused


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m closedform.kernel FILE", file=sys.stderr)
        return 2
    try:
        findings = check_document(json.loads(Path(arguments[0]).read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError, Refused) as fault:
        print(f"{arguments[0]}: cannot be read: {fault}", file=sys.stderr)
        return 2
    for finding in findings:
        print(f"{'proved ' if finding.accepted else 'REFUSED'} {finding.place}: {finding.sentence}")
    proofs = [f for f in findings if f.place != "seal"]
    if not proofs:
        print("no certificate in this file: nothing is proved", file=sys.stderr)
    return 0 if proofs and all(f.accepted for f in findings) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
