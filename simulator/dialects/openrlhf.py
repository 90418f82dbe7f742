"""OpenRLHF's actor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from ..advantages import Advantage, GroupMean, GroupZScore, LeaveOneOut, TokenWhitened
from ..parts import NonNegative, Number, Share, part, static
from ..surrogates.base import Surrogate
from ..surrogates.gates import Clip
from ..surrogates.log_ratios import Sequence, Token
from ..surrogates.reductions import SequenceMean, TokenMean
from ..surrogates.regularizers import KL, Entropy

STD_FLOOR = 1e-9
BOUND = 20.0  # of the tokens' log-ratios, before the exponential


@part
class OpenRLHF:
    """OpenRLHF's actor and advantage options, without their `actor.`, `algo.advantage.` and `algo.kl.`.

    `estimator` is "group_norm" here (OpenRLHF's own default, "gae", needs a critic). Its default run also takes 0.01
    times k1 off the reward, token by token, which is not simulated: `init_coef` counts with `use_loss` alone.

    Reference: OpenRLHF 3c3be623 (2026-08-13), openrlhf/models/loss.py, openrlhf/trainer/ppo_utils/experience_maker.py.
    """

    dialect: Literal["openrlhf"] = static(default="openrlhf")
    name: Literal["grpo", "dr_grpo", "gspo", "rloo", "reinforce", "reinforce_baseline"] | None = static(default=None)
    estimator: Literal["reinforce", "rloo", "reinforce_baseline", "group_norm", "dr_grpo"] = static(
        default="group_norm"
    )
    no_std_norm: Annotated[bool, Field(strict=True)] = static(default=False)
    policy_loss_type: Literal["ppo", "gspo"] = static(default="ppo")
    eps_clip_low: Share = 0.2
    eps_clip_high: NonNegative = 0.2
    dual_clip: Annotated[float, Field(strict=True, gt=1)] | None = None
    use_loss: Annotated[bool, Field(strict=True)] = static(default=False)
    init_coef: Number = 0.01
    kl_estimator: Literal["k1", "k2", "k3"] = static(default="k1")
    entropy_coef: Number | None = None

    source = "OpenRLHF 3c3be623 (2026-08-13)"
    ours = {"clip_low": "eps_clip_low", "clip_high": "eps_clip_high", "dual": "dual_clip"}
    presets = {
        "grpo": {"estimator": "group_norm"},
        "dr_grpo": {"estimator": "dr_grpo"},
        "gspo": {"estimator": "group_norm", "policy_loss_type": "gspo"},
        "rloo": {"estimator": "rloo"},
        "reinforce": {"estimator": "reinforce"},
        "reinforce_baseline": {"estimator": "reinforce_baseline"},
    }

    def surrogate(self) -> Surrogate:
        level, reduction = {
            "ppo": (Token(bound=BOUND), TokenMean()),
            "gspo": (Sequence(), SequenceMean()),
        }[self.policy_loss_type]
        return Surrogate(
            advantage=self._advantage(),
            level=level,
            gate=Clip(clip_low=self.eps_clip_low, clip_high=self.eps_clip_high, dual=self.dual_clip),
            reduction=reduction,
            kl=KL(coef=self.init_coef, estimator=self.kl_estimator) if self.use_loss else None,
            entropy=None if self.entropy_coef is None else Entropy(coef=self.entropy_coef),
        )

    def _advantage(self) -> Advantage:
        return {
            "reinforce": TokenWhitened(ddof=0, eps=0.0),
            "reinforce_baseline": TokenWhitened(centre_groups=True, ddof=0, eps=0.0),
            "rloo": LeaveOneOut(),
            "group_norm": GroupZScore(eps=STD_FLOOR),
            "dr_grpo": GroupMean(),
        }[self.estimator]

    def problems(self) -> Iterator[tuple[str, str]]:
        if self.dual_clip is not None and self.dual_clip <= 1 + self.eps_clip_high:
            yield "dual_clip", f"{self.dual_clip:g} is not above 1 + eps_clip_high = {1 + self.eps_clip_high:g}"
        if self.no_std_norm:
            yield "no_std_norm", "is not simulated; estimator 'dr_grpo' is the group's mean without a deviation"

    def warnings(self) -> Iterator[tuple[str, str]]:
        if self.estimator == "dr_grpo" and self.policy_loss_type == "ppo":
            yield "estimator", "'dr_grpo' leaves out the deviation; tokens still weigh 1/(all tokens), not 1/constant"
        if self.use_loss and self.kl_estimator == "k1":
            yield "kl_estimator", "k1 as a loss has a gradient of mean zero; OpenRLHF recommends k2 or k3"
