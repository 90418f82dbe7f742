"""How far an optimizer carries on when its gradient is gone, and what it makes of a gradient's scale, measured on it.

An optimizer is driven with a gradient that stays as it is for n updates and is zero from then on:

    C_j = ‖u_{n+j}‖ / ‖u_n‖,    braking distance = Σ_{j=1..J} C_j,    scale elasticity = d ln‖u_n‖ / d ln c

where u_t is its t-th update of an [8, 16] matrix, and c multiplies the gradient, whose coordinates are ±1. Updates are
applied, as in training: step sizes that come from the distance walked (DoG, Prodigy), bets (COCOB) and averages
(schedule-free) mean nothing where parameters stand still. For all others they do stand still, nearly: the learning rate
is 1e-6 wherever optax has no default. Weight decay moves parameters without any gradient and is no memory of one: it is
off unless it is asked for. The objective's value, which Polyak's and MoMo's step sizes read, is constant: c.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from functools import partial
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from jaxtyping import Float, Int

from .base import Optimizer, Transformation
from .registry import NOT_DRIVEN, OPTIMIZERS
from .schema import optimizer, with_defaults

BEHAVIOURS = ("stops at once", "coasts", "does not stop", "not finite")
NOTHING = 1e-3  # a braking distance below this is none
MIN_HORIZON = 40  # updates: fewer do not tell slowing down from going on


@dataclass(frozen=True)
class Stop:
    """The updates on a gradient of zero, in units of the last update before: C_j `[J]`, j = 1 … J.

    `sizes` are their norms, `along` their parts in the direction of that last update; negative is back.
    """

    sizes: np.ndarray
    along: np.ndarray

    @property
    def travelled(self) -> float:
        """Σ C_j over the horizon, whether or not the optimizer has stopped by then."""
        return float(self.sizes.sum())

    @property
    def net(self) -> float:
        """How far it got in the direction in which it was going."""
        return float(self.along.sum())

    @property
    def behaviour(self) -> str:
        """One of BEHAVIOURS. It does not stop where the horizon's last quarter is as long as the third, to 10 %."""
        if not np.isfinite(self.sizes).all():
            return "not finite"
        if self.travelled < NOTHING:
            return "stops at once"
        third, last = np.array_split(self.sizes, 4)[2:]
        return "does not stop" if last.mean() > 0.9 * third.mean() else "coasts"

    @property
    def distance(self) -> float:
        """The braking distance Σ C_j: ∞ where the optimizer does not stop, NaN where an update is not finite."""
        return {"does not stop": math.inf, "not finite": math.nan}.get(self.behaviour, self.travelled)

    @property
    def whole(self) -> bool:
        """Whether the distance ends within the horizon: the last update is below a hundredth of the first."""
        return self.behaviour == "stops at once" or bool(self.sizes[-1] <= 0.01 * self.sizes[0])

    @property
    def half_life(self) -> float:
        """Updates until one is half of the last with a gradient, geometric in between; ∞ where none is."""
        sizes = np.concatenate([[1.0], self.sizes])
        if not np.isfinite(sizes).all():
            return math.nan
        if not (sizes <= 0.5).any():
            return math.inf
        after = int(np.argmax(sizes <= 0.5))
        above, below = sizes[after - 1], sizes[after]
        return after - 1 + (math.log(2 * above) / math.log(above / below) if below else 0.0)


