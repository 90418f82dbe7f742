"""Advantages for which the whole batch counts."""

from __future__ import annotations

from typing import Annotated, Literal

from jaxtyping import Float
from pydantic import Field

from ..lazy import Array, jax, jnp
from ..parts import NonNegative, Positive, Vector, part, static
from .base import ADVANTAGES
from .statistics import centre, deviation, divide, level_out, whiten_over_tokens
from .within_group import Ddof, GroupZScore


@ADVANTAGES.add
@part
class BatchZScore:
    """The reward above its group's mean, in units of the whole batch's deviation.

    A_i = (R_i − R̄_group) / (σ_batch + eps)

    where σ_batch is the deviation of the raw rewards of the batch around *their* mean (TRL's `scale_rewards =
    "batch"`): prompts keep their relative magnitudes.

    Reference: Lite PPO, arXiv:2508.08221.
    """

    kind: Literal["batch_zscore"] = static(default="batch_zscore")
    ddof: Ddof = 1
    eps: NonNegative = 1e-6
    reads = ("rewards",)
    needs_group = True
    own_group = False

    def __call__(self, rewards: Float[Array, "P G"]) -> Float[Array, "P G"]:
        spread = deviation(rewards - jnp.mean(rewards), self.ddof, axis=None)
        return jnp.where(spread > 0, divide(centre(rewards), spread + self.eps), 0.0)


@ADVANTAGES.add
@part
class PerSource:
    """Each reward source in units of its own deviation within the group, added up, then whitened over the batch.

    S_i = Σ_m weights_m (R_im − R̄_m) / (σ_m + eps),   A_i = (S_i − S̄) / (σ(S) + whiten_eps)

    where a source without deviation in the group adds nothing and `weights` are ones when left out. `whiten` says over
    what the mean and deviation of S are taken: "completions" as TRL does; "tokens" as verl does, with
    √(variance + whiten_eps), so that long completions count more; "nothing" leaves A_i = S_i. Sources of different
    size count the same; the other advantages add the sources up first.

    Reference: GDPO, arXiv:2601.05242 (TRL `normalize_then_sum`).
    """

    kind: Literal["per_source"] = static(default="per_source")
    weights: Vector | None = None
    ddof: Ddof = 1
    eps: NonNegative = 1e-6
    whiten: Literal["completions", "tokens", "nothing"] = static(default="completions")
    whiten_eps: NonNegative = 1e-6
    reads = ("sources", "lengths")
    needs_group = True

    @property
    def own_group(self) -> bool:
        return self.whiten == "nothing"

    def __call__(self, sources: Float[Array, "P G M"], lengths: Float[Array, "P G"]) -> Float[Array, "P G"]:
        each = GroupZScore(ddof=self.ddof, eps=self.eps)
        scores = jax.vmap(each, in_axes=-1, out_axes=-1)(sources)
        weighted = scores if self.weights is None else scores * jnp.asarray(self.weights)
        total = jnp.sum(weighted, axis=-1)
        if self.whiten == "nothing":
            return total
        total = level_out(total, weighted)
        if self.whiten == "tokens":
            return whiten_over_tokens(total, lengths, self.ddof, self.whiten_eps)
        centred = centre(total.reshape(1, -1)).reshape(total.shape)
        spread = deviation(centred, self.ddof, axis=None)
        return divide(centred, jnp.where(spread > 0, spread + self.whiten_eps, 0.0))


@ADVANTAGES.add
@part
class TokenWhitened:
    """Rewards whitened over all tokens of the batch, so that long completions count more in the statistics.

    A_i = (x_i − x̄) / √(var(x) + eps),   x = R, or R − R̄_group with `centre_groups`

    where the variance is Σ (x − x̄)² / (tokens − ddof).

    Reference: REINFORCE++ and REINFORCE++-Baseline, arXiv:2501.03262.
    """

    kind: Literal["token_whitened"] = static(default="token_whitened")
    centre_groups: Annotated[bool, Field(strict=True)] = static(default=False)
    ddof: Ddof = 1
    eps: NonNegative = 1e-8
    reads = ("rewards", "lengths")
    own_group = False

    @property
    def needs_group(self) -> bool:
        return self.centre_groups

    def __call__(self, rewards: Float[Array, "P G"], lengths: Float[Array, "P G"]) -> Float[Array, "P G"]:
        return whiten_over_tokens(centre(rewards) if self.centre_groups else rewards, lengths, self.ddof, self.eps)


@ADVANTAGES.add
@part
class SignalRescaled:
    """The reward above its group's mean, larger where much of the batch carries no signal.

    A_i = B / n · (R_i − R̄) / norm

    where n counts the completions in groups whose rewards differ (`counts = "signal"`, the paper's B − M), or those
    with a reward that is not 0 (`counts = "nonzero"`, as verl does).

    Reference: GPG, arXiv:2504.02546.
    """

    kind: Literal["signal_rescaled"] = static(default="signal_rescaled")
    counts: Literal["signal", "nonzero"] = static(default="signal")
    norm: Positive = 1.0
    reads = ("rewards",)
    needs_group = True
    own_group = False

    def __call__(self, rewards: Float[Array, "P G"]) -> Float[Array, "P G"]:
        centred = centre(rewards)
        telling = rewards != 0 if self.counts == "nonzero" else jnp.any(centred != 0, axis=-1, keepdims=True)
        count = jnp.sum(jnp.broadcast_to(telling, rewards.shape))
        return centred * (rewards.size / jnp.maximum(count, 1).astype(rewards.dtype)) / self.norm
