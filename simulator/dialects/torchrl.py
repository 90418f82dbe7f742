"""torchrl's GRPO losses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from ..advantages import GroupZScore
from ..parts import NonNegative, Number, Share, part, static
from ..surrogates.base import Surrogate
from ..surrogates.gates import Clip, TwoSidedClip
from ..surrogates.log_ratios import Token
from ..surrogates.reductions import SequenceMean, TokenMean
from ..surrogates.regularizers import KL, Entropy

STD_FLOOR = 1e-6


@part
class TorchRL:
    """torchrl's `GRPOLoss`, `DAPO` and `CISPOLoss` with `MCAdvantage`: their option names, their defaults.

    The deviation has ddof 1 and is held above 1e-6. An entropy bonus is on. `kl_to_ref_coeff` has the reduction's
    weights here; torchrl takes its mean over padding too.

    Reference: torchrl ae9719f1 (2026-08-22), torchrl/objectives/llm/grpo.py.
    """

    dialect: Literal["torchrl"] = static(default="torchrl")
    name: Literal["grpo", "dapo", "cispo"] | None = static(default=None)
    loss: Literal["GRPOLoss", "DAPO", "CISPOLoss"] = static(default="GRPOLoss")
    clip_epsilon_low: Share = 0.2
    clip_epsilon_high: NonNegative = 0.2
    aggregation: Literal["token_mean", "prompt_mean"] = static(default="token_mean")
    entropy_bonus: Annotated[bool, Field(strict=True)] = static(default=True)
    entropy_coeff: Number = 0.01
    kl_to_ref_coeff: Number | None = None

    source = "torchrl ae9719f1 (2026-08-22)"
    ours = {"clip_low": "clip_epsilon_low", "clip_high": "clip_epsilon_high"}
    presets = {
        "grpo": {"loss": "GRPOLoss"},
        "dapo": {"loss": "DAPO", "clip_epsilon_high": 0.28},
        "cispo": {"loss": "CISPOLoss"},
    }

    def surrogate(self) -> Surrogate:
        bounds = {"clip_low": self.clip_epsilon_low, "clip_high": self.clip_epsilon_high}
        gates = {"CISPOLoss": TwoSidedClip(**bounds)}  # type: ignore[arg-type]
        return Surrogate(
            advantage=GroupZScore(eps=0.0, floor=STD_FLOOR),
            level=Token(),
            gate=gates.get(self.loss, Clip(**bounds)),  # type: ignore[arg-type]
            reduction={"token_mean": TokenMean(), "prompt_mean": SequenceMean()}[self.aggregation],
            kl=None if self.kl_to_ref_coeff is None else KL(coef=self.kl_to_ref_coeff, estimator="k3"),
            entropy=Entropy(coef=self.entropy_coeff) if self.entropy_bonus else None,
        )

    def problems(self) -> Iterator[tuple[str, str]]:
        return iter(())

    def warnings(self) -> Iterator[tuple[str, str]]:
        if self.loss == "CISPOLoss":
            yield (
                "loss",
                "CISPOLoss clips the ratio with its gradient: outside the band there is none, on both sides and for "
                "both signs; the CISPO paper never silences a token",
            )
        if self.loss == "DAPO" and self.clip_epsilon_high == self.clip_epsilon_low:
            yield "clip_epsilon_high", "DAPO has a wider upper bound; its paper has 0.28"
