"""The run directory: the tables of a run, written whole or not at all.

    runs/<scenario>-<hash>/
      manifest.json       what was asked, what was planned, on what it ran
      updates/*.parquet   one row per point, seed, rollout, update
      ratios/*.parquet    one row per recorded token and update

A run is written beside its place and moved there when it is complete, so a directory under its final name has all
its tables. `analysis` adds summary.parquet, claims.json and report.html.
"""

from __future__ import annotations

import json
import os
import platform
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from simulator.errors import ScenarioError
from simulator.parts import to_plain
from simulator.probes import METRICS
from simulator.scenario import Scenario, load
from simulator.sweep import Chunk, Plan, execute, plan
from simulator.types import Tokens

SCHEMA_VERSION = 1
VERSIONS_OF = ("ratiodrift", "jax", "jaxlib", "optax", "numpy", "pyarrow")


def run(
    source: str | Path | dict, overrides: dict[str, Any] | None = None, seeds: int | None = None, out: Path | str = "runs"
) -> Path:
    """Run a scenario (a file, a shipped name, or tables) and return its run directory; a finished run is found again.

    `overrides` maps dotted keys to values. Raises ScenarioError.
    """
    changes = dict(overrides or {}) | ({} if seeds is None else {"training.seeds": seeds})
    scenario = load(source, changes.items())
    directory = directory_of(scenario, Path(out))
    return directory if finished(directory) else write_run(scenario, Path(out))


def directory_of(scenario: Scenario, out: Path) -> Path:
    """Where the run of this very scenario is, or will be."""
    return out / f"{scenario.name}-{scenario.digest()}"


def finished(directory: Path) -> bool:
    """Whether a complete run of this schema lies there. Raises ScenarioError for a run of another schema version."""
    manifest = directory / "manifest.json"
    if not manifest.is_file():
        return False
    try:
        found = json.loads(manifest.read_text())["schema_version"]
    except (ValueError, KeyError, TypeError) as error:
        raise ScenarioError(str(directory), [("manifest.json", f"is no manifest of a run: {error!r}")]) from error
    if found != SCHEMA_VERSION:
        raise ScenarioError(
            str(directory),
            [("", f"holds a run of schema version {found}, this is version {SCHEMA_VERSION}; move it or use --out")],
        )
    return True


