"""Divergences and entropy of distributions written by hand."""

from math import log

import jax.numpy as jnp
import numpy as np
import pytest

from simulator import exact
from simulator.environments.bandit import Bandit
from simulator.policies.tabular import Tabular
from simulator.probes.divergences import entropy, kl
from tests.probes.steps import step_of

pytestmark = pytest.mark.usefixtures("strict_promotion")


def test_the_estimators_are_the_trainers():
    # log-ratios ln 2, −ln 2 and 0; the fourth token was never said
    found = kl(step_of([[[2.0, 0.5], [1.0, 7.0]]], mask=[[[1, 1], [1, 0]]]))
    assert found == pytest.approx(
        {
            "kl/behavior_k1": 0.0,
            "kl/behavior_k2": log(2) ** 2 / 3,  # (½ ln² 2 + ½ ln² 2 + 0) / 3
            "kl/behavior_k3": (2 - 1 - log(2) + 0.5 - 1 + log(2)) / 3,
        },
        abs=1e-14,
    )


def test_k1_is_positive_where_the_policy_says_less_of_what_was_said():
    assert float(kl(step_of([[[0.5]]]))["kl/behavior_k1"]) == pytest.approx(log(2), rel=1e-14)


def test_the_exact_divergences_are_sums_over_the_arms():
    found = kl(
        step_of(
            [[[1.0]]],
            policy=Tabular(),
            listed_behavior=jnp.log(jnp.array([[0.5, 0.5]])),
            listed_reference=jnp.log(jnp.array([[0.25, 0.75]])),
            params={"logits": jnp.log(jnp.array([[0.8, 0.2]]))},
            listed=exact.list_completions(Bandit(rewards=np.array([[1.0, 0.0]]))),
        )
    )
    behavior = 0.5 * log(0.5 / 0.8) + 0.5 * log(0.5 / 0.2)  # KL(behavior ‖ policy)
    reference = 0.8 * log(0.8 / 0.25) + 0.2 * log(0.2 / 0.75)  # KL(policy ‖ reference)
    assert float(found["kl/behavior_exact"]) == pytest.approx(behavior, rel=1e-13)
    assert float(found["kl/reference_exact"]) == pytest.approx(reference, rel=1e-13)


def test_exact_divergences_are_absent_where_completions_cannot_be_listed():
    assert {"kl/behavior_exact", "kl/reference_exact"}.isdisjoint(kl(step_of([[[1.0]]])))


def test_entropy_is_that_of_the_rows_the_tokens_were_drawn_from():
    rows = jnp.log(jnp.array([[0.5, 0.5], [0.9, 0.1], [0.25, 0.75], [0.5, 0.5]]))  # a row per token
    step = step_of([[[1.0, 1.0], [1.0, 1.0]]], mask=[[[1, 1], [1, 0]]], log_probs=rows)
    each = [log(2), -0.9 * log(0.9) - 0.1 * log(0.1), -0.25 * log(0.25) - 0.75 * log(0.75)]
    assert float(entropy(step)["entropy"]) == pytest.approx(sum(each) / 3, rel=1e-13)


def test_what_follows_with_certainty_counts_as_a_token_without_entropy():
    step = step_of([[[1.0, 1.0, 1.0]]], chosen=[[[1, 1, 0]]], log_probs=jnp.log(jnp.full((3, 2), 0.5)))
    assert float(entropy(step)["entropy"]) == pytest.approx(2 * log(2) / 3, rel=1e-14)


def test_the_exact_entropy_is_that_of_whole_completions():
    step = step_of(
        [[[1.0]]],
        policy=Tabular(),
        params={"logits": jnp.log(jnp.array([[0.8, 0.2], [0.5, 0.5]]))},
        listed=exact.list_completions(Bandit(rewards=np.array([[1.0, 0.0], [0.0, 1.0]]))),
    )
    expected = (-0.8 * log(0.8) - 0.2 * log(0.2) + log(2)) / 2  # mean over two prompts
    assert float(entropy(step)["entropy/exact"]) == pytest.approx(expected, rel=1e-14)


def test_the_exact_entropy_is_absent_where_completions_cannot_be_listed():
    assert set(entropy(step_of([[[1.0]]]))) == {"entropy"}
