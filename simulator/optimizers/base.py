"""A name and numbers become an optax optimizer, built inside the traced function."""

from __future__ import annotations

from typing import Any

from simulator.lazy import Array, jnp, optax
from simulator.optimizers.catalog import optimizers, schedules
from simulator.parts import part, static


def _factory(name: str, module: str) -> Any:
    return getattr(optax.contrib if module == "optax.contrib" else optax, name)


@part
class Schedule:
    """A learning rate that changes with the update count: any optax schedule by name."""

    name: str = static()
    numbers: dict[str, Any]
    options: tuple[tuple[str, Any], ...] = static(())

    def build(self) -> Any:
        return _factory(self.name, schedules()[self.name].module)(**self.numbers, **dict(self.options))


@part
class Optimizer:
    """Any optax or optax.contrib optimizer by name, with optax's own keywords.

    `numbers` are leaves: they can be swept without compiling again. `options` (flags, counts, choices) are
    structure. `max_grad_norm` puts a clip of the gradient's global norm before it, as torch does where
    `max_grad_norm_eps` is given; `coupled_weight_decay` adds that much of the parameters to the gradient, after the
    clip, as torch's `weight_decay` does outside AdamW. The objective is maximised; optax minimises, so it is given the
    gradient of the loss −J.
    """

    name: str = static()
    numbers: dict[str, Any]
    options: tuple[tuple[str, Any], ...] = static(())
    max_grad_norm: float | None = None
    max_grad_norm_eps: float | None = None
    coupled_weight_decay: float | None = None

    def build(self) -> optax.GradientTransformationExtraArgs:
        numbers = {key: value.build() if isinstance(value, Schedule) else value for key, value in self.numbers.items()}
        chain = _factory(self.name, optimizers()[self.name].module)(**numbers, **dict(self.options))
        if self.coupled_weight_decay is not None:
            chain = optax.chain(optax.add_decayed_weights(self.coupled_weight_decay), chain)
        return _clipped(chain, self.max_grad_norm, self.max_grad_norm_eps)


@part
class Transformation:
    """Any `optax.GradientTransformation` object: an optimizer of one's own, from Python.

    Its numbers are compiled in: two objects are two structures.
    """

    transformation: Any = static()
    name: str = static("transformation")
    max_grad_norm: float | None = None

    def build(self) -> optax.GradientTransformationExtraArgs:
        return _clipped(self.transformation, self.max_grad_norm)


def _clipped(chain: Any, max_grad_norm: float | Array | None, eps: float | Array | None = None) -> Any:
    if max_grad_norm is not None and eps is None:
        chain = optax.chain(optax.clip_by_global_norm(max_grad_norm), chain)
    elif max_grad_norm is not None:
        chain = optax.chain(_clip_as_torch(max_grad_norm, eps), chain)
    return optax.with_extra_args_support(chain)


def _clip_as_torch(max_norm: float | Array, eps: float | Array) -> optax.GradientTransformation:
    """g · min(1, max_norm / (‖g‖ + eps)): `torch.nn.utils.clip_grad_norm_`, whose eps is 1e-6."""

    def clip(updates: Any, params: Any) -> Any:
        return optax.tree.scale(jnp.minimum(1.0, max_norm / (optax.tree.norm(updates) + eps)), updates)

    return optax.stateless(clip)
