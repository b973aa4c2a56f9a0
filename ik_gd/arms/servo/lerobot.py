"""Takes over an arm's calibration from the JSON file that LeRobot keeps."""

from __future__ import annotations

import json

from ik_gd.arms.servo.calibration import BusSettings, Calibration, JointCalibration
from ik_gd.core.errors import CalibrationError

LEROBOT_ZERO_TICK = 2047  # where LeRobot's homing puts the middle pose of each joint
_KEYS = ('id', 'drive_mode', 'homing_offset', 'range_min', 'range_max')


def import_lerobot(
    text: str,
    bus: BusSettings,
    model: str = 'sts3215',
    zero_tick: int = LEROBOT_ZERO_TICK,
) -> Calibration:
    """Return the calibration that LeRobot's JSON describes.

    Args:
        text: {joint: {id, drive_mode, homing_offset, range_min, range_max}}.
        bus: the settings that LeRobot's file does not hold.
        model: the servo model of every joint.
        zero_tick: the tick at q = 0, which the file does not hold either: to be confirmed on the
            arm, since LeRobot's middle pose need not be the URDF's zero.

    Raises:
        CalibrationError: not JSON of that form, or a value out of range.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise CalibrationError(f'not JSON: {error}') from error
    if not isinstance(data, dict) or not data:
        raise CalibrationError('expected {joint: {id, drive_mode, ...}} as LeRobot writes it')
    return Calibration(
        bus, tuple(_joint(name, row, model, zero_tick) for name, row in data.items())
    )


def _joint(name: str, row: object, model: str, zero_tick: int) -> JointCalibration:
    if not isinstance(row, dict):
        raise CalibrationError(f'joint {name}: expected {", ".join(_KEYS)}, found {row!r}')
    for key in _KEYS:
        if isinstance(row.get(key), bool) or not isinstance(row.get(key), int):
            raise CalibrationError(f'joint {name}: {key} {row.get(key)!r} is not a whole number')
    return JointCalibration(
        name=name,
        id=row['id'],
        model=model,
        sign=-1 if row['drive_mode'] else 1,
        zero_tick=zero_tick,
        ticks_per_rev=4096,
        tick_min=row['range_min'],
        tick_max=row['range_max'],
        homing_offset=row['homing_offset'],
    )
