"""What a tick finds when it compares the command with the target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ik_gd.core.kernels import progress as kernels
from ik_gd.core.reference import Asked
from ik_gd.core.states import Event

if TYPE_CHECKING:
    from ik_gd.core.chain import Chain
    from ik_gd.core.follower_settings import FollowerSettings
    from ik_gd.core.motion import JointMotion
    from ik_gd.core.pursuit import Pursuit
    from ik_gd.core.reference import Reference

_AT_REST = 1e-3  # [rad/s or m/s] slower counts as arrived
_STAYS_REACHED = 1.5  # tolerances until a reached target is no longer


class Progress:
    """Measures how far commands are from their target.

    Args:
        chain: the arm.
        counts_rotation: whether the objective asks anything of the orientation.

    Attributes:
        position_error: from the commanded tip to the target [m]; NaN without a target.
        rotation_error: likewise, of what the objective asks for, at most [rad].
        lag: how long the joints need to their goal at least [s].
    """

    def __init__(self, chain: Chain, counts_rotation: bool) -> None:
        self._chain = chain
        self._counts_rotation = counts_rotation
        self._measures = np.zeros(5)
        self._was_there = False
        self.forget()

    def forget(self) -> None:
        """Begin anew: there is no target."""
        self.position_error = self.rotation_error = np.nan
        self.lag = 0.0
        self._was_there = False

    def judge(
        self,
        motion: JointMotion,
        pursuit: Pursuit,
        reference: Reference,
        settings: FollowerSettings,
    ) -> Event:
        """Measure, and return what that means."""
        kernels.assess(
            self._chain.segments,
            motion.position,
            pursuit.goal,
            motion.velocity,
            motion.limits.max_velocity,
            reference.pose,
            reference.target,
            self._measures,
        )
        self.position_error, way, turn, self.lag, speed = self._measures.tolist()
        solution = pursuit.solution
        self.rotation_error = turn + (solution.rotation_error if solution is not None else 0.0)
        if not self._counts_rotation:
            self.rotation_error = turn = 0.0
        slack = _STAYS_REACHED if self._was_there else 1.0
        meters = slack * settings.position_tolerance
        radians = slack * settings.rotation_tolerance
        is_near = self.position_error <= meters and self.rotation_error <= radians
        if solution is None or solution.converged:  # then what is left is what is left to move
            is_near = is_near or (way <= meters and turn <= radians)
        self._was_there = is_near and speed <= _AT_REST and reference.asked is not Asked.TWIST
        if self._was_there:
            return Event.ARRIVED
        if solution is None or solution.converged:
            return Event.ON_THE_WAY
        if solution.position_error <= meters and solution.rotation_error <= radians:
            return Event.ON_THE_WAY  # as good as asked for, if not as good as can be
        if pursuit.is_beyond_reach:
            return Event.BEYOND_REACH
        if pursuit.limiting_joint is not None:
            return Event.LIMITED
        return Event.STUCK if pursuit.is_stuck else Event.ON_THE_WAY
