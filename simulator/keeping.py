"""What is said when a run cannot go on: what happened, how much is kept, what to do."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import jax

from .errors import Stopped
from .execution.plan import Plan
from .storage.chunks import RunFolder

FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def keeping(folder: RunFolder, todo: Plan, tell: Callable[[str], None]) -> Iterator[None]:
    """Raises Stopped in place of what the system refuses; of Ctrl-C, too, it is told how much is kept."""
    try:
        yield
    except KeyboardInterrupt:
        tell(_kept(folder, todo))
        raise
    except OSError as error:
        happened = error.strerror or str(error)
        first = "make room, then " if error.errno in FULL else ""
        raise _stopped(folder, todo, happened, first) from error
    except (MemoryError, jax.errors.JaxRuntimeError) as error:
        if not (isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error)):
            raise
        raise _stopped(folder, todo, "there is too little memory", "with more of it, ") from error


def _stopped(folder: RunFolder, todo: Plan, happened: str, first: str) -> Stopped:
    return Stopped(
        f"{happened} ({folder.path.parent})\n{_kept(folder, todo)}\n{first}run it again: it goes on from there"
    )


def _kept(folder: RunFolder, todo: Plan) -> str:
    try:
        whole = int(folder.whole_chunks(todo).sum())
    except OSError:
        whole = 0
    return f"{whole} of {todo.num_chunks} chunks are written and kept"
