"""`ik_gd servo scan`: which servos are there?"""

from __future__ import annotations

import argparse
import sys

from ik_gd.arms.servo.scan import scan
from ik_gd.cli.servo_tools.common import SERIAL_DRIVERS
from ik_gd.core.errors import ArmError, SettingsError

_LAST_ID = 252


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('--port', required=True, help='serial device')
    parser.add_argument('--driver', choices=SERIAL_DRIVERS, help='one family; all if not given')
    parser.add_argument('--baud', type=int, help='one rate; all if not given')
    parser.add_argument('--ids', default=f'0-{_LAST_ID}', help='such as 1-10 or 1,2,7')
    parser.add_argument('--timeout-ms', type=float, default=10.0, help='for each answer')


def run(options: argparse.Namespace) -> int:
    """Print each servo that answers; it is an error if none does."""
    found = 0
    for servo in scan(
        options.port,
        [options.driver] if options.driver else SERIAL_DRIVERS,
        [options.baud] if options.baud else None,
        read_ids(options.ids),
        options.timeout_ms / 1e3,
        progress,
    ):
        found += 1
        print(
            f'driver {servo.driver:<12} baud {servo.baud:>7}  id {servo.id:>3}  {servo.model}',
            flush=True,
        )
    if not found:
        raise ArmError(
            f'no servo answers on {options.port}: is the power on, and the data line connected?'
        )
    return 0


def progress(driver: str, baud: int) -> None:
    """Say what is tried, beside the results."""
    print(f'trying {driver} at {baud} ...', file=sys.stderr, flush=True)


def read_ids(text: str) -> list[int]:
    """Return the ids in a list such as `1,2,5-8`; SettingsError if it is none."""
    ids: list[int] = []
    for part in text.split(','):
        first, dash, last = part.partition('-')
        try:
            ids += range(int(first), int(last if dash else first) + 1)
        except ValueError:
            ids = []
            break
    if not ids or not 0 <= min(ids) <= max(ids) <= _LAST_ID:
        raise SettingsError(f'--ids {text}: give ids 0 .. {_LAST_ID} such as 1-10 or 1,2,7')
    return ids
