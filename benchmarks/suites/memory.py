"""How the memory grows with the length of runs."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks import fresh, machine
from benchmarks.results import Found, Row
from benchmarks.suites import Options

TITLE = "Longer runs need no more memory"
ROLLOUTS = (100, 1000, 10_000)
FLAT = 1.1


def measure(options: Options) -> Found:
    lengths = ROLLOUTS[: 2 if options.quick else 3]
    peaks = {length: fresh.call(peak, devices=machine.cores_used(), num_rollouts=length) for length in lengths}
    rows = [Row(f"peak of a process with {length} rollouts", peaks[length], unit="MB") for length in lengths]
    what = f"{lengths[-1]} rollouts against {lengths[0]}"
    rows.append(Row(what, peaks[lengths[-1]] / peaks[lengths[0]], unit="×", relation="at most", goal=FLAT))
    remark = (
        "64 runs of the small problem, the ratios of every token written to disk. 'Flat' is ours to define: a hundred "
        f"times the rollouts may take {FLAT - 1:.0%} more."
    )
    return Found(rows, {"megabytes": {str(length): value for length, value in peaks.items()}}, [remark])


def peak(num_rollouts: int) -> float:
    """In a fresh process: the most memory that it ever held, in MB."""
    from benchmarks import ours
    from benchmarks.problem import SMALL
    from simulator.runs import write_run

    with tempfile.TemporaryDirectory() as folder:
        write_run(ours.scenario(SMALL, seeds=64, num_rollouts=num_rollouts, ratios=True), Path(folder))
    return most_memory()


def most_memory() -> float:
    """Linux keeps it by process; what getrusage says there begins with the parent's."""
    status = Path("/proc/self/status")
    if status.is_file():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
