"""The updates of optax's optimizers after n equal gradients and j of zero: what their memory does with silence.

Each function is u_{n,j} up to a factor without j. u_{n,0} is the last update with a gradient, |u_{n,j} / u_{n,0}| the
residual C_{n,j}, and [j = 0] one for that update and zero for those after it. Common to all: o are optax's keywords, g
is the size of every coordinate of the gradient, in the units of eps (eps_root in their square); M is `corrected` and D
`adam_root`. Valid for n ≥ 1 and j ≥ 0, exactly, with a constant gradient and learning rate and no weight decay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

Keywords = Mapping[str, Any]
Counts = np.ndarray | float


def _floats(o: Keywords, *names: str) -> Iterator[np.ndarray]:
    return (np.asarray(o[name], dtype=float) for name in names)


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


def trace(o: Keywords, n: Counts, j: Counts, g: float) -> np.ndarray:
    """A momentum that may be None, and may be Nesterov's."""
    return (
        memoryless(o, n, j, g) if o["momentum"] is None else heavy_ball(n, j, o["momentum"], o.get("nesterov", False))
    )


def memoryless(o: Keywords, n: Counts, j: Counts, g: float) -> np.ndarray:
    """Without memory there is no update without a gradient: u_{n,j} = [j = 0]."""
    return np.where(j == 0, 1.0, 0.0)


def sign(j: ArrayLike, decay: ArrayLike) -> np.ndarray:
    """The sign of a momentum, and its direction (Muon), do not shrink at all.

    u_{n,j} = 1,   C = 1

    where the momentum's `decay` is not 0. Valid after any gradients, until the momentum underflows; for Muon while its
    norm is far above eps.

    Reference: arXiv:2302.06675 (Lion), optax.contrib.muon.
    """
    return np.sign(np.asarray(decay, dtype=float) ** np.asarray(j, dtype=float))


def lion(o: Keywords, n: Counts, j: Counts, g: float) -> np.ndarray:
    """Lion's sign is that of a look-ahead with b1, of a momentum that decays by b2."""
    return np.where(j == 0, 1.0, sign(1, o["b1"]) * sign(np.maximum(j - 1, 0), o["b2"]))


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


def adam_root(o: Keywords, n: Counts, j: Counts, g: ArrayLike) -> np.ndarray:
    """What Adam and most of its relatives divide by shrinks in silence, too, and makes them coast further.

    D_{n,j} = √( M_{n,j}(β2) g² + eps_root ) + eps

    Reference: optax.scale_by_adam.
    """
    return np.sqrt(corrected(n, j, o["b2"]) * np.square(g) + o["eps_root"]) + o["eps"]


def adam(o: Keywords, n: Counts, j: Counts, g: float) -> np.ndarray:
    """u_{n,j} = M_{n,j}(β1) / D: C → (β1/√β2)^j, and β1 times that with Nesterov's M (NAdam)."""
    return corrected(n, j, o["b1"], o["nesterov"]) / adam_root(o, n, j, g)


def adamax(o: Keywords, n: Counts, j: Counts, g: float) -> np.ndarray:
    """Adamax's largest gradient fades by a whole β2 an update, Adam's root by √β2.

    u_{n,j} = M_{n,j}(β1) / max( β2^j (g + eps), eps ):   C → (β1/β2)^j

    Reference: optax.scale_by_adamax.
    """
    b2, eps = _floats(o, "b2", "eps")
    return corrected(n, j, o["b1"]) / np.maximum(b2**j * (g + eps), eps)


def radam_factor(o: Keywords, n: Counts, j: Counts, root: ArrayLike) -> np.ndarray:
    """RAdam's residual jumps where its rectification sets in: before, it is a plain average's.

    u_{n,j} / M_{n,j}(β1) = √( (l−4)(l−2) l_∞ / ((l_∞−4)(l_∞−2) l) ) / D  where l ≥ threshold, else 1

    where l = l_∞ − 2t β2^t/(1 − β2^t), l_∞ = 2/(1 − β2) − 1 and t = n + j; `root` is D.

    Reference: optax.scale_by_radam, arXiv:1908.03265.
    """
    t, (b2,) = n + j, _floats(o, "b2")
    longest = 2 / (1 - b2) - 1
    length = longest - 2 * t * b2**t / (1 - b2**t)
    square = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
    return np.where(length >= o["threshold"], np.sqrt(np.maximum(square, 0)) / root, 1.0)


def radam(o: Keywords, n: Counts, j: Counts, g: float) -> np.ndarray:
    return corrected(n, j, o["b1"], o["nesterov"]) * radam_factor(o, n, j, adam_root(o, n, j, g))


def belief_root(o: Keywords, n: Counts, j: Counts, g: float) -> np.ndarray:
    """AdaBelief brakes: a gradient that vanishes is a surprise, and surprises are what it divides by.

    D_{n,j} = √( (1−β2) g² [ β2^j S_n + (1−β1^n)² S_j ] / (1−β2^{n+j}) + eps_root/(1−β2) ) + eps

    where S_k = Σ_{i=1..k} β2^{k−i} β1^{2i} adds up the squares of (g − m)/g. The update is M(β1)/D.

    Reference: optax.scale_by_belief, which adds eps_root anew at every update; arXiv:2010.07468.
    """
    b1, b2 = _floats(o, "b1", "b2")
    rate = np.log1p((np.maximum(b1**2, 1e-15) - b2) / b2)  # ln(β1²/β2), exact where they are nearly the same
    steps = [np.where(rate == 0, k, np.expm1(k * rate) / np.expm1(rate + (rate == 0))) for k in (n, j)]
    sums = [b1**2 * b2 ** (k - 1) * step for k, step in zip((n, j), steps, strict=True)]
    squares = (b2**j * sums[0] + (1 - b1**n) ** 2 * sums[1]) / (1 - b2 ** (n + j))
    return np.sqrt((1 - b2) * np.square(g) * squares + o["eps_root"] / (1 - b2)) + o["eps"]


