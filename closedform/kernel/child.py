"""One document checked within limits on time and memory; run by ``process``, which has no need of the checker itself."""

from __future__ import annotations

import contextlib
import json
import resource
import sys

from closedform.kernel.document import check_document
from closedform.kernel.process import MEMORY
from closedform.kernel.reading import Json, Refused


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
