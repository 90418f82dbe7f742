"""Measure, print, keep.

    python -m benchmarks                    all suites, into benchmarks/results.json
    python -m benchmarks peers roofline     some of them; the others' results stay
    python -m benchmarks --quick            everything with little, to see that it runs: nothing is kept

Exit code 1 where a goal is missed by more than noise explains, or a suite fails: a peer that computes something else.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path

import jax

from benchmarks import machine, results
from benchmarks.suites import NAMES, Options
from benchmarks.tables import as_text
from benchmarks.timing import ROUNDS


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"of {', '.join(NAMES)} (default: all)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"of interleaved timings (default: {ROUNDS})")
    parser.add_argument("--out", type=Path, default=results.FILE, help="default: benchmarks/results.json")
    parser.add_argument("--quick", action="store_true", help="see that it runs; no number is kept")
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.suites) - set(NAMES):
        parser.error(f"no suite {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    jax.config.update("jax_num_cpu_devices", machine.cores_used())
    options = Options(rounds=2 if chosen.quick else chosen.rounds, quick=chosen.quick)

    failed, missed = [], []
    for name in [name for name in NAMES if name in (chosen.suites or NAMES)]:
        suite = importlib.import_module(f"benchmarks.suites.{name}")
        print(f"\n{suite.TITLE}", flush=True)
        load, began = machine.load_average(), time.time()
        try:
            found = suite.measure(options)
        except Exception:  # the others are measured all the same
            traceback.print_exc()
            failed.append(name)
            continue
        about = {
            "title": suite.TITLE,
            "rounds": options.rounds,
            "load_average_before": load,
            "seconds": round(time.time() - began),
            "when": datetime.now(UTC).isoformat(timespec="minutes"),
        }
        print(as_text(found.rows), *found.remarks, f"({about['seconds']} s)", sep="\n", flush=True)
        missed += [f"{name}: {each.what} {each.size}".strip() for each in found.rows if each.verdict == "missed"]
        if not chosen.quick:
            results.keep({name: about | results.plain(found)}, machine.describe(), chosen.out)
    if chosen.quick:
        missed = []
    for what, names in {"Failed": failed, "Missed by more than noise explains": missed}.items():
        if names:
            print(f"\n{what}:", *names, sep="\n  ")
    return 1 if failed or missed else 0


if __name__ == "__main__":
    sys.exit(main())
