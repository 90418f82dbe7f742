"""The first moment in any optax state: what an optimizer remembers of past gradients and goes on moving along.

A new optimizer is one entry in `FIRST_MOMENTS`.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from simulator.remedies.states import get_fields, map_fields

# What is linear in past gradients without being a first moment stays out: previous gradients (Adan's g, Rprop's and
# the optimistic ones' previous updates), sums over the whole run (MADGRAD's s, COCOB's and Prodigy's sums, iterates of
# schedule-free methods) and the mean that centred RMSProp subtracts (ScaleByRStdDevState.mu).
FIRST_MOMENTS = {
    "ScaleByAdamState": ("mu",),  # also Adamax, ADOPT, LAMB, NAdam, RAdam, Yogi, optimistic Adam, GaLore's base
    "ScaleByAmsgradState": ("mu",),
    "ScaleByBeliefState": ("mu",),  # AdaBelief, ACProp
    "ScaleByLionState": ("mu",),
    "ScaleByNovogradState": ("mu",),
    "ScaleBySM3State": ("nu",),  # optax's mu is SM3's cover of squared gradients
    "TraceState": ("trace",),  # SGD and RMSProp with momentum, LARS
    "EmaState": ("ema",),  # Signum, Adafactor with momentum
    "MuonState": ("mu",),
    "SophiaState": ("mu",),
    "ScaleByAdanState": ("m", "v"),  # of gradients and of their differences: the update follows both
    "ScaleByAdemamixState": ("m1", "m2"),  # fast and slow
    "ScaleBySimplifiedAdEMAMixState": ("m",),
    "MomoState": ("exp_avg",),
    "MomoAdamState": ("exp_avg",),
    "ProdigyState": ("exp_avg",),
    "DAdaptAdamWState": ("exp_avg",),
}


def first_moments(state: Any) -> list[Any]:
    """Every first moment in an optax state: trees like the parameters, some with `optax.MaskedNode` for leaves.

    Raises ValueError, which names the classes of the state, when there is none.
    """
    return get_fields(state, FIRST_MOMENTS, "first moment")


def map_first_moments(function: Callable[..., Any], state: Any, *trees: Any) -> Any:
    """The state with m ← function(m, *x) in every leaf m of every first moment, x being the leaves of `trees` there.

    where `trees` are like the parameters. Shapes, dtypes and all else of the state are kept.
    Raises ValueError when there is no first moment, or when one has another shape than its parameter (GaLore keeps
    its moments in a projected space).
    """

    def leaf(moment: Any, *beside: Any) -> Any:
        if _masked(moment):
            return moment
        for other in beside:
            if jnp.shape(other) != moment.shape:
                raise ValueError(f"a first moment of shape {moment.shape} meets a tree of shape {jnp.shape(other)}")
        return jnp.full_like(moment, function(moment, *beside))

    def tree(moment: Any) -> Any:
        return jax.tree.map(leaf, moment, *trees, is_leaf=_masked)

    return map_fields(tree, state, FIRST_MOMENTS, "first moment")


def reset_first_moments(state: Any) -> Any:
    """The state with m = 0: the optimizer forgets where it was going; second moments and counts stay.

    Raises ValueError as `first_moments` does.
    """
    return map_first_moments(jnp.zeros_like, state)


def _masked(node: Any) -> bool:
    return isinstance(node, optax.MaskedNode)
