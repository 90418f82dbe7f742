"""Regularisers: values from the written formulas in NumPy, gradients by finite differences of those formulas."""

import jax.numpy as jnp
import numpy as np
import pytest

from simulator.advantages import Reward
from simulator.surrogates.base import Surrogate, softmax_pullback
from simulator.surrogates.gates import Score
from simulator.surrogates.log_ratios import Token
from simulator.surrogates.reductions import SequenceMean
from simulator.surrogates.regularizers import KL, Entropy
from tests.surrogates.batches import LENGTHS, LOGITS, MASK, REFERENCE_LOGITS, ROWS, TOKENS, log_softmax, minibatch

pytestmark = pytest.mark.usefixtures("strict_promotion")

COEF = 0.3
REFERENCE = log_softmax(REFERENCE_LOGITS)
PARTS = {
    "k1": KL(coef=COEF, estimator="k1"),
    "k2": KL(coef=COEF, estimator="k2"),
    "k3": KL(coef=COEF, estimator="k3"),
    "exact": KL(coef=COEF, estimator="exact"),
    "entropy": Entropy(coef=COEF),
}


def term(name: str, log_probs: np.ndarray, row: int, token: int) -> float:
    """What one token adds to the objective, weight and coefficient aside."""
    delta = np.exp(REFERENCE[row, token] - log_probs[row, token])  # π_reference / π
    pi = np.exp(log_probs[row])
    return {
        "k1": np.log(delta),
        "k2": -(np.log(delta) ** 2) / 2,
        "k3": -(delta - np.log(delta) - 1),
        "exact": -np.sum(pi * (log_probs[row] - REFERENCE[row])),
        "entropy": -np.sum(pi * log_probs[row]),
    }[name]


def bonus(name: str, logits: np.ndarray) -> float:
    """coef Σ_it 1/(B L_i) · term, over the 7 completions that have tokens."""
    log_probs, total = log_softmax(logits), 0.0
    for p, i, t in np.argwhere(MASK):
        total += term(name, log_probs, ROWS[p, i, t], TOKENS[p, i, t]) / (7 * LENGTHS[p, i])
    return COEF * total


def weights():
    return SequenceMean()(jnp.asarray(MASK))


@pytest.mark.parametrize("name", PARTS)
def test_the_bonus_is_the_written_formula(name):
    batch = minibatch(np.zeros((2, 4)))
    np.testing.assert_allclose(PARTS[name].bonus(batch, weights(), weights()), bonus(name, LOGITS), rtol=1e-12)


@pytest.mark.parametrize("name", PARTS)
def test_the_gradient_agrees_with_finite_differences(name):
    regularizer = {"entropy": PARTS[name]} if name == "entropy" else {"kl": PARTS[name]}
    surrogate = Surrogate(advantage=Reward(), level=Token(), gate=Score(), reduction=SequenceMean(), **regularizer)
    batch = minibatch(np.zeros((2, 4)))
    found = softmax_pullback(batch.log_probs, surrogate.row_push(batch, jnp.zeros(MASK.shape)))

    step, expected = 1e-5, np.zeros_like(LOGITS)
    for index in np.ndindex(LOGITS.shape):
        ahead, behind = LOGITS.copy(), LOGITS.copy()
        ahead[index] += step
        behind[index] -= step
        expected[index] = (bonus(name, ahead) - bonus(name, behind)) / (2 * step)
    np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("name", ["k1", "k2", "k3", "exact"])
def test_there_is_no_penalty_at_the_reference(name):
    batch = minibatch(np.zeros((2, 4)), logits=REFERENCE_LOGITS)
    np.testing.assert_allclose(PARTS[name].bonus(batch, weights(), weights()), 0.0, atol=1e-15)


@pytest.mark.parametrize("name", ["k2", "k3", "exact"])
def test_the_penalty_lowers_the_objective_everywhere_else(name):
    batch = minibatch(np.zeros((2, 4)))
    assert PARTS[name].bonus(batch, weights(), weights()) < 0
