"""`ik_gd servo check`: do the servos and the calibration fit? Changes nothing."""

from __future__ import annotations

import argparse

from ik_gd.arms.servo.bus import Miss
from ik_gd.arms.servo.calibration import JointCalibration
from ik_gd.arms.servo.health import judge
from ik_gd.arms.servo.servos import Servos
from ik_gd.cli.servo_tools.common import add_calibration_arguments, opened, read_calibration

_ATTEMPTS = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_calibration_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Print a line for each servo; return 1 if any does not fit."""
    calibration = read_calibration(options)
    bad = 0
    with opened(calibration.bus, calibration.joints) as servos:
        for joint in calibration.joints:
            complaints, facts = look_at(servos, joint)
            bad += bool(complaints)
            verdict = '; '.join(complaints) or 'fits'
            print(f'{joint.name:<16} id {joint.id:>3}  {facts:<44} {verdict}', flush=True)
    print(f'{bad} of {len(calibration.joints)} servos do not fit' if bad else 'all servos fit')
    return 1 if bad else 0


def look_at(servos: Servos, joint: JointCalibration) -> tuple[list[str], str]:
    """Return what is wrong with one servo, and where it is."""
    for _ in range(_ATTEMPTS):
        settings = servos.compare(joint)
        reading = servos.read_status([joint.id])[joint.id]
        if not isinstance(settings, Miss) and not isinstance(reading, Miss):
            break
    if isinstance(settings, Miss):
        return [settings.value], ''
    if isinstance(reading, Miss):
        return [reading.value], ''
    servos.read_slowly(joint.id)
    answer = servos.read_status([joint.id])[joint.id]
    reading = reading if isinstance(answer, Miss) else answer
    complaints = [str(setting) for setting in settings if not setting.fine]
    tick = joint.unwrap(reading.tick)
    if not joint.tick_min <= tick <= joint.tick_max:
        complaints.append(f'tick {tick} is outside {joint.tick_min} .. {joint.tick_max}')
    verdict = judge(reading, joint)
    complaints += [words for words in (verdict.fault, verdict.warning) if words]
    facts = (
        f'{joint.to_radians(tick):+.3f} rad (tick {tick}), {reading.voltage:.1f} V,'
        f' {reading.temperature:.0f} degC'
    )
    return complaints, facts
