"""Files of recorded rollouts: what a trainer sampled, to be trained on again (docs/replay.md).

    tokens              [I, B, T]   int, what was said
    mask                [I, B, T]   bool or 0/1, which of them are tokens of the completion
    prompts             [I, B]      int, the last token of the prompt
    rewards             [I, B], or [I, B, M] for several sources
    advantages          [I, B]      in place of the rewards, or beside them: then used as they are
    behavior_logprobs   [I, B, T]   optional: of the policy that said the tokens; else that of the replay
    initial_logits      [V, V]      optional: row the last token, column the next

I rollouts of B completions of up to T tokens; the completions of one prompt side by side. An .npz file has the arrays;
a Parquet file has one row per completion, in order, with a column `rollout` and lists in the columns with a T or an M.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ScenarioError, did_you_mean
from . import Recorded

AXES = {
    "tokens": ("IBT",),
    "mask": ("IBT",),
    "prompts": ("IB",),
    "rewards": ("IB", "IBM"),
    "advantages": ("IB",),
    "behavior_logprobs": ("IBT",),
    "initial_logits": ("VV",),
}
REQUIRED = ("tokens", "mask", "prompts")
WHOLE_NUMBERS = ("tokens", "prompts")
Problems = Iterator[tuple[str, str]]


@dataclass(frozen=True)
class RolloutFile:
    """The arrays of a file without a problem, and where they are from."""

    arrays: Mapping[str, np.ndarray]
    origin: str

    @property
    def shape(self) -> tuple[int, int, int]:
        """I, B, T."""
        return self.arrays["tokens"].shape

    @property
    def initial_logits(self) -> np.ndarray | None:
        return self.arrays.get("initial_logits")

    @property
    def largest_token(self) -> int:
        """The largest token of a prompt or a completion."""
        return int(max(self.arrays["tokens"].max(), self.arrays["prompts"].max()))

    def group_problems(self, group_size: int) -> Problems:
        """What is wrong with groups of that size: (array, sentence)."""
        _, batch, _ = self.shape
        if batch % group_size:
            yield "tokens", f"{batch} completions per rollout are no groups of {group_size}"
            return
        prompts = self.arrays["prompts"].reshape(len(self.arrays["prompts"]), -1, group_size)
        for rollout, group in np.argwhere((prompts != prompts[..., :1]).any(axis=-1))[:1]:
            first = group * group_size
            yield (
                "prompts",
                f"rollout {rollout}, completions {first} to {first + group_size - 1}: one group with prompts that end "
                f"in {prompts[rollout, group].tolist()}",
            )

    def recorded(self, group_size: int) -> Recorded:
        """The rollouts in groups of that size."""

        def grouped(name: str) -> Any:
            if (found := self.arrays.get(name)) is None:
                return None
            rollouts, batch, *rest = found.shape
            return found.reshape(rollouts, batch // group_size, group_size, *rest)

        return Recorded(
            tokens=grouped("tokens"),
            mask=grouped("mask"),
            prompts=grouped("prompts"),
            sources=grouped("rewards"),
            advantages=grouped("advantages"),
            behavior_logprobs=grouped("behavior_logprobs"),
            origin=self.origin,
        )


def read_rollouts(source: str | Path | Mapping[str, Any]) -> RolloutFile:
    """Recorded rollouts from an .npz or .parquet file, or from arrays by name. Raises ScenarioError."""
    if isinstance(source, Mapping):
        name, arrays = "rollouts", {key: _array(key, value) for key, value in source.items()}
    else:
        name, arrays = Path(source).name, _read(Path(source))
    if problems := list(_problems(arrays)):
        raise ScenarioError(name, problems)
    arrays = _tidied(arrays)
    content = hashlib.sha256()
    for key in sorted(arrays):
        content.update(key.encode() + arrays[key].tobytes())
    return RolloutFile(arrays=arrays, origin=f"{name} {content.hexdigest()[:16]}")


def _array(name: str, value: Any) -> np.ndarray:
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ScenarioError("rollouts", [(name, f"is no array: {error}")]) from error


def _read(path: Path) -> dict[str, np.ndarray]:
    readers = {".npz": _read_npz, ".parquet": _read_parquet}
    if path.suffix not in readers:
        raise ScenarioError(path.name, [("", f"rollouts are read from {' or '.join(readers)}, not {path.suffix!r}")])
    if not path.is_file():
        raise ScenarioError(str(path), [("", "no such file")])
    try:
        return readers[path.suffix](path)
    except ScenarioError:
        raise
    except Exception as error:  # numpy, zipfile and pyarrow each have their own
        raise ScenarioError(path.name, [("", f"cannot be read: {error}")]) from error


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _read_parquet(path: Path) -> dict[str, np.ndarray]:
    import pyarrow.parquet as pq

    table = pq.read_table(path).to_pydict()
    for name, column in table.items():
        if any(value is None for value in column):
            raise ScenarioError(path.name, [(name, "a value is missing")])
    rollout = np.asarray(table.pop("rollout", [0] * len(next(iter(table.values()), []))))
    starts, counts = np.unique(rollout, return_counts=True)
    if len(set(counts.tolist())) != 1 or (np.diff(rollout) < 0).any():
        raise ScenarioError(
            path.name, [("rollout", "every rollout needs the same number of completions, and rows in order")]
        )
    arrays = {}
    for name, column in table.items():
        if isinstance(column[0], list) and len({len(row) for row in column}) > 1:
            raise ScenarioError(path.name, [(name, "lists differ in length: pad them, and say so in the mask")])
        arrays[name] = np.asarray(column).reshape(len(starts), counts[0], *np.shape(column[0]))
    return arrays


def _problems(arrays: Mapping[str, np.ndarray]) -> Problems:
    for name in arrays:
        if name not in AXES:
            yield name, f"unknown array; {did_you_mean(name, AXES)}"
    for name in REQUIRED:
        if name not in arrays:
            yield name, "is required"
    if "rewards" not in arrays and "advantages" not in arrays:
        yield "rewards", "is required, or advantages in its place"
    shapes = list(_shape_problems(arrays))
    yield from shapes
    if not shapes and all(name in arrays for name in REQUIRED):
        yield from _value_problems(arrays)


def _shape_problems(arrays: Mapping[str, np.ndarray]) -> Problems:
    sizes: dict[str, tuple[str, int]] = {}
    for name, allowed in AXES.items():
        if name not in arrays:
            continue
        array = arrays[name]
        axes = next((axes for axes in allowed if len(axes) == array.ndim), None)
        if axes is None:
            wanted = " or ".join(f"[{', '.join(axes)}]" for axes in allowed)
            yield name, f"must be {wanted}, got an array with shape {list(array.shape)}"
            continue
        if array.dtype.kind not in ("iu" if name in WHOLE_NUMBERS else "biuf"):
            yield name, f"must be {'whole numbers' if name in WHOLE_NUMBERS else 'numbers'}, got {array.dtype}"
        if 0 in array.shape:
            yield name, f"is empty: its shape is {list(array.shape)}"
        for axis, size in zip(axes, array.shape, strict=True):
            first, known = sizes.setdefault(axis, (name, size))
            if known != size:
                yield name, f"shape {list(array.shape)} has {axis} = {size}, where {first} has {axis} = {known}"


def _value_problems(arrays: Mapping[str, np.ndarray]) -> Problems:
    mask = arrays["mask"]
    if not np.isin(mask, (0, 1)).all():
        yield "mask", "must hold true and false, or 1 and 0, alone"
        return
    vocab_size = len(arrays["initial_logits"]) if "initial_logits" in arrays else np.inf
    for name, where in (("tokens", _that_matter(mask)), ("prompts", np.ones(arrays["prompts"].shape, dtype=bool))):
        outside = where & ((arrays[name] < 0) | (arrays[name] >= vocab_size))
        for index in np.argwhere(outside)[:1]:
            limit = f"0 to {vocab_size - 1}" if np.isfinite(vocab_size) else "0, 1, …"
            yield name, f"{arrays[name][tuple(index)]} at {index.tolist()} is outside the vocabulary {limit}"
    for name in ("rewards", "advantages", "initial_logits", "behavior_logprobs"):
        if name not in arrays:
            continue
        where = mask.astype(bool) if name == "behavior_logprobs" else np.ones(arrays[name].shape, dtype=bool)
        for index in np.argwhere(where & ~np.isfinite(arrays[name]))[:1]:
            yield name, f"{arrays[name][tuple(index)]} at {index.tolist()} is not a finite number"
    if "behavior_logprobs" in arrays:
        above = (arrays["behavior_logprobs"] > 1e-6) & mask.astype(bool) & np.isfinite(arrays["behavior_logprobs"])
        for index in np.argwhere(above)[:1]:
            value = arrays["behavior_logprobs"][tuple(index)]
            yield "behavior_logprobs", f"{value} at {index.tolist()} is no logarithm of a probability"


def _that_matter(mask: np.ndarray) -> np.ndarray:
    """The tokens of the completions, and those that one of them follows."""
    followed = np.zeros(mask.shape, dtype=bool)
    followed[..., :-1] = mask[..., 1:].astype(bool)
    return mask.astype(bool) | followed


def _tidied(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays in the types that are computed with; what lies outside the completions is 0."""
    mask = arrays["mask"].astype(bool)
    found = {name: array.astype(float) for name, array in arrays.items()}
    found |= {"mask": mask, "prompts": arrays["prompts"].astype(np.int64)}
    found["tokens"] = np.where(_that_matter(mask), arrays["tokens"], 0).astype(np.int64)
    if "behavior_logprobs" in found:
        found["behavior_logprobs"] = np.where(mask, found["behavior_logprobs"], 0.0)
    if "rewards" in found and found["rewards"].ndim == 2:
        found["rewards"] = found["rewards"][..., None]
    return found
