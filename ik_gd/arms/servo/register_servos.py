"""Servos with registers (Feetech, Dynamixel), driven by their family's table."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence

from ik_gd.arms.servo.bus import Miss, ServoBus
from ik_gd.arms.servo.calibration import JointCalibration
from ik_gd.arms.servo.codecs.reply import Reply
from ik_gd.arms.servo.registers.table import RegisterTable
from ik_gd.arms.servo.servos import (
    Control,
    ControlResult,
    Reading,
    ReadingResult,
    Setting,
)

_SPEED_MARGIN = 1.5  # the servo's own speed limit over ours: a second fence, never the first


class RegisterServos:
    """Servos of one family on a bus.

    Args:
        bus: the servos.
        table: their family's registers.
        reboot: restarts one servo, in a family where only that clears a fault.
    """

    def __init__(
        self, bus: ServoBus, table: RegisterTable, reboot: Callable[[int], None] | None = None
    ) -> None:
        self.bus = bus
        self.has_common_read = table.has_sync_read
        self._table = table
        self._reboot = reboot
        self._models: dict[int, int] = {}
        self._alerts: dict[int, int] = {}  # fault bits of the servos that raise the alert
        self._decode_status = status_decoder(table)

    def read_status(self, servos: Sequence[int]) -> dict[int, ReadingResult]:
        """Return a reading, or why there is none, for every id; one sync read for all."""
        block = self._table.status
        results = self.bus.sync_read(servos, block.address, block.length)
        return {
            servo: result if isinstance(result, Miss) else self._reading(servo, result)
            for servo, result in results.items()
        }

    def read_slowly(self, servo: int) -> None:
        """Do nothing: the status block holds all."""

    def read_control(self, servos: Sequence[int]) -> dict[int, ControlResult]:
        """Return what the servos have been told, or why that is not known."""
        table, block = self._table, self._table.control
        torque, goal = table.registers['torque'], table.registers['goal']
        return {
            servo: result
            if isinstance(result, Miss)
            else Control(
                torque.decode(block.part(result.data, torque), table.byteorder) == 1,
                goal.decode(block.part(result.data, goal), table.byteorder),
            )
            for servo, result in self.bus.sync_read(servos, block.address, block.length).items()
        }

    def compare(self, joint: JointCalibration) -> tuple[Setting, ...] | Miss:
        """Return the servo's settings next to what `joint` asks for; changes nothing."""
        table, block = self._table, self._table.settings
        result = self.bus.read_block(joint.id, block.address, block.length)
        if isinstance(result, Miss):
            return result
        found = {
            name: register.decode(block.part(result.data, register), table.byteorder)
            for name, register in table.registers.items()
            if block.holds(register)
        }
        self._models[joint.id] = found['model']
        return tuple(self._settings(joint, found))

    def write_limits(self, joints: Sequence[JointCalibration]) -> None:
        """Set speed and torque limits that the servos forget at power-off."""
        table = self._table
        speeds = {
            joint.id: math.ceil(
                _SPEED_MARGIN * joint.max_velocity / abs(joint.radians_per_tick) / table.speed_unit
            )
            for joint in joints
        }
        torques = {
            joint.id: max(1, math.floor(joint.torque_limit / table.torque_unit))
            for joint in joints
            if joint.torque_limit is not None
        }
        self._write('goal_speed', speeds)
        self._write('torque_limit', torques)

    def write_goals(self, goals: Mapping[int, int]) -> None:
        """Set goal positions [tick]."""
        self._write('goal', goals)

    def write_torque(self, servos: Sequence[int], on: bool) -> None:
        """Switch torque on or off; nobody confirms it, read_control does."""
        self._write('torque', dict.fromkeys(servos, int(on)))

    def write_watchdog(self, servos: Sequence[int], seconds: float) -> None:
        """Have the servos stop by themselves when nobody talks to them, where they can; 0: not.

        A watchdog that has tripped refuses goals until 0 is written: so that comes first.
        """
        if not self._table.watchdog_unit:
            return
        count = min(127, math.ceil(seconds / self._table.watchdog_unit))
        self._write('watchdog', dict.fromkeys(servos, 0))
        if count:
            self._write('watchdog', dict.fromkeys(servos, count))

    def clear_faults(self, servo: int) -> bool:
        """Switch torque off, and restart the servo where only that clears a fault."""
        self.write_torque([servo], False)
        if self._reboot is None:
            return False
        self._alerts.pop(servo, None)
        self._reboot(servo)
        return True

    def _write(self, name: str, values: Mapping[int, int]) -> None:
        register = self._table.registers.get(name)
        if register is None or not values:
            return
        order = self._table.byteorder
        rows = {servo: register.encode(value, order) for servo, value in values.items()}
        self.bus.sync_write(register.address, rows)

    def _reading(self, servo: int, reply: Reply) -> Reading:
        table, data = self._table, reply.data
        tick, speed, load, voltage, temperature = self._decode_status(data)
        faults = self._faults(servo, reply)
        stop, warn = table.stop_faults, table.warn_faults
        load_unit = table.load_unit.get(self._models.get(servo), table.load_unit[None])
        return Reading(
            tick,
            speed * table.speed_unit,
            load * load_unit,
            voltage * table.voltage_unit,
            float(temperature),
            tuple(name for bit, name in stop.items() if faults & bit) if faults else (),
            tuple(name for bit, name in warn.items() if faults & bit) if faults else (),
        )

    def _faults(self, servo: int, reply: Reply) -> int:
        """Return the fault bits, asking for them where the reply only raises the alert."""
        table, register = self._table, self._table.registers['faults']
        if not table.alert_bit:
            return reply.error | reply.data[register.address - table.status.address]
        if not reply.error & table.alert_bit:
            self._alerts.pop(servo, None)
            return 0
        if servo not in self._alerts:
            block = table.control
            result = self.bus.read_block(servo, block.address, block.length)
            if isinstance(result, Miss):
                return 0  # the alert stays up: the next cycle asks again
            self._alerts[servo] = block.part(result.data, register)[0]
        return self._alerts[servo]

    def _settings(self, joint: JointCalibration, found: Mapping[str, int]) -> list[Setting]:
        table = self._table
        model = table.models.get(found['model'], f'an unknown model ({found["model"]})')
        settings = [Setting('model', model, joint.model, model == joint.model)]
        if 'homing_offset' in found and joint.homing_offset is not None:
            settings.append(_equal('homing_offset', found['homing_offset'], joint.homing_offset))
        if 'mode' in found:
            fine = found['mode'] in table.position_modes
            wanted = f'{table.position_modes[0]} (position)'
            settings.append(Setting('mode', str(found['mode']), wanted, fine))
        low, high = found['tick_min'], found['tick_max']
        if not low <= joint.tick_min < joint.tick_max <= high:
            wanted = f'around {joint.tick_min} .. {joint.tick_max}'
            settings.append(Setting('position limit', f'{low} .. {high}', wanted, False))
        for name, (bits, meaning) in table.forbidden_bits.items():
            if found[name] & bits:
                settings.append(Setting(name, f'{found[name]} ({meaning})', 'without', False))
        return settings


