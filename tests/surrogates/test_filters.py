"""Filters: small batches whose kept tokens can be read off, and loops over all pairs of ragged completions."""

import itertools
from typing import get_args

import jax.numpy as jnp
import numpy as np
import pytest

from simulator.surrogates.filters import Conflicts, Filter, LargeAdvantages, OnPolicy
from simulator.types import Minibatch

pytestmark = pytest.mark.usefixtures("strict_promotion")

FILTERS = [OnPolicy(threshold=0.1), LargeAdvantages(threshold=0.5), Conflicts(), Conflicts(most_entropy=0.7)]
LETTERS = "abcdefghij"
EVEN, SURE = 0, 1  # rows: one says all ten letters with the same probability, the other says one alone
MOST = np.log(10.0)  # the entropy of the first; the other's is 0


def batch_of(groups, advantages, log_ratios=0.0, rows=EVEN):
    """Completions written as words, their advantages, the log-ratios of their tokens and the rows that said them."""
    length = max(len(word) for group in groups for word in group)
    shape = (len(groups), len(groups[0]), length)
    mask, tokens = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=int)
    for (p, i), word in np.ndenumerate(np.array(groups)):
        mask[p, i, : len(word)], tokens[p, i, : len(word)] = True, [LETTERS.index(letter) for letter in word]
    table = np.log(np.stack([np.full(10, 0.1), [1.0 - 9e-300] + [1e-300] * 9]))
    rows = np.broadcast_to(rows, shape)
    return Minibatch(
        log_probs=jnp.asarray(table),
        reference_log_probs=jnp.asarray(table),
        behavior_logprobs=jnp.asarray(np.where(mask, table[rows, tokens] - log_ratios, 0.0)),
        rows=jnp.asarray(rows),
        tokens=jnp.asarray(tokens),
        mask=jnp.asarray(mask),
        chosen=jnp.asarray(mask),
        advantages=jnp.asarray(advantages, dtype=float),
    )


def kept(which, batch):
    """The factors of each completion's own tokens."""
    factors, mask = np.asarray(which(batch)), np.asarray(batch.mask)
    assert factors.shape == mask.shape
    return [[factors[p, i][mask[p, i]].tolist() for i in range(mask.shape[1])] for p in range(mask.shape[0])]


def factors_of(words, advantages, which=None):
    """Of one group, as one string of digits for each completion."""
    (found,) = kept(Conflicts() if which is None else which, batch_of([words], [advantages]))
    return ["".join(f"{factor:g}" for factor in row) for row in found]


def test_every_filter_is_tested():
    assert {type(each) for each in FILTERS} == set(get_args(Filter)[1].members.values())


# OnPolicy


def test_bad_completions_that_the_policy_has_left_behind_are_dropped():
    # log π − log π_behavior; the mean of its negative is 0.3, −0.2, 0.3, 0.1, 0.5
    log_ratios = [[[-0.6, 0.0, 0.0], [0.2, 0.0, 0.0], [-0.1, -0.5, -0.3], [-0.1, -0.1, 0.0], [-0.5, 0.0, 0.0]]]
    words, advantages = ["ab", "a", "abc", "ab", "a"], [-1.0, -1.0, 1.0, -0.5, 0.0]
    (found,) = kept(OnPolicy(threshold=0.2), batch_of([words], [advantages], log_ratios))
    assert found == [[0.0, 0.0], [1.0], [1.0, 1.0, 1.0], [1.0, 1.0], [1.0]]  # the first alone is bad and far


def test_the_distance_is_a_mean_over_the_completions_own_tokens():
    # −0.3 in one token is far; the same over three is not
    log_ratios = [[[-0.3, 0.0, 0.0], [-0.3, 0.0, 0.0]]]
    (found,) = kept(OnPolicy(threshold=0.2), batch_of([["a", "abc"]], [[-1.0, -1.0]], log_ratios))
    assert found == [[0.0], [1.0, 1.0, 1.0]]


def test_on_policy_nothing_is_dropped():
    (found,) = kept(OnPolicy(threshold=1e-9), batch_of([["ab", "c"]], [[-1.0, 1.0]]))
    assert found == [[1.0, 1.0], [1.0]]


# LargeAdvantages


def test_completions_with_an_advantage_that_is_not_larger_than_the_threshold_are_dropped():
    batch = batch_of([["ab", "c", "a", "bc", "a"]], [[0.5, -0.5, 0.6, -0.7, 0.0]])
    (found,) = kept(LargeAdvantages(threshold=0.5), batch)
    assert found == [[0.0, 0.0], [0.0], [1.0], [1.0, 1.0], [0.0]]


def test_a_threshold_of_zero_drops_what_pushes_nothing_anyway():
    (found,) = kept(LargeAdvantages(threshold=0.0), batch_of([["ab", "c"]], [[1e-12, 0.0]]))
    assert found == [[1.0, 1.0], [0.0]]


# Conflicts


