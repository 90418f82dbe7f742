"""JAX, one run: a jitted scan over rollouts of a scan over updates, autodiff, optax, inverse-CDF sampling."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks.problem import (
    ADVANTAGE_EPS,
    AFTER,
    BEFORE,
    CLIP,
    EPOCHS,
    WEIGHT_DECAY,
    Problem,
    Trained,
)

LOW, HIGH = 1 - CLIP, 1 + CLIP


def train(problem: Problem, num_rollouts: int, tokens: np.ndarray | None = None, seed: int = 0) -> Trained:
    with jax.enable_x64(True):
        logits = jnp.zeros((problem.num_states, problem.vocab_size))
        keys = jax.random.split(jax.random.key(seed), num_rollouts)
        logits, metrics = jax.device_get(_train(problem, logits, keys, tokens))
    return Trained(logits, metrics)


@partial(jax.jit, static_argnames="problem")
def _train(problem, logits, keys, tokens):
    optimizer = optax.adamw(problem.learning_rate, weight_decay=WEIGHT_DECAY)

    def rollout(carry, given):
        logits, state = carry
        key, tokens = given
        said = sample(problem, key, logits) if tokens is None else tokens
        rewards = share(said == problem.targets[:, None], axis=-1)
        centred = rewards - jnp.mean(rewards, axis=-1, keepdims=True)
        advantages = (centred / (jnp.std(rewards, axis=-1, ddof=1, keepdims=True) + ADVANTAGE_EPS))[..., None]
        behavior = jax.nn.log_softmax(logits)[problem.states, said]

        def loss(logits):
            log_ratio = jax.nn.log_softmax(logits)[problem.states, said] - behavior
            ratio = jnp.exp(log_ratio)
            gain = jnp.minimum(ratio * advantages, jnp.clip(ratio, LOW, HIGH) * advantages)
            return -jnp.mean(gain), (log_ratio, ratio)

        def update(carry, _):
            logits, state = carry
            gradient, seen = jax.grad(loss, has_aux=True)(logits)
            updates, state = optimizer.update(gradient, state, logits)
            return (optax.apply_updates(logits, updates), state), measure(*seen, advantages)

        (logits, state), found = jax.lax.scan(update, (logits, state), length=EPOCHS)
        last = measure(*loss(logits)[1], advantages)
        # what is seen before an update is what the one before it left
        after = {name: jnp.append(found[name][1:], last[name]) for name in AFTER}
        return (logits, state), {name: found[name] for name in BEFORE} | after

    (logits, _), metrics = jax.lax.scan(rollout, (logits, optimizer.init(logits)), (keys, tokens))
    return logits, metrics


def sample(problem, key, logits):
    cumulative = jnp.cumsum(jax.nn.softmax(logits), axis=-1)
    uniforms = jax.random.uniform(key, (problem.num_states, problem.group_size))
    drawn = jax.vmap(partial(jnp.searchsorted, side="right"))(cumulative, uniforms)
    drawn = jnp.minimum(drawn, problem.vocab_size - 1)
    return drawn.reshape(problem.num_prompts, problem.length, problem.group_size).swapaxes(1, 2)


def share(flags, axis=None):
    return jnp.mean(flags.astype(float), axis)  # jax's mean of booleans is in single precision, whatever is enabled


def measure(log_ratio, ratio, advantages):
    low, high = (advantages < 0) & (ratio < LOW), (advantages > 0) & (ratio > HIGH)
    mean = jnp.mean(ratio)
    excess = jnp.where(advantages > 0, log_ratio - np.log(HIGH), np.log(LOW) - log_ratio)
    excess = jnp.where(advantages == 0, 0.0, jnp.maximum(excess, 0.0))
    return {
        "clip/active": share(low | high),
        "clip/active_low": share(low),
        "clip/active_high": share(high),
        "clip/outside": share((ratio < LOW) | (ratio > HIGH)),
        "ratio/mean": mean,
        "ratio/min": jnp.min(ratio),
        "ratio/max": jnp.max(ratio),
        "ratio/ess": mean**2 / jnp.mean(ratio**2),
        "drift/excess_mean": jnp.mean(excess),
        "drift/excess_max": jnp.max(excess),
    }
