# SPDX-License-Identifier: Apache-2.0
"""Networks that say which places of an image belong together, and let maps walk along them."""

from .affinity_net import AffinityNet
from .boundary_net import BoundaryNet
from .neighbor_affinity_net import NeighborAffinityNet
from .walk_model import WalkModel

__all__ = ['AffinityNet', 'BoundaryNet', 'NeighborAffinityNet', 'WalkModel']
