"""Reward rules on completions written by hand."""

import jax.numpy as jnp
import numpy as np
import pytest

from simulator.environments.rewards import CountToken, Match, Table

pytestmark = pytest.mark.usefixtures("strict_promotion")

LONGEST = 3
END, SHORT, EXACT, EXACT_NO_END, OTHER = (0,), (1, 0), (1, 2, 0), (1, 2, 1), (2, 1, 0)


def value(rule, *texts, longest=LONGEST):
    """What each text is worth; what follows its end is filled with tokens that must not count."""
    tokens = jnp.array([[list(text) + [2] * (longest - len(text)) for text in texts]])
    mask = jnp.array([[[position < len(text) for position in range(longest)] for text in texts]])
    return rule.value(tokens, mask)[0].tolist()


def test_a_match_wants_exactly_the_target():
    assert value(Match(target=(1, 2)), END, SHORT, EXACT, EXACT_NO_END, OTHER) == [0, 0, 1, 0, 0]


def test_the_end_token_of_a_target_may_be_left_out():
    assert value(Match(target=(1, 2, 0)), END, SHORT, EXACT, EXACT_NO_END, OTHER) == [0, 0, 1, 0, 0]
    assert value(Match(target=(1,)), SHORT, EXACT) == [1, 0]


def test_a_target_of_full_length_ends_without_an_end_token():
    assert value(Match(target=(1, 2, 1)), EXACT, EXACT_NO_END, OTHER) == [0, 1, 0]
    assert value(Match(target=(1, 2)), (1, 2), (1, 0), (2, 2), longest=2) == [1, 0, 0]


def test_the_empty_completion_can_be_a_target():
    assert value(Match(target=(0,)), END, SHORT, EXACT) == [1, 0, 0]


@pytest.mark.parametrize(
    ("token", "counts"),
    [
        (0, [1, 1, 1, 0, 1]),
        (1, [0, 1, 1, 2, 1]),
        (2, [0, 0, 1, 1, 1]),  # what stands behind the end does not count
    ],
)
def test_a_token_is_counted_up_to_the_end(token, counts):
    assert value(CountToken(token=token), END, SHORT, EXACT, EXACT_NO_END, OTHER) == counts


def test_a_table_gives_each_completion_its_value_and_the_others_one_of_their_own():
    table = Table(completions=((1,), (1, 2, 1), (2, 1, 0)), values=np.array([0.25, -2.0, 7.0]), otherwise=-0.5)
    assert value(table, END, SHORT, EXACT, EXACT_NO_END, OTHER) == [-0.5, 0.25, -0.5, -2.0, 7.0]