@dataclass(frozen=True)
class Braking:
    """How one optimizer stops, and how its updates scale.

    `stops` holds a Stop for ("steady" or "cold", "constant" or "noisy"), `updates` how many gradients came before;
    `keywords` is all that it was built with. `sizes` are the norms of its first and last update, `[C]` each, where the
    constant gradient is multiplied by `scales`. `growth` is how much its update grew over the second half of the
    constant gradients: far from 1, there was no steady state.
    """

    name: str
    keywords: dict[str, Any]
    updates: dict[str, int]
    stops: dict[tuple[str, str], Stop]
    scales: np.ndarray
    sizes: dict[str, np.ndarray]
    growth: float
    reads_value: bool
    warnings: tuple[str, ...]

    def elasticity(self, update: str) -> np.ndarray:
        """d ln‖u‖ / d ln c of the "first" or "last" update between neighbouring scales `[C − 1]`; NaN for no update."""
        with np.errstate(divide="ignore", invalid="ignore"):
            slopes = np.diff(np.log(self.sizes[update])) / np.diff(np.log(self.scales))
        return np.where(np.isfinite(slopes), slopes, np.nan)

    def rows(self) -> list[dict[str, Any]]:
        """One row a Stop, for a table."""
        scaling: dict[str, Any] = {}
        for update in self.sizes:
            slopes = self.elasticity(update)
            steepest = slopes[np.abs(slopes).argmax()]  # NaN where one is
            scaling |= {f"elasticity_{update}": float(slopes.mean()), f"steepest_{update}": float(steepest)}
        return [
            {
                "optimizer": self.name, "start": start, "gradients": gradients, "updates": self.updates[start],
                "behaviour": stop.behaviour, "first_residual": float(stop.sizes[0]), "half_life": stop.half_life,
                "distance": stop.distance, "whole": stop.whole, "travelled": stop.travelled, "net": stop.net,
                "largest_residual": float(stop.sizes.max()), "last_residual": float(stop.sizes[-1]), **scaling,
                "growth": self.growth, "reads_value": self.reads_value, "warnings": "; ".join(self.warnings),
            }
            for (start, gradients), stop in self.stops.items()
        ]  # fmt: skip


SHAPE = (8, 16)
COLD, STEADY, HORIZON = 4, 400, 200  # updates with a gradient, one rollout's and many; updates without
SCALES = np.logspace(-4, 4, 33)
NOISE, SEEDS = 3.0, 4  # the noise of noisy gradients, in units of their mean; how often it is drawn
LEARNING_RATE = 1e-6

_random = np.random.default_rng(0)
PARAMS = _random.choice([-1.0, 1.0], SHAPE) * _random.uniform(0.5, 1.5, SHAPE)
GRADIENT = _random.choice([-1.0, 1.0], SHAPE)


@dataclass(frozen=True)
class Lane:
    """One drive: `updates` gradients c·(g + noise·ε), then none."""

    scale: float = 1.0
    updates: int = STEADY
    noise: float = 0.0
    seed: int = 0


