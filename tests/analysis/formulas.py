"""Closed forms that the documents state and no claim uses, held against optax and against the simulator."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def count_reset_factor(i: ArrayLike, b1: ArrayLike, b2: ArrayLike, n: ArrayLike = np.inf) -> np.ndarray:
    """By how much the i-th update after Adam's count began anew exceeds the one with the count kept.

    √(1 − β2^i) / (1 − β1^i)  ·  (1 − β1^{n+i}) / √(1 − β2^{n+i})

    where n, after which the second factor is 1, counts the updates before. A cut of the learning rate for (0.9, 0.999):
    0.316, 0.235, least 0.152 at i = 12; a rise for (0.9, 0.95): 2.24, 1.64. Above 1 at first where 1 − β2 > (1 − β1)².
    Valid for any gradients, exactly where eps is negligible.

    Reference: Adam-Rel, arXiv:2412.17113.
    """
    i, n, b1, b2 = (np.asarray(value, dtype=float) for value in (i, n, b1, b2))
    kept = (1 - b1 ** (n + i)) / np.sqrt(1 - b2 ** (n + i))
    return kept * np.sqrt(1 - b2**i) / (1 - b1**i)


def stale_share(b1: ArrayLike, i: ArrayLike) -> np.ndarray:
    """The weight that older rollouts' gradients still have in the first moment.

    β1^i

    where i counts this rollout's updates, whose own weights add up to 1 − β1^i. Valid for a state that was kept.

    Reference: m_{n+i} = β1^i m_n + (1 − β1) Σ β1^{i−s} g_s.
    """
    return np.asarray(b1, dtype=float) ** np.asarray(i, dtype=float)


def sign_change(ratio_of_gradients: ArrayLike, b1: ArrayLike) -> np.ndarray:
    """After how many updates a restoring gradient turns a momentum round that points the other way.

    j* = ln(1 + |m| / |g_R|) / ln(1/β1)

    in updates, where |m|/|g_R| is `ratio_of_gradients`: the first moment when the clip set in, over the constant
    gradient (KL, entropy, decay) that is left. For β1^j m = (1 − β1^j) g_R: 6.6, 22.8, 43.8 and 65.6 for 1, 10, 100 and
    1000 at 0.9. Valid coordinate by coordinate, whatever second moment and bias correction do: they have no sign.

    Reference: docs/theory.md.
    """
    return np.log1p(ratio_of_gradients) / -np.log(b1)


def adam_update(
    m: ArrayLike,
    v: ArrayLike,
    n: ArrayLike,
    j: ArrayLike,
    b1: ArrayLike,
    b2: ArrayLike,
    eps: ArrayLike = 0.0,
    eps_root: ArrayLike = 0.0,
) -> np.ndarray:
    """Adam's j-th update without a gradient, from the moments that any n gradients left, in learning rates.

    u_{n+j} = β1^j m_n / (1 − β1^{n+j})  /  ( √( β2^j v_n / (1 − β2^{n+j}) + eps_root ) + eps )

    where m_n and v_n are the moments before bias correction, coordinate by coordinate, in units of the gradient and of
    its square; j = 0 is the last update with a gradient. Valid for any gradients, exactly; eps is where optax and torch
    put it (outside the root), no weight decay.

    Reference: arXiv:2601.05002, equations 34, 35 and 38.
    """
    m, v, n, j, b1, b2 = (np.asarray(value, dtype=float) for value in (m, v, n, j, b1, b2))
    first = b1**j * m / (1 - b1 ** (n + j))
    second = b2**j * v / (1 - b2 ** (n + j))
    return first / (np.sqrt(second + eps_root) + eps)


def adam_residual_with_eps(
    n: ArrayLike, j: ArrayLike, b1: ArrayLike, b2: ArrayLike, eps: ArrayLike, eps_root: ArrayLike, gradient: ArrayLike
) -> np.ndarray:
    """The residual after n equal gradients, eps included: eps only ever makes it smaller.

    C_{n,j} = u_{n+j} / u_n,   m_n = (1 − β1^n) g,   v_n = (1 − β2^n) g²

    where g is `gradient`, the size of every coordinate, in the units of eps (eps_root in their square). Beyond
    `eps_takes_over` it decays as β1^j, since a denominator of eps no longer shrinks. Valid for a constant gradient.

    Reference: arXiv:2601.05002, equation 38.
    """
    n, b1, b2 = (np.asarray(value, dtype=float) for value in (n, b1, b2))
    g = np.abs(np.asarray(gradient, dtype=float))
    m, v = (1 - b1**n) * g, (1 - b2**n) * g**2
    last = adam_update(m, v, n, 0, b1, b2, eps, eps_root)
    return adam_update(m, v, n, j, b1, b2, eps, eps_root) / last


def largest_step(b1: ArrayLike, b2: ArrayLike) -> np.ndarray:
    """The bound on Adam's step, in learning rates, over all sequences of gradients; 1 is its step on a constant one.

    |u| ≤ (1 − β1) / ( √(1 − β2) √(1 − β1²/β2) ),   for β1² < β2

    7.27 for (0.9, 0.999), 1.165 for (0.9, 0.95). Valid in the limit of many updates, eps negligible.

    Reference: Cauchy–Schwarz on Σ (1−β1) β1^s g_s against √( Σ (1−β2) β2^s g_s² ).
    """
    b1, b2 = np.asarray(b1, dtype=float), np.asarray(b2, dtype=float)
    return (1 - b1) / (np.sqrt(1 - b2) * np.sqrt(1 - b1**2 / b2))


def std_floor_elasticity(scale: ArrayLike, deviation: ArrayLike, floor: ArrayLike) -> np.ndarray:
    """A z-score with a floor under the deviation follows the reward scale only as far as the floor counts.

    d ln A / d ln φ = δ / (φ σ + δ),   A = φ (r − r̄) / (φ σ + δ)

    where φ is `scale`, σ the `deviation` of the unscaled rewards and δ the `floor`, both in units of reward. Valid for
    σ > 0 and a floor that is added (TRL 1e-4, verl 1e-6, OpenRLHF 1e-9).

    Reference: the definition, differentiated.
    """
    scale, deviation, floor = (np.asarray(value, dtype=float) for value in (scale, deviation, floor))
    return floor / (scale * deviation + floor)


def adam_residual_sum(b1: ArrayLike, b2: ArrayLike, updates: ArrayLike = np.inf) -> np.ndarray:
    """How far Adam coasts in so many updates without a gradient, in units of its last update with one.

    Σ_{j=1..J} ρ^j = ρ (1 − ρ^J) / (1 − ρ),   ρ = β1/√β2

    where J is `updates`: 12.05 in all for (0.9, 0.95), 9.05 for (0.9, 0.999), ∞ for β1² ≥ β2. Valid after many updates
    (n → ∞), eps far below √v̂; at a learning rate α it is worth α |m̂|/√v̂ times that in each coordinate.

    Reference: the geometric sum of arXiv:2601.05002, equation 37.
    """
    rho, updates = np.broadcast_arrays(np.asarray(b1, dtype=float) / np.sqrt(b2), np.asarray(updates, dtype=float))
    same = rho == 1
    other = np.where(same, 0.0, rho)
    return np.where(same, updates, other * (1 - other**updates) / (1 - other))


def eps_takes_over(b2: ArrayLike, eps: ArrayLike, gradient: ArrayLike) -> np.ndarray:
    """After how many updates without a gradient √v̂ has sunk to eps, and the residual's decay turns into β1^j.

    j = 2 ln(√v̂ / eps) / ln(1/β2)

    in updates, √v̂ and eps in units of the gradient; √v̂ is `gradient` where that was constant. 36,800 for
    (√v̂, eps, β2) = (1, 1e-8, 0.999), 718 for 0.95. Valid after many updates.

    Reference: β2^{j/2} √v̂ = eps.
    """
    return 2 * np.log(np.asarray(gradient, dtype=float) / eps) / -np.log(b2)


def steps_to_bound(probability: ArrayLike, learning_rate: ArrayLike, clip_high: ArrayLike) -> np.ndarray:
    """The fewest updates in which a ratio that begins at 1 can meet the clip's upper bound.

    k0 = ln(1 + ε) / (2 α (1 − π))

    in updates, not rounded, where π is the token's `probability` when the rollout began, α the `learning_rate` and ε
    `clip_high`. For ln ρ grows by at most 2h (1 − π) where no logit of the row moves by more than h (Jensen), and by as
    much to first order where the token's goes up and all others' go down. Valid as a lower bound for updates of at most
    α a coordinate; as an estimate, if they are about α, for π ε far below 1 − π.

    Reference: docs/theory.md; ‖∇ log π(a)‖₁ = 2 (1 − π(a)).
    """
    reach = 2 * np.asarray(learning_rate, dtype=float) * (1 - np.asarray(probability, dtype=float))
    return np.log1p(clip_high) / reach


def end_ratio(
    probability: ArrayLike,
    learning_rate: ArrayLike,
    clip_high: ArrayLike,
    updates: ArrayLike,
    b1: ArrayLike,
    b2: ArrayLike,
) -> np.ndarray:
    """Where memory alone carries a clipped ratio under Adam: an upper bound, to first order the ratio itself.

    ρ_end = (1 + ε) exp( 2 α (1 − π) · ρ (1 − ρ^{μ−k0}) / (1 − ρ) ),   ρ = β1/√β2 in the exponent

    where μ counts the rollout's `updates` and k0 is `steps_to_bound`; 1 + ε for μ ≤ k0. A bound, since k0 is the fewest
    updates, and since later the probability is larger than π and its reach smaller. Valid where all gradients vanish at
    the bound after many updates of at most α (while the gradient grows with the ratio they are up to 8 % larger), eps
    negligible. Left out: the update that crosses (up to 2α (1 − π) more in ln ρ) and coupling (tokens that still push).

    Reference: docs/theory.md; arXiv:2601.05002, Proposition 3.
    """
    reach = 2 * np.asarray(learning_rate, dtype=float) * (1 - np.asarray(probability, dtype=float))
    silent = np.maximum(updates - steps_to_bound(probability, learning_rate, clip_high), 0.0)
    return (1 + np.asarray(clip_high)) * np.exp(reach * adam_residual_sum(b1, b2, silent))


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
