"""NumPy, the gradient by hand, all tokens of an update at once."""

from __future__ import annotations

import numpy as np

from benchmarks.problem import (
    ADVANTAGE_EPS,
    CLIP,
    EPOCHS,
    METRICS,
    WEIGHT_DECAY,
    Problem,
    Trained,
)

B1, B2, EPS = 0.9, 0.999, 1e-8
LOW, HIGH = 1 - CLIP, 1 + CLIP


def train(problem: Problem, num_rollouts: int, tokens: np.ndarray | None = None, seed: int = 0) -> Trained:
    generator = np.random.default_rng(seed)
    states, vocab_size = problem.states, problem.vocab_size
    size = problem.num_states * vocab_size
    logits = np.zeros((problem.num_states, vocab_size))
    first, second, count = np.zeros_like(logits), np.zeros_like(logits), 0
    recorded = np.empty((num_rollouts, EPOCHS, len(METRICS)))

    log_probs = log_softmax(logits)
    for rollout in range(num_rollouts):
        said = sample(problem, generator, log_probs) if tokens is None else tokens[rollout]
        advantages = advantages_of(problem, said)
        where = states * vocab_size + said  # the tokens' places in the flat table
        behavior = log_probs.reshape(-1)[where]
        log_ratio, ratio = np.zeros(said.shape), np.ones(said.shape)
        for update in range(EPOCHS):
            low, high = (advantages < 0) & (ratio < LOW), (advantages > 0) & (ratio > HIGH)
            clipped = low | high
            outside = (ratio < LOW) | (ratio > HIGH)
            shares = [np.mean(clipped), np.mean(low), np.mean(high), np.mean(outside)]

            push = np.where(clipped, 0.0, ratio * advantages) / said.size
            push = np.bincount(where.reshape(-1), push.reshape(-1), size).reshape(logits.shape)
            gradient = np.exp(log_probs) * push.sum(axis=-1, keepdims=True) - push  # of the loss

            count += 1
            first += (1 - B1) * (gradient - first)
            second += (1 - B2) * (gradient**2 - second)
            step = first / (1 - B1**count) / (np.sqrt(second / (1 - B2**count)) + EPS)
            logits -= problem.learning_rate * (step + WEIGHT_DECAY * logits)

            log_probs = log_softmax(logits)
            log_ratio = log_probs.reshape(-1)[where] - behavior
            ratio = np.exp(log_ratio)
            mean = ratio.mean()
            excess = np.where(advantages > 0, log_ratio - np.log(HIGH), np.log(LOW) - log_ratio)
            excess = np.where(advantages == 0, 0.0, np.maximum(excess, 0.0))
            ess = mean**2 / np.mean(ratio**2)
            recorded[rollout, update] = (
                *shares,
                mean,
                ratio.min(),
                ratio.max(),
                ess,
                excess.mean(),
                excess.max(),
            )
    return Trained(logits, dict(zip(METRICS, np.moveaxis(recorded, -1, 0), strict=True)))


def log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def sample(problem: Problem, generator: np.random.Generator, log_probs: np.ndarray) -> np.ndarray:
    """Inverts every row's cumulative distribution in one search: row s is moved up by s."""
    rows = np.arange(problem.num_states)[:, None]
    cumulative = np.minimum(np.cumsum(np.exp(log_probs), axis=-1), 1.0)
    cumulative[:, -1] = 1.0
    uniforms = generator.random((problem.num_states, problem.group_size))
    drawn = np.searchsorted((cumulative + rows).reshape(-1), uniforms + rows, side="right")
    drawn = np.minimum(drawn - rows * problem.vocab_size, problem.vocab_size - 1)
    return drawn.reshape(problem.num_prompts, problem.length, problem.group_size).swapaxes(1, 2)


def advantages_of(problem: Problem, said: np.ndarray) -> np.ndarray:
    """`[P, G, 1]`"""
    rewards = np.mean(said == problem.targets[:, None], axis=-1)
    centred = rewards - rewards.mean(axis=-1, keepdims=True)
    deviation = rewards.std(axis=-1, ddof=1, keepdims=True)
    return (centred / (deviation + ADVANTAGE_EPS))[..., None]
