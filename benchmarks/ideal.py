"""The ideal update, compiled here and now, and the same in NumPy to hold it against."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.problem import CLIP, SMALL, WEIGHT_DECAY

SOURCE = Path(__file__).with_name("ideal_update.c")
FLAGS = ("-Ofast", "-march=native", "-fPIC")
B1, B2, EPS = 0.9, 0.999, 1e-8


def compiler() -> str | None:
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


@cache
def compiled() -> Callable[..., None]:
    """The function of `ideal_update.c`."""
    with tempfile.TemporaryDirectory() as folder:
        unlinked, library = Path(folder, "ideal.o"), Path(folder, "ideal.so")
        subprocess.run([compiler(), *FLAGS, "-c", str(SOURCE), "-o", str(unlinked)], check=True)
        # linked without -Ofast, which would make the whole process flush what is smaller than normal numbers
        subprocess.run([compiler(), "-shared", str(unlinked), "-o", str(library), "-lm"], check=True)
        function = ctypes.CDLL(str(library)).update
    array = np.ctypeslib.ndpointer(np.float64, flags="C_CONTIGUOUS")
    function.argtypes = [ctypes.c_long] * 2 + [array] * 8 + [ctypes.c_double] * 8
    function.restype = None
    return function


@dataclass
class State:
    """Tables `[rows, V]`; `sums` are those of the row, beside every number of it; `inverse` is 1 / π_behavior."""

    plus: np.ndarray
    minus: np.ndarray
    inverse: np.ndarray
    sums: np.ndarray
    policy: np.ndarray
    first: np.ndarray
    second: np.ndarray
    logits: np.ndarray

    def update_in_c(self, count: int = 1, times: int = 1, learning_rate: float = SMALL.learning_rate) -> None:
        """With a learning rate of zero the numbers stay what they are, however often it is made."""
        corrections = 1 - B1**count, 1 - B2**count
        numbers = (CLIP, learning_rate, WEIGHT_DECAY, B1, B2, EPS, *corrections)
        compiled()(times, self.logits.size, *vars(self).values(), *numbers)

    def update_in_numpy(self, count: int = 1) -> None:
        ratio = self.policy * self.inverse
        push = (np.where(ratio < 1 + CLIP, self.plus, 0.0) + np.where(ratio > 1 - CLIP, self.minus, 0.0)) * ratio
        gradient = self.policy * self.sums - push
        self.first = B1 * self.first + (1 - B1) * gradient
        self.second = B2 * self.second + (1 - B2) * gradient**2
        step = self.first / (1 - B1**count) / (np.sqrt(self.second / (1 - B2**count)) + EPS)
        self.logits = self.logits - SMALL.learning_rate * (step + WEIGHT_DECAY * self.logits)
        self.policy = np.exp(self.logits)


def example(rows: int, vocab_size: int) -> State:
    """Numbers such as a run has them, in the middle of a rollout."""
    generator = np.random.default_rng(0)
    shape = (rows, vocab_size)
    behavior = generator.dirichlet(np.ones(vocab_size), size=rows) + 1e-6
    return State(
        plus=generator.exponential(size=shape) / vocab_size,
        minus=-generator.exponential(size=shape) / vocab_size,
        inverse=1 / behavior,
        sums=np.repeat(generator.normal(size=(rows, 1)), vocab_size, axis=1),
        policy=behavior * np.exp(0.2 * generator.normal(size=shape)),
        first=0.01 * generator.normal(size=shape),
        second=0.01 * generator.random(shape),
        logits=np.log(behavior),
    )


def difference(rows: int = 64, vocab_size: int = 32, updates: int = 3) -> float:
    """The largest between C and NumPy, after some updates."""
    one, other = example(rows, vocab_size), example(rows, vocab_size)
    for count in range(1, updates + 1):
        one.update_in_c(count)
        other.update_in_numpy(count)
    return max(float(np.max(np.abs(getattr(one, name) - getattr(other, name)))) for name in vars(one))