def belief(o: Keywords, n: Counts, j: Counts, g: float) -> np.ndarray:
    return corrected(n, j, o["b1"], o["nesterov"]) / belief_root(o, n, j, g)


def adan(o: Keywords, n: Counts, j: Counts, g: float) -> np.ndarray:
    """Adan remembers that the gradient fell, and takes that off its momentum.

    u_{n,j} = [ M(β1) − f β2^{j−1}/(1−β2^t) ] / ( √( g² [ M(β3) + (1−β3) f β3^{j−1}/(1−β3^t) ] + eps_root ) + eps )

    where t = n + j, f = (1 − β2)² from j = 1 on and 0 before.

    Reference: optax.scale_by_adan, arXiv:2208.06677.
    """
    b1, b2, b3, eps, eps_root = _floats(o, "b1", "b2", "b3", "eps", "eps_root")
    fell = np.where(j > 0, (1 - b2) ** 2, 0.0)
    moment = corrected(n, j, b1) - fell * b2 ** (j - 1) / (1 - b2 ** (n + j))
    square = corrected(n, j, b3) + (1 - b3) * fell * b3 ** (j - 1) / (1 - b3 ** (n + j))
    return moment / (np.sqrt(square * np.square(g) + eps_root) + eps)


def ademamix(o: Keywords, n: Counts, j: Counts, g: float) -> np.ndarray:
    """AdEMAMix coasts on its slow average long after Adam has stopped.

    u_{n,j} = [ M_{n,j}(β1) + α β3^j (1 − β3^n) ] / D:   C → (β1^j + α β3^j) / ((1 + α) β2^{j/2})

    For β3² > β2 (0.9999 and 0.999) it grows until eps stops it.

    Reference: optax.contrib.ademamix, arXiv:2409.03137.
    """
    b3, alpha = _floats(o, "b3", "alpha")
    return (corrected(n, j, o["b1"]) + alpha * b3**j * (1 - b3**n)) / adam_root(o, n, j, g)


def optimistic(update: Callable, n: Counts, j: Counts, alpha: float, beta: float) -> np.ndarray:
    """Optimism takes the last update back when the gradient does not confirm it.

    u_{n,j} = (α + β) a_{n,j} − β a_{n,j−1},   a_{n,−1} = a_{n−1,0}, and a_{1,0} before the first

    where a, `update(n, j)`, is what optimism follows: for gradient descent [j = 0], so that it goes back by β/α, once.

    Reference: optax.scale_by_optimistic_gradient, arXiv:1711.00141.
    """
    before = np.where(j == 0, update(np.maximum(n - 1, 1), 0.0 * j), update(n, np.maximum(j - 1, 0)))
    return (alpha + beta) * update(n, j) - beta * before


def optimistic_adam(o: Keywords, n: Counts, j: Counts, g: float) -> np.ndarray:
    alpha = o["alpha"] if "alpha" in o else o.get("learning_rate", 1.0)
    beta = o["beta"] if "beta" in o else o["optimism"]
    return optimistic(lambda n, j: adam(o, n, j, g), n, j, alpha, alpha if beta is None else beta)


def dadapt_adamw(o: Keywords, n: Counts, j: Counts, g: float) -> np.ndarray:
    b1, b2 = o["betas"]  # the bias corrections are in the step size that each gradient is multiplied with
    return heavy_ball(n, j, b1) / (np.sqrt(b2**j * (1 - b2**n)) * g + o["eps"])


def schedule_free(o: Keywords, n: Counts, j: Counts, g: float) -> np.ndarray | None:
    """Schedule-free methods coast by a power law: for as many updates as they have made, not a fixed number.

    u_{n,j} = β1 n (n−1) / (2 (n+j)(n+j−1)) + [j = 0] (1 − β1):   C = β1/(2 − β1) · n (n−1) / ((n+j)(n+j−1))

    for n > 1; after one update C = 0. For the average of all iterates goes on approaching the last one. The sum over
    all j is β1 (n−1)/(2 − β1). Valid without warm-up; None with one.

    Reference: optax.contrib.schedule_free, arXiv:2405.15682.
    """
    if o["warmup_steps"] is not None:
        return None
    towards = o["b1"] * n * (n - 1) / (2 * (n + j) * np.maximum(n + j - 1, 1))
    return towards + (j == 0) * np.where(n == 1, 1.0, 1 - o["b1"])


def rprop(o: Keywords, n: Counts, j: Counts, g: float) -> np.ndarray:
    """optax's Rprop is one update late: it moves once more, by more, and then not at all.

    u_{n,j} = s_{n+j−1} for n + j > 1 and j ≤ 1, else 0;   s_k = min( α η^{k−1}, s_max ):   C_1 = s_n/s_{n−1}

    where α is the learning rate, the first step size, η eta_plus and s_max max_step_size, in units of the parameters.

    Reference: optax.scale_by_rprop.
    """
    rate, growth, largest = _floats(o, "learning_rate", "eta_plus", "max_step_size")
    return np.where((j <= 1) & (n + j > 1), np.minimum(rate * growth ** (n + j - 2), largest), 0.0)
