"""What a run costs, before it runs: seconds, bytes in memory, bytes on disk.

The rates were measured (docs/performance.md) and are good to a factor of about two: enough to cut work into chunks of
seconds, and to refuse what no disk would hold.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..experiment import Experiment
from ..lazy import jax, jnp
from ..probes import PROBES
from ..types import Completions

# Seconds on one core: per update, per entry of the policy's rows in one update, per token in one update and rollout.
SECONDS_AN_UPDATE = 2e-7
SECONDS_AN_ENTRY = 6e-9
SECONDS_A_TOKEN = 2e-8
FLOPS = 3e9  # of a network's matrix products
PASSES = 12  # a network goes forwards and backwards so often per update, in units of one forward pass

ARRAYS_ALIVE = 12  # about so many arrays of the size of the parameters live in one update
DISK_SHARE = 0.3  # what compression leaves of recorded numbers: 0.08 to 0.32 was measured


@dataclass(frozen=True)
class Cost:
    """One rollout of one lane: seconds on one core, bytes of its recorded arrays and on disk; bytes alive meanwhile."""

    seconds: float
    recorded_bytes: float
    disk_bytes: float
    live_bytes: float


def cost(experiment: Experiment) -> Cost:
    """What one rollout of one lane costs."""
    environment, training, record = experiment.environment, experiment.training, experiment.record
    parameters, rows = _sizes(experiment)
    tokens = environment.num_prompts * training.group_size * environment.max_length
    updates, entries = training.updates_per_rollout, rows * environment.vocab_size
    probes = 1 + len(record.active_probes) / 4 + 2 * record.twin
    each = SECONDS_AN_UPDATE + probes * (SECONDS_AN_ENTRY * entries + SECONDS_A_TOKEN * tokens)
    if parameters != entries:  # no table: every row is a pass through it
        each += PASSES * 2 * parameters * rows / FLOPS
    metrics = len(PROBES.declared(record.active_probes, environment.task_names))
    numbers = updates * metrics
    kept = 0.0
    if record.token_stride is not None:
        kept = tokens * (updates * (2 + record.attributed) + 2) / record.token_stride
    replayed = sum(np.asarray(leaf).nbytes for leaf in jax.tree.leaves(experiment.rollouts))
    return Cost(
        seconds=updates * each + 2 * SECONDS_A_TOKEN * tokens * math.log2(max(environment.vocab_size, 2)),
        recorded_bytes=8 * (numbers + kept),
        disk_bytes=DISK_SHARE * (8 * numbers + 4 * kept),
        live_bytes=8 * ARRAYS_ALIVE * (parameters + entries * (parameters != entries) + tokens) + replayed,
    )


def _sizes(experiment: Experiment) -> tuple[int, int]:
    """How many numbers the policy trains, and how many rows of logits it makes of a rollout."""
    environment = experiment.environment
    group = (environment.num_prompts, experiment.training.group_size, environment.max_length)

    def shapes() -> tuple[object, jax.Array]:
        key = jax.random.key(0)
        policy = experiment.policy.prepare(key, environment)
        tokens, flags = jnp.zeros(group, int), jnp.zeros(group, bool)
        completions = Completions(states=tokens, tokens=tokens, mask=flags, chosen=flags)
        params = policy.init(key, environment)
        return params, policy.logits(params, completions)

    params, logits = jax.eval_shape(shapes)
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(params)), logits.shape[0]
