"""`ik_gd servo monitor`: a live table of positions and health. Sends no goals."""

from __future__ import annotations

import argparse
import sys
import time

from ik_gd.arms.servo.arm_report import ArmReport
from ik_gd.arms.servo.controller import ArmMode
from ik_gd.arms.servo.servo_arm import ServoArm
from ik_gd.cli.servo_tools.common import add_calibration_arguments, read_calibration
from ik_gd.core.errors import ArmError

_PERIOD = 0.5  # [s] between two tables


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_calibration_arguments(parser)
    parser.add_argument('--count', type=int, help='end after so many tables; with Ctrl-C if none')


def run(options: argparse.Namespace) -> int:
    """Print a table again and again; on a terminal over the one before."""
    arm = ServoArm(read_calibration(options))
    shown = 0
    try:
        while options.count is None or shown < options.count:
            time.sleep(_PERIOD)
            arm.read()  # raises if the bus thread has ended
            report = arm.report()
            if report.mode is ArmMode.DISCONNECTED and not report.connections:
                raise ArmError(report.reason)  # later it is opened again after a replug
            lines = table(report)
            if shown and sys.stdout.isatty():
                print(f'\x1b[{len(lines)}F\x1b[J', end='')
            print('\n'.join(lines), flush=True)
            shown += 1
    except KeyboardInterrupt:
        pass
    finally:
        arm.close()
    return 0


def table(report: ArmReport) -> list[str]:
    """Return the lines that show an arm."""
    lines = [
        f'{report.port}: {report.mode.value}{": " if report.reason else ""}{report.reason}',
        f'{"joint":<16}{"id":>4}{"rad":>9}{"degC":>6}{"V":>6}{"load %":>8}'
        f'{"answers":>9}{"silent":>8}{"garbled":>8}  state',
    ]
    for servo in report.servos:
        words = servo.reason or servo.state.value
        lines.append(
            f'{servo.name:<16}{servo.id:>4}{servo.position:>9.3f}{servo.temperature:>6.0f}'
            f'{servo.voltage:>6.1f}{100.0 * servo.load:>8.0f}{servo.answers:>9}'
            f'{servo.silences:>8}{servo.garbled:>8}  {words}'
        )
    return lines
