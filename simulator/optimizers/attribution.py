"""An update taken apart: what memory makes of it, what decay does, and what this update's gradient adds.

    update = coasting + fresh + decay,   coasting = opt.update(0, state),   decay = update − opt without decay

It asks nothing of an optimizer but that it is called again, so it holds for any of optax's and for one of one's own.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from ..lazy import optax, remedies
from ..parts import part
from ..types import Params


@runtime_checkable
class Attributable(Protocol):
    """What is asked of an optimizer part."""

    def build(self) -> Any: ...

    def undecayed(self) -> Attributable | None: ...

    @property
    def linear_memory(self) -> bool: ...


@part
class Attribution:
    """The parts of one update, each as large as the parameters.

    `earlier` is what gradients of earlier rollouts left of the coasting part; None where the coasting part is not
    linear in a first moment, so that it cannot be divided. `decay` is None for an optimizer without any.
    """

    coasting: Params
    fresh: Params
    decay: Params | None
    earlier: Params | None


def old_momentum(optimizer: Attributable, state: Any) -> Params | None:
    """The first moment that a rollout begins with; None where the coasting part cannot be divided."""
    return remedies.first_moments(state)[0] if optimizer.linear_memory else None


def attribute(
    optimizer: Attributable,
    grads: Params,
    state: Any,
    params: Params,
    signals: dict[str, Any],
    updates: Params,
    old: Params | None,
) -> tuple[Attribution, Params | None]:
    """The parts of `updates`, which `optimizer` made of `grads` in `state`.

    `old` is what is left of the first moment that the rollout began with; it is returned as the next update finds it.
    """
    without, nothing = optimizer.undecayed(), optax.tree.zeros_like(grads)
    bare, decay = optimizer.build() if without is None else without.build(), None
    if without is not None:
        decay = optax.tree.sub(updates, bare.update(grads, state, params, **signals)[0])
    coasting, _ = bare.update(nothing, state, params, **signals)
    fresh = optax.tree.sub(updates, coasting if decay is None else optax.tree.add(coasting, decay))
    earlier = None
    if old is not None:
        remembered = remedies.map_first_moments(lambda now, then: then, state, old)
        earlier, after = bare.update(nothing, remembered, params, **signals)
        old = remedies.first_moments(after)[0]
    return Attribution(coasting=coasting, fresh=fresh, decay=decay, earlier=earlier), old
