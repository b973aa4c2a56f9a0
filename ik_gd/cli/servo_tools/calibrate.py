"""`ik_gd servo calibrate`: zero, range and direction of each joint, with the arm in your hands."""

from __future__ import annotations

import argparse
import select
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ik_gd.arms.servo.activation import let_go
from ik_gd.arms.servo.bus import Miss
from ik_gd.arms.servo.calibration import Calibration
from ik_gd.arms.servo.eeprom import read_register, write_eeprom
from ik_gd.arms.servo.families import Family, family_of
from ik_gd.arms.servo.joint_channel import JointChannel
from ik_gd.arms.servo.range_recorder import RangeRecorder
from ik_gd.arms.servo.servos import Servos
from ik_gd.cli.servo_tools.common import (
    add_calibration_arguments,
    check_output,
    confirm,
    opened,
    read_calibration,
    write_calibration,
)
from ik_gd.core.errors import ArmError, CalibrationError

_SAMPLE_PERIOD = 0.03  # [s] between two readings while a joint is turned by hand
_ATTEMPTS = 3
_ENDED = 'the input ended before the calibration did'
_CLEAR_MOVE = 0.02  # [rev] how far a joint must turn to show its direction


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.description = (
        'Make a calibration file, guided: joint names, ids and limits are taken from --calibration'
        ' (one of the examples will do), zero, range and direction from the arm in your hands.'
    )
    add_calibration_arguments(parser)
    parser.add_argument('--output', type=Path, required=True, help='the calibration to write')
    parser.add_argument('--force', action='store_true', help='overwrite it')
    parser.add_argument(
        '--write-eeprom',
        action='store_true',
        help='also write homing offsets that put the zero pose in the middle of the counting'
        ' range, and position limits; without it no servo is changed',
    )
    parser.add_argument('--yes', action='store_true', help='do not ask before torque goes off')


def run(options: argparse.Namespace) -> int:
    """Guide the user through the three steps and write the file."""
    check_output(options.output, options.force)
    calibration = read_calibration(options)
    family = family_of(calibration)
    if not family.bauds:
        raise CalibrationError(f'{calibration.bus.driver} servos do not tell where they are')
    if options.write_eeprom and (
        family.table is None or 'homing_offset' not in family.table.registers
    ):
        raise CalibrationError(f'--write-eeprom: {calibration.bus.driver} is not supported')
    with opened(calibration.bus) as servos:
        confirm('Torque goes off and the arm falls. Do you hold it?', options.yes)
        channels = [JointChannel(joint) for joint in calibration.joints]
        limp = let_go(servos, channels)
        if limp:
            raise ArmError(f'torque off not confirmed by {", ".join(limp)}')
        calibration = find_zero(servos, calibration, family, options.write_eeprom)
        calibration = find_ranges(servos, calibration, family)
        calibration = find_signs(servos, calibration)
        if options.write_eeprom:
            write_limits(servos, calibration, family)
        calibration = note_offsets(servos, calibration, family)
    write_calibration(calibration, options.output, options.force)
    return 0


