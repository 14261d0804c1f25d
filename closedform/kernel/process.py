"""Documents checked in a process of its own, with limits on time and memory.

A document may be written to exhaust whoever reads it. The process then ends, and the document counts as unreadable.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

from closedform.kernel.ruling import Ruling
from closedform.kernel.reading import refuse

TIMEOUT = 60.0  # seconds
MEMORY = 2 * 1024**3  # bytes of address space
MAX_BYTES = 200_000_000  # of one document


def check_text(text: bytes, timeout: float = TIMEOUT) -> list[Ruling]:
    """``check_document`` of the JSON text, in a child process; raises ``Refused`` where it cannot be read in the limits."""
    if len(text) > MAX_BYTES:
        refuse(f"more than {MAX_BYTES // 10**6} MB")
    package = str(Path(__file__).parents[2])  # so that the child runs this very package, wherever it lies
    path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH", ""))))
    try:
        child = subprocess.run(
            [sys.executable, "-P", "-m", "closedform.kernel.child", str(math.ceil(timeout) + 1)],
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
    return [Ruling(*finding) for finding in answer]
