"""The worlds that stand by themselves: what another environment can hold."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simulator.environments.bandit import Bandit
from simulator.environments.length_trap import LengthTrap
from simulator.environments.token_chain import TokenChain
from simulator.environments.token_tree import TokenTree

World = Annotated[Bandit | TokenTree | TokenChain | LengthTrap, Field(discriminator="kind")]
