"""A run on scaled rewards is a run on plain ones with other hyperparameters, exactly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# With which power of the reward scale each hyperparameter is divided.
POWERS = {
    "eps": 1,
    "eps_root": 2,
    "coupled_weight_decay": 1,
    "max_grad_norm": 1,
    "max_grad_norm_eps": 1,
    "kl": 1,
    "entropy": 1,
    "weight_decay": 0,
    "learning_rate": 0,
    "b1": 0,
    "b2": 0,
}


def rescaled(numbers: Mapping[str, Any], factor: float) -> dict[str, Any]:
    """The hyperparameters that at reward scale 1 give the very trajectory that `numbers` give at scale φ.

    Traj(φ; eps, eps_root, λ2, c, β_KL, c_H, λ, α) ≡ Traj(1; eps/φ, eps_root/φ², λ2/φ, c/φ, β_KL/φ, c_H/φ, λ, α)

    where φ is `factor` > 0, λ2 the coupled and λ the decoupled weight decay, c the bound on the gradient's norm (with
    torch's eps beside it), β_KL and c_H the coefficients of KL and entropy. What is None stays None; KeyError for any
    other name. For every addend of the gradient, m and √v then carry one φ, which cancels in m̂ / (√v̂ + eps). Valid for
    Adam, AdamW, NAdam and AMSGrad at every number of updates, from a fresh state (one that goes on needs m/φ and v/φ²),
    advantages proportional to the rewards and a φ that does not change.

    Reference: arXiv:2601.05002, Proposition 2, made exact.
    """
    return {key: None if value is None else value / factor ** POWERS[key] for key, value in numbers.items()}