@pytest.mark.parametrize(
    ("words", "advantages", "expected"),
    [
        (["abc", "abd"], [1, -1], ["221", "001"]),  # a shared beginning
        (["cab", "dab"], [1, -1], ["122", "100"]),  # a shared ending
        (["abc", "abc"], [1, -1], ["222", "000"]),  # all of it
        (["ab", "abc"], [1, -1], ["22", "001"]),  # one is the beginning of the other
        (["cab", "ab"], [1, -1], ["122", "00"]),  # one is the ending of the other
        (["aba", "aca"], [1, -1], ["212", "010"]),  # both ends
        (["bac", "dae"], [1, -1], ["111", "111"]),  # the middle alone is no conflict
        (["abab", "cbad"], [1, -1], ["1111", "1111"]),  # nor is it at the same place
        (["abc", "abd"], [1, 1], ["111", "111"]),  # two good ones may agree
        (["abc", "abd"], [-1, -1], ["111", "111"]),
        (["abc", "abd"], [1, 0], ["111", "111"]),  # one without a push has no side
        (["abc", "abd", "aef"], [1, -1, 1], ["221", "001", "211"]),  # with whom anyone agrees
        (["a", "bca"], [1, -1], ["2", "110"]),  # counted from the end, of different lengths
        (["ab", "cdab", "eb"], [-0.3, 5.0, 2.0], ["00", "1122", "12"]),  # however large the advantages
    ],
)
def test_what_good_and_bad_completions_share_is_pushed_by_the_good_ones_alone(words, advantages, expected):
    assert factors_of(words, advantages) == expected


def test_other_groups_are_no_conflict():
    found = kept(Conflicts(), batch_of([["ab", "cd"], ["ab", "cd"]], [[1.0, 1.0], [-1.0, -1.0]]))
    assert found == [[[1.0, 1.0], [1.0, 1.0]]] * 2


def test_a_completion_that_takes_no_part_is_no_conflict():
    assert factors_of(["ab", "", "ac"], [1, -1, 1]) == ["11", "", "11"]


def looped(words, advantages):
    """Every pair, from both ends, letter by letter."""
    found = [[1.0] * len(word) for word in words]
    for i, j in itertools.permutations(range(len(words)), 2):
        if advantages[i] * advantages[j] >= 0:
            continue
        factor = 2.0 if advantages[i] > 0 else 0.0
        for step in (1, -1):
            pairs = zip(words[i][::step], words[j][::step], strict=False)
            for t, _ in enumerate(itertools.takewhile(lambda pair: pair[0] == pair[1], pairs)):
                found[i][t if step == 1 else len(words[i]) - 1 - t] = factor
    return found


@pytest.mark.parametrize("seed", range(5))
def test_the_conflicts_of_random_words_are_those_of_all_their_pairs(seed):
    rng = np.random.default_rng(seed)
    words = [["".join(rng.choice(["a", "b"], size=rng.integers(0, 6))) for _ in range(6)] + ["ababab"] for _ in "12"]
    advantages = rng.choice([-1.0, 0.0, 2.0], size=(2, 7))
    found = kept(Conflicts(), batch_of(words, advantages))
    assert found == [looped(*group) for group in zip(words, advantages, strict=True)]


def test_completions_of_which_the_policy_is_unsure_are_left_out():
    # mean entropies, in units of log 10: 1, ½, 0, ⅓
    rows = [[[EVEN, EVEN, EVEN], [EVEN, SURE, SURE], [SURE, SURE, SURE], [SURE, SURE, EVEN]]]
    batch = batch_of([["ab", "ac", "a", "bcd"]], [[1.0, 1.0, 1.0, -1.0]], rows=rows)
    for bound, expected in [
        (1.01, [1, 1, 1, 1]),
        (0.99, [0, 1, 1, 1]),
        (0.49, [0, 0, 1, 1]),
        (0.32, [0, 0, 1, 0]),
    ]:
        (found,) = kept(Conflicts(most_entropy=bound * MOST), batch)
        assert [set(row) for row in found] == [{float(factor)} for factor in expected]


def test_an_unsure_completion_still_is_a_conflict_for_the_others():
    rows = [[[EVEN, EVEN, EVEN], [SURE, SURE, SURE]]]
    batch = batch_of([["abc", "abd"]], [[-1.0, 1.0]], rows=rows)
    assert kept(Conflicts(most_entropy=0.5 * MOST), batch) == [[[0.0, 0.0, 0.0], [2.0, 2.0, 1.0]]]


@pytest.mark.parametrize("which", FILTERS, ids=repr)
def test_own_group_says_whether_another_group_counts(which):
    first, log_ratios = ["ab", "ac", "bc"], np.random.default_rng(0).normal(size=(2, 3, 3))
    batches = [
        batch_of([first, second], [[1.0, -1.0, -0.2], advantages], log_ratios)
        for second, advantages in ((["abc", "c", "ab"], [-1.0, 1.0, 0.1]), (["d", "dd", "ddd"], [3.0, 3.0, 3.0]))
    ]
    one, other = (kept(which, batch)[0] for batch in batches)
    assert which.own_group and one == other
