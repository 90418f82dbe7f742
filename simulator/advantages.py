"""From rewards to advantages: what a completion is compared with, and in which unit.

Every part here is called with rewards `[P, G]`, or with their sources `[P, G, M]` where it `reads_sources`, and returns
advantages `[P, G]`. Where an advantage is linear in the rewards, `given_reward` is its mean over the rest of the group.
"""

from __future__ import annotations

from typing import Annotated, Literal

from jaxtyping import Float
from pydantic import Field

from simulator.lazy import Array, jax, jnp
from simulator.parts import NonNegative, Vector, part, static

Ddof = Annotated[int, Field(strict=True, ge=0, le=1)]


def _deviation(centred: Float[Array, "*B G"], ddof: int | Array, axis: int | None) -> Float[Array, "... 1"]:
    """√( Σ (R − R̄)² / (n − ddof) ) of already centred rewards."""
    squares = jnp.sum(centred**2, axis=axis, keepdims=True)
    count = centred.size if axis is None else centred.shape[axis]
    return jnp.sqrt(squares / (count - jnp.asarray(ddof, centred.dtype)))


def _divide(centred: Array, deviation: Array) -> Array:
    """centred / deviation, and 0 where there is no deviation: rewards that are all equal carry no signal."""
    return jnp.where(deviation > 0, centred / jnp.where(deviation > 0, deviation, 1.0), 0.0)


def _centre(rewards: Float[Array, "P G"]) -> Float[Array, "P G"]:
    """R − R̄, exactly 0 where all are equal: the mean of seven rewards of 0.1 is not 0.1, and a z-score of what
    rounding leaves would be ±1."""
    equal = jnp.max(rewards, axis=-1, keepdims=True) == jnp.min(rewards, axis=-1, keepdims=True)
    return jnp.where(equal, 0.0, rewards - jnp.mean(rewards, axis=-1, keepdims=True))


@part
class Reward:
    """The reward itself, without a baseline.

    A_i = R_i
    """

    kind: Literal["reward"] = static("reward")
    needs_group = False
    reads_sources = False
    own_group = True

    def __call__(self, rewards: Float[Array, "P G"]) -> Float[Array, "P G"]:
        return rewards

    def given_reward(self, reward: Array, mean: Array, group_size: int) -> Array:
        """E[A_i | R_i] = R_i"""
        return reward


@part
class GroupMean:
    """The reward above the group's mean, in the reward's own unit.

    A_i = R_i − R̄

    Reference: Dr. GRPO, arXiv:2503.20783.
    """

    kind: Literal["group_mean"] = static("group_mean")
    needs_group = True
    reads_sources = False
    own_group = True

    def __call__(self, rewards: Float[Array, "P G"]) -> Float[Array, "P G"]:
        return _centre(rewards)

    def given_reward(self, reward: Array, mean: Array, group_size: int) -> Array:
        """E[A_i | R_i] = (G−1)/G · (R_i − E[R])"""
        return (group_size - 1) / group_size * (reward - mean)


@part
class GroupZScore:
    """The reward above the group's mean, in units of the group's own deviation: its magnitude is lost.

    A_i = (R_i − R̄) / (σ + eps),   σ = √( Σ_j (R_j − R̄)² / (G − ddof) )

    where a group without deviation gets 0. TRL, verl, OpenRLHF and torchrl use ddof 1.

    Reference: GRPO, arXiv:2402.03300.
    """

    kind: Literal["group_zscore"] = static("group_zscore")
    ddof: Ddof = 1
    eps: NonNegative = 1e-6
    needs_group = True
    reads_sources = False
    own_group = True

    def __call__(self, rewards: Float[Array, "P G"]) -> Float[Array, "P G"]:
        centred = _centre(rewards)
        deviation = _deviation(centred, self.ddof, axis=-1)
        return jnp.where(deviation > 0, _divide(centred, deviation + self.eps), 0.0)


@part
class LeaveOneOut:
    """The reward above the mean of the *other* completions.

    A_i = R_i − (1/(G−1)) Σ_{j≠i} R_j = G/(G−1) · (R_i − R̄)

    Reference: RLOO, arXiv:2402.14740.
    """

    kind: Literal["leave_one_out"] = static("leave_one_out")
    needs_group = True
    reads_sources = False
    own_group = True

    def __call__(self, rewards: Float[Array, "P G"]) -> Float[Array, "P G"]:
        group_size = rewards.shape[-1]
        return _centre(rewards) * (group_size / (group_size - 1))

    def given_reward(self, reward: Array, mean: Array, group_size: int) -> Array:
        """E[A_i | R_i] = R_i − E[R]"""
        return reward - mean


@part
class BatchZScore:
    """The reward above its group's mean, in units of the whole batch's deviation.

    A_i = (R_i − R̄_group) / (σ_batch + eps)

    where σ_batch is the deviation of the raw rewards of the batch around *their* mean (TRL's `scale_rewards =
    "batch"`): prompts keep their relative magnitudes.

    Reference: Lite PPO, arXiv:2508.08221.
    """

    kind: Literal["batch_zscore"] = static("batch_zscore")
    ddof: Ddof = 1
    eps: NonNegative = 1e-6
    needs_group = True
    reads_sources = False
    own_group = False

    def __call__(self, rewards: Float[Array, "P G"]) -> Float[Array, "P G"]:
        deviation = _deviation(rewards - jnp.mean(rewards), self.ddof, axis=None)
        return jnp.where(deviation > 0, _divide(_centre(rewards), deviation + self.eps), 0.0)


@part
class PerSource:
    """Each reward source in units of its own deviation within the group, added up, then whitened over the batch.

    S_i = Σ_m weights_m (R_im − R̄_m) / (σ_m + eps),   A_i = (S_i − S̄_batch) / (σ_batch(S) + eps)

    where a source without deviation in the group adds nothing, `weights` are ones when left out, and `whiten = false`
    leaves A_i = S_i. Sources of different size count the same; the other advantages add the sources up first.

    Reference: GDPO, arXiv:2601.05242 (TRL `normalize_then_sum`).
    """

    kind: Literal["per_source"] = static("per_source")
    weights: Vector | None = None
    ddof: Ddof = 1
    eps: NonNegative = 1e-6
    whiten: Annotated[bool, Field(strict=True)] = static(True)
    needs_group = True
    reads_sources = True

    @property
    def own_group(self) -> bool:
        return not self.whiten

    def __call__(self, sources: Float[Array, "P G M"]) -> Float[Array, "P G"]:
        each = GroupZScore(ddof=self.ddof, eps=self.eps)
        scores = jax.vmap(each, in_axes=-1, out_axes=-1)(sources)
        total = jnp.sum(scores if self.weights is None else scores * jnp.asarray(self.weights), axis=-1)
        if not self.whiten:
            return total
        centred = _centre(total.reshape(1, -1)).reshape(total.shape)
        deviation = _deviation(centred, self.ddof, axis=None)
        return _divide(centred, jnp.where(deviation > 0, deviation + self.eps, 0.0))


Advantage = Annotated[
    Reward | GroupMean | GroupZScore | LeaveOneOut | BatchZScore | PerSource, Field(discriminator="kind")
]
