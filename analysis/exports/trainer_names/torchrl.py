"""torchrl's GRPO losses, as its own training script logs them.

Fractions do not look at the advantage's sign. They and the KL are means over the *padded* batch: the positions behind a
completion's end have a log-ratio of 0 and count, up to the longest completion. (A torchrl batch has the prompts in it
too, which have no tokens here.) The effective sample size is over real tokens alone.

Reference: torchrl ae9719f1 (2026-08-22), torchrl/objectives/llm/grpo.py, sota-implementations/grpo/grpo_utils.py.
"""

from __future__ import annotations

import numpy as np

from . import key as common
from .key import Key, Trainer
from .seen import Method, Seen


def clips(method: Method) -> bool:
    """PPO's clip, or CISPOLoss's, which is two-sided; torchrl has no other level than the token's."""
    two_sided = method.gate.get("kind") == "two_sided_clip" and method.gate.get("negative_low") is None
    return method.level == "token" and (method.gate.get("kind") == "clip" or two_sided)


def at_tokens(method: Method) -> bool:
    return method.level == "token"


def plain(method: Method) -> bool:
    return method.plain


def _over_positions(seen: Seen, values: np.ndarray) -> np.ndarray:
    """[U] the mean over the padded batch, of values that are 0 in the padding."""
    positions = seen.completions * seen.over_completions(seen.lengths, np.maximum)
    return seen.over_tokens(values) * seen.counts / positions


def _outside(seen: Seen) -> np.ndarray:
    low, high = np.log1p(-seen.method.gate["clip_low"]), np.log1p(seen.method.gate["clip_high"])
    return _over_positions(seen, np.clip(seen.log_ratio, low, high) != seen.log_ratio)


def _sample_size(seen: Seen) -> np.ndarray:
    """(Σρ)² / Σρ², over the number of tokens."""
    return seen.over_tokens(seen.token_ratio) ** 2 / seen.over_tokens(seen.token_ratio**2)


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
        lambda seen: _over_positions(seen, -seen.log_ratio),
        at_tokens,
    ),
    Key(
        "training/loss_objective",
        "objective",
        "−objective; missing with a KL or an entropy term, which torchrl keeps apart from it",
        common.loss,
        plain,
        "gradient",
    ),
    Key(
        "training/grad_norm",
        "grad/norm",
        "norm of the gradient, before clip_grad_norm acts",
        common.gradient_norm,
        looks_at="gradient",
    ),
    Key("buffer/seq_length_mean", "length/mean", "mean over completions", common.mean_length, looks_at="rollout"),
)
TORCHRL = Trainer(
    name="torchrl",
    title="torchrl",
    source="torchrl ae9719f1 (2026-08-22), torchrl/objectives/llm/grpo.py",
    logs="every gradient step (logging_frequency = 1)",
    keys=KEYS,
)
