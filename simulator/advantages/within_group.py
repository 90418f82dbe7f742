"""Advantages for which a group is all there is."""

from __future__ import annotations

from typing import Annotated, Literal

from jaxtyping import Float
from pydantic import Field

from ..lazy import Array, jnp, remedies
from ..parts import NonNegative, Positive, part, static
from .base import ADVANTAGES
from .statistics import centre, deviation, divide

Ddof = Annotated[int, Field(strict=True, ge=0, le=1)]


@ADVANTAGES.add
@part
class Reward:
    """The reward itself, without a baseline.

    A_i = R_i
    """

    kind: Literal["reward"] = static(default="reward")
    reads = ("rewards",)
    needs_group = False
    own_group = True

    def __call__(self, rewards: Float[Array, "P G"]) -> Float[Array, "P G"]:
        return rewards

    def given_reward(self, reward: Array, mean: Array, group_size: int) -> Array:
        """E[A_i | R_i] = R_i"""
        return reward


@ADVANTAGES.add
@part
class GroupMean:
    """The reward above the group's mean, in the reward's own unit.

    A_i = R_i − R̄

    Reference: Dr. GRPO, arXiv:2503.20783.
    """

    kind: Literal["group_mean"] = static(default="group_mean")
    reads = ("rewards",)
    needs_group = True
    own_group = True

    def __call__(self, rewards: Float[Array, "P G"]) -> Float[Array, "P G"]:
        return centre(rewards)

    def given_reward(self, reward: Array, mean: Array, group_size: int) -> Array:
        """E[A_i | R_i] = (G−1)/G · (R_i − E[R])"""
        return (group_size - 1) / group_size * (reward - mean)


@ADVANTAGES.add
@part
class GroupZScore:
    """The reward above the group's mean, in units of the group's own deviation: its magnitude is lost.

    A_i = (R_i − R̄) / (max(σ, floor) + eps),   σ = √( Σ_j (R_j − R̄)² / (G − ddof) )

    where a group without deviation gets 0. TRL, verl, OpenRLHF and torchrl use ddof 1.

    Reference: GRPO, arXiv:2402.03300.
    """

    kind: Literal["group_zscore"] = static(default="group_zscore")
    ddof: Ddof = 1
    eps: NonNegative = 1e-6
    floor: Positive | None = None
    reads = ("rewards",)
    needs_group = True
    own_group = True

    def __call__(self, rewards: Float[Array, "P G"]) -> Float[Array, "P G"]:
        centred = centre(rewards)
        spread = deviation(centred, self.ddof, axis=-1)
        held = spread if self.floor is None else jnp.maximum(spread, self.floor)
        return jnp.where(spread > 0, divide(centred, held + self.eps), 0.0)


@ADVANTAGES.add
@part
class LeaveOneOut:
    """The reward above the mean of the *other* completions.

    A_i = R_i − (1/(G−1)) Σ_{j≠i} R_j = G/(G−1) · (R_i − R̄)

    Reference: RLOO, arXiv:2402.14740.
    """

    kind: Literal["leave_one_out"] = static(default="leave_one_out")
    reads = ("rewards",)
    needs_group = True
    own_group = True

    def __call__(self, rewards: Float[Array, "P G"]) -> Float[Array, "P G"]:
        group_size = rewards.shape[-1]
        return centre(rewards) * (group_size / (group_size - 1))

    def given_reward(self, reward: Array, mean: Array, group_size: int) -> Array:
        """E[A_i | R_i] = R_i − E[R]"""
        return reward - mean


@ADVANTAGES.add
@part
class LengthWeighted:
    """The reward above the group's mean over *tokens*: the baseline of least variance when tokens are independent.

    A_i = R_i − Σ_j L_j R_j / Σ_j L_j

    Reference: OPO, arXiv:2505.23585.
    """

    kind: Literal["length_weighted"] = static(default="length_weighted")
    reads = ("rewards", "lengths")
    needs_group = True
    own_group = True

    def __call__(self, rewards: Float[Array, "P G"], lengths: Float[Array, "P G"]) -> Float[Array, "P G"]:
        from_first = rewards - rewards[:, :1]  # exactly 0 where all are equal
        baseline = jnp.sum(lengths * from_first, axis=-1, keepdims=True) / jnp.sum(lengths, axis=-1, keepdims=True)
        return from_first - baseline


