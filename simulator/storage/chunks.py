"""The folder of a run under way: which chunks are whole, and the states to go on from.

    updates/part-<job>-<chunk>.parquet   a chunk is whole when this is there: it is written last
    tokens/, ratios/                     the same, where the chunk has a recorded rollout
    states/part-<job>-<chunk>.npz        the state after it, until the next chunk is whole
    states/params-<job>.npz              of a replay: the parameters after the last chunk

Several processes may write there at once, even the same chunk: each file appears whole, and has the same bytes.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import pyarrow as pa

from ..errors import ScenarioError
from ..execution.compute import Chunk, Computed
from ..execution.plan import Job, Plan
from ..execution.program import State
from ..files import write_table, write_whole
from .tables import ratios_table, tokens_table, updates_table

TABLES = ("updates", "ratios", "tokens")
PART = re.compile(r"part-(\d{7}|[1-9]\d{7,})-(\d{5}|[1-9]\d{5,})\.parquet")
UNREADABLE = (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error)  # what np.load says of a damaged file


@dataclass(frozen=True)
class RunFolder:
    """Where the chunks of a run lie, and what their tables have: the points' swept values, the metrics' names."""

    path: Path
    swept: dict[str, pa.Array]
    metrics: list[str]
    keeps_params: bool = False

    def begin(self, plan: Plan) -> None:
        """Make the folders; what is no whole file of this plan goes."""
        for name in (*TABLES, "states"):
            (self.path / name).mkdir(parents=True, exist_ok=True)
        for name in TABLES:
            remove(entry for entry in (self.path / name).iterdir() if not _is_of(plan, entry.name))
        self.remove_temporary()
        if self.keeps_params:
            jobs = np.flatnonzero(self.whole_chunks(plan) == plan.chunks_of_jobs)
            damaged = [job for job in jobs.tolist() if not self._params(job)]
            remove(self._updates(job, int(plan.chunks_of_jobs[job]) - 1) for job in damaged)

    def remove_temporary(self) -> None:
        """What a process that was killed left half written goes."""
        for folder in (self.path, *(self.path / name for name in (*TABLES, "states"))):
            remove(folder.glob(".*"))

    def whole_chunks(self, plan: Plan) -> np.ndarray:
        """How many chunks of each job are whole, from its first on: `[jobs]`."""
        most = int(plan.chunks_of_jobs.max())
        found = np.fromiter(_numbers(listed(self.path / "updates"), plan.num_jobs, most), dtype=np.int64)
        found.sort()
        jobs, index = np.divmod(found, most)
        starts = np.searchsorted(jobs, np.arange(plan.num_jobs))
        in_order = index == np.arange(len(jobs)) - starts[jobs]  # those before it are there, too
        return np.minimum(np.bincount(jobs[in_order], minlength=plan.num_jobs), plan.chunks_of_jobs)

    def position(self, job: Job) -> tuple[int, State | None]:
        """How many chunks of a job are whole, and the state after them; (0, None) where it has to begin anew."""
        done = 0
        while True:
            while done < job.num_chunks and self._updates(job.number, done).exists():
                done += 1
            if not done or done == job.num_chunks:
                return done, None
            if (state := _arrays(self._state(job.number, done - 1))) is not None:
                return done, [state[f"arr_{n}"] for n in range(len(state))]
            if not self._updates(job.number, done).exists():  # else somebody has just got further
                return 0, None

    def write(self, computed: Computed) -> None:
        """Wait for a chunk and write it; it counts as whole from the last of its files on."""
        chunk, number, index = computed.fetch(), computed.job.number, computed.index
        if not chunk.trace.metrics:
            raise ScenarioError("", [("record.probes", "none of them has anything to say of this method")])
        if len(chunk.recorded_rollouts):
            name = self._updates(number, index).name
            write_table(self.path / "tokens" / name, tokens_table(chunk))
            write_table(self.path / "ratios" / name, ratios_table(chunk))
        if computed.state is not None:
            _write_arrays(self._state(number, index), *computed.state)
        elif self.keeps_params:
            _write_arrays(self._of_params(number), **_named(chunk))
        write_table(self._updates(number, index), updates_table(chunk, self.swept, self.metrics), self.metrics)
        if index:
            self._state(number, index - 1).unlink(missing_ok=True)

    def params(self, plan: Plan) -> dict[tuple[int, int], dict[str, np.ndarray]]:
        """The parameters after the last chunk, by point and seed, then by name."""
        found = {}
        for job in range(plan.num_jobs):
            named = self._params(job)
            lanes = zip(named.pop("points").tolist(), named.pop("seeds").tolist(), strict=True)
            for n, which in enumerate(lanes):
                found[which] = {name: values[n] for name, values in named.items()}
        return found

    def _params(self, job: int) -> dict[str, np.ndarray] | None:
        return _arrays(self._of_params(job))

    def _of_params(self, job: int) -> Path:
        return self.path / "states" / f"params-{job:07d}.npz"

    def _updates(self, job: int, chunk: int) -> Path:
        return self.path / "updates" / f"part-{job:07d}-{chunk:05d}.parquet"

    def _state(self, job: int, chunk: int) -> Path:
        return self.path / "states" / f"part-{job:07d}-{chunk:05d}.npz"


def _named(chunk: Chunk) -> dict[str, np.ndarray]:
    """The parameters by name, `logits` of a table, with the point and the seed of each lane."""
    return {"points": chunk.points, "seeds": chunk.seeds, **chunk.trace.params}


def _write_arrays(path: Path, *arrays: np.ndarray, **named: np.ndarray) -> None:
    content = io.BytesIO()
    np.savez(content, *arrays, **named)  # type: ignore[arg-type]
    write_whole(path, content.getvalue())


def _arrays(path: Path) -> dict[str, np.ndarray] | None:
    """The arrays of a file by name; None where it is missing or damaged."""
    try:
        with np.load(path) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except UNREADABLE:
        return None


def listed(folder: Path) -> Iterator[str]:
    """The names in a folder, one after the other: there may be a million."""
    with os.scandir(folder) as entries:
        yield from (entry.name for entry in entries)


def _numbers(names: Iterable[str], jobs: int, most: int) -> Iterator[int]:
    """The parts among the names, numbered through: job × `most` + chunk."""
    for name in names:
        found = PART.fullmatch(name)
        if found and (job := int(found[1])) < jobs and (chunk := int(found[2])) < most:
            yield job * most + chunk


def remove(entries: Iterable[Path]) -> None:
    """Remove files and folders, as far as they let themselves be removed."""
    for entry in list(entries):
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            with suppress(OSError):
                entry.unlink()


def _is_of(plan: Plan, name: str) -> bool:
    """Whether a plan has a chunk whose tables are called so."""
    found = PART.fullmatch(name)
    if found is None:
        return False
    job, chunk = int(found[1]), int(found[2])
    return job < plan.num_jobs and chunk < int(plan.chunks_of_jobs[job])
