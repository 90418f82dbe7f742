"""Files of recorded rollouts: what is read of them, and what is refused in which words."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import simulator as sim
from simulator.rollouts.files import read_rollouts

# Two rollouts of four completions of up to three tokens, ragged; the last of the first rollout has a hole
TOKENS = np.array([[[1, 0, 2], [2, 1, 0], [0, 0, 0], [1, 2, 1]], [[0, 2, 2], [1, 1, 0], [2, 0, 0], [2, 1, 1]]])
MASK = np.array([[[1, 1, 1], [1, 1, 0], [1, 0, 0], [1, 0, 1]], [[1, 1, 1], [1, 1, 0], [1, 0, 0], [1, 1, 1]]], bool)
UNREAD = ~MASK & ~np.array([[[0] * 3] * 3 + [[0, 1, 0]], [[0] * 3] * 4], bool)  # token 1 of the hole is what 2 follows
PROMPTS = np.array([[0, 0, 2, 2], [1, 1, 0, 0]])
REWARDS = np.array([[1.0, 0.0, 0.5, -1.0], [0.25, 0.75, 2.0, 0.0]])
ADVANTAGES = np.array([[1.0, -1.0, 0.5, -0.5], [0.0, 0.0, 2.0, -2.0]])
LOGPROBS = np.where(MASK, -0.1 - 0.2 * TOKENS, 0.0)
TABLE = np.array([[0.0, 0.5, 1.0], [0.1, 0.2, 0.3], [-1.0, 0.0, 1.0]])

NEEDED = {"tokens": TOKENS, "mask": MASK, "prompts": PROMPTS, "rewards": REWARDS}
EVERYTHING = NEEDED | {"advantages": ADVANTAGES, "behavior_logprobs": LOGPROBS, "initial_logits": TABLE}
PER_COMPLETION = {name: array for name, array in EVERYTHING.items() if name != "initial_logits"}


def changed(name, index, value):
    """Everything, with one entry of an array replaced."""
    array = EVERYTHING[name].astype(np.result_type(EVERYTHING[name], type(value)))
    array[index] = value
    return EVERYTHING | {name: array}


def without(*names):
    return {name: array for name, array in EVERYTHING.items() if name not in names}


def refusal(source):
    """The (key, sentence) pairs that a source is refused with."""
    with pytest.raises(sim.ScenarioError) as found:
        read_rollouts(source)
    return found.value.problems


def assert_equal(found, expected):
    assert set(found.arrays) == set(expected.arrays)
    for name, array in expected.arrays.items():
        np.testing.assert_array_equal(found.arrays[name], array, err_msg=name)
        assert found.arrays[name].dtype == array.dtype, name


# What is read


@pytest.fixture(scope="module")
def read():
    return read_rollouts(EVERYTHING)


def test_the_arrays_are_read_as_they_are(read):
    assert read.shape == (2, 4, 3) and read.largest_token == 2
    for name in ("mask", "prompts", "advantages", "behavior_logprobs", "initial_logits"):
        np.testing.assert_array_equal(read.arrays[name], EVERYTHING[name], err_msg=name)
    np.testing.assert_array_equal(read.arrays["tokens"][MASK], TOKENS[MASK])
    np.testing.assert_array_equal(read.arrays["rewards"], REWARDS[..., None])  # one source


def test_the_largest_token_may_be_a_prompts():
    assert read_rollouts(NEEDED | {"prompts": PROMPTS + 5}).largest_token == 7


def test_several_sources_stay_apart():
    sources = np.stack([REWARDS, 2 * REWARDS, -REWARDS, 0 * REWARDS], axis=-1)
    np.testing.assert_array_equal(read_rollouts(NEEDED | {"rewards": sources}).arrays["rewards"], sources)


def test_advantages_stand_in_for_rewards():
    assert set(read_rollouts(without("rewards", "behavior_logprobs", "initial_logits")).arrays) == {
        "tokens", "mask", "prompts", "advantages",
    }  # fmt: skip


def test_lists_and_other_types_of_numbers_are_read_alike(read):
    assert_equal(read_rollouts({name: array.tolist() for name, array in EVERYTHING.items()}), read)
    narrow = {"tokens": np.uint8, "mask": np.float32, "prompts": np.int16, "rewards": np.float16}
    assert_equal(read_rollouts(EVERYTHING | {name: EVERYTHING[name].astype(narrow[name]) for name in narrow}), read)


def test_what_lies_outside_the_completions_is_allowed_and_changes_nothing(read):
    noise = np.random.default_rng(0).integers(-(10**6), 10**6, TOKENS.shape)
    for garbage in (-100, 10**9, noise):
        padded = np.where(UNREAD, garbage, TOKENS)
        again = read_rollouts(EVERYTHING | {"tokens": padded})
        assert_equal(again, read)
        assert again.origin == read.origin
    for garbage in (np.nan, -np.inf, np.inf, 7.0):
        again = read_rollouts(EVERYTHING | {"behavior_logprobs": np.where(MASK, LOGPROBS, garbage)})
        assert_equal(again, read)
        assert again.origin == read.origin


def test_a_token_in_a_hole_of_the_mask_is_kept_for_the_one_that_follows_it(read):
    np.testing.assert_array_equal(read.arrays["tokens"][0, 3], [1, 2, 1])
    np.testing.assert_array_equal(read.arrays["mask"][0, 3], [True, False, True])
    # it is the last token of a context, so it has to be one of the vocabulary
    assert refusal(changed("tokens", (0, 3, 1), -100)) == [
        ("tokens", "-100 at [0, 3, 1] is outside the vocabulary 0 to 2")
    ]


def test_a_completion_may_have_no_token():
    mask = MASK.copy()
    mask[0, 2] = False
    assert not read_rollouts(EVERYTHING | {"mask": mask}).arrays["mask"][0, 2].any()


def test_rounding_may_leave_a_logarithm_of_a_probability_above_0():
    assert read_rollouts(changed("behavior_logprobs", (0, 0, 0), 1e-7)).arrays["behavior_logprobs"][0, 0, 0] == 1e-7


# Where it is from


def test_the_origin_is_the_same_for_the_same_content_and_says_the_name(read, tmp_path):
    assert read_rollouts(dict(reversed(EVERYTHING.items()))).origin == read.origin
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
        np.savez(tmp_path / folder / "said.npz", **EVERYTHING)
    here, there = (read_rollouts(tmp_path / folder / "said.npz").origin for folder in ("here", "there"))
    assert here == there and here.split() == ["said.npz", read.origin.split()[1]]


ELSEWHERE = [
    ("tokens", (0, 0, 2), 1),
    ("tokens", (0, 3, 1), 1),  # in the hole
    ("mask", (1, 1, 2), True),
    ("prompts", (0, 1), 1),
    ("rewards", (1, 3), 1e-9),
    ("advantages", (0, 0), 1.5),
    ("behavior_logprobs", (0, 0, 0), -0.4),
    ("initial_logits", (2, 2), 1.0000001),
]


@pytest.mark.parametrize(("name", "index", "value"), ELSEWHERE)
def test_the_origin_changes_with_every_number(read, name, index, value):
    assert read_rollouts(changed(name, index, value)).origin != read.origin


@pytest.mark.parametrize("name", ["advantages", "behavior_logprobs", "initial_logits"])
def test_the_origin_changes_with_an_array_that_is_left_out(read, name):
    assert read_rollouts(without(name)).origin != read.origin


def test_the_same_numbers_under_another_name_are_another_origin():
    rewarded, given = without("advantages"), without("rewards") | {"advantages": REWARDS}
    assert read_rollouts(rewarded).origin != read_rollouts(given).origin


# What is refused


@pytest.mark.parametrize("name", ["tokens", "mask", "prompts"])
def test_an_array_that_is_needed_is_asked_for(name):
    assert refusal(without(name)) == [(name, "is required")]


def test_rewards_or_advantages_are_asked_for():
    assert refusal(without("rewards", "advantages")) == [("rewards", "is required, or advantages in its place")]


def test_all_that_is_missing_is_said_at_once():
    assert [key for key, _ in refusal({"rewrds": REWARDS})] == ["rewrds", "tokens", "mask", "prompts", "rewards"]


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("reward", "rewards"), ("token", "tokens"), ("behaviour_logprobs", "behavior_logprobs"), ("logits", None)],
)
def test_an_unknown_array_is_refused_with_the_nearest_name(name, nearest):
    ((key, sentence),) = refusal(EVERYTHING | {name: REWARDS})
    assert key == name and sentence.startswith("unknown array; ")
    assert nearest is None or sentence.endswith(f"did you mean {nearest!r}?")


@pytest.mark.parametrize(
    ("name", "array", "wanted", "shape"),
    [
        ("tokens", TOKENS[0], "[I, B, T]", [4, 3]),
        ("mask", MASK[..., None], "[I, B, T]", [2, 4, 3, 1]),
        ("prompts", PROMPTS[0], "[I, B]", [4]),
        ("rewards", REWARDS.ravel(), "[I, B] or [I, B, M]", [8]),
        ("rewards", 1.0, "[I, B] or [I, B, M]", []),
        ("advantages", ADVANTAGES[..., None], "[I, B]", [2, 4, 1]),
        ("behavior_logprobs", REWARDS, "[I, B, T]", [2, 4]),
        ("initial_logits", TABLE[None], "[V, V]", [1, 3, 3]),
    ],
)
def test_a_wrong_number_of_axes_is_refused_with_the_axes(name, array, wanted, shape):
    assert refusal(EVERYTHING | {name: array}) == [(name, f"must be {wanted}, got an array with shape {shape}")]


@pytest.mark.parametrize(
    ("name", "array", "sentence"),
    [
        ("mask", MASK[..., :2], "shape [2, 4, 2] has T = 2, where tokens has T = 3"),
        ("mask", MASK[:1], "shape [1, 4, 3] has I = 1, where tokens has I = 2"),
        ("prompts", PROMPTS[:, :2], "shape [2, 2] has B = 2, where tokens has B = 4"),
        ("rewards", REWARDS[:, :3, None], "shape [2, 3, 1] has B = 3, where tokens has B = 4"),
        ("advantages", ADVANTAGES[:1], "shape [1, 4] has I = 1, where tokens has I = 2"),
        ("behavior_logprobs", LOGPROBS[..., :1], "shape [2, 4, 1] has T = 1, where tokens has T = 3"),
        ("initial_logits", TABLE[:2], "shape [2, 3] has V = 3, where initial_logits has V = 2"),
    ],
)
def test_sizes_that_contradict_each_other_are_refused(name, array, sentence):
    assert refusal(EVERYTHING | {name: array}) == [(name, sentence)]


@pytest.mark.parametrize(
    ("name", "array", "sentence"),
    [
        ("tokens", TOKENS.astype(float), "must be whole numbers, got float64"),
        ("tokens", MASK, "must be whole numbers, got bool"),
        ("prompts", PROMPTS.astype(np.float32), "must be whole numbers, got float32"),
        ("rewards", REWARDS.astype(complex), "must be numbers, got complex128"),
        ("mask", np.where(MASK, "x", ""), "must be numbers, got <U1"),
        ("advantages", ADVANTAGES.astype(object), "must be numbers, got object"),
    ],
)
def test_other_types_than_numbers_are_refused(name, array, sentence):
    assert refusal(EVERYTHING | {name: array}) == [(name, sentence)]


def test_empty_arrays_are_refused():
    nothing = {name: array[:0] for name, array in NEEDED.items()}
    assert refusal(nothing) == [
        (name, f"is empty: its shape is {list(array.shape)}") for name, array in nothing.items()
    ]
    assert refusal(EVERYTHING | {"rewards": np.zeros((2, 4, 0))}) == [
        ("rewards", "is empty: its shape is [2, 4, 0]"),
    ]


@pytest.mark.parametrize("value", [2, -1, 0.5, np.nan])
def test_a_mask_is_true_or_false(value):
    assert refusal(changed("mask", (0, 0, 0), value)) == [("mask", "must hold true and false, or 1 and 0, alone")]


@pytest.mark.parametrize(
    ("name", "index", "value", "sentence"),
    [
        ("tokens", (1, 3, 2), 3, "3 at [1, 3, 2] is outside the vocabulary 0 to 2"),
        ("tokens", (0, 0, 0), -1, "-1 at [0, 0, 0] is outside the vocabulary 0 to 2"),
        ("prompts", (1, 2), 5, "5 at [1, 2] is outside the vocabulary 0 to 2"),
        ("prompts", (0, 0), -2, "-2 at [0, 0] is outside the vocabulary 0 to 2"),
    ],
)
def test_a_token_outside_the_vocabulary_of_the_initial_logits_is_refused(name, index, value, sentence):
    assert refusal(changed(name, index, value)) == [(name, sentence)]


@pytest.mark.parametrize(("name", "index"), [("tokens", (1, 0, 2)), ("prompts", (1, 3))])
def test_a_negative_token_is_refused_and_a_large_one_makes_the_vocabulary(name, index):
    (problem,) = refusal({key: array for key, array in changed(name, index, -1).items() if key != "initial_logits"})
    assert problem == (name, f"-1 at {list(index)} is outside the vocabulary 0, 1, …")
    large = {key: array for key, array in changed(name, index, 99).items() if key != "initial_logits"}
    assert read_rollouts(large).largest_token == 99


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    ("name", "index"),
    [("rewards", (1, 2)), ("advantages", (0, 1)), ("behavior_logprobs", (0, 3, 2)), ("initial_logits", (2, 0))],
)
def test_numbers_that_are_not_finite_are_refused_where_they_are_read(name, index, value):
    found = refusal(changed(name, index, value))
    assert found[0] == (name, f"{value} at {list(index)} is not a finite number")


def test_a_reward_that_is_not_finite_is_refused_where_there_are_as_many_sources_as_tokens():
    sources = np.where(UNREAD, np.nan, 1.0)  # [I, B, M] with M = T: no array of tokens
    assert refusal(NEEDED | {"rewards": sources}) == [("rewards", "nan at [0, 1, 2] is not a finite number")]


def test_a_logarithm_of_a_probability_above_0_is_refused():
    assert refusal(changed("behavior_logprobs", (1, 0, 1), 0.1)) == [
        ("behavior_logprobs", "0.1 at [1, 0, 1] is no logarithm of a probability")
    ]


@pytest.mark.parametrize("group_size", [1, 2])
def test_completions_of_one_prompt_side_by_side_are_groups(read, group_size):
    assert list(read.group_problems(group_size)) == []


@pytest.mark.parametrize("group_size", [3, 5, 8])
def test_a_rollout_that_is_no_whole_number_of_groups_is_refused(read, group_size):
    assert list(read.group_problems(group_size)) == [
        ("tokens", f"4 completions per rollout are no groups of {group_size}")
    ]


def test_a_group_with_different_prompts_is_refused(read):
    sentence = "rollout 0, completions 0 to 3: one group with prompts that end in [0, 0, 2, 2]"
    assert list(read.group_problems(4)) == [("prompts", sentence)]
    mixed = read_rollouts(changed("prompts", (1, 3), 2))
    sentence = "rollout 1, completions 2 to 3: one group with prompts that end in [0, 2]"
    assert list(mixed.group_problems(2)) == [("prompts", sentence)]


def test_lists_of_unequal_length_from_memory_are_refused():
    ((key, _),) = refusal(EVERYTHING | {"tokens": [[[1, 0], [2]]]})
    assert key == "tokens"


# Files


def table(arrays=PER_COMPLETION, **columns):
    """The Parquet table of per-completion arrays."""
    found = {"rollout": np.repeat(np.arange(2), 4).tolist()}
    found |= {name: array.reshape(8, *array.shape[2:]).tolist() for name, array in arrays.items()}
    return pa.table({name: column for name, column in (found | columns).items() if column is not None})


@pytest.fixture
def write(tmp_path):
    """A function that writes a Parquet file and returns its path."""

    def writer(contents):
        pq.write_table(contents, tmp_path / "said.parquet")
        return tmp_path / "said.parquet"

    return writer


@pytest.mark.parametrize("sources", [1, 3])
def test_a_parquet_file_and_an_npz_file_of_the_same_arrays_are_read_alike(write, tmp_path, sources):
    rewards = REWARDS if sources == 1 else np.stack([REWARDS, 2 * REWARDS, 0 * REWARDS], axis=-1)
    arrays = PER_COMPLETION | {"rewards": rewards}
    np.savez(tmp_path / "said.npz", **arrays)
    one, other = read_rollouts(tmp_path / "said.npz"), read_rollouts(write(table(arrays)))
    assert_equal(other, one)
    assert one.origin.split()[1] == other.origin.split()[1]


def test_a_compressed_npz_file_is_read(tmp_path, read):
    np.savez_compressed(tmp_path / "said.npz", **EVERYTHING)
    assert_equal(read_rollouts(str(tmp_path / "said.npz")), read)


def test_rollouts_of_a_parquet_file_may_have_any_numbers_that_grow(write):
    expected = read_rollouts(PER_COMPLETION)
    assert_equal(read_rollouts(write(table(rollout=[7] * 4 + [900] * 4))), expected)


def test_a_parquet_file_without_rollouts_is_one(write):
    assert read_rollouts(write(table(rollout=None))).shape == (1, 8, 3)


ORDER = "every rollout needs the same number of completions, and rows in order"
LISTS = "lists differ in length: pad them, and say so in the mask"


@pytest.mark.parametrize(
    ("columns", "key", "sentence"),
    [
        ({"rollout": [0] * 3 + [1] * 5}, "rollout", ORDER),
        ({"rollout": [1] * 4 + [0] * 4}, "rollout", ORDER),
        ({"rollout": [0, 1] * 4}, "rollout", ORDER),
        ({"tokens": [[1, 0, 2]] * 7 + [[1, 0]]}, "tokens", LISTS),
        ({"rewards": [[1.0, 2.0]] * 7 + [[1.0]]}, "rewards", LISTS),
        ({"tokens": [[1, 0, 2]] * 7 + [None]}, "tokens", "a value is missing"),
        ({"rewards": [0.0] * 7 + [None]}, "rewards", "a value is missing"),
        ({"prompts": [None] * 8}, "prompts", "a value is missing"),
        ({"tokens": [[1, 0, 2]] * 7 + [[1, None, 2]]}, "tokens", "must be whole numbers"),
        ({"rewards": [[1.0, 2.0]] * 7 + [[1.0, None]]}, "rewards", "must be numbers"),
        ({"prompts": ["a"] * 8}, "prompts", "must be whole numbers"),
        ({"tokens": [1] * 8}, "tokens", "must be [I, B, T], got an array with shape [2, 4]"),
        ({"mask": None}, "mask", "is required"),
        ({"reward": [0.0] * 8}, "reward", "unknown array; did you mean 'rewards'?"),
    ],
)
def test_a_parquet_file_that_is_no_rectangle_of_numbers_is_refused(write, columns, key, sentence):
    (problem,) = refusal(write(table(**columns)))
    assert problem[0] == key and problem[1].startswith(sentence)


def test_a_missing_number_of_a_rollout_is_refused_in_the_words_of_the_other_columns(write):
    assert refusal(write(table(rollout=[0] * 4 + [1] * 3 + [None]))) == [("rollout", "a value is missing")]


def test_a_parquet_file_without_rows_is_refused(write):
    (problem,) = refusal(write(table().slice(0, 0)))
    assert problem == ("rollout", ORDER)


@pytest.mark.parametrize("name", ["said.npz", "said.parquet"])
@pytest.mark.parametrize("content", [b"", b"no such format at all", b"PK\x03\x04 that breaks off", b"PAR1 and no more"])
def test_a_file_that_cannot_be_read_is_refused_in_one_line(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    ((key, sentence),) = refusal(tmp_path / name)
    assert key == "" and sentence.startswith("cannot be read: ") and "\n" not in sentence


def test_a_file_that_breaks_off_is_refused(tmp_path, write):
    path = tmp_path / "said.npz"
    np.savez(path, **EVERYTHING)
    for file in (path, write(table())):
        file.write_bytes(file.read_bytes()[:-30])
        ((_, sentence),) = refusal(file)
        assert sentence.startswith("cannot be read: ")


def test_objects_are_never_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("a file of rollouts was unpickled",))

    np.savez(tmp_path / "said.npz", **(NEEDED | {"rewards": np.array([[Trap()] * 4] * 2, dtype=object)}))
    ((_, sentence),) = refusal(tmp_path / "said.npz")
    assert sentence.startswith("cannot be read: ") and "pickle" in sentence


@pytest.mark.parametrize(("name", "suffix"), [("said.npy", ".npy"), ("said.csv", ".csv"), ("said", "")])
def test_another_suffix_is_refused(tmp_path, name, suffix):
    (tmp_path / name).touch()
    assert refusal(tmp_path / name) == [("", f"rollouts are read from .npz or .parquet, not {suffix!r}")]


@pytest.mark.parametrize("name", ["said.npz", "said.parquet"])
def test_a_missing_file_is_refused_with_its_path(tmp_path, name):
    with pytest.raises(sim.ScenarioError) as found:
        read_rollouts(tmp_path / name)
    assert str(found.value) == f"{tmp_path / name}: no such file"


def test_a_message_names_the_file_and_the_array(tmp_path):
    np.savez(tmp_path / "said.npz", **without("mask"))
    with pytest.raises(sim.ScenarioError) as found:
        read_rollouts(tmp_path / "said.npz")
    assert str(found.value) == "said.npz: mask: is required"
