"""The family of the advantages."""

from __future__ import annotations

from typing import Annotated, Any

from ..parts import Family

ADVANTAGES = Family("advantage", "kind")
Advantage = Annotated[Any, ADVANTAGES]
