"""`ratiodrift replay`: a scenario on rollouts that were recorded elsewhere."""

from __future__ import annotations

import argparse
from functools import partial

from simulator.commands.presenting import Presenter
from simulator.commands.run import carry_out


def execute(options: argparse.Namespace) -> int:
    """Replay a file of rollouts, or find its finished run again, and show the result."""
    with Presenter() as presenter:
        from simulator.commands.checked import load_checked
        from simulator.commands.overrides import overrides
        from simulator.replaying import load_replay
        from simulator.rollout_files import read_rollouts

        load = partial(load_replay, rollouts=read_rollouts(options.rollouts))
        return carry_out(load_checked(options.scenario, overrides(options), load), options, presenter)
