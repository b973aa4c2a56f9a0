"""`ik_gd servo emulate`: run a virtual servo bus until it is stopped."""

from __future__ import annotations

import argparse
import math
import signal
import threading
from collections.abc import Sequence
from types import FrameType

from ik_gd.arms.servo.emulator.faults import Faults, Switches, apply_words, value_names
from ik_gd.arms.servo.emulator.virtual_bus import VirtualBus
from ik_gd.core.errors import SettingsError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        'Run a virtual servo bus on a pseudo-terminal and print the path of its port. '
        'SIGUSR1 pulls the adapter out and plugs it in again, SIGUSR2 switches the '
        "servos' supply off and on."
    )
    parser.add_argument(
        '--calibration', required=True, metavar='FILE', help='calibration YAML of the arm'
    )
    parser.add_argument('--link', metavar='PATH', help='path of the port (a symbolic link)')
    parser.add_argument(
        '--fault',
        action='append',
        default=[],
        metavar='NAME=VALUE',
        help=f'break or change something; NAME is one of {", ".join(value_names())}',
    )
    parser.add_argument(
        '--backlash', type=float, default=0.0, metavar='DEG', help='play of every joint [deg]'
    )
    parser.add_argument(
        '--gravity',
        action='append',
        default=[],
        metavar='JOINT=LOAD',
        help='load of the link when level, as a fraction of the stall torque',
    )
    parser.add_argument(
        '--duration', type=float, metavar='S', help='stop after so many seconds [s]'
    )


def run(options: argparse.Namespace) -> int:
    """Run the bus until SIGINT, SIGTERM or the duration, and return 0."""
    for name in ('backlash', 'duration'):
        value = getattr(options, name)
        if value is not None and not 0 <= value < math.inf:
            raise SettingsError(f'--{name} {value}: give a number that is not negative')
    faults, switches = Faults(), Switches()
    apply_words(options.fault, faults, switches)
    gravity = _gravity(options.gravity)
    stop = threading.Event()
    with VirtualBus.from_calibration(
        options.calibration,
        faults=faults,
        switches=switches,
        backlash=math.radians(options.backlash),
        gravity=gravity,
        link=options.link,
    ) as bus:
        _listen(bus, stop)
        print(bus.path, flush=True)
        stop.wait(options.duration)
    return 0


def _gravity(words: Sequence[str]) -> dict[str, float]:
    loads: dict[str, float] = {}
    for word in words:
        joint, equals, text = word.partition('=')
        try:
            loads[joint] = float(text)
        except ValueError:
            equals = ''
        if not equals or not -1.0 <= loads[joint] <= 1.0:
            raise SettingsError(f'--gravity {word!r}: give JOINT=LOAD with a load from -1 to 1')
    return loads


def _listen(bus: VirtualBus, stop: threading.Event) -> None:
    """Let signals end the command, unplug the adapter and switch the supply."""
    powered = True

    def on_stop(number: int, frame: FrameType | None) -> None:
        stop.set()

    def on_plug(number: int, frame: FrameType | None) -> None:
        bus.unplug() if bus.plugged else bus.replug()

    def on_power(number: int, frame: FrameType | None) -> None:
        nonlocal powered
        powered = not powered
        bus.power_on() if powered else bus.power_off()

    signal.signal(signal.SIGINT, on_stop)
    signal.signal(signal.SIGTERM, on_stop)
    signal.signal(signal.SIGUSR1, on_plug)
    signal.signal(signal.SIGUSR2, on_power)
