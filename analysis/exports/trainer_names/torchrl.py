"""torchrl's GRPO losses, as its own training script logs them.

Fractions do not look at the advantage's sign. They and the KL are means over the *padded* batch: the positions behind a
completion's end have a log-ratio of 0 and count, up to the longest completion. (A torchrl batch has the prompts in it
too, which have no tokens here.) The effective sample size is over real tokens alone.

Reference: torchrl ae9719f1 (2026-08-22), torchrl/objectives/llm/grpo.py, sota-implementations/grpo/grpo_utils.py.
"""

from __future__ import annotations

import numpy as np

from . import key as common
from .batches import Batches, Method
from .key import Key, Trainer


def clips(method: Method) -> bool:
    """PPO's clip, or CISPOLoss's, which is two-sided; torchrl has no other level than the token's."""
    two_sided = method.kind("gate") == "two_sided_clip" and method.gate.get("negative_low") is None
    return method.level == "token" and (method.kind("gate") == "clip" or two_sided)


def at_tokens(method: Method) -> bool:
    return method.level == "token"


def _over_positions(batches: Batches, values: np.ndarray) -> np.ndarray:
    """[U] the mean over the padded batch, of values that are 0 in the padding."""
    positions = batches.completions * batches.over_completions(batches.lengths, np.maximum)
    return batches.over_tokens(values) * batches.counts / positions


def _outside(batches: Batches) -> np.ndarray:
    low, high = np.log1p(-batches.method.gate["clip_low"]), np.log1p(batches.method.gate["clip_high"])
    return _over_positions(batches, np.clip(batches.log_ratio, low, high) != batches.log_ratio)


def _sample_size(batches: Batches) -> np.ndarray:
    """(Σρ)² / Σρ², over the number of tokens."""
    return batches.over_tokens(batches.token_ratio) ** 2 / batches.over_tokens(batches.token_ratio**2)


KEYS = (
    Key(
        "training/clip_fraction",
        "clip/outside",
        "share of positions, padding included, whose ratio is outside the band, whatever the sign of A",
        _outside,
        clips,
    ),
    Key(
        "training/ESS",
        "ratio/ess",
        "(Σρ)² / (n Σρ²) over tokens, before the update (ours: after it)",
        _sample_size,
        at_tokens,
    ),
    Key(
        "training/kl_approx_to_inference",
        "kl/behavior_k1",
        "mean of −log ratio over positions, padding included, before the update (ours: over tokens, after it)",
        lambda batches: _over_positions(batches, -batches.log_ratio),
        at_tokens,
    ),
    common.loss_alone("training/loss_objective", "torchrl"),
    common.gradient_norm("training/grad_norm", definition="norm of the gradient, before clip_grad_norm acts"),
    common.mean_length("buffer/seq_length_mean"),
)
TORCHRL = Trainer("torchrl", "torchrl", KEYS)
