"""The closed form of the expected prefix bias for an experiment in the length trap."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..theory.expected_prefix_bias import expected_prefix_gradient
from ..theory.prefix_weight import token_weights


def length_trap_bias(experiment: dict[str, Any]) -> float:
    """‖E[g]‖ through the first token when a run begins, all of it bias; NaN where there is no closed form.

    There is one in the length trap with one prompt, for a tabular policy that succeeds as often whichever way it goes
    (so that the return does not care), with advantages that are linear in the rewards and weights that depend on a
    completion's own length.
    """
    environment, policy, surrogate = experiment["environment"], experiment["policy"], experiment["surrogate"]
    reduction, group_size = surrogate["reduction"], experiment["training"]["group_size"]
    # what E[A | R] is in units of (G−1)/G (R − E R)
    unit = {"group_mean": 1.0, "leave_one_out": group_size / (group_size - 1)}.get(surrogate["advantage"]["kind"])
    known = environment["kind"] == "length_trap" and policy["kind"] == "tabular" and policy["start"] == "zeros"
    if not known or environment["num_prompts"] != 1 or unit is None or reduction["kind"] == "token_mean":
        return float("nan")
    short_right = np.asarray(environment["right_is_short"], dtype=bool)
    pi, success = _start(policy, len(short_right))
    if not np.allclose(success, success[0], rtol=1e-12):
        return float("nan")
    short, long = environment["short"], environment["long"]
    lengths = np.where(short_right, [[short], [long]], [[long], [short]])  # of right answers, of wrong ones
    right, wrong = (
        row.size * token_weights(reduction["kind"], row, reduction.get("length") or long) for row in lengths
    )
    return float(unit * np.linalg.norm(expected_prefix_gradient(pi, success, right, wrong, group_size)))


def _start(policy: dict[str, Any], num_tokens: int) -> tuple[np.ndarray, np.ndarray]:
    """π of the first tokens, and the probability of a right answer after each, as training begins."""
    logits = np.zeros((1 + num_tokens, num_tokens))
    if policy.get("bias") is not None:
        logits = logits + np.asarray(policy["bias"])
    if policy.get("initial_logits") is not None:
        logits = logits + np.asarray(policy["initial_logits"])[: 1 + num_tokens]
    chances = np.exp(logits) / np.sum(np.exp(logits), axis=1, keepdims=True)
    return chances[0], chances[1:, 0]
