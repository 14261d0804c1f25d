"""``python -m closedform.kernel FILE [--timeout SECONDS]``: 0 proved, 1 something refused (or nothing proved), 2 unreadable."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from closedform.kernel.process import TIMEOUT, check_text
from closedform.kernel.document import summary
from closedform.kernel.reading import Refused


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m closedform.kernel")
    parser.add_argument("file")
    parser.add_argument("--timeout", type=float, default=TIMEOUT, help="seconds")
    given = parser.parse_args(arguments)
    return report(given.file, given.timeout)


def report(file: str, timeout: float) -> int:
    """Check the file, print what was found, and return the exit code."""
    try:
        findings = check_text(Path(file).read_bytes(), timeout)
    except (OSError, Refused) as fault:
        print(f"{file}: cannot be checked: {fault}", file=sys.stderr)
        return 2
    print(summary(findings))
    return 0 if any(f.word == "proved" for f in findings) and all(f.accepted for f in findings) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
