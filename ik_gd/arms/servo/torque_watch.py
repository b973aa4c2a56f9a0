"""Notices servos that have lost their torque, or restarted, while they should be following."""

from __future__ import annotations

from collections.abc import Sequence

from ik_gd.arms.servo.joint_channel import JointChannel
from ik_gd.arms.servo.servos import Control, Servos

_INTERVAL = 0.1  # [s] between two servos that are asked without a special reason


class TorqueWatch:
    """Asks servos whether they still do what they were told.

    Args:
        servos: on the bus.
        channels: the joints; `in_doubt` and `is_limp` are updated in place.
        now: the time [s].
    """

    def __init__(self, servos: Servos, channels: Sequence[JointChannel], now: float) -> None:
        self._servos = servos
        self._channels = channels
        self._ask_at = now
        self._turn = 0

    def look(self, now: float) -> None:
        """Ask one servo that has missed a cycle, or now and then one in turn."""
        driven = [c for c in self._channels if c.following and c.reading is not None]
        asked = [channel for channel in driven if channel.in_doubt][:1]
        if not asked and now >= self._ask_at:
            self._turn += 1
            self._ask_at = now + _INTERVAL
            channel = self._channels[self._turn % len(self._channels)]
            if channel.reading is not None:
                self._servos.read_slowly(channel.id)
            asked = [channel] if channel in driven else []
        for channel in asked:
            self._ask(channel)

    def look_at_all(self) -> None:
        """Ask every servo that follows."""
        for channel in self._channels:
            if channel.following and channel.reading is not None:
                self._ask(channel)

    def _ask(self, channel: JointChannel) -> None:
        control = self._servos.read_control([channel.id])[channel.id]
        if isinstance(control, Control):
            channel.in_doubt = channel.is_limp = not channel.is_held_by(control)