def find_zero(
    servos: Servos, calibration: Calibration, family: Family, write: bool
) -> Calibration:
    """Take where the joints are as their zero; with `write`, have it in the middle."""
    ask('Put every joint where the URDF has its zero, then press Enter.')
    ticks = read_ticks(servos, calibration)
    if write:
        assert family.table is not None
        middle = (family.last_tick + 1) // 2
        # Feetech subtracts the offset from what it shows, Dynamixel adds it.
        direction = 1 if calibration.bus.driver.startswith('feetech') else -1
        for joint in calibration.joints:
            table = family.table
            offset = read_register(servos.bus, table, joint.id, 'homing_offset')
            offset += direction * (ticks[joint.id] - middle)
            turn = family.last_tick + 1
            offset = (offset + turn // 2 - 1) % turn - turn // 2 + 1  # the short way round
            for line in write_eeprom(
                servos.bus, table, joint.id, {'homing_offset': offset, **full_range(family)}
            ):
                print(line)
        ticks = read_ticks(servos, calibration)
    joints = tuple(replace(joint, zero_tick=ticks[joint.id]) for joint in calibration.joints)
    return replace(calibration, joints=joints)


def find_ranges(servos: Servos, calibration: Calibration, family: Family) -> Calibration:
    """Record how far each joint turns."""
    print('Turn each joint from one end to the other and back. Press Enter when all are done.')
    ticks = read_ticks(servos, calibration)
    recorders = {
        joint.id: RangeRecorder(joint.ticks_per_rev, ticks[joint.id])
        for joint in calibration.joints
    }
    while not enter_pressed():
        for servo, result in servos.read_status(list(recorders)).items():
            if not isinstance(result, Miss):
                recorders[servo].add(result.tick)
    joints = []
    for joint in calibration.joints:
        recorder = recorders[joint.id]
        print(f'{joint.name:<16} {recorder.low} .. {recorder.high}')
        if not recorder.fits(family.last_tick):
            raise CalibrationError(
                f'{joint.name} turned over {recorder.low} .. {recorder.high}, across the end of'
                f' its counting range 0 .. {family.last_tick}: calibrate with --write-eeprom'
            )
        joints.append(replace(joint, tick_min=recorder.low, tick_max=recorder.high))
    return replace(calibration, joints=tuple(joints))


def find_signs(servos: Servos, calibration: Calibration) -> Calibration:
    """See which way each joint counts."""
    joints = []
    for joint in calibration.joints:
        before = read_ticks(servos, calibration)[joint.id]
        ask(f'Turn {joint.name} a little in its positive direction, then press Enter.')
        moved = read_ticks(servos, calibration)[joint.id] - before
        moved -= round(joint.ticks_per_rev * round(moved / joint.ticks_per_rev))
        if abs(moved) < _CLEAR_MOVE * joint.ticks_per_rev:
            raise CalibrationError(f'{joint.name} moved only {moved} ticks: start again')
        joints.append(replace(joint, sign=1 if moved > 0 else -1))
        print(f'{joint.name:<16} sign {joints[-1].sign:+d}')
    return replace(calibration, joints=tuple(joints))


def write_limits(servos: Servos, calibration: Calibration, family: Family) -> None:
    """Have each servo keep to the range that was found."""
    assert family.table is not None
    for joint in calibration.joints:
        limits = {'tick_min': joint.tick_min, 'tick_max': joint.tick_max}
        for line in write_eeprom(servos.bus, family.table, joint.id, limits):
            print(line)


def note_offsets(servos: Servos, calibration: Calibration, family: Family) -> Calibration:
    """Put each servo's homing offset in the file, so that a change of it is noticed."""
    table = family.table
    if table is None or 'homing_offset' not in table.registers:
        return calibration
    joints = tuple(
        replace(joint, homing_offset=read_register(servos.bus, table, joint.id, 'homing_offset'))
        for joint in calibration.joints
    )
    return replace(calibration, joints=joints)


def full_range(family: Family) -> Mapping[str, int]:
    """Return position limits that stop nothing."""
    return {'tick_min': 0, 'tick_max': family.last_tick}


def read_ticks(servos: Servos, calibration: Calibration) -> dict[int, int]:
    """Return where every servo is; ArmError if one does not say."""
    ticks: dict[int, int] = {}
    for joint in calibration.joints:
        for _ in range(_ATTEMPTS):
            result = servos.read_status([joint.id])[joint.id]
            if not isinstance(result, Miss):
                ticks[joint.id] = result.tick
                break
        else:
            raise ArmError(f'{joint.name} (id {joint.id}): no answer')
    return ticks


def ask(words: str) -> None:
    """Print what to do and wait for Enter."""
    print(words, flush=True)
    if not sys.stdin.readline():
        raise CalibrationError(_ENDED)


def enter_pressed() -> bool:
    """Return whether Enter was pressed, after a short while."""
    sys.stdout.flush()
    ready, _, _ = select.select([sys.stdin], [], [], _SAMPLE_PERIOD)
    if ready and not sys.stdin.readline():
        raise CalibrationError(_ENDED)
    return bool(ready)
