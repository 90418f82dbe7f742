"""A surrogate objective in plain NumPy on four given completions, and its gradient by central differences."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import simulator as sim
from simulator.environments.rewards import CountToken
from simulator.probes.base import PROBES, Probe
from tests.environments import prefixes

WORLD = sim.environments.TokenTree(
    vocab_size=3, max_length=3, num_prompts=2, reward=CountToken(token=1), length_cost=0.1
)
SAID = (((1, 0), (2, 2, 1)), ((2, 0), (1, 1, 2)))
PREFIXES = prefixes.unfinished(3, 3)
KEY = jax.random.key(3)
RATE = 0.5


def row(prompt, prefix):
    """The state's number in a table."""
    return prompt * len(PREFIXES) + PREFIXES.index(prefix)


def experiment(policy, epochs):
    """Updates of Dr. GRPO by plain SGD on the given completions."""
    return sim.Experiment(
        environment=WORLD,
        policy=policy,
        method=sim.methods.DrGRPO(clip_low=0.2, clip_high=0.2),
        optimizer=sim.optimizer("sgd", learning_rate=RATE),
        training=sim.Training(num_rollouts=1, group_size=2, epochs=epochs),
        rollouts=sim.rollouts.Fixed(completions=np.array([[[1, 0, -1], [2, 2, 1]], [[2, 0, -1], [1, 1, 2]]])),
        record=sim.Record(probes=("ratio", "clip")),
    )


def noisy(params):
    """Every parameter moved by noise of its own."""
    flat, unravel = ravel_pytree(params)
    return unravel(flat + 0.3 * jax.random.normal(jax.random.key(8), flat.shape, flat.dtype))


def updates(policy, count):
    """The parameters before each of the loop's updates and after the last, and their gradients, as vectors."""

    def vectors(step):
        return {name: ravel_pytree(getattr(step, name))[0] for name in ("params", "grads")}

    asked = replace(experiment(policy, count), record=sim.Record(probes=("vectors",)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PROBES.members, "vectors", Probe(vectors))
        found = jax.jit(sim.simulate)(asked, KEY).metrics
    start = ravel_pytree(sim.init(asked, KEY).params)[0]
    return np.concatenate([start[None], found["params"][0]]), np.asarray(found["grads"][0])


def log_softmax(logits):
    return logits - np.log(np.sum(np.exp(logits)))


def objective(logits, behavior_logits):
    """J = 1/(4 · 3) Σ min( ρ A, clamp(ρ, 0.8, 1.2) A ); both arguments are functions of a prompt and a prefix."""
    total = 0.0
    for prompt, group in enumerate(SAID):
        rewards = [text.count(1) - 0.1 * len(text) for text in group]
        for text, reward in zip(group, rewards, strict=True):
            advantage = reward - np.mean(rewards)
            for t, token in enumerate(text):
                speaks, spoke = (log_softmax(f(prompt, text[:t]))[token] for f in (logits, behavior_logits))
                ratio = np.exp(speaks - spoke)
                total += min(ratio * advantage, np.clip(ratio, 0.8, 1.2) * advantage)
    return total / (4 * 3)


def slopes(function, point, directions, step=1e-6):
    """The derivative of a function of a vector in each direction."""
    return np.array([(function(point + step * d) - function(point - step * d)) / (2 * step) for d in directions])
