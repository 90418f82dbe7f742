"""Who hears Ctrl-C and SIGTERM: this process, as an exception, at a moment that bears it; and none that it starts."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

DEFAULTS: dict[int, Any] = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
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
    before, sys.unraisablehook = sys.unraisablehook, _ignored
    try:
        yield
    finally:
        sys.unraisablehook = before
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
    """Not while a module is imported: what is written in C, jaxlib for one, may crash of it."""
    if _imports(frame):
        _once_more(number)
    else:
        raise Terminated if number == signal.SIGTERM else KeyboardInterrupt


def _imports(frame: FrameType | None) -> bool:
    while frame is not None:
        if "importlib._bootstrap" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False


def _ignored(exception: Any) -> None:
    """What Python has nobody to hand to, as in jax's callback of the garbage collector: an interrupt comes again."""
    if isinstance(exception.exc_value, KeyboardInterrupt):
        _once_more(signal.SIGTERM if isinstance(exception.exc_value, Terminated) else signal.SIGINT)
    else:
        sys.__unraisablehook__(exception)


def _once_more(number: int) -> None:
    later = threading.Timer(SOON, os.kill, (os.getpid(), number))
    later.daemon = True
    later.start()
