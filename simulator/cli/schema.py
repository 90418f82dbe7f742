"""`ratiodrift schema`: the JSON Schema of scenario files."""

from __future__ import annotations

import argparse
import json

from ..scenario.json_schema import scenario_schema


def execute(options: argparse.Namespace) -> int:
    """Print the schema."""
    print(json.dumps(scenario_schema(), indent=1))
    return 0
