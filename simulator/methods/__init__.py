"""The named methods, in the order of the tables: a method is one file here and one line below.

Each is a point of the product advantage × level × gate × reduction × filter − regularisers.
"""

from .reinforce import Reinforce as Reinforce
from .rloo import RLOO as RLOO
from .remax import ReMax as ReMax
from .reinforce_plus_plus import ReinforcePlusPlus as ReinforcePlusPlus
from .reinforce_plus_plus_baseline import ReinforcePlusPlusBaseline as ReinforcePlusPlusBaseline
from .opo import OPO as OPO
from .grpo import GRPO as GRPO
from .deepseek_v32 import DeepSeekV32 as DeepSeekV32
from .dr_grpo import DrGRPO as DrGRPO
from .dapo import DAPO as DAPO
from .cppo import CPPO as CPPO
from .gtpo import GTPO as GTPO
from .gpg import GPG as GPG
from .grpo_passk import GRPOPassK as GRPOPassK
from .gdpo import GDPO as GDPO
from .loop import LOOP as LOOP
from .maxrl import MaxRL as MaxRL
from .gspo import GSPO as GSPO
from .luspo import LUSPO as LUSPO
from .gcpo import GCPO as GCPO
from .gmpo import GMPO as GMPO
from .cispo import CISPO as CISPO
from .gppo import GPPO as GPPO
from .topr import TOPR as TOPR
from .abc_grpo import ABCGRPO as ABCGRPO
from .sapo import SAPO as SAPO
from .vespo import VESPO as VESPO
from .dppo import DPPO as DPPO
from .opmd import OPMD as OPMD
from .dro import DRO as DRO
from .base import METHODS as METHODS
from .base import Clipped as Clipped
from .base import Method as Method
from .base import Regularized as Regularized
from .base import Surrogate as Surrogate
from .base import ZScored as ZScored

METHODS.add(Surrogate)  # any point of the product, by its factors: name = "custom"
