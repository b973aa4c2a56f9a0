"""LX-16A servos: commands instead of registers, one answer at a time.

Temperature and voltage are commands of their own, too slow for every cycle: they are fetched in
turn, one servo a cycle. Source: LewanSoul's bus servo communication protocol manual.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ik_gd.arms.servo.bus import Miss, ServoBus
from ik_gd.arms.servo.calibration import JointCalibration
from ik_gd.arms.servo.servos import (
    Control,
    ControlResult,
    Reading,
    ReadingResult,
    Setting,
)

MOVE, ID_WRITE = 1, 13
LAST_TICK, TICKS_PER_REV = 1000, 1500  # 1000 ticks are 240 degrees
_OFFSET, _LIMITS, _MODE, _TORQUE = 19, 21, 30, 32  # commands that read
_TORQUE_WRITE = 31
_TEMPERATURE, _VOLTAGE, _POSITION = 26, 27, 28
_SERVO_MODE = 0
_MOVE_CYCLES = 1.5  # a move takes a little longer than a cycle: no stop between two commands


@dataclass
class _Climate:
    temperature: float = math.nan
    voltage: float = math.nan


class Lx16aServos:
    """LX-16A servos on a bus.

    Args:
        bus: the servos.
        period: between two goals [s]; each move is spread over about as long.
    """

    def __init__(self, bus: ServoBus, period: float) -> None:
        self.bus = bus
        self.has_common_read = False
        self._move_time = round(1e3 * period * _MOVE_CYCLES)  # [ms]
        self._climate: dict[int, _Climate] = {}

    def read_status(self, servos: Sequence[int]) -> dict[int, ReadingResult]:
        """Return a reading, or why there is none, for every id; speed and load are not known."""
        results: dict[int, ReadingResult] = {}
        for servo, result in self.bus.sync_read(servos, _POSITION, 2).items():
            if isinstance(result, Miss):
                results[servo] = result
                continue
            (tick,) = struct.unpack('<h', result.data)
            climate = self._climate.setdefault(servo, _Climate())
            results[servo] = Reading(
                tick, math.nan, math.nan, climate.voltage, climate.temperature
            )
        return results

    def read_slowly(self, servo: int) -> None:
        """Fetch the temperature and the voltage; not known if they are not answered."""
        climate = self._climate.setdefault(servo, _Climate())
        reply = self.bus.read_block(servo, _TEMPERATURE, 1)
        climate.temperature = math.nan if isinstance(reply, Miss) else float(reply.data[0])
        reply = self.bus.read_block(servo, _VOLTAGE, 2)
        climate.voltage = (
            math.nan if isinstance(reply, Miss) else struct.unpack('<H', reply.data)[0] / 1e3
        )

    def read_control(self, servos: Sequence[int]) -> dict[int, ControlResult]:
        """Return whether torque is on; the servo does not tell its goal in a useful way."""
        return {
            servo: result if isinstance(result, Miss) else Control(result.data[0] == 1, None)
            for servo, result in self.bus.sync_read(servos, _TORQUE, 1).items()
        }

    def compare(self, joint: JointCalibration) -> tuple[Setting, ...] | Miss:
        """Return the servo's settings next to what `joint` asks for; changes nothing."""
        replies = []
        for command, length in ((_OFFSET, 1), (_LIMITS, 4), (_MODE, 4)):
            reply = self.bus.read_block(joint.id, command, length)
            if isinstance(reply, Miss):
                return reply
            replies.append(reply.data)
        (offset,) = struct.unpack('<b', replies[0])
        low, high = struct.unpack('<HH', replies[1])
        mode = replies[2][0]
        settings = [Setting('mode', str(mode), '0 (position)', mode == _SERVO_MODE)]
        if joint.homing_offset is not None:
            wanted = joint.homing_offset
            settings.append(Setting('homing_offset', str(offset), str(wanted), offset == wanted))
        if not low <= joint.tick_min < joint.tick_max <= high:
            around = f'around {joint.tick_min} .. {joint.tick_max}'
            settings.append(Setting('position limit', f'{low} .. {high}', around, False))
        return tuple(settings)

    def write_limits(self, joints: Sequence[JointCalibration]) -> None:
        """Do nothing: these servos have neither a speed nor a torque limit."""

    def write_goals(self, goals: Mapping[int, int]) -> None:
        """Move to goal positions [tick]."""
        rows = {servo: struct.pack('<HH', goal, self._move_time) for servo, goal in goals.items()}
        self.bus.sync_write(MOVE, rows)

    def write_torque(self, servos: Sequence[int], on: bool) -> None:
        """Switch torque on or off; nobody confirms it, read_control does."""
        self.bus.sync_write(_TORQUE_WRITE, dict.fromkeys(servos, bytes((int(on),))))

    def write_watchdog(self, servos: Sequence[int], seconds: float) -> None:
        """Do nothing: these servos have no watchdog."""

    def clear_faults(self, servo: int) -> bool:
        """Switch torque off: these servos re-engage by themselves once they have cooled."""
        self.write_torque([servo], False)
        return False
