"""verl's actor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from ..advantages import (
    Advantage,
    BestOfGroup,
    GreedyBaseline,
    GroupMean,
    GroupZScore,
    LeaveOneOut,
    LengthWeighted,
    PerSource,
    SignalRescaled,
    TokenWhitened,
)
from ..parts import NonNegative, Number, Positive, Vector, part, static
from ..surrogates.base import Surrogate
from ..surrogates.gates import Clip, Difference, Gate, Ratio, Restoring, Score, Sigmoid, TruncatedWeight
from ..surrogates.log_ratios import ClippedSequence, Level, Sequence, Token
from ..surrogates.reductions import ConstantLength, Reduction, SequenceMean, SequenceSum, TokenMean, TokenSum
from ..surrogates.regularizers import KL, Entropy

STD_FLOOR, VARIANCE_FLOOR = 1e-6, 1e-8
BOUND = 20.0  # of the tokens' log-ratios, before the exponential
OWN_REDUCTION = ("gspo", "sapo", "geo_mean")  # losses that do not read loss_agg_mode
ESTIMATORS = {"kl": "k1", "k1": "k1", "abs": "abs", "mse": "k2", "k2": "k2", "low_var_kl": "k3", "k3": "k3"}
ESTIMATORS |= {"kl+": "k1+", "k1+": "k1+", "low_var_kl+": "k3+", "k3+": "k3+"}


@part
class Verl:
    """verl's actor and algorithm: their option names, their defaults.

    Rewards are outcomes, undiscounted; `adv_estimator` is "grpo" here (verl's own default, "gae", needs a critic).
    `loss_scale_factor` is the environment's longest completion when left out.

    Reference: verl 1dda039b (2026-08-22), verl/trainer/ppo/core_algos.py, verl/trainer/config/actor/actor.yaml.
    """

    dialect: Literal["verl"] = static(default="verl")
    name: (
        Literal[
            "grpo",
            "dr_grpo",
            "dapo",
            "gspo",
            "sapo",
            "gpg",
            "gmpo",
            "cispo",
            "dppo_tv",
            "dppo_kl",
            "dro",
            "rloo",
            "reinforce_plus_plus",
            "reinforce_plus_plus_baseline",
            "remax",
            "opo",
            "grpo_passk",
            "gdpo",
        ]
        | None
    ) = static(default=None)
    adv_estimator: Literal[
        "grpo",
        "rloo",
        "reinforce_plus_plus",
        "reinforce_plus_plus_baseline",
        "remax",
        "opo",
        "grpo_passk",
        "gpg",
        "gdpo",
    ] = static(default="grpo")
    norm_adv_by_std_in_grpo: Annotated[bool, Field(strict=True)] = static(default=True)
    gdpo_reward_weights: Vector | None = None
    loss_mode: Literal["vanilla", "gspo", "sapo", "gpg", "geo_mean", "cispo", "dppo_tv", "dppo_kl", "dro"] = static(
        "vanilla"
    )
    clip_ratio_low: NonNegative = 0.2
    clip_ratio_high: NonNegative = 0.2
    clip_ratio_c: Annotated[float, Field(strict=True, gt=1)] = 3.0
    tau_pos: Positive = 1.0
    tau_neg: Positive = 1.05
    dro_beta: Positive | None = None
    loss_agg_mode: Literal[
        "token-mean", "token-sum", "seq-mean-token-sum", "seq-mean-token-sum-norm", "seq-mean-token-mean"
    ] = static(default="token-mean")
    loss_scale_factor: Positive | None = None
    use_kl_loss: Annotated[bool, Field(strict=True)] = static(default=False)
    kl_loss_coef: Number = 0.001
    kl_loss_type: Literal[tuple(ESTIMATORS)] = static(default="low_var_kl")  # type: ignore[valid-type]
    entropy_coeff: Number | None = None

    source = "verl 1dda039b (2026-08-22)"
    ours = {"clip_low": "clip_ratio_low", "clip_high": "clip_ratio_high", "dual": "clip_ratio_c"}
    presets = {
        "grpo": {"adv_estimator": "grpo"},
        "dr_grpo": {"norm_adv_by_std_in_grpo": False, "loss_agg_mode": "seq-mean-token-sum-norm"},
        "dapo": {"clip_ratio_high": 0.28, "loss_agg_mode": "token-mean"},
        "gspo": {"loss_mode": "gspo"},
        "sapo": {"loss_mode": "sapo"},
        "gpg": {"adv_estimator": "gpg", "loss_mode": "gpg"},
        "gmpo": {"loss_mode": "geo_mean"},
        "cispo": {"loss_mode": "cispo"},
        "dppo_tv": {"loss_mode": "dppo_tv"},
        "dppo_kl": {"loss_mode": "dppo_kl"},
        "dro": {"loss_mode": "dro"},
        "rloo": {"adv_estimator": "rloo"},
        "reinforce_plus_plus": {"adv_estimator": "reinforce_plus_plus"},
        "reinforce_plus_plus_baseline": {"adv_estimator": "reinforce_plus_plus_baseline"},
        "remax": {"adv_estimator": "remax"},
        "opo": {"adv_estimator": "opo"},
        "grpo_passk": {"adv_estimator": "grpo_passk"},
        "gdpo": {"adv_estimator": "gdpo"},
    }

    def surrogate(self) -> Surrogate:
        level, gate = self._loss()
        estimator = ESTIMATORS[self.kl_loss_type]
        kl = KL(coef=self.kl_loss_coef, estimator=estimator, bounded=estimator.startswith("k3"))  # type: ignore[arg-type]
        return Surrogate(
            advantage=self._advantage(),
            level=level,
            gate=gate,
            reduction=self._reduction(),
            kl=kl if self.use_kl_loss else None,
            entropy=None if self.entropy_coeff is None else Entropy(coef=self.entropy_coeff),
        )

    def _advantage(self) -> Advantage:
        divide = self.norm_adv_by_std_in_grpo
        return {
            "grpo": GroupZScore(eps=STD_FLOOR) if divide else GroupMean(),
            "rloo": LeaveOneOut(),
            "reinforce_plus_plus": TokenWhitened(eps=VARIANCE_FLOOR),
            "reinforce_plus_plus_baseline": TokenWhitened(centre_groups=True, eps=VARIANCE_FLOOR),
            "remax": GreedyBaseline(),
            "opo": LengthWeighted(),
            "grpo_passk": BestOfGroup(divide=divide, eps=STD_FLOOR),
            "gpg": SignalRescaled(counts="nonzero"),
            "gdpo": PerSource(
                weights=self.gdpo_reward_weights, eps=STD_FLOOR, whiten="tokens", whiten_eps=VARIANCE_FLOOR
            ),
        }[self.adv_estimator]

    def _loss(self) -> tuple[Level, Gate]:
        low, high, cap = self.clip_ratio_low, self.clip_ratio_high, self.clip_ratio_c
        token = Token(bound=BOUND)
        return {
            "vanilla": (token, Clip(clip_low=low, clip_high=high, dual=cap)),
            "gspo": (Sequence(most=10.0), Clip(clip_low=low, clip_high=high)),
            "sapo": (token, Sigmoid(temperature_pos=self.tau_pos, temperature_neg=self.tau_neg)),
            "gpg": (Token(), Score()),
            "geo_mean": (ClippedSequence(clip_low=low, clip_high=high), Ratio()),
            "cispo": (token, TruncatedWeight(floor=1.0 - low, cap=1.0 + high)),
            "dppo_tv": (Token(), Difference(divergence="tv", low=low, high=high, cap=cap)),
            "dppo_kl": (Token(), Difference(divergence="kl", low=low, high=high, cap=cap)),
            "dro": (Token(), Restoring(coef=0.1 if self.dro_beta is None else self.dro_beta)),
        }[self.loss_mode]

    def _reduction(self) -> Reduction:
        if self.loss_mode in OWN_REDUCTION:
            return SequenceMean()
        return {
            "token-mean": TokenMean(),
            "token-sum": TokenSum(),
            "seq-mean-token-sum": SequenceSum(),
            "seq-mean-token-sum-norm": ConstantLength(length=self.loss_scale_factor),
            "seq-mean-token-mean": SequenceMean(),
        }[self.loss_agg_mode]

    def problems(self) -> Iterator[tuple[str, str]]:
        if self.loss_mode in ("vanilla", "gspo") and self.clip_ratio_low >= 1:
            yield "clip_ratio_low", f"must be < 1 with loss_mode {self.loss_mode!r}: ratios are not negative"
        if self.loss_mode == "vanilla" and self.clip_ratio_c <= 1 + self.clip_ratio_high:
            yield (
                "clip_ratio_c",
                f"{self.clip_ratio_c:g} is not above 1 + clip_ratio_high = {1 + self.clip_ratio_high:g}",
            )
        if self.loss_mode == "dro" and self.dro_beta is None:
            yield "dro_beta", "is required by loss_mode 'dro': verl has no default for it"
        if self.gdpo_reward_weights is not None and self.adv_estimator != "gdpo":
            yield "gdpo_reward_weights", f"is read by adv_estimator 'gdpo' alone, not by {self.adv_estimator!r}"
        if self.adv_estimator == "gdpo" and not self.norm_adv_by_std_in_grpo:
            yield "norm_adv_by_std_in_grpo", "false is not simulated for gdpo"

    def warnings(self) -> Iterator[tuple[str, str]]:
        if self.loss_mode in ("dppo_tv", "dppo_kl") and self.clip_ratio_c == 3.0:
            yield (
                "clip_ratio_c",
                "truncates the importance weight at 3 (actor.yaml); the code's own fallback and the paper have 20",
            )
        if self.loss_mode == "cispo" and (self.clip_ratio_low, self.clip_ratio_high) == (0.2, 0.2):
            yield (
                "clip_ratio_high",
                "holds the weight within [0.8, 1.2]; the CISPO paper has no lower bound and a far wider upper one",
            )
        if self.loss_agg_mode == "seq-mean-token-sum-norm":
            yield (
                "loss_agg_mode",
                "divides by the number of completions too; verl before 2026 did not, so that its learning rates mean "
                "something else",
            )
        if self.loss_mode in OWN_REDUCTION and self.loss_agg_mode != "token-mean":
            yield "loss_agg_mode", f"is not read by loss_mode {self.loss_mode!r}, which is a mean over completions"
        if self.adv_estimator == "gdpo":
            yield (
                "adv_estimator",
                "'gdpo' whitens over tokens here, so that long completions count more; TRL whitens over completions",
            )
