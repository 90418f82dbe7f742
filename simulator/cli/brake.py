"""`ratiodrift brake`: how far each optimizer carries on without a gradient, measured and predicted."""

from __future__ import annotations

import argparse
import platform
import shlex
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ScenarioError
from ..optimizers.braking import MIN_HORIZON, Braking, Stop
from ..optimizers.registry import NOT_DRIVEN, OPTIMIZERS
from ..optimizers.schema import SETTINGS, optimizer_problems
from .progress import Progress
from .scenario import overrides


def execute(options: argparse.Namespace) -> int:
    """Measure the optimizers, write the page and its tables, and print what they say."""
    given = {key.removeprefix("optimizer."): value for key, value in overrides(options)}
    names = list(dict.fromkeys(options.optimizers)) or _with_keywords(given)
    if problems := list(_problems(options, names, given)):
        raise ScenarioError("brake", problems)
    out = Path(options.out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ScenarioError(str(out), [("", f"cannot be written: {error.strerror}")]) from error
    if not options.no_cache:
        from ..execution.program_cache import keep_compiled_programs

        keep_compiled_programs()
    measured, left_out = _measure(names, given, options)

    from ratiodrift.analysis.braking import gather
    from ratiodrift.analysis.braking.page import write
    from ratiodrift.analysis.braking.terminal import show

    brakes = gather(measured, left_out, _facts(options))
    write(brakes, out)
    print(brakes.as_json()) if options.json else show(brakes, out)
    return 0


def _with_keywords(given: dict[str, Any]) -> list[str]:
    """The optimizers that take all these keywords: all that there are where none is given."""
    return [name for name, factory in OPTIMIZERS.items() if given.keys() <= {*factory.keywords, *SETTINGS}]


def _problems(options: argparse.Namespace, names: list[str], given: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with the options: (key, sentence)."""
    from ..optimizers.braking import measured_with

    if options.updates < 1:
        yield "--updates", f"must be >= 1, got {options.updates}"
    if options.horizon < MIN_HORIZON:
        reason = "fewer do not tell slowing down from going on"
        yield "--horizon", f"must be >= {MIN_HORIZON}, got {options.horizon}: {reason}"
    if not names:
        yield "--set", f"no optimizer has the keywords {', '.join(given)}"
    for name in names:
        if name not in NOT_DRIVEN:
            for key, sentence in optimizer_problems({"name": name, **measured_with(name), **given}):
                yield f"{name}.{key}" if key != "name" else "", sentence


def _measure(
    names: list[str], given: dict[str, Any], options: argparse.Namespace
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """What was measured, with what was to be expected beside it; and the reasons of those that were left out."""
    from ..optimizers.braking import brake_all, work

    measured, left_out = [], {}
    size, total = (work(count, options.updates, options.horizon) for count in (1, len(names)))
    with Progress() as progress:
        progress(0, total)
        for done, (name, found) in enumerate(
            brake_all(names, updates=options.updates, horizon=options.horizon, **given), start=1
        ):
            if isinstance(found, str):
                left_out[name] = found
            else:
                measured.append(_beside_its_prediction(found, closed=not given.keys() & {*SETTINGS}))
            progress(done * size, total)
    return measured, left_out


def _beside_its_prediction(found: Braking, closed: bool) -> dict[str, Any]:
    """An optimizer's measured curves and table rows, with those of its closed forms, which know its keywords alone."""
    from ratiodrift.analysis.theory.optimizers import elasticity, formula, residual

    keywords = {key: found.keywords.get(key) for key in OPTIMIZERS[found.name].keywords if key in found.keywords}
    decays = any("weight_decay" in key and value for key, value in keywords.items() if not key.endswith("mask"))
    closed = closed and not decays and not any(isinstance(value, dict) for value in keywords.values())  # no schedule
    between = np.sqrt(found.scales[1:] * found.scales[:-1])
    last = found.updates["steady"]
    curves = [
        {"curve": f"elasticity of the {update} update", "x": between, "measured": found.elasticity(update),
         "predicted": elasticity(found.name, keywords, between, count) if closed else None}
        for update, count in (("first", 1), ("last", last))
    ]  # fmt: skip
    rows = found.rows()
    for row, ((start, gradients), stop) in zip(rows, found.stops.items(), strict=True):
        silent = np.arange(1, len(stop.sizes) + 1)
        curve = None
        if closed and gradients == "constant":
            curve = residual(found.name, keywords, found.updates[start], silent)
        curves.append(
            {"curve": f"residual, {start}, {gradients}", "x": silent, "measured": stop.sizes, "predicted": curve}
        )
        expected = None if curve is None else Stop(curve, curve)
        row |= {
            "predicted": np.nan if expected is None else expected.distance,
            "predicted_whole": expected is None or expected.whole,
            "formula": (closed and formula(found.name)) or "",
        }
    return {"name": found.name, "rows": rows, "curves": curves}


def _facts(options: argparse.Namespace) -> dict[str, Any]:
    """What a page says about how its numbers were made."""
    from ..optimizers.braking import COLD, LEARNING_RATE, NOISE, SCALES, SEEDS, SHAPE
    from ..resume import VERSIONS_OF

    return {
        "command": shlex.join(["ratiodrift", *sys.argv[1:]]),
        "updates": options.updates,
        "cold": min(COLD, options.updates),
        "horizon": options.horizon,
        "settings": list(options.set),
        "learning_rate": LEARNING_RATE,
        "noise": NOISE,
        "seeds": SEEDS,
        "shape": list(SHAPE),
        "scales": [float(SCALES[0]), float(SCALES[-1])],
        "versions": {"python": platform.python_version(), **{name: version(name) for name in VERSIONS_OF}},
    }
