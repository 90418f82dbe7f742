"""The ideal update in C is the update."""

import numpy as np
import optax
import pytest

from benchmarks import ideal
from benchmarks.problem import SMALL, WEIGHT_DECAY


@pytest.mark.skipif(ideal.compiler() is None, reason="needs a C compiler")
def test_c_and_numpy_agree():
    assert ideal.difference(rows=7, vocab_size=53, updates=4) < 1e-13


def test_numpy_makes_the_update_of_optax():
    state = ideal.example(rows=3, vocab_size=5)
    state.first, state.second = np.zeros((3, 5)), np.zeros((3, 5))
    state.policy = 1 / state.inverse  # no ratio is beyond the clip: every push counts
    push, logits = state.plus + state.minus, state.logits
    gradient = state.policy * state.sums - push
    optimizer = optax.adamw(SMALL.learning_rate, weight_decay=WEIGHT_DECAY)
    updates, _ = optimizer.update(gradient, optimizer.init(logits), logits)
    state.update_in_numpy()
    np.testing.assert_allclose(state.logits, logits + updates, rtol=0, atol=1e-14)
    np.testing.assert_allclose(state.policy, np.exp(state.logits))
