"""Double precision, and shapes and types checked in every call inside `simulator`: both before it is imported."""

import itertools
import os
import shutil
import subprocess
from pathlib import Path

# The tests compile thousands of programs that run for milliseconds: compile fast, not for speed.
COMPILE_FAST = (
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true --xla_cpu_use_fusion_emitters=false"
)
os.environ.setdefault("XLA_FLAGS", COMPILE_FAST)

import jax  # noqa: E402

jax.config.update("jax_enable_x64", True)
# One cache of compiled programs for all workers of a run, kept for the next run. A cache with a maximal size would list
# all its entries whenever it writes one.
PROGRAMS = Path(__file__).parent.parent / ".pytest_cache" / "programs"
jax.config.update("jax_compilation_cache_dir", str(PROGRAMS))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)

import pytest  # noqa: E402
from jaxtyping import install_import_hook  # noqa: E402

import tests.shapes  # noqa: E402, F401

install_import_hook("simulator", "tests.shapes.typechecker")

from simulator.execution import program  # noqa: E402

# jax knows a program by what it computes. Ours are known by the code of the package, which tests patch: none is kept.
program.kept = lambda made_of, compile_it: compile_it()


MAPS = Path("/proc/self/maps")
MAX_PROGRAMS = 100_000  # of which 5,000 take 30 MB
MAX_MAPS = 20_000  # a compiled program takes hundreds; Linux gives a process 65,530, beyond which LLVM crashes
_tests = itertools.count()


def pytest_sessionstart(session):
    """Empty the cache when it has grown too large; look at what the repository holds."""
    if hasattr(session.config, "workerinput"):
        return
    if PROGRAMS.is_dir() and len(os.listdir(PROGRAMS)) > MAX_PROGRAMS:
        shutil.rmtree(PROGRAMS)
    session.held = held()


def pytest_sessionfinish(session):
    """Fail where a test has written into the repository."""
    if hasattr(session, "held") and (written := held() - session.held):
        print(f"\ntests wrote into the repository: {', '.join(sorted(written))}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def held() -> set[str]:
    """What git says of the working tree, one line per changed or unknown file; nothing where there is no git."""
    command = ["git", "status", "--porcelain", "--untracked-files=all"]
    try:
        done = subprocess.run(command, cwd=PROGRAMS.parent.parent, capture_output=True, text=True)
        return {*done.stdout.splitlines()}
    except OSError:
        return set()


@pytest.fixture(autouse=True)
def room_for_programs():
    """Programs are forgotten before they are too many; looking takes long enough to do it at every tenth test only."""
    if next(_tests) % 10 == 0 and MAPS.exists() and MAPS.read_bytes().count(b"\n") > MAX_MAPS:
        program.forget_compiled()


@pytest.fixture
def strict_promotion():
    """No dtype is promoted silently. Not for whole runs: optax's bias correction mixes integers and floats."""
    with jax.numpy_dtype_promotion("strict"):
        yield
