"""The oracle that a scenario asks for: `[record] oracle = { kind = "enumerated" }` or `{ kind = "monte_carlo" }`."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from ..environments.base import Environment
from ..lazy import Array
from ..parts import part, static
from ..surrogates.base import Surrogate
from .bias import bias_metrics
from .closed_form import by_pairs, has_closed_form
from .completions import LIMIT, enumerable, num_tokens
from .groups import MAX_WORK, by_groups, work
from .moments import Situation, true_gradient
from .monte_carlo import MonteCarlo


@part
class Enumerated:
    """The method's mean gradient, exactly: over all groups, or in closed form where the method has one."""

    kind: Literal["enumerated"] = static(default="enumerated")

    def measure(self, key: Array, situation: Situation) -> dict[str, Array]:
        on_policy = situation.rollouts.staleness == 0
        moments = by_pairs if on_policy and has_closed_form(situation.surrogate) else by_groups
        return bias_metrics(moments(situation), true_gradient(situation))

    def problem(self, environment: Environment, surrogate: Surrogate, group_size: int, on_policy: bool) -> str | None:
        """Why the enumeration cannot be made, with the numbers; None where it can."""
        instead = 'use a smaller environment or group, or { kind = "monte_carlo" }'
        if not enumerable(environment):
            return f"all completions have {_about(num_tokens(environment))} tokens together, over {LIMIT:,}: {instead}"
        if environment.num_outcomes is None:
            return f"rewards that are drawn from a continuum cannot be listed: {instead}"
        if on_policy and has_closed_form(surrogate):
            return None
        batches, operations = work(environment, surrogate, group_size)
        if operations <= MAX_WORK:
            return None
        return (
            f"{_about(batches)} different batches of groups of {group_size} over completions with "
            f"{num_tokens(environment):,} tokens in all take {_about(operations)} operations a rollout, the bound is "
            f"{_about(MAX_WORK)}: {instead}"
        )


def _about(count: int) -> str:
    """Three digits of a count that may be too large for a float."""
    return f"{Decimal(count):.2e}"


Oracle = Annotated[Enumerated | MonteCarlo, Field(discriminator="kind")]
