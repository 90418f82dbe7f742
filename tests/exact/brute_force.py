"""Mean and variance of a method's gradient once more: every *ordered* batch, its objective, jax's autodiff."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from simulator.exact import Moments, Situation
from simulator.types import Completions, Minibatch, Rollout


@dataclass
class Found:
    """E[g] as one vector, E‖g − E[g]‖², and both of the gradient through first tokens."""

    mean: np.ndarray
    variance: float
    first_mean: np.ndarray
    first_variance: float
    square: float  # E‖g‖², beside which an error is one of rounding
    clipped: float  # the share of tokens, over all batches, whose gradient the gate makes zero


def written(world) -> tuple[Completions, np.ndarray]:
    """The texts of each prompt as completions `[P, most, T]`, and which of them there are `[P, most]`."""
    number = {prefix: index for index, prefix in enumerate(world.prefixes())}
    most = max(map(len, world.said))
    states, tokens, mask, chosen = (np.zeros((world.num_prompts, most, world.max_length), dtype=int) for _ in range(4))
    for prompt, pairs in enumerate(world.said):
        for which, (text, _) in enumerate(pairs):
            for t, token in enumerate(text):
                place = (prompt, which, t)
                states[place], tokens[place], mask[place] = number[prompt, text[:t]], token, True
                chosen[place] = (prompt, text[:t]) not in world.certain
    said = Completions(states=states, tokens=tokens, mask=mask.astype(bool), chosen=chosen.astype(bool))
    return jax.tree.map(jnp.asarray, said), mask.any(axis=-1)


def moments(asked: Situation, one_program: bool = False) -> Found:
    """Over every ordered batch. First tokens see a copy of the parameters of their own, so that their part can be told.

    `one_program` is faster where shapes are met once.
    """
    world, policy, surrogate = asked.environment, asked.policy, asked.surrogate
    said, exists = written(world)
    table = jax.nn.log_softmax(policy.logits(asked.behavior, said), axis=-1)
    behavior = jnp.where(said.chosen, table[policy.rows(said), said.tokens], 0.0)
    items = [
        [
            (which, np.exp(behavior[prompt, which].sum()) * chance, sources)
            for which, (_, outcomes) in enumerate(pairs)
            for chance, sources in outcomes
        ]
        for prompt, pairs in enumerate(world.said)
    ]
    groups = [itertools.product(own, repeat=asked.group_size) for own in items]
    batches = list(itertools.product(*groups))  # [N][P][G] of items
    chance = np.array([np.prod([item[1] for group in batch for item in group]) for batch in batches])
    which = np.array([[[item[0] for item in group] for group in batch] for batch in batches])
    sources = np.array([[[item[2] for item in group] for group in batch] for batch in batches])
    prompts = np.arange(world.num_prompts)[:, None]
    later = np.arange(world.max_length) > 0

    def one(which, sources):
        picked = jax.tree.map(lambda leaf: leaf[prompts, which], said)
        rollout = Rollout(**vars(picked), sources=sources)

        def batch(both):
            first, others = (jax.nn.log_softmax(policy.logits(each, rollout), axis=-1) for each in both)
            return Minibatch(
                log_probs=jnp.concatenate([first, others]),
                reference_log_probs=jnp.concatenate([first, others]),
                behavior_logprobs=behavior[prompts, which],
                rows=policy.rows(rollout) + len(first) * later,
                tokens=rollout.tokens,
                mask=rollout.mask,
                chosen=rollout.chosen,
                advantages=surrogate.advantages(rollout),
            )

        both = (asked.params, asked.params)
        first, others = jax.grad(lambda both: surrogate.objective(batch(both)))(both)
        first = ravel_pytree(first)[0]
        cut = surrogate.clipped(batch(both)) or [jnp.zeros(rollout.mask.shape, bool)]
        return first, first + ravel_pytree(others)[0], jnp.sum(sum(cut) * rollout.mask) / jnp.sum(rollout.mask)

    every = jax.jit(jax.vmap(one)) if one_program else jax.vmap(one)
    first, whole, cut = (np.asarray(each) for each in every(jnp.asarray(which), jnp.asarray(sources)))

    def about(each):
        mean = chance @ each
        return mean, chance @ np.sum((each - mean) ** 2, axis=-1)

    assert exists.all(axis=-1).any() and np.isclose(chance.sum(), 1.0, rtol=1e-12)
    return Found(*about(whole), *about(first), square=chance @ np.sum(whole**2, axis=-1), clipped=chance @ cut)


def assert_same(found: Moments, expected: Found, tolerance: float = 1e-12) -> None:
    """Equal but for rounding, in units of a typical gradient."""
    for name, unit in (("mean", expected.square**0.5), ("variance", expected.square)):
        for part in (name, f"first_{name}"):
            here = ravel_pytree(getattr(found, part))[0]
            np.testing.assert_allclose(here, getattr(expected, part), rtol=0, atol=tolerance * unit, err_msg=part)
