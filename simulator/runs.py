"""The run directory: the tables of a run, written whole or not at all.

    runs/<scenario>-<hash>/
      manifest.json       what was asked, what was planned, on what it ran
      updates/*.parquet   one row per point, seed, rollout, update
      ratios/*.parquet    one row per recorded token and update
      params.npz          of a replay: the parameters after its last update

A run is written beside its place (simulator/resume.py) and moved there when it is complete, so a directory under its
final name has all its tables. `analysis` adds summary.parquet, claims.json and report.html.
"""

from __future__ import annotations

import io
import os
import platform
import shlex
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from .engines.base import Engine
from .engines.inline import Inline
from .engines.picklable import refuse_what_stays_here
from .engines.worker import Work
from .errors import ScenarioError
from .execution.limits import refuse_too_large
from .execution.plan import Plan, make_plan
from .experiment import NEEDS_A_FILE
from .files import write_whole
from .parts import to_plain
from .resume import begin, can_resume, delete_partial, explain_stop, publish, publish_what_is_whole, run_lock, versions
from .scenario.load import Scenario, load
from .scenario.manifest import manifest_text
from .scenario.matching import targets
from .storage.chunks import RunFolder
from .storage.paths import SCHEMA_VERSION, directory_of, finished, renew, unfinished
from .storage.tables import swept_columns

POLL_SECONDS = 0.2  # seconds, at least, between two counts of what is written


def run(
    source: str | Path | dict,
    overrides: dict[str, Any] | None = None,
    seeds: int | None = None,
    out: Path | str = "runs",
    engine: Engine | None = None,
) -> Path:
    """Run a scenario (a file, a shipped name, or tables) and return its run directory; a finished run is found again.

    `overrides` maps dotted keys to values; `engine` carries out the work: `ratiodrift.engine("processes", workers=4)`,
    left out this process. One that was stopped goes on from its last whole chunk. Raises ScenarioError, and Stopped
    where it cannot go on.
    """
    changes = dict(overrides or {}) | ({} if seeds is None else {"training.seeds": seeds})
    scenario = load(source, changes.items())
    for key, sentence in scenario.warnings:
        warnings.warn(f"{key}: {sentence}", stacklevel=2)
    return write_run(scenario, Path(out), engine=engine)


def write_run(
    scenario: Scenario,
    out: Path,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    engine: Engine | None = None,
    again: bool = False,
    tell: Callable[[str], None] = lambda sentence: None,
    resume: bool = False,
) -> Path:
    """Compute a scenario and write its run directory; one that lies there finished is left as it is, unless `again`.

    A run that was stopped goes on from its last whole chunk; with `resume` none is begun. `engine` carries out the work
    (default: this process), `on_progress(done, total)` is told of optimizer steps that are written, `tell` what a user
    should know. Raises ScenarioError where `out` cannot be written or does not hold so much, before anything is
    computed, and Stopped where a run cannot go on; what was computed until then is kept.
    """
    if any(point.experiment.needs_rollouts for point in scenario.points):
        raise ScenarioError(scenario.name, [("environment.kind", NEEDS_A_FILE)])
    if getattr(engine, "elsewhere", False):
        refuse_what_stays_here(scenario)
    directory, began = directory_of(scenario, out), time.time()
    final = directory.resolve()
    with ExitStack() as stack:
        try:
            final.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=final.parent):
                pass
            stack.enter_context(run_lock(final, tell))
        except OSError as error:
            raise ScenarioError(str(out), [("", f"cannot be written: {error.strerror}")]) from error
        publish_what_is_whole(final)
        known = finished(final) and not again
        if known or again:
            delete_partial(unfinished(final))  # of a known run: what one that was to take its place has left
        if known:
            renew(final, scenario)
            return directory
        asked, scenario = scenario, _calibrated(scenario)
        plan = make_plan(scenario)
        folder = RunFolder(
            unfinished(final), swept_columns(scenario), list(scenario.metrics), keeps_params=scenario.is_replay
        )
        with explain_stop(folder, plan, tell):
            _begin_or_go_on(scenario.name, folder, plan, tell, resume)
            _carry_out(engine or Inline(), Work(plan, folder), on_progress)
            if scenario.is_replay:
                _write_params(folder.path / "params.npz", folder.params(plan))
            folder.remove_temporary()
            manifest = _manifest(scenario, asked.digest(), plan, began)
            write_whole(folder.path / "manifest.json", manifest_text(manifest))
            publish(folder.path, final)
    return directory


