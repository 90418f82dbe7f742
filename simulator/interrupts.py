"""Who hears Ctrl-C and SIGTERM: this process, as an exception, and none that it starts."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

DEFAULTS = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
SOON = 0.05  # seconds


class Terminated(KeyboardInterrupt):
    """SIGTERM: what batch systems send some time before SIGKILL."""


@contextmanager
def signals_raise() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt meanwhile, SIGTERM Terminated, unless somebody has other plans with them."""
    ours = []
    if threading.current_thread() is threading.main_thread():
        ours = [number for number, default in DEFAULTS.items() if signal.getsignal(number) is default]
    for number in ours:
        signal.signal(number, _raise)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, DEFAULTS[number])


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


def _raise(number: int, frame: FrameType | None) -> None:
    if _swallows(frame):
        later = threading.Timer(SOON, os.kill, (os.getpid(), number))
        later.daemon = True
        later.start()
        return
    raise Terminated if number == signal.SIGTERM else KeyboardInterrupt


def _swallows(frame: FrameType | None) -> bool:
    """Whether an exception would be ignored: in modules of C while they are imported, in what jax lets garbage collect.

    While C runs signals wait, so that they are heard just there.
    """
    while frame is not None:
        if frame.f_code.co_name == "_xla_gc_callback" or "importlib._bootstrap" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False
