"""The run directory: the tables of a run, written whole or not at all.

    runs/<scenario>-<hash>/
      manifest.json       what was asked, what was planned, on what it ran
      updates/*.parquet   one row per point, seed, rollout, update
      ratios/*.parquet    one row per recorded token and update
      params.npz          of a replay: the parameters after its last update

A run is written beside its place and moved there when it is complete, so a directory under its final name has all
its tables. `analysis` adds summary.parquet, claims.json and report.html.
"""

from __future__ import annotations

import io
import json
import os
import platform
import shlex
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from simulator.calibration import calibrated
from simulator.errors import ScenarioError
from simulator.experiment import NEEDS_A_FILE
from simulator.parts import to_plain
from simulator.scenario import Scenario, load
from simulator.sweep import Plan, execute, plan
from simulator.tables import ratios_table, swept_columns, updates_table
from simulator.types import Params

SCHEMA_VERSION = 1
VERSIONS_OF = ("ratiodrift", "jax", "jaxlib", "optax", "numpy", "pyarrow")


def run(
    source: str | Path | dict,
    overrides: dict[str, Any] | None = None,
    seeds: int | None = None,
    out: Path | str = "runs",
) -> Path:
    """Run a scenario (a file, a shipped name, or tables) and return its run directory; a finished run is found again.

    `overrides` maps dotted keys to values. Raises ScenarioError.
    """
    changes = dict(overrides or {}) | ({} if seeds is None else {"training.seeds": seeds})
    scenario = load(source, changes.items())
    for key, sentence in scenario.warnings:
        warnings.warn(f"{key}: {sentence}", stacklevel=2)
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
    if any(point.experiment.needs_rollouts for point in scenario.points):
        raise ScenarioError(scenario.name, [("environment.kind", NEEDS_A_FILE)])
    final, began = directory_of(scenario, out), time.time()
    try:
        out.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{final.name}-", suffix=".partial", dir=out))
    except OSError as error:
        raise ScenarioError(str(out), [("", f"cannot be written: {error.strerror}")]) from error
    try:
        asked, scenario = scenario, calibrated(scenario)
        todo = plan(scenario)
        params = _write_tables(scenario, todo, partial, on_progress)
        if scenario.is_replay:
            _write_params(partial / "params.npz", params)
        write_whole(
            partial / "manifest.json", json.dumps(_manifest(scenario, asked.digest(), todo, began), indent=1).encode()
        )
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


def _write_tables(
    scenario: Scenario, todo: Plan, folder: Path, on_progress: Callable[[int, int], None]
) -> dict[int, list[Params]]:
    """Write the tables, part by part; returns each point's last parameters, seed by seed."""
    params: dict[tuple[int, int], Params] = {}
    swept, metrics = swept_columns(scenario), list(scenario.metrics)
    done = 0
    on_progress(done, todo.num_updates)
    for number, chunk in enumerate(execute(todo)):
        if not chunk.trace.metrics:
            raise ScenarioError(scenario.name, [("record.probes", "none of them has anything to say of this method")])
        part = f"part-{number:05d}.parquet"
        _write_table(folder / "updates" / part, updates_table(chunk, swept, metrics), metrics)
        if len(chunk.recorded_rollouts):
            _write_table(folder / "ratios" / part, ratios_table(chunk), ["log_ratio", "coasting"])
        params |= chunk.last_params()
        done += next(iter(chunk.trace.metrics.values())).size
        on_progress(done, todo.num_updates)
    found: dict[int, list[Params]] = {}
    for point, seed in sorted(params):
        found.setdefault(point, []).append(params[point, seed])
    return found


def _write_params(path: Path, params: dict[int, list[Params]]) -> None:
    """The parameters by name, `logits` of a table; of several points `point-0/logits`, …; seeds are a leading axis."""
    arrays = {}
    for point, runs in params.items():
        for leaves in zip(*(jax.tree_util.tree_leaves_with_path(run) for run in runs), strict=True):
            name = jax.tree_util.keystr(leaves[0][0], simple=True, separator="/")
            values = [leaf for _, leaf in leaves]
            key = name if len(params) == 1 else f"point-{point}/{name}"
            arrays[key] = values[0] if len(values) == 1 else np.stack(values)
    content = io.BytesIO()
    np.savez(content, **arrays)
    write_whole(path, content.getvalue())


def _write_table(path: Path, table: pa.Table, measured: list[str]) -> None:
    """Write a table; `measured` columns change from row to row, the others repeat and get a dictionary."""
    path.parent.mkdir(exist_ok=True)
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression="zstd",
        use_dictionary=[name for name in table.schema.names if name not in measured],
        column_encoding={name: "BYTE_STREAM_SPLIT" for name in measured if name in table.schema.names},
    )
    write_whole(path, sink.getvalue())


def _manifest(scenario: Scenario, digest: str, todo: Plan, began: float) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "name": scenario.name,
        "hash": digest,
        "heading": to_plain(scenario.heading),
        "scenario": scenario.tables,
        "points": scenario.resolved(),
        "warnings": [list(warning) for warning in scenario.warnings],
        "plan": todo.describe(),
        "metrics": {name: to_plain(metric) for name, metric in scenario.metrics.items()},
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
