"""A child process that stays warm for work that is heavy, or that reads what others wrote: rendering, validating.

It has a limit of memory and a limit of time for every question, and nothing of it stays in the process that asks. A
question and an answer are lists of byte strings. Who asks is told in words when the child failed, died or took too
long; the next question starts a new one.
"""

import atexit
import os
import resource
import select
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import IO, Final

ROOT: Final = Path(__file__).resolve().parents[2]
LONGEST: Final = 64 * 2**20
"""Bytes of one part of a question or answer; more is a programming error on one of the two sides."""
GOODBYE: Final = 2.0
"""Seconds in which a child that is not needed any more ends by itself."""
DONE, FAILED = b"done", b"failed"


class ChildError(RuntimeError):
    """The child gave no answer."""


class ChildFailed(ChildError):
    """The work raised an error: ``kind`` is its class, ``words`` what it said. After one of memory the child ends."""

    def __init__(self, kind: str, words: str) -> None:
        super().__init__(f"{kind}: {words}" if words else kind)
        self.kind = kind
        self.words = words


class ChildDied(ChildError):
    """The process ended in the middle, usually because it needed more memory than it may have."""


class ChildTooSlow(ChildError):
    """The process took longer than it may, and was ended."""


class Child:
    """One process that runs a module, which calls :func:`serve`; started by the first question.

    ``memory`` is in bytes of address space, None for no limit; ``seconds`` are those of one answer.
    """

    def __init__(self, module: str, *, memory: int | None, seconds: float) -> None:
        self.module = module
        self.memory = memory
        self.seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = Lock()

    def ask(self, *parts: bytes) -> list[bytes]:
        """The child's answer. Questions wait for each other."""
        with self._lock:
            process = self._running()
            try:
                _send(_number(process.stdin), parts)
                answer = self._answer_of(process)
            except (BrokenPipeError, EOFError):
                code = self._end()
                raise ChildDied(f"{self.module} ended in the middle of its work (exit code {code})") from None
            except ChildTooSlow:
                self._end()
                raise
            status, *rest = answer
            if status == DONE:
                return rest
            failed = ChildFailed(*(part.decode() for part in rest))
            if failed.kind == MemoryError.__name__:
                self._end()
            raise failed

    def close(self) -> None:
        """End the process, if there is one."""
        with self._lock:
            if self._process is not None:
                with suppress(OSError):
                    _pipe(self._process.stdin).close()
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(GOODBYE)
                self._end()

    def _answer_of(self, process: "subprocess.Popen[bytes]") -> list[bytes]:
        answers = _number(process.stdout)
        ready, _writable, _broken = select.select([answers], [], [], self.seconds)
        if not ready:
            raise ChildTooSlow(f"{self.module} took longer than {self.seconds:g} seconds")
        return _receive(answers)

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._process is None:
            # A session of its own: Ctrl-C means the parent, which ends the child when it is done.
            self._process = subprocess.Popen(  # noqa: S603  our own module, our own interpreter
                [sys.executable, "-m", self.module, str(self.memory or 0)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=ROOT,
                bufsize=0,
                start_new_session=True,
            )
            atexit.register(self.close)
        return self._process

    def _end(self) -> int | None:
        process, self._process = self._process, None
        if process is None:
            return None
        atexit.unregister(self.close)
        process.kill()
        code = process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                _pipe(pipe).close()
        return code


def serve(work: Callable[[list[bytes]], Sequence[bytes]]) -> None:
    """The child's side: answer questions until there are no more. The limit of memory is the first argument.

    An error is an answer too.
    """
    memory = int(sys.argv[1])
    if memory:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    questions, answers = os.dup(0), os.dup(1)
    # What a library prints must not end up between the answers.
    os.dup2(2, 1)
    while True:
        try:
            question = _receive(questions)
        except EOFError:
            return
        try:
            _send(answers, [DONE, *work(question)])
        except MemoryError:
            _send(answers, [FAILED, MemoryError.__name__.encode(), b"it needed more memory than it may have"])
        except Exception as error:
            _send(answers, [FAILED, type(error).__name__.encode(), str(error).encode()])


def _send(to: int, parts: Sequence[bytes]) -> None:
    written = b"".join([_size(len(parts)), *(_size(len(part)) + part for part in parts)])
    view = memoryview(written)
    while view:
        view = view[os.write(to, view) :]


def _receive(source: int) -> list[bytes]:
    return [_exactly(source, _size_in(source)) for _part in range(_size_in(source))]


def _size(count: int) -> bytes:
    if count > LONGEST:
        raise ValueError(f"{count} bytes are more than a child is asked or answers")
    return count.to_bytes(8, "big")


def _size_in(source: int) -> int:
    count = int.from_bytes(_exactly(source, 8), "big")
    if count > LONGEST:
        raise EOFError("this is no answer")
    return count


def _exactly(source: int, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = os.read(source, min(count - len(parts), 2**20))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise BrokenPipeError
    return pipe


def _number(pipe: IO[bytes] | None) -> int:
    return _pipe(pipe).fileno()
