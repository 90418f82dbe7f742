"""One update, written down token by token: what a probe is shown."""

from dataclasses import fields, replace

import jax.numpy as jnp
import numpy as np

from simulator.advantages import GroupMean
from simulator.environments.bandit import Bandit
from simulator.probes.base import PROBES, once_per_rollout
from simulator.probes.context import StepContext
from simulator.surrogates.base import Surrogate
from simulator.surrogates.gates import Clip
from simulator.surrogates.log_ratios import Token
from simulator.surrogates.reductions import SequenceMean
from simulator.types import Minibatch, Rollout

SURROGATE = Surrogate(advantage=GroupMean(), level=Token(), gate=Clip(), reduction=SequenceMean())


def step_of(
    ratios,
    advantages=None,
    mask=None,
    surrogate=SURROGATE,
    before=None,
    tokens=None,
    rewards=None,
    chosen=None,
    reference_log_probs=None,
    **others,
):
    """An update that leaves the tokens at `ratios` `[P, G, T]`, with a gradient taken at `before` (the same if None).

    Every token has a row of its own, in which it has the behavior probability 0.1; those that are not `chosen` (all
    are if None) follow with certainty. `others` are fields of the step.
    """
    ratios = np.asarray(ratios, dtype=float)
    mask = np.ones(ratios.shape, dtype=bool) if mask is None else np.asarray(mask, dtype=bool)
    chosen = mask if chosen is None else mask & np.asarray(chosen, dtype=bool)
    tokens = np.zeros(ratios.shape, dtype=int) if tokens is None else np.asarray(tokens)
    rows, per_completion = np.arange(ratios.size).reshape(ratios.shape), np.ones(ratios.shape[:2])

    def table(ratio=1.0):
        log_probs = np.full((ratios.size, tokens.max() + 1), -3.0)
        log_probs[rows, tokens] = np.log(0.1) + np.log(ratio)
        return jnp.asarray(log_probs)

    batch = Minibatch(
        log_probs=table(ratios if before is None else before),
        reference_log_probs=table() if reference_log_probs is None else jnp.asarray(reference_log_probs),
        behavior_logprobs=jnp.where(jnp.asarray(chosen), jnp.log(0.1), 0.0),
        rows=jnp.asarray(rows),
        tokens=jnp.asarray(tokens),
        mask=jnp.asarray(mask),
        chosen=jnp.asarray(chosen),
        advantages=jnp.asarray(per_completion if advantages is None else advantages, dtype=float),
    )

    grads = {"push": surrogate.row_push(batch, surrogate.token_push(batch))}
    given = {
        "surrogate": surrogate,
        "rollout": Rollout(
            states=batch.rows,
            tokens=batch.tokens,
            mask=batch.mask,
            chosen=batch.chosen,
            sources=jnp.asarray(per_completion if rewards is None else rewards, dtype=float)[..., None],
        ),
        "before": batch,
        "grads": grads,
        "updates": grads,
        "start_params": grads,
        "params": grads,
        "log_probs": table(ratios),
        "bias": {},
        "environment": Bandit(rewards=np.zeros((len(ratios), tokens.max() + 1))),
        "pullback": lambda push: {"push": push},
    }
    given["once"] = once_per_rollout(given["environment"], given["rollout"], PROBES.names())
    return StepContext(**{field.name: None for field in fields(StepContext)} | given | others)


def sharers(batch):
    """Whether completion j says what completion i says up to and including its t-th token, and the policy chose it."""
    said = batch.mask[:, :, None] & batch.mask[:, None]
    same = (batch.tokens[:, :, None] == batch.tokens[:, None]) & said
    return jnp.cumprod(same, axis=-1).astype(bool) & batch.chosen[:, :, None]


def in_minibatch(step, takes_part):
    """The same update, its gradient taken on the completions `takes_part` `[P, G]` alone."""
    mask = step.before.mask & jnp.asarray(takes_part)[..., None]
    before = replace(step.before, mask=mask)
    return replace(step, before=before)
