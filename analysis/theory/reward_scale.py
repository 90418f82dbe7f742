"""The scale of the rewards: which hyperparameters undo it, what a jump of it does, how values grow with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .momentum_residual import belief_root, radam_factor

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


def scale_jump(n: ArrayLike, j: ArrayLike, factor: ArrayLike, b1: ArrayLike, b2: ArrayLike) -> np.ndarray:
    """The j-th update after a constant gradient has grown by `factor`, in units of the update before.

    u_j = [ β1^j (1 − β1^n) + (1 − β1^j) c ] / (1 − β1^{n+j})
          · √( (1 − β2^{n+j}) / ( β2^j (1 − β2^n) + (1 − β2^j) c² ) )

    where n updates came before the jump and c is `factor`. For n → ∞ both corrections vanish: with c = 5 it peaks at
    3.74 for (0.9, 0.999) and at 1.12 for (0.9, 0.95). Valid while eps is far below √v̂; constant learning rate.
    """
    n, j, c, b1, b2 = (np.asarray(value, dtype=float) for value in (n, j, factor, b1, b2))
    first = (b1**j * (1 - b1**n) + (1 - b1**j) * c) / (1 - b1 ** (n + j))
    second = (b2**j * (1 - b2**n) + (1 - b2**j) * c**2) / (1 - b2 ** (n + j))
    return first / np.sqrt(second)


Numbers = Mapping[str, Any]


def adam_elasticity(
    eps: ArrayLike, gradient: ArrayLike, eps_root: ArrayLike = 0.0, weight: ArrayLike = 1.0
) -> np.ndarray:
    """An update g / (√(w g² + eps_root) + eps) follows the gradient's size only as far as the eps count.

    d ln u / d ln g = (eps_root + s eps) / (s (s + eps)),   s = √(w g² + eps_root)

    where g is `gradient` in the units of eps (eps_root in their square) and w its `weight` in the second moment, 1 with
    bias correction. For w = 1 and eps_root = 0 it is κ/(1 + κ) with κ = eps/|g|: 0 is invariance, 1 proportionality.
    Valid for a constant gradient or the first update; for others with √v̂ in place of g where eps_root = 0.

    Reference: arXiv:2601.05002, equation 27, differentiated.
    """
    g, eps, eps_root, weight = (np.asarray(value, dtype=float) for value in (gradient, eps, eps_root, weight))
    s = np.sqrt(weight * g**2 + eps_root)
    return (eps_root + s * eps) / (s * (s + eps))


def elasticity(name: str, numbers: Numbers, gradient: ArrayLike, n: ArrayLike) -> np.ndarray | None:
    """The elasticity of the n-th update on a constant gradient, for an optimizer of optax.

    d ln |u_n| / d ln g

    where every coordinate of the gradient has the size g, `gradient`, and `numbers` are all of optax's keywords with
    their values. None without a closed form; nan where the update is zero (ADOPT's and Rprop's first). Valid from a
    fresh state, without weight decay; for Muon while its momentum's norm is far above eps, for Fromage while the
    gradient's is above min_norm, for Adafactor with parameter scale while eps is far below g².

    Reference: `adam_elasticity`.
    """
    if name not in FORMS:
        return None
    g, n = np.broadcast_arrays(np.abs(np.asarray(gradient, dtype=float)), np.asarray(n, dtype=float))
    found = FORMS[name](numbers, g, n)
    return None if found is None else found + np.zeros_like(g)


def _proportional(o: Numbers, g: np.ndarray, n: np.ndarray) -> float:
    return 1.0


def _invariant(o: Numbers, g: np.ndarray, n: np.ndarray) -> float:
    return 0.0


def _adam(o: Numbers, g: np.ndarray, n: np.ndarray) -> np.ndarray:
    return adam_elasticity(o["eps"], g, o.get("eps_root", 0.0))


def _amsgrad(o: Numbers, g: np.ndarray, n: np.ndarray) -> np.ndarray:
    return adam_elasticity(o["eps"], g, o["eps_root"], 1.0 if o["bias_correction_nu"] else 1 - o["b2"] ** n)


def _belief(o: Numbers, g: np.ndarray, n: np.ndarray) -> np.ndarray:
    weight = belief_root(n, 0.0, o["b1"], o["b2"], 0.0, 0.0, 1.0) ** 2
    return adam_elasticity(o["eps"], g, o["eps_root"] / (1 - o["b2"]), weight)


def _radam(o: Numbers, g: np.ndarray, n: np.ndarray) -> np.ndarray:
    plain = radam_factor(n, 0.0, o["b2"], o["threshold"], np.inf)  # 1 before the rectification sets in, 0 from then on
    return plain + (1 - plain) * _adam(o, g, n)


def _rmsprop(o: Numbers, g: np.ndarray, n: np.ndarray) -> np.ndarray | None:
    if o["momentum"] is not None or o["centered"]:
        return None
    left = o["decay"] ** n
    whole = 1 - left if o["bias_correction"] else 1.0
    start = o["initial_scale"] * left / whole
    inside, outside = (o["eps"], 0.0) if o["eps_in_sqrt"] else (0.0, o["eps"])
    return adam_elasticity(outside, g, start + inside, (1 - left) / whole)


def _adagrad(o: Numbers, g: np.ndarray, n: np.ndarray) -> np.ndarray:
    return adam_elasticity(0.0, g, o["initial_accumulator_value"] + o["eps"], n)


def _adafactor(o: Numbers, g: np.ndarray, n: np.ndarray) -> np.ndarray | None:
    bound = o["clipping_threshold"]
    return adam_elasticity(0.0, g, o["eps"]) if bound is None or bound >= 1 else None


def _adopt(o: Numbers, g: np.ndarray, n: np.ndarray) -> np.ndarray:
    return np.where(n > 1, g < o["eps"], np.nan)


FORMS: dict[str, Callable[[Numbers, np.ndarray, np.ndarray], ArrayLike | None]] = {
    **dict.fromkeys(("sgd", "optimistic_gradient_descent", "schedule_free_sgd"), _proportional),
    **dict.fromkeys(("fromage", "lamb", "lion", "sign_sgd", "signum"), _invariant),
    **dict.fromkeys(("adam", "adamw", "nadam", "nadamw", "optimistic_adam", "optimistic_adam_v2"), _adam),
    **dict.fromkeys(("adamax", "adamaxw", "adan", "ademamix", "simplified_ademamix", "schedule_free_adamw"), _adam),
    "adabelief": _belief,
    "adafactor": _adafactor,
    "adagrad": _adagrad,
    "adopt": _adopt,
    "amsgrad": _amsgrad,
    "lars": lambda o, g, n: None if o["eps"] else 0.0,
    "muon": lambda o, g, n: float(o["adaptive"]),
    "radam": _radam,
    "rmsprop": _rmsprop,
    "rprop": lambda o, g, n: np.where(n > 1, 0.0, np.nan),
}