def write_run(
    scenario: Scenario, out: Path, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> Path:
    """Compute a scenario and write its run directory; replaces a run of the same scenario.

    `on_progress(done, total)` is told of optimizer steps. Raises ScenarioError where `out` cannot be written, before
    anything is computed.
    """
    final, began = directory_of(scenario, out), time.time()
    try:
        out.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{final.name}-", suffix=".partial", dir=out))
    except OSError as error:
        raise ScenarioError(str(out), [("", f"cannot be written: {error.strerror}")]) from error
    try:
        todo = plan(scenario)
        _write_tables(scenario, todo, partial, on_progress)
        write_whole(partial / "manifest.json", json.dumps(_manifest(scenario, todo, began), indent=1).encode())
        partial.chmod(0o755)
        if final.exists():
            shutil.rmtree(final)
        partial.rename(final)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return final


def write_whole(path: Path, content: bytes | pa.Buffer) -> None:
    """Write a file under a temporary name, then move it to its own: it is never seen half written."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with open(temporary, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _write_tables(scenario: Scenario, todo: Plan, folder: Path, on_progress: Callable[[int, int], None]) -> None:
    swept = sorted({name for point in scenario.points for name in point.values})
    done = 0
    on_progress(done, todo.num_updates)
    for number, chunk in enumerate(execute(todo)):
        part, metrics = f"part-{number:05d}.parquet", list(chunk.trace.metrics)
        _write_table(folder / "updates" / part, _updates_table(chunk, scenario, swept), metrics)
        if len(chunk.recorded_rollouts):
            _write_table(folder / "ratios" / part, _ratios_table(chunk), ["log_ratio"])
        done += next(iter(chunk.trace.metrics.values())).size
        on_progress(done, todo.num_updates)


def _write_table(path: Path, table: pa.Table, measured: list[str]) -> None:
    """Write a table; `measured` columns change from row to row, the others repeat and get a dictionary."""
    path.parent.mkdir(exist_ok=True)
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression="zstd",
        use_dictionary=[name for name in table.schema.names if name not in measured],
        column_encoding={name: "BYTE_STREAM_SPLIT" for name in measured},
    )
    write_whole(path, sink.getvalue())


def _updates_table(chunk: Chunk, scenario: Scenario, swept: list[str]) -> pa.Table:
    """One row per lane, rollout, update: indices, swept values, metrics."""
    metrics = chunk.trace.metrics
    shape = next(iter(metrics.values())).shape
    columns: dict[str, Any] = {
        "point": _spread(chunk.points, shape, 0),
        "seed": _spread(chunk.seeds, shape, 0),
        "rollout": _spread(chunk.rollouts, shape, 1),
        "update": _spread(np.arange(1, shape[2] + 1), shape, 2),
    }
    for name in swept:
        values = pa.array([scenario.points[point].values.get(name) for point in chunk.points])
        columns[name] = values.take(pa.array(_spread(np.arange(shape[0]), shape, 0)))
    columns |= {name: values.reshape(-1) for name, values in sorted(metrics.items())}
    return pa.table(columns)


def _ratios_table(chunk: Chunk) -> pa.Table:
    """One row per lane, recorded rollout, update and token of the completions."""
    tokens: Tokens = chunk.trace.tokens
    shape = tokens.log_ratio.shape  # lanes, slots, updates, prompts, group, positions
    said = np.broadcast_to(tokens.mask[:, :, None], shape).reshape(-1)

    def column(values: np.ndarray, *axes: int) -> np.ndarray:
        """Spread values, whose axes are those of the table, over all the rows that hold a token."""
        full = np.expand_dims(values, [axis for axis in range(6) if axis not in axes])
        return np.broadcast_to(full, shape).reshape(-1)[said]

    def index(values: np.ndarray, axis: int) -> np.ndarray:
        return column(values.astype(np.int32), axis)

    return pa.table(
        {
            "point": index(chunk.points, 0),
            "seed": index(chunk.seeds, 0),
            "rollout": index(chunk.recorded_rollouts, 1),
            "update": index(np.arange(1, shape[2] + 1), 2),
            "prompt": index(np.arange(shape[3]), 3),
            "completion": index(np.arange(shape[4]), 4),
            "position": index(np.arange(shape[5]), 5),
            "token": column(tokens.tokens.astype(np.int32), 0, 1, 3, 4, 5),
            "reward": column(tokens.rewards, 0, 1, 3, 4),
            "advantage": column(tokens.advantages, 0, 1, 3, 4),
            "log_ratio": column(tokens.log_ratio.astype(np.float32), 0, 1, 2, 3, 4, 5),
            "clip_active": column(tokens.clip_active, 0, 1, 2, 3, 4, 5),
        }
    )


def _spread(values: np.ndarray, shape: tuple[int, ...], axis: int) -> np.ndarray:
    """Values along one axis, repeated over the others, as a flat column of 32-bit integers."""
    full = np.expand_dims(values.astype(np.int32), [other for other in range(len(shape)) if other != axis])
    return np.broadcast_to(full, shape).reshape(-1)


def _manifest(scenario: Scenario, todo: Plan, began: float) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "name": scenario.name,
        "hash": scenario.digest(),
        "heading": to_plain(scenario.heading),
        "scenario": scenario.tables,
        "points": scenario.resolved(),
        "plan": todo.describe(),
        "metrics": {name: to_plain(metric) for name, metric in sorted(METRICS.items())},
        "versions": {"python": platform.python_version(), **{name: version(name) for name in VERSIONS_OF}},
        "platform": {"machine": platform.platform(), "processors": os.cpu_count()},
        "started": datetime.fromtimestamp(began, UTC).isoformat(timespec="seconds"),
        "seconds": round(time.time() - began, 3),
        "command": _command(scenario),
        "status": "complete",
    }


def _command(scenario: Scenario) -> str:
    """What to type to get this run again."""
    if Path(sys.argv[0]).name == "ratiodrift":
        return shlex.join(["ratiodrift", *sys.argv[1:]])
    return f"simulator.run({scenario.name!r}) from Python"
