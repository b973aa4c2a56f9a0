"""`ik_gd servo set-id`: give one servo another address, in its EEPROM."""

from __future__ import annotations

import argparse

from ik_gd.arms.servo.calibration import MAX_SERVO_ID
from ik_gd.arms.servo.eeprom import change_id
from ik_gd.arms.servo.families import FAMILIES
from ik_gd.cli.servo_tools.common import add_bus_arguments, bus_settings, confirm, opened
from ik_gd.core.errors import SettingsError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_bus_arguments(parser)
    parser.add_argument('--from', dest='old', type=int, required=True, help='the id it has')
    parser.add_argument('--to', dest='new', type=int, required=True, help='the id it shall have')
    parser.add_argument('--yes', action='store_true', help='do not ask')


def run(options: argparse.Namespace) -> int:
    """Change the id, after a check that it is free."""
    for servo in (options.old, options.new):
        if not 0 <= servo <= MAX_SERVO_ID:
            raise SettingsError(f'id {servo} is not in 0 .. {MAX_SERVO_ID}')
    with opened(bus_settings(options)) as servos:
        confirm(
            f'Servo {options.old} goes limp and becomes servo {options.new}. Connect only one'
            ' servo that has this id. Go on?',
            options.yes,
        )
        change_id(servos.bus, FAMILIES[options.driver].table, options.old, options.new)
    print(f'servo {options.old} is servo {options.new} now')
    return 0