def brake(which: Any, *, updates: int = STEADY, cold: int = COLD, horizon: int = HORIZON, **keywords: Any) -> Braking:
    """Drive one optimizer, optax's name and keywords or any `optax.GradientTransformation`, and take its gradient away.

    `updates` gradients come before a steady stop, `cold` before a cold one; `horizon` updates without any after it.
    Raises ScenarioError for an unknown name or keyword, and whatever the optimizer raises on a matrix of parameters.
    """
    named = isinstance(which, str)
    driven = optimizer(which, **(measured_with(which) | keywords if named else keywords))
    before = {"steady": updates, "cold": min(cold, updates)}
    noise = {"constant": 0.0, "noisy": NOISE}
    lanes = [Lane(scale, updates) for scale in SCALES] + [Lane(1.0, before["cold"])]
    lanes += [Lane(1.0, count, NOISE, seed) for count in before.values() for seed in range(SEEDS)]
    with jax.enable_x64(True), warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        reads_value = _reads_value(driven)
        columns = map(np.asarray, zip(*map(astuple, lanes), strict=True))
        sizes, along = map(np.asarray, _drives(driven, *columns, updates + horizon))
    stops = {}
    for kind, start in product(noise, before):
        alike = [index for index, lane in enumerate(lanes) if astuple(lane)[:3] == (1.0, before[start], noise[kind])]
        stops[start, kind] = _stop(sizes[alike], along[alike], before[start], horizon)
    constant = sizes[lanes.index(Lane(1.0, updates))]
    return Braking(
        name=driven.name,
        keywords=with_defaults(driven) if named else {},  # type: ignore[arg-type]
        updates=before,
        stops=stops,
        scales=SCALES,
        sizes={"first": sizes[: len(SCALES), 0], "last": sizes[: len(SCALES), updates - 1]},
        growth=float(constant[updates - 1] / constant[(updates - 1) // 2]),
        reads_value=reads_value,
        warnings=tuple(dict.fromkeys(str(warning.message) for warning in told)),
    )


def _stop(sizes: np.ndarray, along: np.ndarray, before: int, horizon: int) -> Stop:
    """The mean over lanes that differ in nothing but their noise, in units of the last update with a gradient."""
    with np.errstate(divide="ignore", invalid="ignore"):
        lanes = [part[:, before : before + horizon] / sizes[:, before - 1, None] for part in (sizes, along)]
    return Stop(*(part.mean(axis=0) for part in lanes))


def brake_all(names: Iterable[str] | None = None, **settings: Any) -> Iterator[tuple[str, Braking | str]]:
    """Drive these optimizers, or all that there are: each name with what was measured, or why nothing was."""
    for name in OPTIMIZERS if names is None else names:
        if name in NOT_DRIVEN:
            yield name, NOT_DRIVEN[name]
            continue
        try:
            yield name, brake(name, **settings)
        except Exception as error:  # whatever an optimizer raises: the others are measured all the same
            yield name, f"{type(error).__name__}: {error}".splitlines()[0]


def measured_with(name: str) -> dict[str, float]:
    """What an optimizer is given beside optax's defaults: a learning rate where it has none, and no weight decay."""
    words = OPTIMIZERS[name].keywords.values() if name in OPTIMIZERS else ()
    rates = {word.name: LEARNING_RATE for word in words if word.name == "learning_rate" and word.default is None}
    decays = [word.name for word in words if "weight_decay" in word.name and word.kind == "number" and word.default]
    return rates | dict.fromkeys(decays, 0.0)


def work(count: int, updates: int = STEADY, horizon: int = HORIZON) -> int:
    """How many updates are computed for so many optimizers."""
    return count * (len(SCALES) + 1 + 2 * SEEDS) * (updates + horizon)


def _drive(
    optimizer: Optimizer | Transformation,
    scale: Float[Array, ""],
    updates: Int[Array, ""],
    noise: Float[Array, ""],
    seed: Int[Array, ""],
    steps: int,
) -> tuple[Float[Array, " steps"], Float[Array, " steps"]]:
    """‖u_t‖ of every update, and its part in the direction of the last one with a gradient."""
    chain, params, key = optimizer.build(), jnp.asarray(PARAMS), jax.random.key(seed)

    def update(carry, step):
        params, state, last = carry
        drawn = jax.random.normal(jax.random.fold_in(key, step), SHAPE, params.dtype)
        pushed = step < updates
        grads = jnp.where(pushed, scale * (GRADIENT + noise * drawn), 0.0)
        change, state = chain.update(grads, state, params, value=scale)
        last = jnp.where(pushed, change, last)
        along = jnp.vdot(change, last) / jnp.linalg.norm(last)
        return (optax.apply_updates(params, change), state, last), (jnp.linalg.norm(change), along)

    start = (params, chain.init(params), jnp.zeros_like(params))
    return jax.lax.scan(update, start, jnp.arange(steps))[1]


# These programs run for a tenth of a second: all of LLVM's passes would take longer than they save.
_drives = partial(jax.jit, static_argnums=5, compiler_options={"xla_backend_optimization_level": 1})(
    jax.vmap(_drive, in_axes=(None, 0, 0, 0, 0, None))
)


def _reads_value(optimizer: Optimizer | Transformation) -> bool:
    """Whether its update cannot do without the objective's value."""
    chain, params = optimizer.build(), jnp.asarray(PARAMS)
    try:
        jax.eval_shape(lambda: chain.update(params, chain.init(params), params))
    except TypeError as error:
        return "value" in str(error)
    return False
