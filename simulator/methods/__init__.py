"""The named methods, in the order of the tables: a method is one file here and one line below.

Each is a point of the product advantage × level × gate × reduction × filter − regularisers.
"""

from .reinforce import Reinforce
from .rloo import RLOO
from .remax import ReMax
from .reinforce_plus_plus import ReinforcePlusPlus
from .reinforce_plus_plus_baseline import ReinforcePlusPlusBaseline
from .opo import OPO
from .grpo import GRPO
from .deepseek_v32 import DeepSeekV32
from .dr_grpo import DrGRPO
from .dapo import DAPO
from .cppo import CPPO
from .gtpo import GTPO
from .gpg import GPG
from .grpo_passk import GRPOPassK
from .gdpo import GDPO
from .loop import LOOP
from .maxrl import MaxRL
from .gspo import GSPO
from .luspo import LUSPO
from .gcpo import GCPO
from .gmpo import GMPO
from .cispo import CISPO
from .gppo import GPPO
from .topr import TOPR
from .abc_grpo import ABCGRPO
from .sapo import SAPO
from .vespo import VESPO
from .dppo import DPPO
from .opmd import OPMD
from .dro import DRO
from ..surrogates.base import Surrogate
from .base import METHODS, Clipped, Method, Regularized, ZScored

METHODS.add(Surrogate)  # any point of the product, by its factors: name = "custom"

__all__ = [
    "ABCGRPO",
    "CISPO",
    "CPPO",
    "Clipped",
    "DAPO",
    "DPPO",
    "DRO",
    "DeepSeekV32",
    "DrGRPO",
    "GCPO",
    "GDPO",
    "GMPO",
    "GPG",
    "GPPO",
    "GRPO",
    "GRPOPassK",
    "GSPO",
    "GTPO",
    "LOOP",
    "LUSPO",
    "METHODS",
    "MaxRL",
    "Method",
    "OPMD",
    "OPO",
    "RLOO",
    "Regularized",
    "ReMax",
    "Reinforce",
    "ReinforcePlusPlus",
    "ReinforcePlusPlusBaseline",
    "SAPO",
    "Surrogate",
    "TOPR",
    "VESPO",
    "ZScored",
]
