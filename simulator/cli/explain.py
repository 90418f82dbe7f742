"""`ratiodrift explain`: in words, what was seen in a run, and why."""

from __future__ import annotations

import argparse
import json

from .opened import opened


def execute(options: argparse.Namespace) -> int:
    """Print what the rules find in a run."""
    run = opened(options.run)
    from ratiodrift.analysis.explaining import explanations
    from ratiodrift.analysis.explaining.terminal import plain, show
    from ratiodrift.analysis.terminal import working

    with working("looking"):
        found = explanations(run)
    if options.json:
        print(json.dumps(plain(found), indent=1, ensure_ascii=False))
    else:
        show(run, found)
    return 0
