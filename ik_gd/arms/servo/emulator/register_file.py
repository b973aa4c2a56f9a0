"""The memory of one virtual servo: named registers over bytes, EEPROM apart from RAM."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

SIZE = 256


@dataclass(frozen=True)
class Register:
    """One row of a control table.

    Attributes:
        address, size: where it is [bytes].
        name: how the emulator calls it.
        default: its value when the servo leaves the factory or, in RAM, at power-up.
        writable: whether the host may write it.
    """

    address: int
    size: int
    name: str
    default: int = 0
    writable: bool = True


class RegisterFile:
    """The bytes of one servo.

    Args:
        table: the registers.
        eeprom: addresses that survive power-off.
        byteorder: of the registers that are longer than a byte.
    """

    def __init__(
        self,
        table: Iterable[Register],
        eeprom: range,
        byteorder: Literal['little', 'big'] = 'little',
    ) -> None:
        self._registers = {register.name: register for register in table}
        self._eeprom = eeprom
        self._byteorder = byteorder
        self._bytes = bytearray(SIZE)
        self._writable = bytearray(SIZE)
        for register in self._registers.values():
            self.put(register.name, register.default)
            if register.writable:
                for address in range(register.address, register.address + register.size):
                    self._writable[address] = 1
        self._factory = bytes(self._bytes)
        self._stored = bytearray(self._bytes)

    def __contains__(self, name: str) -> bool:
        return name in self._registers

    def get(self, name: str) -> int:
        """Return the register as an unsigned number."""
        register = self._registers[name]
        end = register.address + register.size
        return int.from_bytes(self._bytes[register.address : end], self._byteorder)

    def get_signed(self, name: str) -> int:
        """Return the register as two's complement."""
        register = self._registers[name]
        data = self.read(register.address, register.size)
        return int.from_bytes(data, self._byteorder, signed=True)

    def put(self, name: str, value: int) -> None:
        """Set a register from inside the servo; negative numbers become two's complement."""
        register = self._registers[name]
        data = (value % (1 << 8 * register.size)).to_bytes(register.size, self._byteorder)
        self._bytes[register.address : register.address + register.size] = data

    def store(self, name: str, value: int) -> None:
        """Set a register, and if it is one of the EEPROM, for good."""
        self.put(name, value)
        register = self._registers[name]
        self._keep(register.address, register.size)

    def read(self, address: int, size: int) -> bytes:
        """Return `size` bytes; what no register covers reads as zero."""
        return bytes(self._bytes[address : address + size]).ljust(size, b'\0')

    def write(self, address: int, data: bytes, *, keep: bool = True) -> set[str]:
        """Write what may be written, and leave the rest.

        Args:
            address: of the first byte.
            data: what the host sent.
            keep: whether EEPROM bytes shall survive power-off.

        Returns:
            The names of the registers that have a byte among those given.
        """
        end = min(address + len(data), SIZE)
        for offset in range(address, end):
            if self._writable[offset]:
                self._bytes[offset] = data[offset - address]
                if keep:
                    self._keep(offset, 1)
        return self.names(address, len(data))

    def preview(self, address: int, data: bytes) -> RegisterFile:
        """Return a copy in which `data` is written."""
        twin = copy.copy(self)
        twin._bytes, twin._stored = bytearray(self._bytes), bytearray(self._stored)
        twin.write(address, data)
        return twin

    def names(self, address: int, size: int) -> set[str]:
        """Return the registers that have a byte in the range."""
        return {
            register.name
            for register in self._registers.values()
            if register.address < address + size and address < register.address + register.size
        }

    def writable(self, address: int, size: int) -> bool:
        """Say whether the host may write every register in the range."""
        return all(self._registers[name].writable for name in self.names(address, size))

    def in_eeprom(self, address: int, size: int) -> bool:
        """Say whether any byte of the range survives power-off."""
        return address < self._eeprom.stop and self._eeprom.start < address + size

    def power_cycle(self) -> None:
        """Forget RAM; EEPROM comes back as it was stored."""
        self._bytes[:] = self._factory
        self._bytes[self._eeprom.start : self._eeprom.stop] = self._stored[
            self._eeprom.start : self._eeprom.stop
        ]

    def factory_reset(self, spared: Iterable[str]) -> None:
        """Bring every register back to its default, except the `spared` ones."""
        kept = {name: self.get(name) for name in spared}
        self._bytes[:] = self._factory
        for name, value in kept.items():
            self.put(name, value)
        self._stored[:] = self._bytes

    def _keep(self, address: int, size: int) -> None:
        for offset in range(address, address + size):
            if offset in self._eeprom:
                self._stored[offset] = self._bytes[offset]