@ADVANTAGES.add
@part
class Recentred:
    """The reward above the mean that tokens of 1/length would take: then what all completions share is not pushed.

    A_i = R_i − Σ_j w_j R_j / Σ_j w_j,   w_j = 1/L_j,   so that Σ_i w_i A_i = 0

    The mate of a sequence-mean reduction; `simulator.remedies.recentred` is the same for any weights.

    Reference: docs/theory.md, the remedy for unequal weights.
    """

    kind: Literal["recentred"] = static(default="recentred")
    reads = ("rewards", "lengths")
    needs_group = True
    own_group = True

    def __call__(self, rewards: Float[Array, "P G"], lengths: Float[Array, "P G"]) -> Float[Array, "P G"]:
        weights = jnp.where(lengths > 0, 1.0 / jnp.maximum(lengths, 1.0), 0.0)
        return remedies.recentred(rewards - rewards[:, :1], weights)  # exactly 0 where all are equal


@ADVANTAGES.add
@part
class RelativeToMean:
    """The reward above the group's mean, in units of that mean: rare successes count most.

    A_i = (R_i − R̄) / (R̄ + eps)

    where rewards are not negative (a group whose mean is not positive gets 0). For a reward of 0 or 1 it follows the
    gradient of log p as the group grows.

    Reference: MaxRL, arXiv:2602.02710.
    """

    kind: Literal["relative_to_mean"] = static(default="relative_to_mean")
    eps: NonNegative = 1e-6
    needs_positive = True
    reads = ("rewards",)
    needs_group = True
    own_group = True

    def __call__(self, rewards: Float[Array, "P G"]) -> Float[Array, "P G"]:
        return divide(centre(rewards), jnp.mean(rewards, axis=-1, keepdims=True) + self.eps)


@ADVANTAGES.add
@part
class BestOfGroup:
    """Only the best completion counts, by how much it is better than the second.

    A_i = (R_(1) − R_(2)) / (σ + eps) for the completion with the largest reward, 0 for the others

    where `divide = false` leaves out the division.

    Reference: Pass@k training, arXiv:2503.19595 (verl `grpo_passk`).
    """

    kind: Literal["best_of_group"] = static(default="best_of_group")
    divide: Annotated[bool, Field(strict=True)] = static(default=True)
    ddof: Ddof = 1
    eps: NonNegative = 1e-6
    reads = ("rewards",)
    needs_group = True
    own_group = True

    def __call__(self, rewards: Float[Array, "P G"]) -> Float[Array, "P G"]:
        best = jnp.argmax(rewards, axis=-1, keepdims=True) == jnp.arange(rewards.shape[-1])
        second = jnp.max(jnp.where(best, -jnp.inf, rewards), axis=-1, keepdims=True)
        ahead = jnp.where(best, rewards - second, 0.0)
        if not self.divide:
            return ahead
        spread = deviation(centre(rewards), self.ddof, axis=-1)
        return jnp.where(spread > 0, divide(ahead, spread + self.eps), 0.0)


@ADVANTAGES.add
@part
class GreedyBaseline:
    """The reward above that of the policy's most likely completion.

    A_i = R_i − R(greedy completion of the same prompt)

    Reference: ReMax, arXiv:2310.10505.
    """

    kind: Literal["greedy_baseline"] = static(default="greedy_baseline")
    reads = ("rewards", "greedy")
    needs_group = False
    own_group = True

    def __call__(self, rewards: Float[Array, "P G"], greedy: Float[Array, " P"]) -> Float[Array, "P G"]:
        return rewards - greedy[:, None]
