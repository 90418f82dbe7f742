"""A name and numbers become an optax optimizer, built inside the traced function."""

from __future__ import annotations

from typing import Any

from simulator.lazy import Array, optax
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
    structure. `max_grad_norm` puts a clip of the gradient's global norm before it. The objective is maximised;
    optax minimises, so it is given the gradient of the loss −J.
    """

    name: str = static()
    numbers: dict[str, Any]
    options: tuple[tuple[str, Any], ...] = static(())
    max_grad_norm: float | None = None

    def build(self) -> optax.GradientTransformationExtraArgs:
        numbers = {key: value.build() if isinstance(value, Schedule) else value for key, value in self.numbers.items()}
        chain = _factory(self.name, optimizers()[self.name].module)(**numbers, **dict(self.options))
        return _clipped(chain, self.max_grad_norm)


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


def _clipped(chain: Any, max_grad_norm: float | Array | None) -> Any:
    if max_grad_norm is not None:
        chain = optax.chain(optax.clip_by_global_norm(max_grad_norm), chain)
    return optax.with_extra_args_support(chain)
