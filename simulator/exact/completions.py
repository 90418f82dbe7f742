"""Every completion of a small environment: what sampling estimates, worked out as a sum."""

from __future__ import annotations

from jaxtyping import Bool, Float

from ..environments.base import Environment
from ..lazy import Array, jnp
from ..parts import part
from ..policies.base import Policy
from ..rollouts import unroll
from ..surrogates.base import log_probs_of, pullback
from ..types import Completions, Params

LIMIT = 20_000  # tokens of all completions of all prompts; beyond it the exact quantities are absent


@part
class Listed:
    """All `C` completions for every prompt; `valid` is false where a prompt cannot have one.

    `rewards` are expected ones, in the rollout at hand.
    """

    completions: Completions
    valid: Bool[Array, "P C"]
    rewards: Float[Array, "P C"]


def num_tokens(environment: Environment) -> int:
    """How many tokens the listed completions of all prompts have, at most."""
    return environment.num_prompts * environment.num_completions * environment.max_length


def enumerable(environment: Environment) -> bool:
    """Whether the environment's completions are few enough to be summed over at every update."""
    return getattr(environment, "complete", True) and num_tokens(environment) <= LIMIT


def list_completions(environment: Environment, rollout: int | Array = 0) -> Listed:
    """Every completion of every prompt, with what it is worth in a rollout."""
    written = jnp.asarray(environment.completions())
    tokens = jnp.broadcast_to(jnp.maximum(written, 0), (environment.num_prompts, *written.shape))
    completions = unroll(environment, len(written), lambda states, _, t: tokens[..., t])
    # a prompt that ends elsewhere, or that says otherwise where it has no choice, cannot have that completion
    valid = jnp.all(jnp.where(completions.mask, completions.tokens, -1) == written, axis=-1)
    return rewarded(Listed(completions=completions, valid=valid, rewards=jnp.zeros(valid.shape)), environment, rollout)


def rewarded(listed: Listed, environment: Environment, rollout: int | Array) -> Listed:
    """The same list with the expected rewards of another rollout."""
    completions = listed.completions
    sources = environment.expected_rewards(completions.tokens, completions.mask, jnp.asarray(rollout))
    return Listed(completions=completions, valid=listed.valid, rewards=jnp.sum(sources, axis=-1))


def token_logprobs(policy: Policy, params: Params, completions: Completions) -> Float[Array, "P C T"]:
    """log π of each token; 0 for those that follow with certainty, and outside the mask."""
    each = log_probs_of(policy, params, completions)[policy.rows(completions), completions.tokens]
    return jnp.where(completions.mask & completions.chosen, each, 0.0)


def completion_logprobs(policy: Policy, params: Params, listed: Listed) -> Float[Array, "P C"]:
    """log π(completion | prompt) = Σ_t log π(token_t | context_t); −∞ for what a prompt cannot say."""
    total = jnp.sum(token_logprobs(policy, params, listed.completions), axis=-1)
    return jnp.where(listed.valid, total, -jnp.inf)


def expected_return(logprobs: Float[Array, "P C"], listed: Listed) -> Float[Array, ""]:
    """E[R] = mean over prompts of Σ_c π(c) R̄(c)."""
    return jnp.mean(prompt_returns(logprobs, listed))


def prompt_returns(logprobs: Float[Array, "P C"], listed: Listed) -> Float[Array, " P"]:
    """E[R | prompt] = Σ_c π(c) R̄(c)."""
    return jnp.sum(jnp.exp(logprobs) * listed.rewards, axis=-1)


def divergence(of: Float[Array, "P C"], to: Float[Array, "P C"]) -> Float[Array, ""]:
    """KL(of ‖ to) = mean over prompts of Σ_c of(c) log( of(c) / to(c) ), a sum over whole completions."""
    return jnp.mean(_mean_over_completions(of, of - to))


def entropy(logprobs: Float[Array, "P C"]) -> Float[Array, ""]:
    """H = mean over prompts of −Σ_c π(c) log π(c), in nats, of whole completions."""
    return jnp.mean(_mean_over_completions(logprobs, -logprobs))


def _mean_over_completions(logprobs: Float[Array, "P C"], values: Float[Array, "P C"]) -> Float[Array, " P"]:
    possible = jnp.isfinite(logprobs)
    return jnp.sum(jnp.where(possible, jnp.exp(logprobs) * jnp.where(possible, values, 0.0), 0.0), axis=-1)


def return_push(logprobs: Float[Array, "P C"], listed: Listed) -> Float[Array, "P C T"]:
    """∂E[R]/∂ log π of every token: π(c) (R̄(c) − E[R | prompt]) / P.

    Exactly 0 where everything that a prompt can say pays the same: what rounding would leave has a direction.
    """
    lowest = jnp.min(jnp.where(listed.valid, listed.rewards, jnp.inf), axis=-1, keepdims=True)
    above = jnp.where(listed.valid, listed.rewards - lowest, 0.0)
    chances = jnp.exp(logprobs)
    push = chances * (above - jnp.sum(chances * above, axis=-1, keepdims=True)) / len(logprobs)
    return jnp.broadcast_to(push[..., None], listed.completions.mask.shape)


def return_gradient(policy: Policy, params: Params, listed: Listed) -> Params:
    """∇ E[R], the exact gradient of the return."""
    return pull(policy, params, listed.completions, return_push(completion_logprobs(policy, params, listed), listed))


def pull(policy: Policy, params: Params, completions: Completions, push: Float[Array, "P C T"]) -> Params:
    """From a push on the log-probability of each token to a gradient of the parameters."""
    log_probs = log_probs_of(policy, params, completions)
    drawn = jnp.where(completions.mask & completions.chosen, push, 0.0)
    rows = jnp.zeros_like(log_probs).at[policy.rows(completions), completions.tokens].add(drawn)
    return pullback(policy, params, completions, log_probs)(rows)
