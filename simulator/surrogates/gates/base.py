"""The family of the gates."""

from __future__ import annotations

from typing import Annotated, Any

from ...parts import Family

GATES = Family("gate", "kind")
Gate = Annotated[Any, GATES]
