"""The updates of every optimizer but Adam after n equal gradients and j of zero: what its memory does with silence.

Each function is u_{n,j} up to a factor without j. u_{n,0} is the last update with a gradient, |u_{n,j} / u_{n,0}| the
residual C_{n,j}, and [j = 0] one for that update and zero for those after it. Common to all: g, `gradient`, is the size
of every coordinate of the gradient, in the units of eps (eps_root in their square). Valid for n ≥ 1 and j ≥ 0, exactly,
with a constant gradient and learning rate and no weight decay.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike


def heavy_ball(n: ArrayLike, j: ArrayLike, momentum: ArrayLike, nesterov: bool = False) -> np.ndarray:
    """A plain sum of past terms shrinks by its decay; Nesterov's look-ahead has shrunk once more.

    u_{n,j} = μ^j (1 − μ^n)/(1 − μ): C = μ^j;   Nesterov μ u_{n,j} + [j = 0]: C = μ^{j+1} (1 − μ^n)/(1 − μ^{n+1})

    where μ is `momentum`. Valid for averages without bias correction and momentum after a normalisation as well; the
    first C after any gradients.

    Reference: optax.trace, torch.optim.SGD.
    """
    n, j, mu = (np.asarray(value, dtype=float) for value in (n, j, momentum))
    ball = mu**j * (1 - mu**n) / (1 - mu)
    return mu * ball + (j == 0) if nesterov else ball


def sign(j: ArrayLike, decay: ArrayLike) -> np.ndarray:
    """The sign of a momentum, and its direction (Muon), do not shrink at all.

    u_{n,j} = 1,   C = 1

    where the momentum's `decay` is not 0. Valid after any gradients, until the momentum underflows; for Muon while its
    norm is far above eps.

    Reference: arXiv:2302.06675 (Lion), optax.contrib.muon.
    """
    return np.sign(np.asarray(decay, dtype=float) ** np.asarray(j, dtype=float))


def corrected(n: ArrayLike, j: ArrayLike, decay: ArrayLike, nesterov: bool = False) -> np.ndarray:
    """A bias-corrected average of n ones and j zeros: AMSGrad's update, whose denominator stays at its largest.

    M_{n,j}(β) = β^j (1 − β^n)/(1 − β^{n+j});   Nesterov β^{j+1} (1 − β^n)/(1 − β^{n+j+1}) + [j = 0] (1 − β)/(1 − β^n)

    where β is `decay`. M_{n,0} is 1, with Nesterov more: optax corrects the moment by the next update's factor, the
    gradient by this one's.

    Reference: optax.scale_by_amsgrad, optax.scale_by_adam.
    """
    n, j, b = (np.asarray(value, dtype=float) for value in (n, j, decay))
    if nesterov:
        return b ** (j + 1) * (1 - b**n) / (1 - b ** (n + j + 1)) + (j == 0) * (1 - b) / (1 - b**n)
    return b**j * (1 - b**n) / (1 - b ** (n + j))


def adam_root(
    n: ArrayLike, j: ArrayLike, b2: ArrayLike, eps: ArrayLike, eps_root: ArrayLike, gradient: ArrayLike
) -> np.ndarray:
    """What Adam and most of its relatives divide by shrinks in silence, too, and makes them coast further.

    D_{n,j} = √( M_{n,j}(β2) g² + eps_root ) + eps

    where M is `corrected`. NAdam's update is M(β1)/D with Nesterov's M: C → β1 (β1/√β2)^j.

    Reference: optax.scale_by_adam.
    """
    return np.sqrt(corrected(n, j, b2) * np.square(gradient) + eps_root) + eps


def adamax(n: ArrayLike, j: ArrayLike, b1: ArrayLike, b2: ArrayLike, eps: ArrayLike, gradient: ArrayLike) -> np.ndarray:
    """Adamax's largest gradient fades by a whole β2 an update, Adam's root by √β2.

    u_{n,j} = M_{n,j}(β1) / max( β2^j (g + eps), eps ):   C → (β1/β2)^j

    where M is `corrected`.

    Reference: optax.scale_by_adamax.
    """
    return corrected(n, j, b1) / np.maximum(np.asarray(b2, dtype=float) ** j * (gradient + eps), eps)


def radam_factor(n: ArrayLike, j: ArrayLike, b2: ArrayLike, threshold: ArrayLike, root: ArrayLike) -> np.ndarray:
    """RAdam's residual jumps where its rectification sets in: before, it is a plain average's.

    u_{n,j} / M_{n,j}(β1) = √( (l−4)(l−2) l_∞ / ((l_∞−4)(l_∞−2) l) ) / D  where l ≥ threshold, else 1

    where l = l_∞ − 2t β2^t/(1 − β2^t), l_∞ = 2/(1 − β2) − 1 and t = n + j; D, `root`, is `adam_root`.

    Reference: optax.scale_by_radam, arXiv:1908.03265.
    """
    t, b2 = np.asarray(n, dtype=float) + j, np.asarray(b2, dtype=float)
    longest = 2 / (1 - b2) - 1
    length = longest - 2 * t * b2**t / (1 - b2**t)
    square = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
    return np.where(length >= threshold, np.sqrt(np.maximum(square, 0)) / root, 1.0)


def belief_root(
    n: ArrayLike, j: ArrayLike, b1: ArrayLike, b2: ArrayLike, eps: ArrayLike, eps_root: ArrayLike, gradient: ArrayLike
) -> np.ndarray:
    """AdaBelief brakes: a gradient that vanishes is a surprise, and surprises are what it divides by.

    D_{n,j} = √( (1−β2) g² [ β2^j S_n + (1−β1^n)² S_j ] / (1−β2^{n+j}) + eps_root/(1−β2) ) + eps

    where S_k = Σ_{i=1..k} β2^{k−i} β1^{2i} adds up the squares of (g − m)/g. The update is M(β1)/D, M `corrected`.

    Reference: optax.scale_by_belief, which adds eps_root anew at every update; arXiv:2010.07468.
    """
    n, j, b1, b2 = (np.asarray(value, dtype=float) for value in (n, j, b1, b2))
    rate = np.log1p((np.maximum(b1**2, 1e-15) - b2) / b2)  # ln(β1²/β2), exact where they are nearly the same
    steps = [np.where(rate == 0, k, np.expm1(k * rate) / np.expm1(rate + (rate == 0))) for k in (n, j)]
    sums = [b1**2 * b2 ** (k - 1) * step for k, step in zip((n, j), steps, strict=True)]
    squares = (b2**j * sums[0] + (1 - b1**n) ** 2 * sums[1]) / (1 - b2 ** (n + j))
    return np.sqrt((1 - b2) * np.square(gradient) * squares + eps_root / (1 - b2)) + eps


def adan(
    n: ArrayLike, j: ArrayLike, decays: tuple, eps: ArrayLike, eps_root: ArrayLike, gradient: ArrayLike
) -> np.ndarray:
    """Adan remembers that the gradient fell, and takes that off its momentum.

    u_{n,j} = [ M(β1) − f β2^{j−1}/(1−β2^t) ] / ( √( g² [ M(β3) + (1−β3) f β3^{j−1}/(1−β3^t) ] + eps_root ) + eps )

    where `decays` are optax's (b1, b2, b3), t = n + j, f = (1 − β2)² from j = 1 on and 0 before; M is `corrected`.

    Reference: optax.scale_by_adan, arXiv:2208.06677.
    """
    n, j, b1, b2, b3 = (np.asarray(value, dtype=float) for value in (n, j, *decays))
    fell = np.where(j > 0, (1 - b2) ** 2, 0.0)
    moment = corrected(n, j, b1) - fell * b2 ** (j - 1) / (1 - b2 ** (n + j))
    square = corrected(n, j, b3) + (1 - b3) * fell * b3 ** (j - 1) / (1 - b3 ** (n + j))
    return moment / (np.sqrt(square * np.square(gradient) + eps_root) + eps)


def ademamix(n: ArrayLike, j: ArrayLike, b1: ArrayLike, b3: ArrayLike, alpha: ArrayLike, root: ArrayLike) -> np.ndarray:
    """AdEMAMix coasts on its slow average long after Adam has stopped.

    u_{n,j} = [ M_{n,j}(β1) + α β3^j (1 − β3^n) ] / D:   C → (β1^j + α β3^j) / ((1 + α) β2^{j/2})

    where M is `corrected` and D, `root`, `adam_root`. For β3² > β2 (0.9999 and 0.999) it grows until eps stops it.

    Reference: optax.contrib.ademamix, arXiv:2409.03137.
    """
    n, j, b3 = (np.asarray(value, dtype=float) for value in (n, j, b3))
    return (corrected(n, j, b1) + alpha * b3**j * (1 - b3**n)) / root


def optimistic(update: Callable, n: ArrayLike, j: ArrayLike, alpha: ArrayLike, beta: ArrayLike) -> np.ndarray:
    """Optimism takes the last update back when the gradient does not confirm it.

    u_{n,j} = (α + β) a_{n,j} − β a_{n,j−1},   a_{n,−1} = a_{n−1,0}, and a_{1,0} before the first

    where a, `update`, is what optimism follows: for gradient descent [j = 0], so that it goes back by β/α, once.

    Reference: optax.scale_by_optimistic_gradient, arXiv:1711.00141.
    """
    n, j = np.asarray(n, dtype=float), np.asarray(j, dtype=float)
    before = np.where(j == 0, update(np.maximum(n - 1, 1), 0.0 * j), update(n, np.maximum(j - 1, 0)))
    return (alpha + beta) * update(n, j) - beta * before


def schedule_free(n: ArrayLike, j: ArrayLike, b1: ArrayLike) -> np.ndarray:
    """Schedule-free methods coast by a power law: for as many updates as they have made, not a fixed number.

    u_{n,j} = β1 n (n−1) / (2 (n+j)(n+j−1)) + [j = 0] (1 − β1):   C = β1/(2 − β1) · n (n−1) / ((n+j)(n+j−1))

    for n > 1; after one update C = 0. For the average of all iterates goes on approaching the last one. The sum over
    all j is β1 (n−1)/(2 − β1). Valid without warm-up.

    Reference: optax.contrib.schedule_free, arXiv:2405.15682.
    """
    n, j = np.asarray(n, dtype=float), np.asarray(j, dtype=float)
    towards = b1 * n * (n - 1) / (2 * (n + j) * np.maximum(n + j - 1, 1))
    return towards + (j == 0) * np.where(n == 1, 1.0, 1 - b1)


def rprop(n: ArrayLike, j: ArrayLike, step: ArrayLike, growth: ArrayLike, largest: ArrayLike) -> np.ndarray:
    """optax's Rprop is one update late: it moves once more, by more, and then not at all.

    u_{n,j} = s_{n+j−1} for n + j > 1 and j ≤ 1, else 0;   s_k = min( α η^{k−1}, s_max ):   C_1 = s_n/s_{n−1}

    where α, `step`, is the first step size, η the `growth` and s_max the `largest`, in units of the parameters.

    Reference: optax.scale_by_rprop.
    """
    n, j = np.asarray(n, dtype=float), np.asarray(j, dtype=float)
    size = np.minimum(step * np.asarray(growth, dtype=float) ** (n + j - 2), largest)
    return np.where((j <= 1) & (n + j > 1), size, 0.0)
