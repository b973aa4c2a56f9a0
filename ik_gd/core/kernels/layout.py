"""The columns of `Chain.segments`, the one array that tells kernels what an arm looks like.

Row i < m is the i-th movable joint from base to tip: a fixed placement of its frame, whose z axis
is the joint's axis, in the frame of the joint before it; then the joint turns about z (or slides
along z) by `multiplier * q[source] + offset`. Row m is the placement of the tip in the frame of
the last joint. One float64 array, for a compiled call pays for every argument it unpacks.
"""

import numpy as np
from numpy.typing import NDArray

ROTATION = slice(0, 9)  # row-major (3, 3)
TRANSLATION = slice(9, 12)  # (3,) [m]
PRISMATIC = 12  # 1 slides, 0 turns
SOURCE = 13  # index into q
MULTIPLIER = 14
OFFSET = 15  # [rad or m]
WIDTH = 16


def write_placement(row: NDArray[np.float64], transform: NDArray[np.float64]) -> None:
    """Store the homogeneous `transform` (4, 4) in a segment `row` (16,)."""
    row[ROTATION] = transform[:3, :3].ravel()
    row[TRANSLATION] = transform[:3, 3]
