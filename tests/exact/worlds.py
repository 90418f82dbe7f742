"""Worlds that are written out text by text, so that what the oracle lists can be listed a second time by hand."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from simulator.environments.base import Plain
from simulator.exact import Situation, list_completions
from simulator.parts import part, static
from simulator.policies.tabular import Tabular
from simulator.rollouts import Sampled


@part
class Spelled(Plain):
    """Each prompt's completions, text by text, with everything that each can pay.

    `said[p]` holds (text, outcomes) pairs, an outcome is (probability, sources); `certain` holds the (prompt, prefix)
    after which the next token is no choice. Every prefix of every prompt is a state.
    """

    said: tuple = static()
    certain: tuple = static(default=())

    def prefixes(self) -> list:
        """(prompt, prefix) of every state."""
        each = ((p, text[:t]) for p, pairs in enumerate(self.said) for text, _ in pairs for t in range(len(text)))
        return list(dict.fromkeys(each))

    def texts(self) -> list:
        return list(dict.fromkeys(text for pairs in self.said for text, _ in pairs))

    num_prompts = property(lambda self: len(self.said))
    vocab_size = property(lambda self: 1 + max(token for text in self.texts() for token in text))
    max_length = property(lambda self: max(map(len, self.texts())))
    num_states = property(lambda self: len(self.prefixes()))
    num_completions = property(lambda self: len(self.texts()))
    num_outcomes = property(lambda self: len(self.said[0][0][1]))
    num_sources = property(lambda self: len(self.said[0][0][1][0][1]))

    def start(self):
        return jnp.array([self.prefixes().index((prompt, ())) for prompt in range(self.num_prompts)])

    def step(self, states, tokens, position):
        number = {prefix: index for index, prefix in enumerate(self.prefixes())}
        after = [
            [number.get((prompt, (*prefix, token)), -1) for token in range(self.vocab_size)]
            for prompt, prefix in self.prefixes()
        ]
        found = jnp.asarray(after)[states, tokens]
        return jnp.where(found < 0, self.start()[:, None], found), found < 0

    def follows(self, states):
        if not self.certain:
            return None
        token = np.full(self.num_states, -1)
        for state, (prompt, prefix) in enumerate(self.prefixes()):
            if (prompt, prefix) in self.certain:
                beyond = (text for text, _ in self.said[prompt] if text[: len(prefix)] == prefix)
                token[state] = next(text[len(prefix)] for text in beyond)
        return jnp.asarray(token)[states]

    def reward_outcomes(self, tokens, mask, rollout):
        texts, shape = self.texts(), (self.num_prompts, self.num_completions, self.num_outcomes)
        values, chances = np.full((*shape, self.num_sources), np.nan), np.full(shape, np.nan)
        for prompt, pairs in enumerate(self.said):
            for text, outcomes in pairs:
                chances[prompt, texts.index(text)] = [chance for chance, _ in outcomes]
                values[prompt, texts.index(text)] = [sources for _, sources in outcomes]
        written = jnp.where(mask, tokens, -1)[:, :, None]
        which = jnp.argmax(jnp.all(written == jnp.asarray(self.completions()), axis=-1), axis=-1)
        prompts = jnp.arange(self.num_prompts)[:, None]
        return jnp.asarray(values)[prompts, which], jnp.asarray(chances)[prompts, which]

    def expected_rewards(self, tokens, mask, rollout):
        values, chances = self.reward_outcomes(tokens, mask, rollout)
        return jnp.sum(chances[..., None] * values, axis=-2)

    def sample_rewards(self, key, tokens, mask, rollout):
        values, chances = self.reward_outcomes(tokens, mask, rollout)
        drawn = jax.random.uniform(key, chances.shape[:-1])[..., None]
        which = jnp.sum(jnp.cumsum(chances, axis=-1)[..., :-1] <= drawn, axis=-1)
        return jnp.take_along_axis(values, which[..., None, None], axis=-2)[..., 0, :]

    def completions(self):
        return np.array([list(text) + [-1] * (self.max_length - len(text)) for text in self.texts()])


def paid(*sources: float) -> tuple:
    """The only outcome of a text."""
    return ((1.0, sources),)


# Two prompts that share no text, and two sources. The second prompt has no choice after its first token, which decides
# how long it goes on.
UNEVEN = Spelled(
    said=(
        (((0,), paid(1.0, 0.2)), ((1, 0), paid(-0.5, 2.0)), ((1, 1), paid(0.3, -1.0))),
        (((0, 0), paid(0.0, 1.0)), ((1, 1, 1), paid(0.7, -2.0))),
    ),
    certain=((1, (0,)), (1, (1,)), (1, (1, 1))),
)

# The same, with rewards that are drawn; one of them can never be had.
CHANCE = Spelled(
    said=(
        (
            ((0,), ((0.25, (1.0, 0.2)), (0.75, (-1.0, 0.0)))),
            ((1, 0), ((0.5, (0.0, 2.0)), (0.5, (1.0, -1.0)))),
            ((1, 1), ((1.0, (0.5, 0.5)), (0.0, (9.0, 9.0)))),
        ),
        (
            ((0, 0), ((0.3, (0.0, 1.0)), (0.7, (0.1, 0.6)))),
            ((1, 1, 1), ((0.6, (-1.0, 1.0)), (0.4, (1.0, 3.0)))),
        ),
    ),
    certain=UNEVEN.certain,
)


def situation(environment, method, params, behavior=None, group_size=2, policy=None, listed=None) -> Situation:
    """The beginning of a rollout at `params`, sampled from `behavior` (the same if None): tables but for a `policy`."""
    if policy is None:
        params, behavior = ({"logits": jnp.asarray(each)} if each is not None else None for each in (params, behavior))
    return Situation(
        environment=environment,
        policy=policy or Tabular(),
        surrogate=method.surrogate(),
        rollouts=Sampled(staleness=0 if behavior is None else 1),
        group_size=group_size,
        rollout=jnp.asarray(0),
        params=params,
        behavior=params if behavior is None else behavior,
        listed=listed or list_completions(environment),
    )


def compiled(function, environment, method, params, behavior=None, **others):
    """`function` of the situation in one program: less to wait for, where shapes are met once."""
    return jax.jit(lambda *both: function(situation(environment, method, *both, **others)))(params, behavior)


def logits(environment, seed: int) -> np.ndarray:
    """A table of logits from N(0, 1)."""
    return np.random.default_rng(seed).normal(size=(environment.num_states, environment.vocab_size))
