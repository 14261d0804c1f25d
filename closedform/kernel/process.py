"""Documents checked in a process of its own, with limits on time and memory.

A document may be written to exhaust whoever reads it. The process then ends, and the document counts as unreadable.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import resource
import subprocess
import sys
from pathlib import Path

from closedform.kernel.document import Finding, check_document
from closedform.kernel.reading import Json, Refused, refuse

TIMEOUT = 60.0  # seconds
MEMORY = 2 * 1024**3  # bytes of address space
MAX_BYTES = 200_000_000  # of one document


def check_text(text: bytes, timeout: float = TIMEOUT) -> list[Finding]:
    """``check_document`` of the JSON text, in a child process; raises ``Refused`` where it cannot be read in the limits."""
    if len(text) > MAX_BYTES:
        refuse(f"more than {MAX_BYTES // 10**6} MB")
    package = str(Path(__file__).parents[2])  # so that the child runs this very package, wherever it lies
    path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH", ""))))
    try:
        child = subprocess.run(
            [sys.executable, "-P", "-m", "closedform.kernel.process", str(math.ceil(timeout) + 1)],
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": path},
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        refuse(f"not checked within {timeout:g} s")
    if child.returncode:
        refuse(f"not checked within {MEMORY // 1024**3} GB of memory, or a library ended the process")
    answer = json.loads(child.stdout)
    if isinstance(answer, str):
        refuse(answer)
    return [Finding(*finding) for finding in answer]


def strict(text: bytes) -> Json:
    """The value of a JSON text; ``ValueError`` where a key stands twice or a number is none."""

    def once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        out = dict(pairs)
        if len(out) < len(pairs):
            raise ValueError("a key stands twice in one object")
        return out

    def never(word: str) -> Json:
        raise ValueError(f"{word} is no number")

    return json.loads(text, object_pairs_hook=once, parse_constant=never)


def main() -> None:
    """Check the document on standard input; the findings, or one sentence where it cannot be read, go to standard output."""
    seconds = int(sys.argv[1])
    with contextlib.suppress(ValueError):  # the time too: it ends even when the parent is killed
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    try:
        answer: object = [[f.place, f.word, f.sentence] for f in check_document(strict(sys.stdin.buffer.read()))]
    except Refused as refused:
        answer = str(refused)
    except (ValueError, RecursionError) as fault:
        answer = f"not JSON as it is read here: {str(fault)[:200]}"
    except MemoryError:
        answer = f"not checked within {MEMORY // 1024**3} GB of memory"
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
