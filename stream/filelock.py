"""Locks among the processes of one machine, held as long as their holders live and want them.

Owns nothing but the locks: what rights they stand for is their callers' affair. A killed holder loses its lock at once.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from stream.ports import Unavailable


class FileLock:
    """An exclusive lock on one file, never waited for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object has it."""
        return self._handle is not None

    def acquire(self) -> bool:
        """Have it, unless another does; only once until it is released.

        Raises:
            Unavailable: the file cannot be opened.
        """
        handle = _opened(self._path)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._handle = handle
        return True

    def release(self) -> None:
        """Let it go, if this object has it."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


class SharedLock:
    """A lock on one file that any number of processes hold together. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None
        self._once = Lock()

    def join(self) -> None:
        """Hold it with the others from now on; waits while one of them is `alone`.

        Raises:
            Unavailable: the file cannot be opened.
        """
        with self._once:
            if self._handle is None:
                handle = _opened(self._path)
                fcntl.flock(handle, fcntl.LOCK_SH)
                self._handle = handle

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Whether nobody else holds it; where that is so, nobody can join before the block ends.

        Raises:
            Unavailable: the file cannot be opened.
        """
        self.join()
        assert self._handle is not None
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found = True
        except BlockingIOError:
            found = False
        try:
            yield found
        finally:
            fcntl.flock(self._handle, fcntl.LOCK_SH)  # also where it was refused: the kernel lets go before it tries

    def release(self) -> None:
        """Let it go, if this object holds it."""
        with self._once:
            if self._handle is not None:
                os.close(self._handle)
                self._handle = None


def _opened(path: Path) -> int:
    try:
        # close-on-exec, or a child process would go on holding what its parent held
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Unavailable(f"{path.name}: {error.strerror}") from error
