"""`ratiodrift replay`: a scenario on rollouts that were recorded elsewhere."""

from __future__ import annotations

import argparse
from functools import partial

from .presenter import Presenter
from .run import carry_out


def execute(options: argparse.Namespace) -> int:
    """Replay a file of rollouts, or find its finished run again, and show the result."""
    with Presenter() as presenter:
        from ..replaying import load_replay
        from ..rollouts.files import read_rollouts
        from .scenario import read_scenario

        load = partial(load_replay, rollouts=read_rollouts(options.rollouts))
        return carry_out(read_scenario(options.scenario, options, load), options, presenter)
