"""What is known in closed form of optax's optimizers, by optax's names and keywords: one table, one entry each."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from . import silence
from .adam import adam_elasticity
from .silence import Keywords, belief_root, corrected, heavy_ball, memoryless, radam_factor, sign

# (keywords o, n, j, g) -> the update u_{n,j} up to a factor without j; None where these keywords have no closed form.
Update = Callable[[Keywords, np.ndarray, np.ndarray, float], np.ndarray | None]
Slope = Callable[[Keywords, np.ndarray, np.ndarray], ArrayLike | None]  # (o, g, n) -> d ln |u_n| / d ln g


class Forms(NamedTuple):
    """The residual in a few characters, the update without a gradient, the slope over the gradient's size."""

    formula: str
    update: Update
    slope: Slope | None = None


def residual(name: str, numbers: Keywords, n: ArrayLike, j: ArrayLike, gradient: float = 1.0) -> np.ndarray | None:
    """The size of the j-th update without a gradient, in units of the last with one, for an optimizer of optax.

    C_{n,j} = |u_{n,j} / u_{n,0}|

    where n equal gradients came before, every coordinate of the size `gradient`, and `numbers` are all of optax's
    keywords with their values (weight decay, masks and dtypes are not looked at). None without a closed form; nan or ∞
    where the last update was zero (ADOPT's and Rprop's first). Valid from a fresh state, exactly, at a constant rate,
    without weight decay; for Muon while the momentum's norm is far above eps, for trust ratios (LAMB, Fromage, LARS
    with Nesterov) while the parameters' norm stays as it is.

    Reference: analysis/theory/silence.py, one function per family.
    """
    if name not in FORMS:
        return None
    n, j = np.broadcast_arrays(np.asarray(n, dtype=float), np.asarray(j, dtype=float))
    silent, last = (FORMS[name].update(numbers, n, steps, abs(gradient)) for steps in (j, np.zeros_like(j)))
    if silent is None or last is None:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.abs(silent / last)


def elasticity(name: str, numbers: Keywords, gradient: ArrayLike, n: ArrayLike) -> np.ndarray | None:
    """The elasticity of the n-th update on a constant gradient: by how many per cent it grows when that grows by one.

    d ln |u_n| / d ln g

    where g, `gradient`, and `numbers` are as in `residual`. None without a closed form; nan where the update is zero
    (ADOPT's and Rprop's first). Valid from a fresh state, without weight decay; for Muon while its momentum's norm is
    far above eps, for Fromage while the gradient's is above min_norm, for Adafactor with parameter scale while eps is
    far below g².

    Reference: `adam_elasticity`.
    """
    if name not in FORMS or (slope := FORMS[name].slope) is None:
        return None
    g, n = np.broadcast_arrays(np.abs(np.asarray(gradient, dtype=float)), np.asarray(n, dtype=float))
    found = slope(numbers, g, n)
    return None if found is None else found + np.zeros_like(g)


def formula(name: str) -> str | None:
    """The residual in a few characters, for tables: its limit for many updates before, or what it is made of.

    "(b1/√b2)^j"

    where the letters are optax's keywords. Valid for n → ∞ and eps far below the gradient.

    Reference: `residual`.
    """
    return FORMS[name].formula if name in FORMS else None


def _linear(key: str) -> Update:
    return lambda o, n, j, g: heavy_ball(n, j, o[key])


def _nadam(o: Keywords, n: np.ndarray, j: np.ndarray, g: float) -> np.ndarray:
    return silence.adam({**o, "nesterov": True}, n, j, g)


def _amsgrad(o: Keywords, n: np.ndarray, j: np.ndarray, g: float) -> np.ndarray:
    return corrected(n, j, o["b1"]) if o["bias_correction_mu"] else heavy_ball(n, j, o["b1"])


def _rmsprop(o: Keywords, n: np.ndarray, j: np.ndarray, g: float) -> np.ndarray | None:
    equal = o["bias_correction"] and not o["initial_scale"] and not o["centered"]
    return silence.trace(o, n, j, g) if equal or o["momentum"] is None or not o["nesterov"] else None


def _constant(slope: float) -> Slope:
    return lambda o, g, n: slope


def _adam_slope(o: Keywords, g: np.ndarray, n: np.ndarray) -> np.ndarray:
    return adam_elasticity(o["eps"], g, o.get("eps_root", 0.0))


def _amsgrad_slope(o: Keywords, g: np.ndarray, n: np.ndarray) -> np.ndarray:
    return adam_elasticity(o["eps"], g, o["eps_root"], 1.0 if o["bias_correction_nu"] else 1 - o["b2"] ** n)


def _belief_slope(o: Keywords, g: np.ndarray, n: np.ndarray) -> np.ndarray:
    weight = belief_root({**o, "eps": 0.0, "eps_root": 0.0}, n, 0.0, 1.0) ** 2
    return adam_elasticity(o["eps"], g, o["eps_root"] / (1 - o["b2"]), weight)


def _radam_slope(o: Keywords, g: np.ndarray, n: np.ndarray) -> np.ndarray:
    plain = radam_factor(o, n, 0.0, np.inf)  # 1 before the rectification sets in, 0 from then on
    return plain + (1 - plain) * _adam_slope(o, g, n)


