"""Writes what a servo keeps without power: only on request, only what differs, read back."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from ik_gd.arms.servo.bus import Miss, ServoBus
from ik_gd.arms.servo.lx16a_servos import ID_WRITE
from ik_gd.arms.servo.registers.table import Register, RegisterTable
from ik_gd.core.errors import ArmError

_SETTLE = 0.02  # [s] for a servo to burn a value in before it is asked for it
_ATTEMPTS = 3


def write_eeprom(
    bus: ServoBus,
    table: RegisterTable,
    servo: int,
    values: Mapping[str, int],
    sleep: Callable[[float], None] = time.sleep,
) -> list[str]:
    """Bring EEPROM registers of one servo to `values`; its torque goes off.

    Returns:
        What was changed, one line each; empty if all was so already.

    Raises:
        ArmError: the servo does not answer, has no such register, or did not take a value.
    """
    changes = []
    for name, value in values.items():
        if name not in table.registers:
            raise ArmError(f'servo {servo}: its family has no {name}')
        before = read_register(bus, table, servo, name)
        if before != value:
            changes.append((name, before, value))
    if not changes:
        return []
    bus.sync_write(table.registers['torque'].address, {servo: b'\x00'})
    _lock(bus, table, servo, False)
    for name, _, value in changes:
        register = table.registers[name]
        data = register.encode(value, table.byteorder)
        bus.sync_write(register.address, {servo: data})
        sleep(_SETTLE)
    after = {name: read_register(bus, table, servo, name) for name, _, _ in changes}
    _lock(bus, table, servo, True)
    for name, _, value in changes:
        if after[name] != value:
            raise ArmError(f'servo {servo}: {name} is {after[name]}, {value} was not taken')
    return [f'servo {servo}: {name} {before} -> {value}' for name, before, value in changes]


def change_id(
    bus: ServoBus,
    table: RegisterTable | None,
    old: int,
    new: int,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Give servo `old` the id `new`; without a table it is an LX-16A.

    Raises:
        ArmError: `old` does not answer, `new` is taken, or the servo did not take it.
    """
    if not _is_there(bus, old):
        raise ArmError(f'no servo answers as id {old}')
    if _is_there(bus, new):
        raise ArmError(f'there is a servo with id {new} already')
    if table is None:
        bus.sync_write(ID_WRITE, {old: bytes((new,))})
    else:
        bus.sync_write(table.registers['torque'].address, {old: b'\x00'})
        _lock(bus, table, old, False)
        bus.sync_write(table.registers['id'].address, {old: bytes((new,))})
    sleep(_SETTLE)
    if not _is_there(bus, new):
        raise ArmError(f'servo {old} did not take the id {new}')
    if table is not None:
        _lock(bus, table, new, True)


def read_register(bus: ServoBus, table: RegisterTable, servo: int, name: str) -> int:
    """Return one EEPROM register, read with its block; ArmError if the servo is silent."""
    register: Register = table.registers[name]
    block = table.settings
    for _ in range(_ATTEMPTS):
        result = bus.read_block(servo, block.address, block.length)
        if not isinstance(result, Miss):
            return register.decode(block.part(result.data, register), table.byteorder)
    raise ArmError(f'servo {servo}: no answer')


def _is_there(bus: ServoBus, servo: int) -> bool:
    return any(bus.ping(servo) is not None for _ in range(_ATTEMPTS))


def _lock(bus: ServoBus, table: RegisterTable, servo: int, locked: bool) -> None:
    register = table.registers.get('lock')
    if register is not None:
        bus.sync_write(register.address, {servo: bytes((int(locked),))})
