"""The residual of any optimizer by optax's name and keywords: one table, one entry per optimizer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .momentum_residual import (
    adam_root,
    adamax,
    adan,
    ademamix,
    belief_root,
    corrected,
    heavy_ball,
    optimistic,
    radam_factor,
    rprop,
    schedule_free,
    sign,
)

Numbers = Mapping[str, Any]
# (numbers o, n, j, g) -> the update u_{n,j} up to a factor without j; None where these numbers have no closed form.
Form = Callable[[Numbers, np.ndarray, np.ndarray, float], np.ndarray | None]


def residual(name: str, numbers: Numbers, n: ArrayLike, j: ArrayLike, gradient: float = 1.0) -> np.ndarray | None:
    """The size of the j-th update without a gradient, in units of the last with one, for an optimizer of optax.

    C_{n,j} = |u_{n,j} / u_{n,0}|

    where n equal gradients came before, every coordinate of the size `gradient`, and `numbers` are all of optax's
    keywords with their values (weight decay, masks and dtypes are not looked at). None without a closed form; nan or ∞
    where the last update was zero (ADOPT's and Rprop's first). Valid from a fresh state, exactly, at a constant rate,
    without weight decay; for Muon while the momentum's norm is far above eps, for trust ratios (LAMB, Fromage, LARS
    with Nesterov) while the parameters' norm stays as it is.

    Reference: analysis/theory/momentum_residual.py, one function a family.
    """
    if name not in FORMS:
        return None
    n, j = np.broadcast_arrays(np.asarray(n, dtype=float), np.asarray(j, dtype=float))
    silent, last = (FORMS[name][1](numbers, n, steps, abs(gradient)) for steps in (j, np.zeros_like(j)))
    if silent is None or last is None:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.abs(silent / last)


def braking_distance(name: str, numbers: Numbers, n: int, updates: int, gradient: float = 1.0) -> np.ndarray | None:
    """How far an optimizer travels in so many updates without a gradient, in units of its last update with one.

    Σ_{j=1..J} C_{n,j}

    where J is `updates`: a path's length, back and forth. None and valid as `residual`.

    Reference: the sum of `residual`.
    """
    sizes = residual(name, numbers, n, np.arange(1, updates + 1), gradient)
    return None if sizes is None else sizes.sum()


def formula(name: str) -> str | None:
    """The residual in a few characters, for tables: its limit for many updates before, or what it is made of.

    "(b1/√b2)^j"

    where the letters are optax's keywords. Valid for n → ∞ and eps far below the gradient.

    Reference: `residual`.
    """
    return FORMS[name][0] if name in FORMS else None


def _memoryless(o: Numbers, n: np.ndarray, j: np.ndarray, g: float) -> np.ndarray:
    return np.where(j == 0, 1.0, 0.0)


def _trace(o: Numbers, n: np.ndarray, j: np.ndarray, g: float) -> np.ndarray:
    nesterov = o.get("nesterov", False)
    return _memoryless(o, n, j, g) if o["momentum"] is None else heavy_ball(n, j, o["momentum"], nesterov)


def _rmsprop(o: Numbers, n: np.ndarray, j: np.ndarray, g: float) -> np.ndarray | None:
    equal = o["bias_correction"] and not o["initial_scale"] and not o["centered"]
    return _trace(o, n, j, g) if equal or o["momentum"] is None or not o["nesterov"] else None


def _linear(key: str) -> Form:
    return lambda o, n, j, g: heavy_ball(n, j, o[key])


def _root(o: Numbers, n: np.ndarray, j: np.ndarray, g: float) -> np.ndarray:
    return adam_root(n, j, o["b2"], o["eps"], o["eps_root"], g)


def _adam(o: Numbers, n: np.ndarray, j: np.ndarray, g: float) -> np.ndarray:
    return corrected(n, j, o["b1"], o["nesterov"]) / _root(o, n, j, g)


def _nadam(o: Numbers, n: np.ndarray, j: np.ndarray, g: float) -> np.ndarray:
    return _adam({**o, "nesterov": True}, n, j, g)


def _amsgrad(o: Numbers, n: np.ndarray, j: np.ndarray, g: float) -> np.ndarray:
    return corrected(n, j, o["b1"]) if o["bias_correction_mu"] else heavy_ball(n, j, o["b1"])


def _adamax(o: Numbers, n: np.ndarray, j: np.ndarray, g: float) -> np.ndarray:
    return adamax(n, j, o["b1"], o["b2"], o["eps"], g)


def _optimistic_adam(o: Numbers, n: np.ndarray, j: np.ndarray, g: float) -> np.ndarray:
    alpha = o["alpha"] if "alpha" in o else o.get("learning_rate", 1.0)
    beta = o["beta"] if "beta" in o else o["optimism"]
    return optimistic(lambda n, j: _adam(o, n, j, g), n, j, alpha, alpha if beta is None else beta)


def _dadapt(o: Numbers, n: np.ndarray, j: np.ndarray, g: float) -> np.ndarray:
    b1, b2 = o["betas"]  # the bias corrections are in the step size that each gradient is multiplied with
    return heavy_ball(n, j, b1) / (np.sqrt(b2**j * (1 - b2**n)) * g + o["eps"])


def _schedule_free(o: Numbers, n: np.ndarray, j: np.ndarray, g: float) -> np.ndarray | None:
    return schedule_free(n, j, o["b1"]) if o["warmup_steps"] is None else None


FORMS: dict[str, tuple[str, Form]] = {
    "acprop": ("0", _memoryless),
    "adabelief": (
        "b1^j √(s_n/s_{n+j}), s of (g − m)²",
        lambda o, n, j, g: (
            corrected(n, j, o["b1"], o["nesterov"]) / belief_root(n, j, o["b1"], o["b2"], o["eps"], o["eps_root"], g)
        ),
    ),
    "adadelta": ("0", _memoryless),
    "adafactor": ("momentum^j, without 0", _trace),
    "adagrad": ("0", _memoryless),
    "adam": ("(b1/√b2)^j", _adam),
    "adamax": ("(b1/b2)^j", _adamax),
    "adamaxw": ("(b1/b2)^j", _adamax),
    "adamw": ("(b1/√b2)^j", _adam),
    "adan": (
        "(b1^j − (1−b2)² b2^(j−1)) / √(b3^j + (1−b3)(1−b2)² b3^(j−1))",
        lambda o, n, j, g: adan(n, j, (o["b1"], o["b2"], o["b3"]), o["eps"], o["eps_root"], g),
    ),
    "ademamix": (
        "(b1^j + alpha b3^j) / ((1 + alpha) √b2^j)",
        lambda o, n, j, g: ademamix(n, j, o["b1"], o["b3"], o["alpha"], _root(o, n, j, g)),
    ),
    "adopt": ("b1^j", lambda o, n, j, g: (n > 1) * heavy_ball(n - 1, j, o["b1"], o["nesterov"])),
    "amsgrad": ("b1^j", _amsgrad),
    "cocob": ("0", _memoryless),
    "dadapt_adamw": ("(b1/√b2)^j", _dadapt),
    "dog": ("0", _memoryless),
    "dowg": ("0", _memoryless),
    "fromage": ("0", _memoryless),
    "lamb": ("1", lambda o, n, j, g: sign(j, o["b1"])),
    "lars": ("momentum^j", _trace),
    "lion": ("1", lambda o, n, j, g: np.where(j == 0, 1.0, sign(1, o["b1"]) * sign(np.maximum(j - 1, 0), o["b2"]))),
    "madgrad": ("momentum^j", _linear("momentum")),
    "muon": (
        "1",
        lambda o, n, j, g: corrected(n, j, o["beta"], o["nesterov"]) if o["adaptive"] else sign(j, o["beta"]),
    ),
    "nadam": ("b1 (b1/√b2)^j", _nadam),
    "nadamw": ("b1 (b1/√b2)^j", _nadam),
    "novograd": ("b1^j", _linear("b1")),
    "optimistic_adam": ("|(1 + c) a_j − c a_(j−1)|, a nadam's, c = optimism/learning_rate", _optimistic_adam),
    "optimistic_adam_v2": ("|(1 + c) a_j − c a_(j−1)|, a nadam's, c = beta/alpha", _optimistic_adam),
    "optimistic_gradient_descent": (
        "beta/alpha, back, once",
        lambda o, n, j, g: optimistic(lambda n, j: _memoryless(o, n, j, g), n, j, o["alpha"], o["beta"]),
    ),
    "polyak_sgd": ("0", _memoryless),
    "radam": (
        "(b1/√b2)^j",
        lambda o, n, j, g: (
            corrected(n, j, o["b1"], o["nesterov"]) * radam_factor(n, j, o["b2"], o["threshold"], _root(o, n, j, g))
        ),
    ),
    "rmsprop": ("momentum^j, without 0", _rmsprop),
    "rprop": (
        "eta_plus, once",
        lambda o, n, j, g: rprop(n, j, o["learning_rate"], o["eta_plus"], o["max_step_size"]),
    ),
    "schedule_free_adamw": ("b1/(2−b1) · n(n−1)/((n+j)(n+j−1))", _schedule_free),
    "schedule_free_sgd": ("b1/(2−b1) · n(n−1)/((n+j)(n+j−1))", _schedule_free),
    "sgd": ("momentum^j, without 0", _trace),
    "sign_sgd": ("0", _memoryless),
    "signum": ("1", lambda o, n, j, g: sign(j, o["beta"])),
    "simplified_ademamix": (
        "(b1/√b2)^j / (1 + alpha (1−b1))",
        lambda o, n, j, g: (o["alpha"] * (j == 0) + heavy_ball(n, j, o["b1"])) / _root(o, n, j, g),
    ),
    "sm3": ("momentum^j", _linear("momentum")),
}
