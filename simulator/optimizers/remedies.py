"""Remedies by name, as a scenario file has them: each is a wrapper of `simulator.remedies`, which says what it does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from ..lazy import remedies
from ..parts import Family, NonNegative, Positive, part, static

Share = Annotated[float, Field(strict=True, ge=0, le=1)]
AboveOne = Annotated[float, Field(strict=True, gt=1)]


@part
class MaskMomentum:
    """The first moment is multiplied by `factor` on coordinates whose gradient was mostly clipped away."""

    kind: Literal["mask_momentum"] = static(default="mask_momentum")
    factor: Share = 0.0
    survived: Share = 0.5
    signals = ("clipped_away",)

    def wrap(self, chain: Any) -> Any:
        return remedies.mask_momentum(chain, self.factor, self.survived)


@part
class SkipWhenClipped:
    """No update, and no change of the optimizer's state, once this share of the tokens is clipped."""

    kind: Literal["skip_when_clipped"] = static(default="skip_when_clipped")
    share: Share = 1.0
    signals = ("clip_active",)

    def wrap(self, chain: Any) -> Any:
        return remedies.skip_when_clipped(chain, self.share)


@part
class StopAt:
    """No more updates in a rollout once a ratio, or the KL estimate, is beyond a bound."""

    kind: Literal["stop_at"] = static(default="stop_at")
    ratio: AboveOne | None = None
    kl: Positive | None = None
    signals = ("max_log_ratio", "kl")

    def problems(self) -> Iterator[tuple[str, str]]:
        if self.ratio is None and self.kl is None:
            yield "ratio", "a bound is required: ratio, kl, or both"

    def wrap(self, chain: Any) -> Any:
        return remedies.stop_at(chain, self.ratio, self.kl)


@part
class Reposition:
    """Before a rollout's last update the parameters go part of the way back to where it began."""

    kind: Literal["reposition"] = static(default="reposition")
    interpolation: Share = 0.5
    signals = ("update", "num_updates")

    def wrap(self, chain: Any) -> Any:
        return remedies.reposition(chain, self.interpolation)


@part
class Brake:
    """What coasting would move clipped tokens further out by is taken out of the update."""

    kind: Literal["brake"] = static(default="brake")
    strength: NonNegative = 1.0
    signals = ("clipped_away",)

    def wrap(self, chain: Any) -> Any:
        return remedies.brake(chain, self.strength)


REMEDIES = Family("remedy", "kind", [MaskMomentum, SkipWhenClipped, StopAt, Reposition, Brake], "remedies")
Remedy = Annotated[Any, REMEDIES]
