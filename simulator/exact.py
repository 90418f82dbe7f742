"""The oracle: what sampling estimates, worked out over every completion.

Where an environment's completions can be listed, the return, and the divergence of two policies, are sums.
"""

from __future__ import annotations

from jaxtyping import Float

from simulator.environments.base import Environment
from simulator.lazy import Array, jnp
from simulator.policies.base import Policy
from simulator.rollouts import unroll
from simulator.types import Rollout

LIMIT = 20_000  # tokens of all completions of all prompts; beyond it the exact quantities are absent


def enumerable(environment: Environment) -> bool:
    """Whether the environment's completions are few enough to be summed over at every update."""
    return environment.num_prompts * environment.num_completions * environment.max_length <= LIMIT


def all_completions(environment: Environment) -> Rollout:
    """Every completion of every prompt as one rollout `[P, C, T]`, its rewards being expected ones."""
    listed = jnp.asarray(environment.completions())
    said = jnp.broadcast_to(jnp.maximum(listed, 0), (environment.num_prompts, *listed.shape))
    states, tokens, mask = unroll(environment, listed.shape[0], lambda states, tokens, t: said[..., t])
    return Rollout(states=states, tokens=tokens, mask=mask, rewards=environment.expected_rewards(tokens, mask))


def completion_logprobs(policy: Policy, log_probs: Float[Array, "R V"], every: Rollout) -> Float[Array, "P C"]:
    """log π(completion | prompt) = Σ_t log π(token_t | context_t)."""
    each = log_probs[policy.rows(every), every.tokens]
    return jnp.sum(jnp.where(every.mask, each, 0.0), axis=-1)


def expected_return(logprobs: Float[Array, "P C"], every: Rollout) -> Float[Array, ""]:
    """E[R] = mean over prompts of Σ_c π(c) R̄(c)."""
    return jnp.mean(jnp.sum(jnp.exp(logprobs) * every.rewards, axis=-1))


def divergence(of: Float[Array, "P C"], to: Float[Array, "P C"]) -> Float[Array, ""]:
    """KL(of ‖ to) = mean over prompts of Σ_c of(c) log( of(c) / to(c) ), a sum over whole completions."""
    return jnp.mean(jnp.sum(jnp.exp(of) * (of - to), axis=-1))
