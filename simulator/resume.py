"""A run on its way: alone in its place, found again after it was stopped, moved to its name when it is whole.

runs/.<scenario>-<hash>.partial/   what is computed of it (simulator/storage/chunks.py)
runs/.<scenario>-<hash>.former/    for a moment: the run whose place a new one takes
runs/.locks/<scenario>-<hash>      held while a process works on it; the system lets go of it when that one dies

A process may be killed between any two steps here: whoever comes next finds a run that is finished, or one that has its
manifest and only has to be moved, or one to go on with.
"""

from __future__ import annotations

import errno
import hashlib
import json
import platform
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import numpy as np
from filelock import FileLock, Timeout

from .errors import ScenarioError, Stopped
from .execution.plan import Plan
from .files import write_whole
from .storage.chunks import RunFolder
from .storage.paths import SCHEMA_VERSION, finished, former, unfinished

VERSIONS_OF = ("ratiodrift", "jax", "jaxlib", "optax", "numpy", "pyarrow")
FULL = (errno.ENOSPC, errno.EDQUOT)  # the disk is
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)  # of some network file systems


@contextmanager
def run_lock(final: Path, tell: Callable[[str], None]) -> Iterator[None]:
    """Nobody else works on this run meanwhile; waits for who does. Raises OSError where a lock cannot be made."""
    (final.parent / ".locks").mkdir(parents=True, exist_ok=True)
    lock = FileLock(final.parent / ".locks" / final.name)
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            tell("another process is computing this very run: waiting for it")
            lock.acquire()
            tell("the other process has finished it" if finished(final) else "the other process has stopped")
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        tell(f"{final.parent} cannot be locked ({error.strerror}): see to it that no other process computes this run")
    try:
        yield
    finally:
        lock.release()


def can_resume(folder: RunFolder, plan: Plan, tell: Callable[[str], None]) -> bool:
    """Whether a part of the run lies there to which the rest would fit; says why not."""
    file = folder.path / "identity.json"
    if not file.is_file():
        return False
    try:
        differs = _difference(dict(json.loads(file.read_text())), _identity(plan))
    except (ValueError, TypeError):
        differs = "its identity.json is damaged"
    if differs:
        tell(f"an unfinished run lies here, but {differs}")
    return not differs


def begin(folder: RunFolder, plan: Plan) -> None:
    """Make the folder of a run that begins."""
    folder.begin(plan)
    write_whole(folder.path / "identity.json", json.dumps(_identity(plan), indent=1).encode())


def publish(folder: Path, final: Path) -> None:
    """A run that is whole goes to its own name, without what only going on needs; a former one makes room for it."""
    shutil.rmtree(folder / "states", ignore_errors=True)
    for name in ("identity.json", "work.pickle"):
        (folder / name).unlink(missing_ok=True)
    for table in (folder / "ratios", folder / "tokens"):
        if table.is_dir() and not any(table.iterdir()):
            table.rmdir()
    shutil.rmtree(former(final), ignore_errors=True)
    if final.exists():
        final.rename(former(final))
    folder.rename(final)
    shutil.rmtree(former(final), ignore_errors=True)


def publish_what_is_whole(final: Path) -> None:
    """A process may have been killed after the last word of a run, and before that was in its place."""
    try:
        whole = finished(unfinished(final))
    except ScenarioError:  # the manifest of another schema version: of no use here
        whole = False
    if whole:
        publish(unfinished(final), final)
    shutil.rmtree(former(final), ignore_errors=True)


def delete_partial(folder: Path) -> None:
    """What there is of an unfinished run goes."""
    shutil.rmtree(folder, ignore_errors=True)


def versions() -> dict[str, str]:
    """On what a run was computed: what may change its last bits."""
    return {"python": platform.python_version(), **{name: version(name) for name in VERSIONS_OF}}


def _identity(plan: Plan) -> dict[str, Any]:
    """What has to be the same for the chunks of a run to fit together."""
    numbers = hashlib.sha256()
    for leaf in jax.tree.leaves([structure.stacked for structure in plan.structures]):
        numbers.update(np.ascontiguousarray(leaf).data)
    return {
        "schema_version": SCHEMA_VERSION,
        "plan": plan.describe(),
        "numbers": numbers.hexdigest(),
        "versions": versions(),
        "machine": platform.machine(),
        "device": jax.devices()[0].device_kind,
    }


def _difference(there: dict[str, Any], here: dict[str, Any]) -> str | None:
    """The first thing that is not as it was."""
    here = json.loads(json.dumps(here))
    for key, now in here.items():
        before = there.get(key)
        if before == now:
            continue
        if key == "versions":
            before = before or {}
            key, old, new = next((name, before.get(name), now[name]) for name in now if before.get(name) != now[name])
            return f"its {key} was {old}, and is {new}"
        sentences = {
            "schema_version": f"its tables are of schema version {before}, not {now}",
            "plan": "it was cut into other chunks",
            "numbers": "its learning rates were matched otherwise",  # all other numbers are in the run's name
        }
        return sentences.get(key, f"its {key} was {before}, and is {now}")
    return None


@contextmanager
def explain_stop(folder: RunFolder, plan: Plan, tell: Callable[[str], None]) -> Iterator[None]:
    """Raise Stopped where the system refuses something; at Ctrl-C, too, tell how much is kept."""
    try:
        yield
    except KeyboardInterrupt:
        tell(_kept(folder, plan))
        raise
    except OSError as error:
        happened = error.strerror or str(error)
        first = "make room, then " if error.errno in FULL else ""
        raise _stopped(folder, plan, happened, first) from error
    except (MemoryError, jax.errors.JaxRuntimeError) as error:
        if not (isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error)):
            raise
        raise _stopped(folder, plan, "there is too little memory", "with more of it, ") from error


def _stopped(folder: RunFolder, plan: Plan, happened: str, first: str) -> Stopped:
    return Stopped(
        f"{happened} ({folder.path.parent})\n{_kept(folder, plan)}\n{first}run it again: it goes on from there"
    )


def _kept(folder: RunFolder, plan: Plan) -> str:
    try:
        whole = int(folder.whole_chunks(plan).sum())
    except OSError:
        whole = 0
    return f"{whole} of {plan.num_chunks} chunks are written and kept"
