"""One servo of a running bus, as a test or a hand at the bench sees it."""

from __future__ import annotations

import threading
import time
from typing import Any

from ik_gd.arms.servo.emulator.lx16a_device import Lx16aServo
from ik_gd.arms.servo.emulator.register_file import RegisterFile
from ik_gd.arms.servo.emulator.virtual_servo import VirtualServo
from ik_gd.core.errors import ArmError


class ServoView:
    """Looks at a servo and touches it, safely while the bus thread runs.

    Args:
        servo: the servo.
        lock: of its bus.
    """

    def __init__(self, servo: VirtualServo, lock: threading.RLock) -> None:
        self._servo = servo
        self._lock = lock

    def _now(self) -> VirtualServo:
        self._servo.touch(time.monotonic())
        return self._servo

    @property
    def name(self) -> str:
        """The name of its joint."""
        return self._servo.name

    @property
    def position_ticks(self) -> int:
        """Where the shaft is, as the register shows it [ticks]."""
        with self._lock:
            return self._now().position

    @property
    def torque(self) -> bool:
        """Whether the motor pulls."""
        with self._lock:
            return self._now().model.torque_on

    @property
    def speed(self) -> float:
        """How fast the motor turns [ticks/s]."""
        with self._lock:
            return self._now().model.speed

    @property
    def goals(self) -> list[tuple[float, int]]:
        """All goals that reached the servo, as (time.monotonic() [s], tick)."""
        with self._lock:
            return list(self._servo.goals)

    @property
    def goal_ticks(self) -> int | None:
        """The newest goal [ticks]; None before the first."""
        goals = self.goals
        return goals[-1][1] if goals else None

    @property
    def temperature(self) -> float:
        """[degrees Celsius]; set it to warm or cool the servo at once."""
        with self._lock:
            return self._now().model.temperature

    @temperature.setter
    def temperature(self, value: float) -> None:
        with self._lock:
            self._now().model.temperature = value

    def place(self, ticks: int) -> None:
        """Turn the shaft by hand to where the register shows `ticks`."""
        with self._lock:
            self._now().place(ticks)

    def set_supply(self, volts: float | None) -> None:
        """Change the voltage of this servo only; None is what it likes best, 0 is off."""
        with self._lock:
            nominal = self._servo.nominal_supply
            self._servo.set_supply(nominal if volts is None else volts, time.monotonic())

    def register(self, name: str) -> int:
        """Return a register as an unsigned number (Feetech, Dynamixel)."""
        with self._lock:
            self._now()
            return self._registers(name).get(name)

    def set_register(self, name: str, value: int) -> None:
        """Set a register from inside, for good where it is EEPROM; of an LX-16A a setting."""
        with self._lock:
            if isinstance(self._servo, Lx16aServo):
                self._servo.set_up(name, value)
            else:
                self._registers(name).store(name, value)

    def _registers(self, name: str) -> RegisterFile:
        registers: Any = getattr(self._servo, 'registers', ())
        if name not in registers:
            raise ArmError(f'servo {self.name}: it has no register {name!r}')
        assert isinstance(registers, RegisterFile)
        return registers
