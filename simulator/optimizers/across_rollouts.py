"""What becomes of an optimizer's state when the next rollout begins.

Trainers keep one optimizer for the whole run, so a rollout's first updates carry momentum that older rollouts left.
"reset" starts it anew, "reset_first_moment" takes the momentum alone, "reset_count" the count of the bias corrections
(Adam-Rel). A schedule's count goes on in any case: it counts the run. (momo, prodigy, dadapt_adamw, madgrad and
simplified_ademamix have one count for both: a "reset" begins it again.)

Reference: Adam-Rel, arXiv:2412.17113; resets, arXiv:2306.17833.
"""

from __future__ import annotations

from typing import Any

from ..lazy import Array, jax, jnp, remedies

# What of a state counts for a schedule: the class of the state, its field.
SCHEDULE_COUNTS = {"ScaleByScheduleState": "count", "WeightDecaySchedule": "count", "ScaleByAdemamixState": "count_m2"}


def begin_rollout(how: str, state: Any, initial: Any, rollout: int | Array, every: int | Array) -> Any:
    """The state that rollout number `rollout` begins with: as it was, unless this is one of every so many."""
    if how == "reset":
        begun = _but_schedules(initial, state)
    elif how == "reset_first_moment":
        begun = remedies.reset_first_moments(state)
    else:
        begun = remedies.reset_counts(state)
    due = (rollout % every == 0) & (rollout > 0)
    return jax.tree.map(lambda new, old: jnp.where(due, new, old), begun, state)


def _but_schedules(initial: Any, state: Any) -> Any:
    """The initial state with the schedules' counts of the present one."""

    def count(node: Any) -> str | None:
        return SCHEDULE_COUNTS.get(type(node).__name__)

    def begun(first: Any, now: Any) -> Any:
        return first if count(first) is None else first._replace(**{count(first): getattr(now, count(first))})  # type: ignore[arg-type]

    return jax.tree.map(begun, initial, state, is_leaf=lambda node: count(node) is not None)