def _calibrated(scenario: Scenario) -> Scenario:
    """The scenario with its matched learning rates, where there are any."""
    if not targets(scenario.points):
        return scenario
    from .execution.calibration import calibrated  # and with it the loop, and optax: a kept program needs neither

    return calibrated(scenario)


def _begin_or_go_on(name: str, folder: RunFolder, plan: Plan, tell: Callable[[str], None], resume: bool) -> None:
    """Take up what lies there, where it fits, or begin; refuse what would not have room."""
    out = folder.path.parent
    if not can_resume(folder, plan, tell):
        if resume:
            raise ScenarioError("--resume", [("", f"there is no run to go on with in {out}: leave --resume out")])
        if folder.path.is_dir():
            tell("it begins anew: what is written would not fit to the rest")
        delete_partial(folder.path)
        refuse_too_large(name, plan, out)
        begin(folder, plan)
        return
    folder.begin(plan)
    whole = folder.whole_chunks(plan)
    refuse_too_large(name, plan, out, left=1 - plan.updates_in(whole) / plan.num_updates)
    if whole.any():
        tell(f"going on with an unfinished run: {int(whole.sum())} of {plan.num_chunks} chunks are there")


def _carry_out(engine: Engine, work: Work, on_progress: Callable[[int, int], None]) -> None:
    """Do what is not done yet."""
    plan, total, slow = work.plan, work.plan.num_updates, 0.0
    whole = work.folder.whole_chunks(plan)
    told = plan.updates_in(whole)
    on_progress(told, total)
    left = np.flatnonzero(whole < plan.chunks_of_jobs).tolist()
    looked = time.monotonic()
    with closing(engine.run(work, left)) as running:
        for _ in running:
            now = time.monotonic()
            if now - looked < max(POLL_SECONDS, 20 * slow):
                continue
            done = plan.updates_in(work.folder.whole_chunks(plan))
            looked = time.monotonic()
            slow = looked - now
            if done > told:
                on_progress(done, total)
                told = done
    if told < total:
        on_progress(total, total)


def _write_params(path: Path, params: dict[tuple[int, int], dict[str, np.ndarray]]) -> None:
    """The parameters by name, `logits` of a table; of several points `point-0/logits`, …; seeds are a leading axis."""
    points = dict.fromkeys(point for point, _ in sorted(params))
    arrays = {}
    for point in points:
        runs = [named for (which, _), named in sorted(params.items()) if which == point]
        for name in runs[0]:
            key = name if len(points) == 1 else f"point-{point}/{name}"
            values = [named[name] for named in runs]
            arrays[key] = values[0] if len(values) == 1 else np.stack(values)
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]  # NumPy's stub takes a name for allow_pickle
    write_whole(path, content.getvalue())


def _manifest(scenario: Scenario, digest: str, plan: Plan, began: float) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "name": scenario.name,
        "hash": digest,
        "heading": to_plain(scenario.heading),
        "scenario": scenario.tables,
        "points": scenario.tabulated(),
        "warnings": [list(warning) for warning in scenario.warnings],
        "plan": plan.describe(),
        "metrics": {name: to_plain(metric) for name, metric in scenario.metrics.items()},
        "versions": versions(),
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
    return f"ratiodrift.run({scenario.name!r}) from Python"
