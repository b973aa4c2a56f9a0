"""What there is to say about an arm and its servos: a value that threads can swap."""

from __future__ import annotations

from dataclasses import dataclass

from ik_gd.arms.servo.controller import ArmMode
from ik_gd.arms.servo.joint_channel import ServoReport

STARTING = 'starting'  # the reason before the port has been tried


@dataclass(frozen=True)
class ArmReport:
    """The arm, for diagnostics.

    Attributes:
        mode: what it is doing.
        reason: why it is not enabled; empty if there is nothing to say.
        port: path of the serial device.
        is_stale: whether it stands still for want of commands.
        cycles: done so far.
        late_cycles: those that took longer than the period.
        longest_cycle: [s].
        connections: how often the port has been opened.
        strays: bytes received that nobody had asked for.
        servos: one report for each joint.
    """

    mode: ArmMode
    reason: str
    port: str
    is_stale: bool = False
    cycles: int = 0
    late_cycles: int = 0
    longest_cycle: float = 0.0
    connections: int = 0
    strays: int = 0
    servos: tuple[ServoReport, ...] = ()

    @property
    def is_starting(self) -> bool:
        """Whether the port has not been tried yet."""
        return self.mode is ArmMode.DISCONNECTED and self.reason == STARTING
