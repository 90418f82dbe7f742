"""A small off-policy minibatch: ragged completions, one of them without a single token that takes part."""

import jax.numpy as jnp
import numpy as np

from simulator.types import Minibatch, Rollout

LENGTHS = np.array([[3, 1, 4, 2], [2, 4, 0, 3]])  # P = 2, G = 4, T = 4
MASK = np.arange(4) < LENGTHS[..., None]
REWARDS = np.array([[1.0, 0.0, 2.5, -1.0], [0.3, 0.9, 0.1, 2.0]])
NUM_ROWS, VOCAB_SIZE = 6, 5

_rng = np.random.default_rng(7)
ROWS = _rng.integers(NUM_ROWS, size=MASK.shape)
TOKENS = _rng.integers(VOCAB_SIZE, size=MASK.shape)
TOKENS[0, 0, [0, 2]] = TOKENS[0, 2, 0] = 3  # two good completions that begin, or end, as the bad ones do
LOGITS = _rng.normal(size=(NUM_ROWS, VOCAB_SIZE))
BEHAVIOR_LOGITS = LOGITS + 0.4 * _rng.normal(size=LOGITS.shape)
REFERENCE_LOGITS = LOGITS + 0.6 * _rng.normal(size=LOGITS.shape)


GREEDY = np.array([0.7, 0.2])  # the rewards of each prompt's most likely completion


def rollout() -> Rollout:
    """The completions with their rewards, from one source."""
    said = {"states": ROWS, "tokens": TOKENS, "mask": MASK, "chosen": MASK}
    sources, greedy = jnp.asarray(REWARDS[..., None]), jnp.asarray(GREEDY)
    return Rollout(**{name: jnp.asarray(value) for name, value in said.items()}, sources=sources, greedy=greedy)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    return logits - np.log(np.sum(np.exp(logits), axis=-1, keepdims=True))


def minibatch(advantages: np.ndarray, logits: np.ndarray = LOGITS, behavior: np.ndarray = BEHAVIOR_LOGITS) -> Minibatch:
    """The minibatch of the policy `logits`, sampled by `behavior`."""
    return Minibatch(
        log_probs=jnp.asarray(log_softmax(logits)),
        reference_log_probs=jnp.asarray(log_softmax(REFERENCE_LOGITS)),
        behavior_logprobs=jnp.asarray(np.where(MASK, log_softmax(behavior)[ROWS, TOKENS], 0.0)),
        rows=jnp.asarray(ROWS),
        tokens=jnp.asarray(TOKENS),
        mask=jnp.asarray(MASK),
        chosen=jnp.asarray(MASK),
        advantages=jnp.asarray(advantages),
    )
