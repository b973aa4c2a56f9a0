"""Finds servos whose protocol, baud rate and id nobody remembers. Reads only."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass

from ik_gd.arms.servo.calibration import BusSettings
from ik_gd.arms.servo.families import FAMILIES
from ik_gd.core.errors import CalibrationError


@dataclass(frozen=True)
class FoundServo:
    """A servo that answered.

    Attributes:
        driver: its family.
        baud: bits per second.
        id: its address.
        model: its model's name, or its number if we do not know the model.
    """

    driver: str
    baud: int
    id: int
    model: str


def scan(
    path: str,
    drivers: Iterable[str] = tuple(FAMILIES),
    bauds: Iterable[int] | None = None,
    ids: Iterable[int] = range(253),
    timeout: float = 0.01,
    progress: Callable[[str, int], None] = lambda driver, baud: None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[FoundServo]:
    """Yield every servo that answers.

    Args:
        path: of the serial device.
        drivers: families to try.
        bauds: rates to try [bit/s]; all that a family knows if None.
        ids: addresses to try.
        timeout: for each answer [s].
        progress: called with the driver and the rate that are tried next.
        clock: monotonic [s].

    Raises:
        CalibrationError: there is no such driver.
        PortLost: the port cannot be opened, or is gone.
    """
    addresses = tuple(ids)
    rates = None if bauds is None else tuple(bauds)
    for driver in drivers:
        if driver not in FAMILIES:
            raise CalibrationError(f'driver {driver!r} is not one of {", ".join(FAMILIES)}')
        family = FAMILIES[driver]
        for baud in family.bauds if rates is None else rates:
            progress(driver, baud)
            settings = BusSettings(driver, path, baud, timeout=timeout)
            with closing(family.open_line(settings, clock)) as line:
                bus = family.open(line, settings, ()).bus
                for servo in addresses:
                    number = bus.ping(servo)
                    model = None if number is None else family.model_name(number)
                    if model is not None:
                        yield FoundServo(driver, baud, servo, model)
