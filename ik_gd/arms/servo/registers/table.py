"""The form of a register table: where a servo family keeps what, and in which units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Register:
    """One register.

    Attributes:
        address: of its first byte.
        size: 1, 2 or 4 bytes.
        signed: two's complement.
        sign_bit: the bit that makes a sign-magnitude number negative; None: there is none.
    """

    address: int
    size: int
    signed: bool = False
    sign_bit: int | None = None

    def decode(self, data: bytes, byteorder: Literal['little', 'big']) -> int:
        """Return the number in `data`, `size` bytes."""
        number = int.from_bytes(data, byteorder, signed=self.signed)
        if self.sign_bit is not None and number >> self.sign_bit & 1:
            return -(number & ((1 << self.sign_bit) - 1))
        return number

    def encode(self, number: int, byteorder: Literal['little', 'big']) -> bytes:
        """Return `number` as `size` bytes; OverflowError if it does not fit."""
        if self.sign_bit is not None:
            if abs(number) >> self.sign_bit:
                raise OverflowError(f'{number} does not fit into {self.sign_bit} bits')
            number = abs(number) | (number < 0) << self.sign_bit
        return number.to_bytes(self.size, byteorder, signed=self.signed)


@dataclass(frozen=True)
class Block:
    """Neighbouring registers read at once.

    Within a family all blocks, and all registers that are ever read alone, differ in length: a
    reply does not tell which address it is from, so its length must.
    """

    address: int
    length: int

    def part(self, data: bytes, register: Register) -> bytes:
        """Return the bytes of `register` in the block's `data`."""
        start = register.address - self.address
        return data[start : start + register.size]

    def holds(self, register: Register) -> bool:
        """Tell whether `register` is in the block."""
        end = self.address + self.length
        return self.address <= register.address and register.address + register.size <= end


@dataclass(frozen=True)
class RegisterTable:
    """A servo family.

    Attributes:
        byteorder: of numbers of more than one byte.
        registers: by the names that all families share; a missing one does not exist.
        models: model number: name.
        bauds: bits per second: code in the register `baud`.
        status: the block read in each cycle.
        control: torque, goal and limits, read back after writing them.
        settings: the EEPROM, compared with the calibration.
        last_tick: the highest tick that a goal can be.
        ticks_per_rev: of the family's servos.
        speed_unit: one count of speed [ticks/s].
        load_unit: one count of load, by model number, as a fraction of the most the servo can;
            None: for the models that are not listed.
        voltage_unit: one count of voltage [V].
        torque_unit: one count of the torque limit, as a fraction.
        position_modes: the values of the register `mode` for position control.
        forbidden_bits: {register: (bits that must be 0, what they mean)}.
        alert_bit: the bit of a reply's error byte that says: read `faults`; 0: the error byte and
            the register are the faults themselves.
        stop_faults: bit of `faults`: its name; torque goes off.
        warn_faults: bit of `faults`: its name.
        watchdog_unit: one count of the bus watchdog [s]; 0: there is none.
        has_sync_read: whether one packet can ask several servos.
    """

    byteorder: Literal['little', 'big']
    registers: Mapping[str, Register]
    models: Mapping[int, str]
    bauds: Mapping[int, int]
    status: Block
    control: Block
    settings: Block
    last_tick: int
    ticks_per_rev: float
    speed_unit: float
    load_unit: Mapping[int | None, float]
    voltage_unit: float
    torque_unit: float
    position_modes: tuple[int, ...]
    forbidden_bits: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    alert_bit: int = 0
    stop_faults: Mapping[int, str] = field(default_factory=dict)
    warn_faults: Mapping[int, str] = field(default_factory=dict)
    watchdog_unit: float = 0.0
    has_sync_read: bool = True

    def model_number(self, name: str) -> int | None:
        """Return the number of the model called `name`, None if the family has no such model."""
        return next((number for number, known in self.models.items() if known == name), None)
