"""Remedies against optimizer overshoot, as optax wrappers for any training loop. Needs jax and optax, nothing else.

A clip stops the gradient, not the optimizer: its first moment carries the ratio past the bound. Each wrapper takes an
optax optimizer and returns one; what it must know of the clip it reads from the extra arguments of

    optimizer.update(grads, opt_state, params, **signals)

| signal          | what it is, before this update                                       | who reads it             |
|-----------------|----------------------------------------------------------------------|--------------------------|
| `clip_active`   | share of the tokens whose gradient the clip makes exactly zero       | `skip_when_clipped`      |
| `clipped_away`  | ∇(loss without the clip) − ∇(loss), the latter being `grads`: a tree | `mask_momentum`, `brake` |
| `max_log_ratio` | largest abs(log π − log π_behavior) over the rollout's tokens        | `stop_at(ratio=…)`       |
| `kl`            | estimate of KL(behavior ‖ policy) per token                          | `stop_at(kl=…)`          |
| `update`        | index of this update within its rollout, from 0                      | `reposition`             |
| `num_updates`   | updates in a rollout                                                 | `reposition`             |

Every wrapper hands all extra arguments on to the optimizer inside it and ignores those that it does not know; one that
it needs and does not get raises a TypeError with its name. All numbers may be traced: they can be swept with `vmap`.
"""

from .braking import brake
from .first_moment import first_moments, map_first_moments, reset_counts, reset_first_moments
from .masking import mask_momentum
from .recentring import recentred
from .repositioning import reposition
from .skipping import skip_when_clipped
from .stopping import stop_at

__all__ = [
    "brake",
    "first_moments",
    "map_first_moments",
    "mask_momentum",
    "recentred",
    "reposition",
    "reset_counts",
    "reset_first_moments",
    "skip_when_clipped",
    "stop_at",
]
