"""What several servo tools share: their options, an open line, answers of the user."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ik_gd.arms.servo.calibration import BusSettings, Calibration, JointCalibration
from ik_gd.arms.servo.calibration_file import format_calibration, load_calibration
from ik_gd.arms.servo.families import FAMILIES, family_of
from ik_gd.arms.servo.servos import Servos
from ik_gd.core.errors import CalibrationError, SettingsError

SERIAL_DRIVERS = tuple(name for name, family in FAMILIES.items() if family.bauds)


def add_calibration_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arm to work on."""
    parser.add_argument('--calibration', required=True, metavar='FILE', help='of the arm')
    parser.add_argument('--port', help="serial device; the calibration's if not given")


def add_bus_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare a bus without a calibration."""
    parser.add_argument('--port', required=True, help='serial device')
    parser.add_argument('--driver', required=True, choices=SERIAL_DRIVERS)
    parser.add_argument(
        '--baud', type=int, help="bits per second; the family's usual if not given"
    )


def read_calibration(options: argparse.Namespace) -> Calibration:
    """Return the calibration that the options name, on their port."""
    calibration = load_calibration(options.calibration)
    if options.port:
        calibration = replace(calibration, bus=replace(calibration.bus, port=options.port))
    family_of(calibration)
    return calibration


def bus_settings(options: argparse.Namespace) -> BusSettings:
    """Return the bus that the options describe."""
    baud = options.baud or FAMILIES[options.driver].bauds[0]
    return BusSettings(options.driver, options.port, baud)


@contextmanager
def opened(settings: BusSettings, joints: Sequence[JointCalibration] = ()) -> Iterator[Servos]:
    """Yield the servos of a bus, and close its port afterwards."""
    if settings.driver not in FAMILIES:
        raise CalibrationError(
            f'bus: driver {settings.driver!r} is not one of {", ".join(FAMILIES)}'
        )
    family = FAMILIES[settings.driver]
    line = family.open_line(settings, time.monotonic)
    try:
        yield family.open(line, settings, joints)
    finally:
        line.close()


def confirm(question: str, is_sure: bool) -> None:
    """Ask the user; SettingsError unless the answer is yes."""
    if is_sure:
        return
    print(f'{question} [y/N] ', end='', flush=True)
    if sys.stdin.readline().strip().lower() not in ('y', 'yes'):
        raise SettingsError('nothing was done')


def write_calibration(calibration: Calibration, path: Path, overwrite: bool) -> None:
    """Write a calibration file, whole or not at all.

    Raises:
        SettingsError: there is such a file already, or it cannot be written.
    """
    check_output(path, overwrite)
    draft = path.with_name(path.name + '.new')
    try:
        draft.write_text(format_calibration(calibration), encoding='utf-8')
        os.replace(draft, path)
    except OSError as error:
        raise SettingsError(f'cannot write {path}: {error.strerror}') from error
    print(f'wrote {path}')


def check_output(path: Path, overwrite: bool) -> None:
    """Raise SettingsError if `path` must not be written."""
    if path.exists() and not overwrite:
        raise SettingsError(f'{path} exists; --force overwrites it')
    if not path.absolute().parent.is_dir():
        raise SettingsError(f'{path}: there is no such folder')
