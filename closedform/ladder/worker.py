"""Attempts run in a child process, so that a deadline holds whatever a library does.

FLINT keeps the interpreter lock during a call and aborts the process when memory runs out; only another process can
end it. The child is ``python -m closedform.ladder.worker`` in a session of its own, spoken to by length-prefixed pickles over
pipes. It stays warm for the next call and is killed when an attempt overruns its slice. A command, which has no threads
and imports SymPy for its answer anyway, forks instead: its child has at once what it would have to import.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import os
import pickle
import resource
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NoReturn

from closedform.errors import ON_COMMAND_LINE
from closedform.frozen import record

LEAST_MEMORY = 2 * 1024**3  # bytes of address space that a child may ask for, at least
ORPHANED = 2.0  # seconds that a child lives past its deadline when nobody ends it
SHARE = 0.5  # of the machine's memory that it may ask for
# Threads of a BLAS wait for each other in a loop: on a busy machine two of them took ten times the CPU of one.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
_CONTAINER = Path("/sys/fs/cgroup/memory.max")
_TASKS = Path("/proc/self/task")
_HEAD = struct.Struct("!Q")


@record
class Job:
    """A function of a module by name, with picklable arguments; it yields messages."""

    module: str
    function: str
    arguments: tuple[Any, ...]


@record
class Raised:
    """An exception that left the job."""

    error: BaseException


@record
class Until:
    """The job's word that nothing will be heard from it before this moment of the monotonic clock, at the latest."""

    what: str
    deadline: float


class Died(Exception):
    """The child ended without an answer (memory, or a crash in a library); ``during`` says in what."""

    def __init__(self, during: str, overran: bool) -> None:
        self.during, self.overran = during, overran
        super().__init__(f"{during}: {'out of time' if overran else 'the process ended (memory limit or crash)'}")


class _Spawned:
    """A fresh interpreter as the child."""

    def __init__(self) -> None:
        package = str(Path(__file__).parents[2])  # so that the child runs this very package, wherever it lies
        path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH", ""))))
        environment = {**ONE_THREAD, **os.environ, "PYTHONPATH": path}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "closedform.ladder.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=environment,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.pid, self.source, self.sink = self._process.pid, self._process.stdout, self._process.stdin

    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def wait(self) -> None:
        self._process.wait()


class _Forked:
    """A copy of this process as the child; only where no thread runs."""

    def __init__(self) -> None:
        (jobs, jobs_in), (messages, messages_in) = os.pipe(), os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            _as_child(jobs, messages_in, (jobs_in, messages))
        os.close(jobs)
        os.close(messages_in)
        self.source, self.sink = os.fdopen(messages, "rb"), os.fdopen(jobs_in, "wb")
        self._ended = False

    def has_ended(self) -> bool:
        if not self._ended:
            self._ended = os.waitpid(self.pid, os.WNOHANG)[0] == self.pid
        return self._ended

    def wait(self) -> None:
        if not self._ended:
            os.waitpid(self.pid, 0)
            self._ended = True


def _as_child(jobs: int, messages: int, others: Sequence[int]) -> NoReturn:
    """Answer jobs in a forked child, and never come back to what the parent was doing."""
    status = 1
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        for descriptor in others:
            os.close(descriptor)
        quiet = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(quiet, descriptor)
        serve(os.fdopen(jobs, "rb"), os.fdopen(messages, "wb"))
        status = 0
    finally:
        os._exit(status)


def can_fork() -> bool:
    """Is this a command without threads, those of a library (NumPy's BLAS) included?"""
    return ON_COMMAND_LINE.get() and hasattr(os, "fork") and threading.active_count() == 1 and _threads() == 1


def _threads() -> int:
    """The threads of this process, where the system tells; else more than one where a library is here that starts some."""
    try:
        return sum(1 for _ in _TASKS.iterdir())
    except OSError:
        return 1 + ("numpy" in sys.modules)


