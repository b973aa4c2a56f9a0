"""What a servo's reading means: all is well, a warning, or torque must go. Pure."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from ik_gd.arms.servo.calibration import JointCalibration
from ik_gd.arms.servo.servos import Reading


class ServoState(Enum):
    """One servo's health, from best to worst."""

    OK = 'ok'
    WARNING = 'warning'
    UNCHECKED = 'unchecked'  # answers, but its settings have not been compared yet
    MISMATCH = 'mismatch'
    SILENT = 'silent'
    FAULT = 'fault'


class Verdict(NamedTuple):
    """Why torque must go, and what else is worth saying; empty if nothing."""

    fault: str
    warning: str


def judge(reading: Reading, joint: JointCalibration) -> Verdict:
    """Return what `reading` means for `joint`. A temperature that is not known is no fault."""
    faults = list(reading.stop_faults)
    warnings = list(reading.warnings)
    if reading.temperature >= joint.temp_stop:
        faults.append(f'{reading.temperature:.0f} degC, stop at {joint.temp_stop:.0f}')
    elif reading.temperature >= joint.temp_warn:
        warnings.append(f'{reading.temperature:.0f} degC, warn at {joint.temp_warn:.0f}')
    return Verdict(', '.join(faults), ', '.join(warnings))
