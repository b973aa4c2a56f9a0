"""`ik_gd servo import-lerobot`: take over the calibration that LeRobot has made."""

from __future__ import annotations

import argparse
from pathlib import Path

from ik_gd.arms.servo.families import FAMILIES, family_of
from ik_gd.arms.servo.lerobot import LEROBOT_ZERO_TICK, import_lerobot
from ik_gd.cli.servo_tools.common import (
    add_bus_arguments,
    bus_settings,
    check_output,
    confirm,
    write_calibration,
)
from ik_gd.core.errors import CalibrationError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('file', type=Path, help="LeRobot's JSON file of the arm")
    add_bus_arguments(parser)
    parser.add_argument('--model', help="of all servos; the family's first if not given")
    parser.add_argument(
        '--zero-tick',
        type=int,
        help=f"tick at q = 0, which LeRobot's file does not hold; asked for if not given"
        f' ({LEROBOT_ZERO_TICK} at its homing pose)',
    )
    parser.add_argument('--output', type=Path, required=True, help='the calibration to write')
    parser.add_argument('--force', action='store_true', help='overwrite it')


def run(options: argparse.Namespace) -> int:
    """Write the calibration."""
    check_output(options.output, options.force)
    try:
        text = options.file.read_text(encoding='utf-8')
    except (OSError, UnicodeDecodeError) as error:
        raise CalibrationError(f'cannot read {options.file}: {error}') from error
    zero_tick = options.zero_tick
    if zero_tick is None:
        zero_tick = LEROBOT_ZERO_TICK
        confirm(
            f"LeRobot's file does not say where q = 0 is. Is every joint at the zero of your URDF"
            f' when its servo reads {zero_tick}, as in the homing pose?',
            False,
        )
    model = options.model or FAMILIES[options.driver].models[0]
    calibration = import_lerobot(text, bus_settings(options), model, zero_tick)
    family_of(calibration)
    write_calibration(calibration, options.output, options.force)
    print('Now run `ik_gd servo check`, and see that each joint turns the right way.')
    return 0
