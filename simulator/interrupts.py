"""Who hears Ctrl-C and SIGTERM: this process, as an exception, and none that it starts."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Terminated(KeyboardInterrupt):
    """SIGTERM: what batch systems send some time before SIGKILL."""


@contextmanager
def sigterm_raises() -> Iterator[None]:
    """SIGTERM raises Terminated meanwhile, unless somebody has other plans with it."""
    here = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if here:
        signal.signal(signal.SIGTERM, _raise)
    try:
        yield
    finally:
        if here:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def children_deaf_to_ctrl_c() -> Iterator[None]:
    """A terminal sends Ctrl-C to all of a command's processes: those started here leave it to this one."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _raise(number: int, frame: object) -> None:
    raise Terminated
