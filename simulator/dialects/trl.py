"""TRL's GRPOTrainer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from ..advantages import Advantage, BatchZScore, GroupMean, GroupZScore, PerSource
from ..lazy import Array
from ..parts import NonNegative, Number, Positive, Share, Vector, part, static
from ..surrogates.base import Surrogate
from ..surrogates.filters import OnPolicy
from ..surrogates.gates import Clip, GammaWeight, Gate, Sigmoid, TruncatedWeight
from ..surrogates.log_ratios import Sequence, Token, WholeSequence
from ..surrogates.reductions import ConstantLength, SequenceMean, SequenceSum, TokenMean
from ..surrogates.regularizers import KL, Entropy

STD_FLOOR = 1e-4
LEVELS = {"token": Token, "sequence": Sequence}
CLIPPED = ("grpo", "bnpo", "dr_grpo", "dapo", "luspo")  # the losses with PPO's clip
BY_TOKENS = ("bnpo", "dr_grpo", "dapo", "cispo")  # those in which long completions weigh more


@part
class TRL:
    """TRL's `GRPOConfig`: its option names, its defaults.

    Rewards are centred by their group and divided by a deviation with ddof 1, plus 1e-4. All the completions of a
    rollout are one accumulation window, `max_completion_length` is the environment's longest when left out. A
    completion whose tokens are all masked counts in TRL's means over completions, not in ours.

    Reference: trl 1.16.0, trl/trainer/grpo_trainer.py.
    """

    dialect: Literal["trl"] = static(default="trl")
    name: Literal["grpo", "dr_grpo", "dapo", "bnpo", "gspo", "cispo", "sapo", "luspo", "vespo", "gdpo"] | None = static(
        None
    )
    loss_type: Literal["grpo", "dr_grpo", "dapo", "bnpo", "cispo", "sapo", "luspo", "vespo"] = static(default="dapo")
    importance_sampling_level: Literal["token", "sequence"] = static(default="token")
    scale_rewards: Literal["group", "batch", "none"] = static(default="group")
    multi_objective_aggregation: Literal["sum_then_normalize", "normalize_then_sum"] = static(
        default="sum_then_normalize"
    )
    reward_weights: Vector | None = None
    epsilon: Share = 0.2
    epsilon_high: Positive | None = None
    delta: Positive | None = None
    beta: Number | None = None
    use_bias_correction_kl: Annotated[bool, Field(strict=True)] = static(default=True)
    off_policy_mask_threshold: Positive | None = None
    sapo_temperature_pos: Positive = 1.0
    sapo_temperature_neg: Positive = 1.05
    vespo_k_pos: NonNegative = 2.0
    vespo_lambda_pos: Positive = 3.0
    vespo_k_neg: NonNegative = 3.0
    vespo_lambda_neg: Positive = 2.0
    entropy_coef: Number | None = None
    max_completion_length: Positive | None = None

    source = "trl 1.16.0"
    ours = {"clip_low": "epsilon", "clip_high": "epsilon_high", "dual": "delta"}
    presets = {
        "grpo": {"loss_type": "grpo"},
        "dr_grpo": {"loss_type": "dr_grpo", "scale_rewards": "none"},
        "dapo": {"loss_type": "dapo"},
        "bnpo": {"loss_type": "bnpo"},
        "gspo": {"loss_type": "grpo", "importance_sampling_level": "sequence"},
        "cispo": {"loss_type": "cispo"},
        "sapo": {"loss_type": "sapo"},
        "luspo": {"loss_type": "luspo", "importance_sampling_level": "sequence"},
        "vespo": {"loss_type": "vespo"},
        "gdpo": {"multi_objective_aggregation": "normalize_then_sum"},
    }

    @property
    def high(self) -> float | Array:
        """`epsilon_high`, which is `epsilon` unless it is set."""
        return self.epsilon if self.epsilon_high is None else self.epsilon_high

    def surrogate(self) -> Surrogate:
        level = LEVELS[self.importance_sampling_level]()
        weighted = self.importance_sampling_level if self.use_bias_correction_kl else None
        return Surrogate(
            advantage=self._advantage(),
            level=WholeSequence(bound=20.0) if self.loss_type == "vespo" else level,
            gate=self._gate(),
            reduction=self._reduction(),
            filter=None
            if self.off_policy_mask_threshold is None
            else OnPolicy(threshold=self.off_policy_mask_threshold),
            kl=None if self.beta is None else KL(coef=self.beta, estimator="k3", weighted=weighted),
            entropy=None if self.entropy_coef is None else Entropy(coef=self.entropy_coef, weights="token_mean"),
        )

    def _advantage(self) -> Advantage:
        if self.multi_objective_aggregation == "normalize_then_sum":
            return PerSource(weights=self.reward_weights, eps=STD_FLOOR, whiten_eps=STD_FLOOR)
        scaled = {"group": GroupZScore(eps=STD_FLOOR), "batch": BatchZScore(eps=STD_FLOOR), "none": GroupMean()}
        return scaled[self.scale_rewards]

    def _gate(self) -> Gate:
        gates = {
            "cispo": TruncatedWeight(cap=self.high),  # type: ignore[arg-type]
            "sapo": Sigmoid(temperature_pos=self.sapo_temperature_pos, temperature_neg=self.sapo_temperature_neg),
            "vespo": GammaWeight(
                k_pos=self.vespo_k_pos,
                lambda_pos=self.vespo_lambda_pos,
                k_neg=self.vespo_k_neg,
                lambda_neg=self.vespo_lambda_neg,
            ),
        }
        return gates.get(self.loss_type, Clip(clip_low=self.epsilon, clip_high=self.high, dual=self.delta))  # type: ignore[arg-type]

    def _reduction(self) -> object:
        reductions = {
            "grpo": SequenceMean(),
            "sapo": SequenceMean(),
            "luspo": SequenceSum(),
            "dr_grpo": ConstantLength(length=self.max_completion_length),
        }
        return reductions.get(self.loss_type, TokenMean())

    def problems(self) -> Iterator[tuple[str, str]]:
        if self.delta is not None and self.loss_type in CLIPPED and self.delta <= 1 + self.high:
            yield "delta", f"{self.delta:g} is not above 1 + epsilon_high = {1 + self.high:g}, as TRL asks for"
        if self.reward_weights is not None and self.multi_objective_aggregation == "sum_then_normalize":
            yield "reward_weights", "sources are added up as they are: scale them in the environment instead"

    def warnings(self) -> Iterator[tuple[str, str]]:
        if self.loss_type == "cispo" and self.epsilon_high is None:
            yield (
                "epsilon_high",
                f"is not set, so that CISPO's cap is epsilon = {self.epsilon:g}: every importance weight is at most "
                "that, tokens at ratio 1 too; TRL's documentation recommends 5.0",
            )
        if self.loss_type == "bnpo":
            yield (
                "loss_type",
                "'bnpo' is the mean over the tokens of the batch; it is not the Beta normalisation of arXiv:2506.02864",
            )
        if self.loss_type == "luspo" and self.importance_sampling_level == "token":
            yield "importance_sampling_level", "LUSPO is defined with 'sequence'; with 'token' it is a sum over tokens"
        if self.loss_type in BY_TOKENS and self.importance_sampling_level == "sequence":
            yield (
                "importance_sampling_level",
                f"'sequence' with loss_type {self.loss_type!r} weighs completions by their length; GSPO has 'grpo'",
            )
        if self.loss_type == "vespo" and self.importance_sampling_level == "sequence":
            yield "importance_sampling_level", "is not read by VESPO, which has the ratio of the whole completion"
        if self.multi_objective_aggregation == "normalize_then_sum" and self.scale_rewards != "group":
            yield "scale_rewards", "is not read with normalize_then_sum: every source has its own deviation"
