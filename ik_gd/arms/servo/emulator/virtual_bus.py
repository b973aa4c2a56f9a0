"""A virtual servo bus that any program can open as a serial port."""

from __future__ import annotations

import os
import random
import select
import shutil
import tempfile
import threading
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from ik_gd.arms.servo.emulator.faults import Faults, Switches
from ik_gd.arms.servo.emulator.pseudo_terminal import PseudoTerminal
from ik_gd.arms.servo.emulator.servo_view import ServoView
from ik_gd.arms.servo.emulator.virtual_arm import build_line, read_plan
from ik_gd.arms.servo.emulator.virtual_servo import Line
from ik_gd.arms.servo.emulator.wire import Delivery, Wire
from ik_gd.core.errors import ArmError

IDLE = 0.5  # [s] servos live on so often while the bus is quiet


class VirtualBus:
    """Servos on a pseudo-terminal, run by a thread; plugged in from the start.

    Args:
        line: the servos, made at the present `time.monotonic()`.
        faults, switches: those that the servos were made with.
        link: path of the port; in a folder of its own under the temporary folder if None.
        seed: of the noise.

    Raises:
        ArmError: the port cannot be made.
    """

    def __init__(
        self,
        line: Line[Any, Any],
        faults: Faults,
        switches: Switches,
        *,
        link: str | Path | None = None,
        seed: int = 0,
    ) -> None:
        self.faults = faults
        self.switches = switches
        self.lock = threading.RLock()
        self.request_bytes = 0
        self._line = line
        self._wire = Wire(line, faults, switches, random.Random(seed))
        self._views = {servo.servo_id: ServoView(servo, self.lock) for servo in line.servos}
        self._folder = None if link is not None else tempfile.mkdtemp(prefix='ik_gd_bus_')
        self._link = Path(link) if link is not None else Path(str(self._folder)) / 'port'
        self._queue: deque[Delivery] = deque()
        self._wake_read, self._wake_write = os.pipe()
        self._terminal: PseudoTerminal | None = None
        self._thread: threading.Thread | None = None
        try:
            self.replug()
        except ArmError:
            self.close()
            raise

    @classmethod
    def from_calibration(
        cls,
        source: str | Path | Mapping[str, Any],
        *,
        faults: Faults | None = None,
        switches: Switches | None = None,
        backlash: float = 0.0,
        gravity: Mapping[str, float] | None = None,
        link: str | Path | None = None,
        seed: int = 0,
    ) -> VirtualBus:
        """Make the arm that a calibration file describes.

        Args:
            source: the file, or its content.
            faults: what is broken at first; nothing if None.
            switches: how the servos behave; the defaults if None.
            backlash: play of every joint [rad].
            gravity: joint: load of its link when level, as a fraction of the stall torque.
            link: path of the port.
            seed: of the noise.

        Raises:
            CalibrationError: the file is not usable.
            ArmError: the port cannot be made.
        """
        faults, switches = faults or Faults(), switches or Switches()
        line = build_line(
            read_plan(source),
            faults,
            switches,
            backlash=backlash,
            gravity=gravity,
            now=time.monotonic(),
        )
        return cls(line, faults, switches, link=link, seed=seed)

    @property
    def path(self) -> str:
        """Where a host opens the port; the same after a replug."""
        return str(self._link)

    @property
    def reply_count(self) -> int:
        """How many packets the servos have sent."""
        return self._wire.reply_count

    @property
    def plugged(self) -> bool:
        """Whether the port is there."""
        return self._terminal is not None

    def servo(self, key: int | str) -> ServoView:
        """Return a servo by the id it had at first, or by the name of its joint."""
        for servo_id, view in self._views.items():
            if key in (servo_id, view.name):
                return view
        known = ', '.join(f'{servo_id} {view.name}' for servo_id, view in self._views.items())
        raise ArmError(f'servo {key!r}: the bus has {known}')

    def unplug(self) -> None:
        """Pull the adapter out: the host's port hangs up, its path goes, servos keep power."""
        if self._terminal is None:
            return
        thread, self._thread = self._thread, None
        os.write(self._wake_write, b'.')
        assert thread is not None
        thread.join()
        self._queue.clear()
        self._wire.clear(time.monotonic())
        self._terminal.close()
        self._terminal = None

    def replug(self) -> None:
        """Plug the adapter in: a new port at the same path."""
        if self._terminal is not None:
            return
        self._terminal = PseudoTerminal(self._link)
        self._thread = threading.Thread(
            target=self._run, args=(self._terminal,), name='virtual servo bus', daemon=True
        )
        self._thread.start()

    def set_supply(self, volts: float | None) -> None:
        """Change the voltage of all servos; None is what each likes best, 0 is off."""
        with self.lock:
            now = time.monotonic()
            for servo in self._line.servos:
                servo.set_supply(servo.nominal_supply if volts is None else volts, now)

    def power_off(self) -> None:
        """Switch the supply of all servos off."""
        self.set_supply(0.0)

    def power_on(self) -> None:
        """Switch the supply of all servos on."""
        self.set_supply(None)

    def close(self) -> None:
        """Unplug for good; calling it again does nothing."""
        self.unplug()
        if self._wake_read >= 0:
            os.close(self._wake_read)
            os.close(self._wake_write)
            self._wake_read = -1
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> VirtualBus:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self, terminal: PseudoTerminal) -> None:
        """Pass bytes on, each at its time, until somebody writes to the wake pipe."""
        while True:
            now = time.monotonic()
            wait = max(0.0, self._queue[0].due - now) if self._queue else IDLE
            ready, _, _ = select.select([terminal.master, self._wake_read], [], [], wait)
            if self._wake_read in ready:
                os.read(self._wake_read, 1)
                return
            if terminal.master in ready:
                self._hear(terminal)
            elif not self._queue:
                self._live()
            while self._queue and self._queue[0].due <= time.monotonic():
                terminal.write(self._queue.popleft().data)

    def _live(self) -> None:
        """Let time pass for the servos while no host is there."""
        with self.lock:
            for servo in self._line.servos:
                servo.touch(time.monotonic())

    def _hear(self, terminal: PseudoTerminal) -> None:
        now = time.monotonic()
        baud = terminal.host_baud()
        data = terminal.read()
        if baud > 0:
            with self.lock:
                self.request_bytes += len(data)
                self._queue.extend(self._wire.hear(data, now, baud))
