"""A name and numbers become an optax optimizer, built inside the traced function."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ..lazy import Array, jnp, optax
from ..parts import Count, NonNegative, Positive, part, static
from ..types import Params
from .across_rollouts import begin_rollout
from .optax_facts import facts_of, has_first_moment, without_memory
from .registry import OPTIMIZERS, OWN
from .remedies import Remedy
from .signatures import schedules

DECAYS = ("weight_decay", "weight_decay_rate", "adam_weight_decay")  # optax's keywords for decoupled decay
Measure = Literal["first_update_kl", "first_update_ratio", "total_kl"]


def _factory(name: str, module: str) -> Any:
    if module == OWN:
        return OPTIMIZERS.function(name)
    return getattr(optax.contrib if module == "optax.contrib" else optax, name)


@part
class Schedule:
    """A learning rate that changes with the update count: any optax schedule by name."""

    name: str = static()
    numbers: dict[str, Any]
    options: tuple[tuple[str, Any], ...] = static(default=())

    def build(self) -> Any:
        return _factory(self.name, schedules()[self.name].module)(**self.numbers, **dict(self.options))


@dataclass(frozen=True)
class Match:
    """A learning rate yet to be found: the one that makes `measure` what it is for another optimizer, or a number."""

    measure: Measure
    to: str | float = field(compare=False)  # the same program finds them all


@part
class Settings:
    """What any optimizer takes beside its own numbers.

    `max_grad_norm` puts a clip of the gradient's global norm before it, as torch does where `max_grad_norm_eps` is
    given. `coupled_weight_decay` adds that much of the parameters to the gradient, after the norm clip, as torch's
    `weight_decay` does outside AdamW. `state` says what becomes of the optimizer's state at every `reset_every`-th
    rollout. `remedies` are wrapped around it all, the first one innermost.
    """

    max_grad_norm: Positive | None = None
    max_grad_norm_eps: NonNegative | None = None
    coupled_weight_decay: NonNegative | None = None
    state: Literal["keep", "reset", "reset_first_moment", "reset_count"] = static(default="keep")
    reset_every: Count = 1
    remedies: tuple[Remedy, ...] = ()

    def build(self) -> optax.GradientTransformationExtraArgs:
        """The optax transformation, with all that is put before and around it."""
        chain = self.bare()  # type: ignore[attr-defined]
        if self.coupled_weight_decay is not None:
            chain = optax.chain(optax.add_decayed_weights(self.coupled_weight_decay), chain)
        if self.max_grad_norm is not None:
            chain = optax.chain(_norm_clip(self.max_grad_norm, self.max_grad_norm_eps), chain)
        for remedy in self.remedies:
            chain = remedy.wrap(chain)
        return optax.with_extra_args_support(chain)

    def begin_rollout(self, state: Any, params: Params, rollout: int | Array) -> Any:
        """The state that a rollout's first update finds."""
        if self.state == "keep":
            return state
        return begin_rollout(self.state, state, self.build().init(params), rollout, self.reset_every)

    @property
    def signals(self) -> tuple[str, ...]:
        """What the remedies have to be told."""
        return tuple(dict.fromkeys(name for remedy in self.remedies for name in remedy.signals))


@part
class Optimizer(Settings):
    """Any optax or optax.contrib optimizer by name, with optax's own keywords.

    `numbers` are leaves: they can be swept without compiling again. `options` (flags, counts, choices) are structure.
    `twin` is its memoryless twin, where it is not the known one. The objective is maximised; optax minimises, so it is
    given the gradient of the loss −J.
    """

    name: str = static()
    numbers: dict[str, Any]
    options: tuple[tuple[str, Any], ...] = static(default=())
    twin: Optimizer | None = None
    match: Match | None = static(default=None)

    def bare(self) -> optax.GradientTransformation:
        """The transformation by itself. Raises ValueError where its learning rate has yet to be found."""
        if self.match is not None:
            raise ValueError(f"the learning rate of {self.name} is matched: run the scenario, which finds it")
        numbers = {key: value.build() if isinstance(value, Schedule) else value for key, value in self.numbers.items()}
        return _factory(self.name, OPTIMIZERS[self.name].module)(**numbers, **dict(self.options))

    def with_learning_rate(self, learning_rate: float | Array) -> Optimizer:
        """The same optimizer at a learning rate that was found."""
        return replace(self, numbers=self.numbers | {"learning_rate": learning_rate}, match=None)

    def undecayed(self) -> Optimizer | None:
        """The same optimizer without weight decay; None where it has none anyway."""
        keywords = OPTIMIZERS[self.name].keywords
        decays = {key for key in DECAYS if key in keywords and (key in self.numbers or keywords[key].default)}
        if not decays and self.coupled_weight_decay is None:
            return None
        coupled = None if self.coupled_weight_decay is None else 0.0
        return replace(self, numbers=self.numbers | dict.fromkeys(decays, 0.0), coupled_weight_decay=coupled)

    def memoryless(self) -> Settings | None:
        """Its memoryless twin: the one it was given, else the known one; None where neither is there."""
        if self.twin is not None:
            return self.twin
        numbers = without_memory(self.name, self.numbers)
        if numbers is None:
            return None
        # what is done to a first moment means nothing to a twin, which may have none
        state = "keep" if self.state == "reset_first_moment" else self.state
        remedies = tuple(remedy for remedy in self.remedies if remedy.kind != "mask_momentum")
        return replace(self, numbers=numbers, state=state, remedies=remedies)

    @property
    def linear_memory(self) -> bool:
        """Whether its coasting is proportional to a first moment that it has."""
        return facts_of(self.name).linear and has_first_moment(self.name, self.numbers) and not self.remedies


@part
class Transformation(Settings):
    """Any `optax.GradientTransformation` object: an optimizer of one's own, from Python.

    Its numbers are compiled in: two objects are two structures. What it decays by is not known: its coasting part has
    the decay in it.
    """

    transformation: Any = static()
    name: str = static(default="transformation")
    twin: Settings | None = None
    match = None
    linear_memory = False

    def bare(self) -> optax.GradientTransformation:
        return self.transformation

    def undecayed(self) -> Transformation | None:
        return None if self.coupled_weight_decay is None else replace(self, coupled_weight_decay=0.0)

    def memoryless(self) -> Settings | None:
        return self.twin


def _norm_clip(max_norm: float | Array, eps: float | Array | None) -> optax.GradientTransformation:
    """optax's clip of the global norm; with eps, which is 1e-6 there, `torch.nn.utils.clip_grad_norm_`.

    g · min(1, max_norm / (‖g‖ + eps))
    """
    if eps is None:
        return optax.clip_by_global_norm(max_norm)

    def clip(updates: Any, params: Any) -> Any:
        return optax.tree.scale(jnp.minimum(1.0, max_norm / (optax.tree.norm(updates) + eps)), updates)

    return optax.stateless(clip)
