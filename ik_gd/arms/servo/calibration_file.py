"""Calibration values <-> YAML text.

The file counts in milliseconds and hertz, as people do at a bench; the values are SI. Unknown
keys are errors: a misspelt limit must not silently fall back to a default.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import yaml

from ik_gd.arms.servo.calibration import BusSettings, Calibration, JointCalibration
from ik_gd.core.errors import CalibrationError

# key in the file: (field, factor from the file's unit to SI)
_BUS_KEYS: dict[str, tuple[str, float | None]] = {
    'driver': ('driver', None),
    'port': ('port', None),
    'baud': ('baud', None),
    'rate_hz': ('rate', 1.0),
    'timeout_ms': ('timeout', 1e-3),
    'retries': ('retries', None),
    'error_timeout_ms': ('error_timeout', 1e-3),
    'command_timeout_ms': ('command_timeout', 1e-3),
    'soft_start_ms': ('soft_start', 1e-3),
    'echo': ('echo', None),
    'on_exit': ('on_exit', None),
}
_JOINT_KEYS: dict[str, tuple[str, float | None]] = {
    field.name: (field.name, 1.0 if 'float' in str(field.type) else None)
    for field in fields(JointCalibration)
    if field.name != 'name'
}


def load_calibration(path: str | Path) -> Calibration:
    """Read a calibration file.

    Raises:
        CalibrationError: not readable, not YAML, a key unknown or missing, a value out of range.
    """
    try:
        text = Path(path).read_text(encoding='utf-8')
    except (OSError, UnicodeDecodeError) as error:
        raise CalibrationError(f'cannot read the calibration {path}: {error}') from error
    try:
        return parse_calibration(text)
    except CalibrationError as error:
        raise CalibrationError(f'{path}: {error}') from error


def parse_calibration(text: str) -> Calibration:
    """Return the calibration that YAML `text` describes; CalibrationError as load_calibration."""
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise CalibrationError(f'not YAML: {" ".join(str(error).split())}') from error
    data = _mapping('the file', data)
    _refuse_unknown('the file', data, ('bus', 'joints'))
    bus = _build(BusSettings, 'bus', data.get('bus'), _BUS_KEYS)
    joints = tuple(
        _build(JointCalibration, f'joint {name}', row, _JOINT_KEYS, name)
        for name, row in _mapping('joints', data.get('joints')).items()
    )
    return Calibration(bus, joints)


def format_calibration(calibration: Calibration) -> str:
    """Return the YAML text that parse_calibration turns into `calibration` again."""
    bus = _row(calibration.bus, _BUS_KEYS)
    lines = ['bus:', *(f'  {key}: {_scalar(value)}' for key, value in bus.items()), 'joints:']
    for joint in calibration.joints:
        lines.append(f'  {_scalar(joint.name)}:')
        row = _row(joint, _JOINT_KEYS)
        lines += [f'    {key}: {_scalar(value)}' for key, value in row.items()]
    return '\n'.join(lines) + '\n'


def _mapping(where: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise CalibrationError(f'{where}: expected names with values, found {value!r}')
    return value


def _refuse_unknown(where: str, row: Mapping[str, Any], known: Any) -> None:
    for key in row:
        if key not in known:
            raise CalibrationError(f'{where}: unknown key {key!r}; known are {", ".join(known)}')


def _build(
    cls: type[Any],
    where: str,
    row: Any,
    keys: dict[str, tuple[str, float | None]],
    name: Any = None,
) -> Any:
    row = _mapping(where, row)
    _refuse_unknown(where, row, keys)
    key_of = {field: key for key, (field, _) in keys.items()}
    values = {} if name is None else {'name': str(name)}
    for field in fields(cls):
        key = key_of.get(field.name)
        if key is None:
            continue
        if key not in row or (row[key] is None and field.default is not MISSING):
            if field.default is MISSING:
                raise CalibrationError(f'{where}: {key} is missing')
            continue
        kind = str if 'str' in str(field.type) else float if 'float' in str(field.type) else int
        values[field.name] = _convert(f'{where}: {key}', row[key], kind, keys[key][1])
    return cls(**values)


def _convert(where: str, value: Any, kind: type, factor: float | None) -> Any:
    if kind is str and isinstance(value, bool):  # YAML 1.1 reads a bare on / off as a boolean
        return 'on' if value else 'off'
    if kind is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        if math.isfinite(value):
            return float(value) * (factor or 1.0)
    elif kind is str and isinstance(value, str) and value:
        return value
    names = {int: 'a whole number', float: 'a finite number', str: 'text'}
    raise CalibrationError(f'{where}: {value!r} is not {names[kind]}')


def _row(values: Any, keys: dict[str, tuple[str, float | None]]) -> dict[str, Any]:
    row = {}
    for key, (field, factor) in keys.items():
        value = getattr(values, field)
        if value is not None:
            row[key] = _plain(value / factor) if factor else value
    return row


def _plain(number: float) -> float:
    """Return a number as people write it: 20, not 20.0 or 20.000000000000004."""
    number = round(number, 6)
    return int(number) if number == int(number) else number


def _scalar(value: Any) -> str:
    """Return one YAML scalar, quoted only where it must be."""
    return str(yaml.safe_dump(value, default_flow_style=True)).removesuffix('\n...\n').strip()
