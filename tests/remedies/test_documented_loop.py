"""The loop of docs/remedies.md: momentum carries the ratio past the bound, and each remedy holds it back."""

import numpy as np
import optax
import pytest

from simulator.remedies import brake, mask_momentum, reset_first_moments
from tests.remedies import page

ADAM, MEMORYLESS = 1.8178, 1.6151


def test_the_page_prints_what_it_says():
    assert page.run().printed == page.blocks()[1]


def test_adam_overshoots_its_memoryless_twin():
    ends = page.run().names["ends"]
    np.testing.assert_allclose(ends["Adam"], ADAM, atol=5e-5)
    np.testing.assert_allclose(ends["Adam, b1 = 0"], MEMORYLESS, atol=5e-5)


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("mask_momentum", 1.2832),
        ("brake", 1.2801),
        ("skip_when_clipped", 1.6167),
        ("stop_at ratio 1.2", 1.2249),
        ("reposition", 1.3847),
    ],
)
def test_every_remedy_ends_lower(name, end):
    assert end < ADAM
    np.testing.assert_allclose(page.run().names["ends"][name], end, atol=5e-5)


@pytest.mark.parametrize("remedy", [mask_momentum, brake])
def test_in_the_long_run_the_ratio_ends_where_the_clip_alone_lets_it_go(remedy):
    """All wrong answers stop at (1 − ε) π_behavior, so that the right one has 1 + ε (1 − π_behavior) / π_behavior."""
    adam = optax.adam(0.02)
    np.testing.assert_allclose(page.largest_ratio(remedy(adam), 400), 1 + 0.2 * 0.75 / 0.25, atol=5e-3)
    assert page.largest_ratio(adam, 400) > 1.86


def test_a_memory_that_is_reset_at_every_update_is_a_mask_without_conditions():
    """Two routes: Adam that forgets before each update, and masking that always finds everything clipped."""

    def forgets(updates, state, params=None, **signals):
        return optax.adam(0.02).update(updates, reset_first_moments(state), params)

    forgetful = optax.GradientTransformationExtraArgs(optax.adam(0.02).init, forgets)
    masked = mask_momentum(optax.adam(0.02))

    def always(updates, state, params=None, *, clipped_away, **signals):
        return masked.update(updates, state, params, clipped_away=optax.tree.scale(3.0, updates), **signals)

    always = optax.GradientTransformationExtraArgs(masked.init, always)
    np.testing.assert_allclose(page.largest_ratio(always), page.largest_ratio(forgetful), rtol=1e-12)
