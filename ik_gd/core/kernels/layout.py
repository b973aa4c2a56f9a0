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


# One row of `tasks`: what "on target" means for one tip. Read by residual.py.
KIND = 0  # POSE or AXIS
IN_TIP_FRAME = 1  # 1: weights and tolerances are along the tip's axes, 0: along the base's
UNIFORM = 2  # 1: one weight for the position, one for the rotation: the frame does not matter
WEIGHTS = 3  # six columns from here on: x, y, z, and about x, y, z
TOLERANCES = 9  # six columns
TIP_AXIS = 15  # three columns: a unit vector in the tip's frame
CONE = 18  # [rad]: the tip's axis may lean this far
TASK_WIDTH = 19

POSE = 0.0  # position and orientation; a weight of 0 leaves a direction out
AXIS = 1.0  # position, and the direction of one axis of the tip; the roll about it is free

# `settings` of the damped descent.
DAMPING = 0  # lambda = DAMPING * cost
LEAST_DAMPING = 1  # never less
STEP_LIMIT = 2  # [rad or m] no joint moves further in one step
LEAST_STEP = 3  # [rad or m] a shorter step ends the descent
SLOW = 4  # a step that leaves more than this share of the cost counts as slow
PATIENCE = 5  # so many slow steps in a row end a search's descent
TIGHTEN = 6  # lambda grows so much when a step is taken back,
LOOSEN = 7  # and shrinks so much when one is accepted,
LEAST_RELAX = 8  # down to this share
DESCENT_BUDGET = 9  # iterations of one descent of a search
TOTAL_BUDGET = 10  # iterations of a whole search
HASTY_BUDGET = 11  # iterations of the search before the best effort
EFFORTS = 12  # descents of the best effort
REACH = 13  # [m] beyond it from the first joint nothing can be reached
RULE = 14  # see rules.py, and so the rest
GRADIENT = 15  # 0 exact, 1 sampled, 2 sampled on both sides
SAMPLING_DISTANCE = 16  # [rad or m]
LEARNING_RATE = 17
MOMENTUM = 18
NORMALISE = 19  # 1: the slope is scaled to length 1
VARIATION = 20  # moves the restarts about; 0: they begin at the samples themselves
SETTINGS_WIDTH = 21
