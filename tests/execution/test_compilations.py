"""As many programs are compiled as there are distinct structures, and nothing beside them."""

import json

import pytest

from tests import fresh

# What is really handed to the compiler is counted, not what some cache of ours holds.
COUNTED = """
import json, pathlib, tempfile
import jax
compiled = []
jax.monitoring.register_event_duration_secs_listener(
    lambda name, seconds, **more: compiled.append(more) if name.endswith("/backend_compile_duration") else None
)
from simulator.execution import plan as sweep
sweep.CHUNK_SECONDS = (1e-6, 1e-6)
sweep.MAX_LANES = {"cpu": 2, "gpu": 2}
from simulator.execution.compute import execute
from simulator.runs import write_run
from simulator.scenario.load import load
from tests.small import tables

three = load(tables(
    optimizer=[
        {"name": "adam", "learning_rate": {"values": [0.1, 0.2, 0.3]}},
        {"name": "sgd", "learning_rate": {"values": [0.1, 0.2]}},
        {"name": "lion", "learning_rate": 0.1},
    ],
    training={"num_rollouts": 3, "group_size": 4, "epochs": 2, "minibatches": 2, "seeds": 4},
    record={"probes": ["ratio"], "ratios": {"every": 2}},
))
todo = sweep.make_plan(three)
counts = [len(compiled)]
with tempfile.TemporaryDirectory() as out:
    steps = {
        "execute": lambda: list(execute(todo)),
        "write": lambda: write_run(three, pathlib.Path(out)),
    }
    for name in ORDER:
        steps[name]()
        counts.append(len(compiled))
print(json.dumps([todo.num_jobs, todo.num_chunks, counts]))
"""


def counted(*order: str) -> tuple[int, int, list[int]]:
    code = f"ORDER = {order!r}\nimport os\nos.environ['XLA_FLAGS'] = '--xla_backend_optimization_level=0'\n{COUNTED}"
    return json.loads(fresh.python(code).splitlines()[-1])


@pytest.mark.long
def test_computing_compiles_equal_distinct_structures_and_once():
    jobs, chunks, counts = counted("execute", "execute", "write")
    assert jobs >= 5 and chunks >= 15
    assert counts == [0, 3, 3, 3]


@pytest.mark.long
def test_so_does_writing_a_run():
    assert counted("write")[2] == [0, 3]
