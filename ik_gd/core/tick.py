"""What one tick of the follower decided."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.states import FollowerState

Array = NDArray[np.float64]


class Tick(NamedTuple):
    """What one tick decided.

    Attributes:
        state: after this tick.
        command: (n,) where the joints shall be [rad or m]; None when nothing may be published.
        velocity: (n,) of the command [rad/s or m/s].
        position_error: from the commanded tip to the target [m]; NaN without a target.
        rotation_error: likewise, of what the objective asks for [rad].
        iterations: of the descent in this tick.
        limiting_joint: that keeps the tip from the target, in AT_LIMIT; else None.
        missing_joints: whose positions are unknown or too old.
        message: the state in words.
    """

    state: FollowerState
    command: Array | None
    velocity: Array
    position_error: float
    rotation_error: float
    iterations: int
    limiting_joint: str | None
    missing_joints: tuple[str, ...]
    message: str