class Worker:
    """A child process that runs one job at a time."""

    def __init__(self, fork: bool = False) -> None:
        self._child = _Forked() if fork else _Spawned()
        self._in, self._out = self._child.sink, self._child.source

    @property
    def alive(self) -> bool:
        return not self._child.has_ended()

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self.alive:
                os.killpg(self._child.pid, signal.SIGKILL)
        for pipe in (self._in, self._out):
            with contextlib.suppress(OSError):
                pipe.close()
        self._child.wait()

    def run(self, job: Job, deadline: float) -> Iterator[Any]:
        """The messages of the job; raises ``Died`` when the child ends or overruns, and what the job raised."""
        during = "starting"
        try:
            _send(self._in, (job, deadline))
        except (BrokenPipeError, OSError):
            raise Died(during, overran=False) from None
        limit = deadline
        while True:
            try:
                message = self._receive(min(limit, deadline))
            except TimeoutError:
                raise Died(during, overran=True) from None
            except EOFError:
                raise Died(during, overran=False) from None
            if isinstance(message, Until):
                during, limit = message.what, message.deadline
                yield message
            elif isinstance(message, Raised):
                raise message.error
            elif message is None:
                return
            else:
                yield message

    def _receive(self, deadline: float) -> Any:
        size = _HEAD.unpack(self._read(_HEAD.size, deadline))[0]
        payload = self._read(size, deadline)
        if _importing is not None:
            _importing.join()  # two threads that import parts of one package may see it half made
        return pickle.loads(payload)

    def _read(self, count: int, deadline: float) -> bytes:
        chunks, missing, descriptor = list[bytes](), count, self._out.fileno()
        while missing:
            wait = deadline - time.monotonic()
            if wait <= 0 or not select.select([descriptor], [], [], wait)[0]:
                raise TimeoutError
            chunk = os.read(descriptor, min(missing, 1 << 20))
            if not chunk:
                raise EOFError
            chunks.append(chunk)
            missing -= len(chunk)
        return b"".join(chunks)


_spare: Worker | None = None
_importing: threading.Thread | None = None
_lock = threading.Lock()


def import_meanwhile(module: str) -> None:
    """Import a module in a thread while the child works; an answer is not unpickled before that is done."""
    global _importing
    if module not in sys.modules:
        _importing = threading.Thread(target=importlib.import_module, args=(module,), daemon=True)
        _importing.start()


def import_before_fork(module: str) -> None:
    """Import a module for this process and for the child that will be its copy, with one thread at most."""
    for name, value in ONE_THREAD.items():
        os.environ.setdefault(name, value)
    importlib.import_module(module)


def warm(fork: bool = False) -> None:
    """Start the spare child now, so that it is up by the time a problem has been read; as a ``fork`` if so wished."""
    global _spare
    with _lock:
        if _spare is None or not _spare.alive:
            _spare = Worker(fork and can_fork())


def prepare() -> None:
    """Start the child while the problem is read, unless a fork can be made after that."""
    if not can_fork():
        warm()


def run(job: Job, deadline: float, on_message: Callable[[Any], None], fork: bool = False) -> None:
    """Run the job in the warm child; ``on_message`` gets what it yields. A child that died is not used again."""
    global _spare
    warm(fork)
    with _lock:
        worker, _spare = _spare, None
    if worker is None:
        raise OSError("no child process could be started")
    finished = False
    try:
        for message in worker.run(job, deadline):
            on_message(message)
        finished = True
    except Died:
        raise
    except Exception:
        finished = True  # the job raised: the child is sound
        raise
    finally:
        with _lock:
            if finished and _spare is None:
                _spare = worker
            else:
                worker.kill()


@atexit.register
def _stop() -> None:
    if _spare is not None:
        _spare.kill()


def _send(pipe: IO[bytes], message: object) -> None:
    payload = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    pipe.write(_HEAD.pack(len(payload)) + payload)
    pipe.flush()


def memory_limit() -> int:
    """Bytes of address space for a child: a share of the memory of the machine, or of the container we run in."""
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(OSError, ValueError):  # no container, or one without a limit
        whole = min(whole, int(_CONTAINER.read_text()))
    return max(LEAST_MEMORY, int(SHARE * whole))


def serve(source: IO[bytes], sink: IO[bytes]) -> None:
    """Answer the jobs that come from ``source`` until it closes."""
    limit = memory_limit()
    with contextlib.suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    sys.setrecursionlimit(20_000)
    while head := source.read(_HEAD.size):
        job, deadline = pickle.loads(source.read(_HEAD.unpack(head)[0]))
        # The system itself ends this process past its deadline: whoever waits for it may be gone, and FLINT hears nothing.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, max(deadline - time.monotonic(), 0) + ORPHANED)
        try:
            for message in getattr(importlib.import_module(job.module), job.function)(*job.arguments):
                _send(sink, message)
            _send(sink, None)
        except Exception as error:
            try:
                _send(sink, Raised(error))
            except Exception:
                _send(sink, Raised(RuntimeError(f"{type(error).__name__}: {error}")))
        signal.setitimer(signal.ITIMER_REAL, 0)


def main() -> None:
    """Answer jobs on standard input."""
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not reach the pipe
    serve(sys.stdin.buffer, sink)


if __name__ == "__main__":
    # Through the imported module, so that what is pickled here is closedform.ladder.worker's and not __main__'s.
    importlib.import_module("closedform.ladder.worker").main()
