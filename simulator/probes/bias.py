"""What the oracle says of the gradient: mean and spread, against the gradient of the return."""

from __future__ import annotations

from ..lazy import Array
from .base import COSINE, PROBES, SIZE, Metric
from .context import StepContext

ESTIMATED = "standard error, where it is estimated by Monte Carlo"


@PROBES.add(
    Metric(
        "bias/cos_true",
        "cosine of the method's mean first gradient and the gradient of the return",
        "rollout",
        "mean",
        COSINE,
    ),
    Metric("bias/scale", "the mean first gradient's projection on the return's, in units of the latter", "rollout"),
    Metric(
        "bias/norm",
        "norm of what the mean first gradient has beside the direction of the return's",
        "rollout",
        "mean",
        SIZE,
    ),
    Metric(
        "bias/std", "root of the first gradient's total variance, over the sampling of a batch", "rollout", "mean", SIZE
    ),
    Metric("bias/true_norm", "norm of the gradient of the return", "rollout", "mean", SIZE),
    Metric(
        "prefix/expected_bias",
        "norm of what the mean first gradient through first tokens has beside bias/scale times the return's",
        "rollout",
        "mean",
        SIZE,
    ),
    Metric("prefix/std", "bias/std of the gradient through first tokens alone", "rollout", "mean", SIZE),
)
def bias(step: StepContext) -> dict[str, Array]:
    """The expected gradient against the true one; absent unless `record.oracle` asks for it."""
    return {name: value for name, value in step.bias.items() if not name.endswith("_se")}


@PROBES.add(
    Metric("bias/cos_true_se", f"bias/cos_true: {ESTIMATED}", "rollout", "mean", SIZE),
    Metric("bias/scale_se", f"bias/scale: {ESTIMATED}", "rollout", "mean", SIZE),
    Metric("bias/norm_se", f"bias/norm: {ESTIMATED}", "rollout", "mean", SIZE),
    Metric("bias/std_se", f"bias/std: {ESTIMATED}", "rollout", "mean", SIZE),
    Metric("bias/true_norm_se", f"bias/true_norm: {ESTIMATED}", "rollout", "mean", SIZE),
    Metric("prefix/expected_bias_se", f"prefix/expected_bias: {ESTIMATED}", "rollout", "mean", SIZE),
    Metric("prefix/std_se", f"prefix/std: {ESTIMATED}", "rollout", "mean", SIZE),
)
def bias_error(step: StepContext) -> dict[str, Array]:
    """Standard errors of what the oracle estimates; absent where it enumerates."""
    return {name: value for name, value in step.bias.items() if name.endswith("_se")}
