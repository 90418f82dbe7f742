"""Many batches sampled in place of all: the same quantities with standard errors, where enumeration is too large."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from jaxtyping import Float
from pydantic import Field

from ..advantages import LeaveOneOut, Reward
from ..lazy import Array, jax, jnp, optax
from ..parts import part, static
from ..surrogates.base import log_probs_of
from ..types import Params, Rollout
from .bias import bias_metrics, products
from .completions import pull, token_logprobs
from .moments import (
    Moments,
    Situation,
    Truth,
    first_minibatch,
    first_token,
    true_gradient,
)

PARTS = ("whole", "first")  # a gradient, and what of it goes through first tokens
BLOCKS = 16  # of batches, each left out in turn: the jackknife
Sums = dict  # means over batches of `mean` and `truth`, each whole and through first tokens alone, and their products


@part
class MonteCarlo:
    """The method's mean gradient estimated from `batches` extra batches a rollout, with standard errors.

    The extra batches are drawn with keys of their own: a run is the same with and without them. The truth is exact
    where completions can be listed, else estimated from the same batches. What noise adds to squares and products is
    taken out. Standard errors are the jackknife's over 16 blocks of batches; those of the two biases are the norm of
    the mean gradient's standard error, below which a bias cannot be told from none.
    """

    kind: Literal["monte_carlo"] = static(default="monte_carlo")
    batches: Annotated[int, Field(strict=True, ge=2 * BLOCKS, multiple_of=BLOCKS)] = static(default=256)

    def measure(self, key: Array, situation: Situation) -> dict[str, Array]:
        keys = jax.random.split(key, (BLOCKS, self.batches // BLOCKS))
        blocks = jax.lax.map(lambda block: _block(block, situation), keys)
        if situation.listed is not None:
            blocks = _with_exact_truth(blocks, true_gradient(situation))
        whole = jax.tree.map(lambda leaf: jnp.mean(leaf, axis=0), blocks)
        without = jax.tree.map(lambda leaf, mean: (BLOCKS * mean - leaf) / (BLOCKS - 1), blocks, whole)
        found = self._metrics(whole, self.batches)
        others = jax.vmap(lambda sums: self._metrics(sums, self.batches * (BLOCKS - 1) // BLOCKS))(without)
        errors = {name: jnp.sqrt((BLOCKS - 1) * jnp.var(values, axis=0)) for name, values in others.items()}
        # a norm cannot be told from zero below the norm of its vector's standard error
        errors["bias/norm"] = found["bias/std"] / jnp.sqrt(self.batches)
        through_scale = jnp.nan_to_num(errors["bias/scale"], nan=0.0) * optax.tree.norm(whole["truth"]["first"])
        errors["prefix/expected_bias"] = jnp.hypot(found["prefix/std"] / jnp.sqrt(self.batches), through_scale)
        # taking the noise out can leave more than there is; only now, or its error would seem smaller than it is
        found["bias/cos_true"] = jnp.clip(found["bias/cos_true"], -1.0, 1.0)
        return found | {f"{name}_se": error for name, error in errors.items()}

    def _metrics(self, sums: Sums, count: int) -> dict[str, Array]:
        mean, truth = sums["mean"], sums["truth"]
        noise = {
            part: jax.tree.map(
                lambda of_batches, of_means: (of_batches - of_means) / (count - 1),
                sums["products"][part],
                products(mean[part], truth[part]),
            )
            for part in PARTS
        }
        moments = Moments(
            mean=mean["whole"],
            variance=count * noise["whole"].mean,
            first_mean=mean["first"],
            first_variance=count * noise["first"].mean,
        )
        return bias_metrics(moments, Truth(grads=truth["whole"], first=truth["first"]), noise["whole"], noise["first"])


def _with_exact_truth(blocks: Sums, truth: Truth) -> Sums:
    """The same blocks, of which each knows the truth: it has no noise."""
    exact = {"whole": truth.grads, "first": truth.first}
    known = jax.vmap(lambda block: {part: products(block["mean"][part], exact[part]) for part in PARTS})(blocks)
    return blocks | {
        "truth": jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (BLOCKS, *leaf.shape)), exact),
        "products": {part: replace(known[part], mean=blocks["products"][part].mean) for part in PARTS},
    }


def _block(keys: Array, situation: Situation) -> Sums:
    """The means over one block of batches."""

    def add(total: Sums, key: Array) -> tuple[Sums, None]:
        return optax.tree.add(total, _batch(key, situation)), None

    nothing = jax.tree.map(jnp.zeros_like, jax.eval_shape(lambda: _batch(keys[0], situation)))
    total, _ = jax.lax.scan(add, nothing, keys)
    return optax.tree.scale(1.0 / len(keys), total)


def _batch(key: Array, situation: Situation) -> Sums:
    """One sampled batch's gradient, its part through the first tokens, and an unbiased estimate of ∇ E[R]."""
    policy, surrogate = situation.policy, situation.plain
    key, own_key = jax.random.split(key)
    rollout = _sampled(key, situation, situation.behavior)
    batch = first_minibatch(
        rollout,
        policy.rows(rollout),
        log_probs_of(policy, situation.params, rollout),
        token_logprobs(policy, situation.behavior, rollout),
        surrogate.advantages(rollout),
    )
    mean = _pulled(situation, rollout, surrogate.token_push(batch))
    if situation.rollouts.staleness:  # the truth is that of the policy which is trained
        rollout = _sampled(own_key, situation, situation.params)
    truth = _pulled(situation, rollout, _score_push(rollout))
    return {
        "mean": mean,
        "truth": truth,
        "products": {part: products(mean[part], truth[part]) for part in PARTS},
    }


def _pulled(situation: Situation, rollout: Rollout, push: Float[Array, "P G T"]) -> dict[str, Params]:
    """The gradient that a push makes, and what of it goes through first tokens."""
    pushes = dict(zip(PARTS, (push, first_token(push)), strict=True))
    return {part: pull(situation.policy, situation.params, rollout, each) for part, each in pushes.items()}


def _sampled(key: Array, situation: Situation, params: Params) -> Rollout:
    keys = tuple(jax.random.split(key))
    asked = situation.environment, situation.policy, params, situation.group_size, situation.rollout
    return situation.rollouts.draw(keys, *asked)


def _score_push(rollout: Rollout) -> Float[Array, "P G T"]:
    """Leave-one-out rewards over the whole likelihood: its gradient has the mean ∇ E[R].

    A completion that is alone in its group has nothing to be compared with, and its own reward.
    """
    advantage = LeaveOneOut() if rollout.rewards.shape[-1] > 1 else Reward()
    weights = advantage(rollout.rewards) / rollout.rewards.size
    return jnp.broadcast_to(weights[..., None], rollout.mask.shape)