def _rmsprop_slope(o: Keywords, g: np.ndarray, n: np.ndarray) -> np.ndarray | None:
    if o["momentum"] is not None or o["centered"]:
        return None
    left = o["decay"] ** n
    whole = 1 - left if o["bias_correction"] else 1.0
    start = o["initial_scale"] * left / whole
    inside, outside = (o["eps"], 0.0) if o["eps_in_sqrt"] else (0.0, o["eps"])
    return adam_elasticity(outside, g, start + inside, (1 - left) / whole)


def _adagrad_slope(o: Keywords, g: np.ndarray, n: np.ndarray) -> np.ndarray:
    return adam_elasticity(0.0, g, o["initial_accumulator_value"] + o["eps"], n)


def _adafactor_slope(o: Keywords, g: np.ndarray, n: np.ndarray) -> np.ndarray | None:
    bound = o["clipping_threshold"]
    return adam_elasticity(0.0, g, o["eps"]) if bound is None or bound >= 1 else None


def _adopt_slope(o: Keywords, g: np.ndarray, n: np.ndarray) -> np.ndarray:
    return np.where(n > 1, g < o["eps"], np.nan)


FORMS = {
    "acprop": Forms("0", memoryless),
    "adabelief": Forms("b1^j √(s_n/s_{n+j}), s of (g − m)²", silence.belief, _belief_slope),
    "adadelta": Forms("0", memoryless),
    "adafactor": Forms("momentum^j, without 0", silence.trace, _adafactor_slope),
    "adagrad": Forms("0", memoryless, _adagrad_slope),
    "adam": Forms("(b1/√b2)^j", silence.adam, _adam_slope),
    "adamax": Forms("(b1/b2)^j", silence.adamax, _adam_slope),
    "adamaxw": Forms("(b1/b2)^j", silence.adamax, _adam_slope),
    "adamw": Forms("(b1/√b2)^j", silence.adam, _adam_slope),
    "adan": Forms("(b1^j − (1−b2)² b2^(j−1)) / √(b3^j + (1−b3)(1−b2)² b3^(j−1))", silence.adan, _adam_slope),
    "ademamix": Forms("(b1^j + alpha b3^j) / ((1 + alpha) √b2^j)", silence.ademamix, _adam_slope),
    "adopt": Forms("b1^j", lambda o, n, j, g: (n > 1) * heavy_ball(n - 1, j, o["b1"], o["nesterov"]), _adopt_slope),
    "amsgrad": Forms("b1^j", _amsgrad, _amsgrad_slope),
    "cocob": Forms("0", memoryless),
    "dadapt_adamw": Forms("(b1/√b2)^j", silence.dadapt_adamw),
    "dog": Forms("0", memoryless),
    "dowg": Forms("0", memoryless),
    "fromage": Forms("0", memoryless, _constant(0.0)),
    "lamb": Forms("1", lambda o, n, j, g: sign(j, o["b1"]), _constant(0.0)),
    "lars": Forms("momentum^j", silence.trace, lambda o, g, n: None if o["eps"] else 0.0),
    "lion": Forms("1", silence.lion, _constant(0.0)),
    "madgrad": Forms("momentum^j", _linear("momentum")),
    "muon": Forms(
        "1",
        lambda o, n, j, g: corrected(n, j, o["beta"], o["nesterov"]) if o["adaptive"] else sign(j, o["beta"]),
        lambda o, g, n: float(o["adaptive"]),
    ),
    "nadam": Forms("b1 (b1/√b2)^j", _nadam, _adam_slope),
    "nadamw": Forms("b1 (b1/√b2)^j", _nadam, _adam_slope),
    "novograd": Forms("b1^j", _linear("b1")),
    "optimistic_adam": Forms(
        "|(1 + c) a_j − c a_(j−1)|, a nadam's, c = optimism/learning_rate", silence.optimistic_adam, _adam_slope
    ),
    "optimistic_adam_v2": Forms(
        "|(1 + c) a_j − c a_(j−1)|, a nadam's, c = beta/alpha", silence.optimistic_adam, _adam_slope
    ),
    "optimistic_gradient_descent": Forms(
        "beta/alpha, back, once",
        lambda o, n, j, g: silence.optimistic(lambda n, j: memoryless(o, n, j, g), n, j, o["alpha"], o["beta"]),
        _constant(1.0),
    ),
    "polyak_sgd": Forms("0", memoryless),
    "radam": Forms("(b1/√b2)^j", silence.radam, _radam_slope),
    "rmsprop": Forms("momentum^j, without 0", _rmsprop, _rmsprop_slope),
    "rprop": Forms("eta_plus, once", silence.rprop, lambda o, g, n: np.where(n > 1, 0.0, np.nan)),
    "schedule_free_adamw": Forms("b1/(2−b1) · n(n−1)/((n+j)(n+j−1))", silence.schedule_free, _adam_slope),
    "schedule_free_sgd": Forms("b1/(2−b1) · n(n−1)/((n+j)(n+j−1))", silence.schedule_free, _constant(1.0)),
    "sgd": Forms("momentum^j, without 0", silence.trace, _constant(1.0)),
    "sign_sgd": Forms("0", memoryless, _constant(0.0)),
    "signum": Forms("1", lambda o, n, j, g: sign(j, o["beta"]), _constant(0.0)),
    "simplified_ademamix": Forms(
        "(b1/√b2)^j / (1 + alpha (1−b1))",
        lambda o, n, j, g: (o["alpha"] * (j == 0) + heavy_ball(n, j, o["b1"])) / silence.adam_root(o, n, j, g),
        _adam_slope,
    ),
    "sm3": Forms("momentum^j", _linear("momentum")),
}
