"""Mean and variance of a method's gradient without listing groups, where the advantage is linear in the rewards.

With a = ω ∇ log π of one completion, weighted as the method weighs it, and R its reward, the gradient of a centred
method is a sum over pairs (a U-statistic), whose moments need two completions at a time, however large the group:

    Σ_i a_i (R_i − R̄) = (1/G) Σ_{i<j} h_ij,   h_ij = (a_i − a_j)(R_i − R_j)
    E = (G−1) E[a (R − E R)]
    variance = (1/G²) · G(G−1)/2 · ( ζ₂ + 2 (G−2) ζ₁ )

where ζ₂ is the variance of h_ij and ζ₁ that of its mean over j. The mean is formulas for the expected prefix bias in
docs/theory.md, completion by completion.

Reference: W. Hoeffding, A Class of Statistics with Asymptotically Normal Distribution (1948).
"""

from __future__ import annotations

from jaxtyping import Float

from ..lazy import Array, jnp
from ..surrogates.base import Surrogate
from .completions import completion_logprobs, pull
from .groups import token_gradients
from .moments import Moments, Situation, first_token


def has_closed_form(surrogate: Surrogate) -> bool:
    """Whether the advantage is linear in the rewards and each completion's weight its own. On-policy only."""
    linear = hasattr(surrogate.advantage, "given_reward") and surrogate.filter is None
    return linear and surrogate.reduction.own_length


def by_pairs(situation: Situation) -> Moments:
    """E[g] and E‖g − E[g]‖² on-policy, where every gate's score weight is proportional to the advantage."""
    completions, policy = situation.listed.completions, situation.policy
    values, chances = situation.environment.reward_outcomes(completions.tokens, completions.mask, situation.rollout)
    rewards = jnp.sum(values, axis=-1)  # [P, C, O]
    chances = jnp.exp(completion_logprobs(policy, situation.behavior, situation.listed))[..., None] * chances
    weights = _weights(situation)
    gradients = token_gradients(situation).reshape(*completions.mask.shape, -1)

    def variance(weights: Float[Array, "P C T"]) -> Float[Array, ""]:
        pushed = jnp.einsum("pct,pctd->pcd", weights, gradients)
        return jnp.sum(_variances(situation, pushed, rewards, chances))

    mean = jnp.sum(chances * rewards, axis=(1, 2))[:, None, None]
    each = situation.surrogate.advantage.given_reward(rewards, mean, situation.group_size)
    push = weights * (situation.group_size * jnp.sum(chances * each, axis=-1))[..., None]
    return Moments(
        mean=pull(policy, situation.params, completions, push),
        variance=variance(weights),
        first_mean=pull(policy, situation.params, completions, first_token(push)),
        first_variance=variance(first_token(weights)),
    )


def _weights(situation: Situation) -> Float[Array, "P C T"]:
    """ω of each listed completion's tokens in a batch of P · G completions, times the gate's weight at ratio 1.

    That is 1 but for a gate that caps ratios below 1.
    """
    mask, surrogate = situation.listed.completions.mask, situation.surrogate
    nowhere = jnp.zeros(mask.shape)  # all log-ratios and, since no gate's weight at ratio 1 reads them, all log π
    at_one = surrogate.gate.score_weight(nowhere, nowhere, jnp.ones((*mask.shape[:2], 1)))
    return surrogate.reduction(mask) * at_one * (mask.shape[1] / situation.group_size)


def _variances(
    situation: Situation, a: Float[Array, "P C D"], rewards: Float[Array, "P C O"], chances: Float[Array, "P C O"]
) -> Float[Array, " P"]:
    """The gradient's variance, prompt by prompt."""
    size, advantage = situation.group_size, situation.surrogate.advantage

    def mean(values: Float[Array, "P C O D"]) -> Float[Array, "P D"]:
        return jnp.einsum("pco,pcod->pd", chances, values)

    def spread(values: Float[Array, "P C O D"]) -> Float[Array, " P"]:
        """E‖x − E x‖²"""
        centred = values - mean(values)[:, None, None]
        return jnp.einsum("pco,pcod,pcod->p", chances, centred, centred)

    if not advantage.needs_group:
        return size * spread(a[:, :, None] * rewards[..., None])
    rewards = rewards - jnp.sum(chances * rewards, axis=(1, 2), keepdims=True)  # what all have in common cancels
    pushed = a[:, :, None] * rewards[..., None]  # a R, of every item
    mean_a = mean(jnp.broadcast_to(a[:, :, None], pushed.shape))[:, None, None]
    mean_over_other = pushed - rewards[..., None] * mean_a + mean(pushed)[:, None, None]
    first = spread(mean_over_other)
    second = _pair_square(a, rewards, chances) - jnp.sum(mean(mean_over_other) ** 2, axis=-1)
    one = advantage.given_reward(jnp.ones(()), jnp.zeros(()), size)
    unit = one * size / (size - 1)  # 1 for R − R̄, G/(G−1) for leave-one-out
    return unit**2 * (size - 1) / (2 * size) * (second + 2 * (size - 2) * first)


def _pair_square(
    a: Float[Array, "P C D"], rewards: Float[Array, "P C O"], chances: Float[Array, "P C O"]
) -> Float[Array, " P"]:
    """E‖h_ij‖² = E[ ‖a_i − a_j‖² (R_i − R_j)² ] over two independent completions."""
    inner = jnp.einsum("pcd,ped->pce", a, a)
    own = jnp.einsum("pcc->pc", inner)
    distance = own[:, :, None] + own[:, None, :] - 2 * inner
    moments = [jnp.sum(chances * rewards**power, axis=-1) for power in range(3)]  # over each completion's outcomes
    squares = moments[2][:, :, None] * moments[0][:, None] - moments[1][:, :, None] * moments[1][:, None]
    return jnp.sum(distance * (squares + jnp.swapaxes(squares, 1, 2)), axis=(1, 2))
