"""The worlds that stand by themselves: what another environment can hold."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .bandit import Bandit
from .length_trap import LengthTrap
from .token_chain import TokenChain
from .token_tree import TokenTree

World = Annotated[Bandit | TokenTree | TokenChain | LengthTrap, Field(discriminator="kind")]
