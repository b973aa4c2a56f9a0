"""Turns where a joint shall be into where it is sent in this cycle. Pure, no clock of its own."""

from __future__ import annotations

from ik_gd.arms.servo.calibration import JointCalibration


class GoalRamp:
    """Moves one joint's goal towards its target, a bounded step at a time.

    The speed is bounded and may only grow at the joint's acceleration; it may fall at once, since
    a servo that is told to stop brakes as hard as it can anyway. A stream of targets within these
    limits passes unchanged, without lag.

    Attributes:
        max_speed: [ticks/s].
        goal: what the servo is sent [tick], not rounded.
        target: where the goal goes [tick].
    """

    def __init__(self, joint: JointCalibration) -> None:
        ticks_per_radian = 1.0 / abs(joint.radians_per_tick)
        self.max_speed = joint.max_velocity * ticks_per_radian
        self._max_acceleration = joint.max_acceleration * ticks_per_radian
        self._speed = 0.0  # the speed that is granted now [ticks/s]
        self.goal = 0.0
        self.target = 0.0

    def reset(self, tick: float) -> None:
        """Stand still at `tick`."""
        self.goal = self.target = float(tick)
        self._speed = 0.0

    def stop(self) -> None:
        """Stay where the goal is now."""
        self.target = self.goal

    def step(self, dt: float, opening: float = 1.0) -> float:
        """Return the goal [tick] after `dt` [s].

        Args:
            dt: since the last step.
            opening: fraction of the speed limit that is granted, 0 .. 1.
        """
        gain = self._max_acceleration * dt
        speed = min(self._speed + gain, self.max_speed * opening)
        most = speed * dt
        step = min(max(self.target - self.goal, -most), most)
        # One cycle without a new target must not cost the speed that the next one needs.
        self._speed = max(abs(step) / dt if dt > 0.0 else 0.0, self._speed - gain)
        self.goal += step
        return self.goal
