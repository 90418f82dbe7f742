"""Gates: from a ratio and an advantage to the objective, and how hard that pushes.

A gate's *score weight* is the derivative of its objective by the log-probability: at ratio 1 it is the advantage. A
gate is called with the level's log-ratios, the tokens' log-probabilities and the advantages.

    through_level   the gradient goes through the level's ratio; else the ratio is a weight without a gradient of its
                    own, and the gradient goes through each token's log π
    cuts            the gate can make a gradient exactly zero; `clipped` says where: (low, high, dual)
    band            the ratios outside which it does so, where those are the same for all tokens with one sign of the
                    advantage; None for a gate without such bounds
"""

from .base import GATES as GATES
from .base import Gate as Gate
from .weights import BoundedClip as BoundedClip
from .weights import Ratio as Ratio
from .weights import Score as Score
from .weights import TaperedWeight as TaperedWeight
from .weights import TruncatedWeight as TruncatedWeight
from .clips import Clip as Clip
from .clips import TwoSidedClip as TwoSidedClip
from .smooth import GammaWeight as GammaWeight
from .smooth import Sigmoid as Sigmoid
from .differences import Difference as Difference
from .restoring import Restoring as Restoring
