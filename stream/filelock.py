"""A lock among the processes of one machine, held as long as its holder lives and wants it.

Owns nothing but the lock: what the right it stands for means is its caller's affair. A killed holder loses it at once.
"""

import fcntl
import os
from pathlib import Path

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
        try:
            # close-on-exec, or a child process would go on holding what its parent held
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Unavailable(f"{self._path.name}: {error.strerror}") from error
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
