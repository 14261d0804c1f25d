"""``python -m closedform.kernel FILE [--timeout SECONDS]``: 0 proved, 1 something refused or nothing proved, 2 unreadable.

With ``--format`` the page that defines certificates, kind by kind.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from closedform.kernel.ruling import summary
from closedform.kernel.process import TIMEOUT, check_text
from closedform.kernel.reading import Refused

FORMAT = Path(__file__).parent / "FORMAT.md"  # what a certificate of each kind states and how it is checked


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m closedform.kernel")
    parser.add_argument("file", nargs="?")
    parser.add_argument("--timeout", type=float, default=TIMEOUT, help="seconds")
    parser.add_argument("--format", action="store_true", help="what a certificate is, kind by kind")
    given = parser.parse_args(arguments)
    if given.format:
        print(FORMAT.read_text(encoding="utf-8"), end="")
        return 0
    if given.file is None:
        parser.error("a file is needed")
    return report(given.file, given.timeout)


def report(file: str, timeout: float) -> int:
    """Check the file, print what was found, and return the exit code."""
    try:
        findings = check_text(Path(file).read_bytes(), timeout)
    except (OSError, Refused) as fault:
        why = fault.strerror if isinstance(fault, OSError) and fault.strerror else fault
        print(f"{file}: cannot be checked: {why}", file=sys.stderr)
        return 2
    print(summary(findings))
    return 0 if any(f.word == "proved" for f in findings) and all(f.accepted for f in findings) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
