"""The terminal: what is said on which stream, files that are written whole or not at all, and a line of progress."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping
from pathlib import Path

from closedform.errors import CallError, InputError

SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "--plot": (".svg", ".png", ".pdf"),
    "--html": (".html", ".htm"),
    "--certificate": (".json", ".cert", ".txt"),
}
LARGEST_INPUT = 64 * 1024 * 1024  # bytes of a loss on standard input
BAR = 20  # characters of the progress bar
TICK = 0.25  # seconds between two drawings of it

Progress = Callable[[str], None]


def say(text: str) -> None:
    sys.stdout.write(text if text.endswith("\n") else text + "\n")


def complain(message: str, code: int = 0) -> int:
    """One line on standard error; the exit code is handed back."""
    with contextlib.suppress(OSError):
        print(f"closedform: {message}", file=sys.stderr)
    return code


def colours() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


# -- files ------------------------------------------------------------------------------------------------------------


def source_of(loss: str | None) -> str | None:
    """The loss as given, or from standard input where it is ``-``."""
    if loss != "-":
        return loss.strip() if loss is not None else None
    raw = sys.stdin.buffer.read(LARGEST_INPUT + 1)
    if len(raw) > LARGEST_INPUT:
        raise InputError(f"standard input has more than {LARGEST_INPUT // 2**20} MB; a loss is a line of text")
    try:
        return raw.decode().strip()
    except UnicodeDecodeError as fault:
        raise InputError(f"standard input is not UTF-8 text (byte {fault.start})") from None


def check_outputs(files: Mapping[str, str | None]) -> None:
    """Refuse, before any work is done, a file that could not be written; the keys are the options that ask for them."""
    for flag, file in files.items():
        if file is None or file == "-":
            continue
        path, suffixes = Path(file), SUFFIXES.get(flag, ())
        if (path.suffix and suffixes and path.suffix.lower() not in suffixes) or (not path.suffix and flag == "--plot"):
            raise CallError(
                f"{flag} {file}: the name must end in {' or '.join((', '.join(suffixes[:-1]), suffixes[-1]))}"
            )
        if flag == "--plot" and importlib.util.find_spec("matplotlib") is None:
            raise CallError("plots need matplotlib: pip install 'closedform[plot]'")
        if not path.parent.is_dir():
            raise CallError(f"{flag} {file} cannot be written: there is no folder {path.parent}")
        if path.is_dir():
            raise CallError(f"{flag} {file} cannot be written: it is a folder")
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            raise CallError(f"{flag} {file} cannot be written: permission denied")


def write(file: str, content: bytes) -> None:
    """The whole file or none: what could not be written is removed. ``-`` is standard output."""
    if file == "-":
        sys.stdout.buffer.write(content)
        return
    path = Path(file)
    try:
        path.write_bytes(content)
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        raise CallError(f"{file} cannot be written: {error.strerror}") from None
    complain(f"wrote {file}")


# -- progress ---------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def progress(timeout: float | None = None) -> Generator[Progress | None]:
    """What is being tried, for how long, and how much of the time is gone: a line on a terminal, erased at the end."""
    if not sys.stderr.isatty():
        yield None
        return
    line = _StatusLine(timeout)
    try:
        yield line.show
    finally:
        line.erase()


class _StatusLine:
    """The line, drawn by a thread of its own, so that it also moves while nothing is heard.

    The thread starts with the first message: before that the command may fork.
    """

    def __init__(self, timeout: float | None) -> None:
        self.timeout, self.what, self.started = timeout, "reading", time.monotonic()
        self.ended = threading.Event()
        self.thread: threading.Thread | None = None

    def show(self, message: str) -> None:
        self.what = message
        if self.thread is None:
            self.thread = threading.Thread(target=self._draw, daemon=True)
            self.thread.start()

    def erase(self) -> None:
        self.ended.set()
        if self.thread is not None:
            self.thread.join()
        with contextlib.suppress(OSError):
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def _draw(self) -> None:
        while not self.ended.wait(TICK):
            with contextlib.suppress(OSError):
                sys.stderr.write(f"\r\x1b[K{bar(time.monotonic() - self.started, self.timeout)}  {self.what}"[:83])
                sys.stderr.flush()


def bar(seconds: float, timeout: float | None) -> str:
    """How much of the time is gone.

    >>> bar(15, 60), bar(3, None)
    ('[#####...............] 15 of 60 s', '3 s')
    """
    if timeout is None:
        return f"{seconds:.0f} s"
    done = min(BAR, int(BAR * seconds / timeout))
    return f"[{'#' * done}{'.' * (BAR - done)}] {seconds:.0f} of {timeout:g} s"