def status_decoder(table: RegisterTable) -> Callable[[bytes], tuple[int, ...]]:
    """Return what reads position, speed, load, voltage and temperature out of a status block.

    It is what Register.decode does for each, made into one struct: this runs for every servo in
    every cycle.
    """
    names = ('position', 'speed', 'load', 'voltage', 'temperature')
    registers = [table.registers[name] for name in names]
    order = sorted(range(len(names)), key=lambda i: registers[i].address)
    form, at = '<' if table.byteorder == 'little' else '>', table.status.address
    for i in order:
        register = registers[i]
        code = {1: 'b', 2: 'h', 4: 'i'}[register.size]
        form += 'x' * (register.address - at) + (code if register.signed else code.upper())
        at = register.address + register.size
    form += 'x' * (table.status.address + table.status.length - at)
    unpack = struct.Struct(form).unpack
    places = [order.index(i) for i in range(len(names))]
    signs = [register.sign_bit for register in registers]

    def decode(data: bytes) -> tuple[int, ...]:
        numbers = unpack(data)
        return tuple(
            number if bit is None or not number >> bit & 1 else -(number & ((1 << bit) - 1))
            for number, bit in zip([numbers[place] for place in places], signs)  # noqa: B905
        )

    return decode


def _equal(name: str, found: int, wanted: int) -> Setting:
    return Setting(name, str(found), str(wanted), found == wanted)
