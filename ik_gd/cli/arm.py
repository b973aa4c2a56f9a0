"""`ik_gd arm`: a servo arm follows a target, through the nodes of hardware.launch.py."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ik_gd.arms.servo.calibration import EXIT_CHOICES
from ik_gd.arms.servo.calibration_file import load_calibration
from ik_gd.arms.servo.families import family_of
from ik_gd.cli.bringup import Bringup, Values, node_environment
from ik_gd.cli.sim import Screen, describe, watch
from ik_gd.core.errors import ArmError, SettingsError
from ik_gd.core.urdf import load_urdf_text, parse_urdf
from ik_gd.nodes.graph import HARDWARE, HARDWARE_CONFIG, TARGETS, with_default_robot

_EMULATED_BACKLASH = 1.0  # [deg], as users measure on an SO-101


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of `ik_gd arm`."""
    parser.add_argument('--calibration', required=True, help='calibration file of the arm')
    parser.add_argument('--port', default='', help="serial device; the calibration's if not given")
    parser.add_argument('--enable', action='store_true', help='switch torque on at once')
    parser.add_argument('--on-exit', default='', choices=EXIT_CHOICES)
    parser.add_argument('--urdf', default='', help='URDF or xacro file; the SO-101 if not given')
    parser.add_argument('--base', default='', help='base link; the root link if not given')
    parser.add_argument('--tip', default='', help='tip link; the only leaf link if not given')
    parser.add_argument('--target', default='none', choices=TARGETS)
    parser.add_argument('--duration', type=float, help='seconds of motion; until Ctrl-C if none')
    parser.add_argument('--rate', type=float, default=100.0, help='control ticks per second')
    parser.add_argument('--config', default='', help='parameters of the nodes; hardware.yaml')
    parser.add_argument('--namespace', default='', help='namespace of all nodes')
    parser.add_argument('--report', type=Path, help='write what was measured to this JSON file')
    parser.add_argument(
        '--emulate', action='store_true', help='drive virtual servos, not those on the port'
    )


def run(options: argparse.Namespace) -> int:
    """Bring the nodes up, show what they do, and end them; servos are left as `on_exit` says."""
    values = checked_values(options)
    asked_to_stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked_to_stop.set())
    screen = Screen()
    with port_of(options) as port:
        values['port'] = port
        screen.say(f'driving {values["calibration"]}, target: {values["target"]}; Ctrl-C ends it')
        if not options.enable:
            screen.say('the arm is limp until its service servo_node/enable is called')
        with Bringup(HARDWARE, values, screen.say) as bringup:
            summary = watch(bringup, values, options.duration, screen, asked_to_stop, None)
        screen.finish()
    for line in describe(summary):
        print(line)
    if options.report is not None:
        options.report.write_text(json.dumps(summary, indent=2) + '\n')
    return 0


def checked_values(options: argparse.Namespace) -> dict[str, str | float | bool]:
    """Return the arguments of the graph.

    Raises:
        IkGdError: an option cannot be used, told before any process starts.
    """
    if options.duration is not None and not options.duration > 0.0:
        raise SettingsError(f'--duration {options.duration:g} s is not above 0')
    if options.emulate and options.port:
        raise SettingsError(f'--emulate makes a port of its own; leave --port {options.port} away')
    if options.report is not None and not options.report.absolute().parent.is_dir():
        raise SettingsError(f'--report {options.report}: there is no such folder')
    calibration = load_calibration(options.calibration)
    family = family_of(calibration)
    values = with_default_robot(
        {
            'urdf': options.urdf,
            'base_link': options.base,
            'tip_link': options.tip,
            'target': options.target,
            'rate': options.rate,
            'config': options.config,
            'namespace': options.namespace,
            'calibration': options.calibration,
            'port': options.port,
            'enable': options.enable,
            'on_exit': options.on_exit,
        },
        HARDWARE_CONFIG,
    )
    values = located(values)
    if family.bauds and not options.emulate:
        check_port(options.port or calibration.bus.port)
    return values


def check_port(port: str) -> None:
    """Raise ArmError if there is no such serial device, or not for this user."""
    if not Path(port).exists():
        raise ArmError(
            f'there is no port {port}: plug the adapter in, name its port with --port, or try'
            ' --emulate'
        )
    if not os.access(port, os.R_OK | os.W_OK):
        raise ArmError(f'no permission to open {port}: your user needs the group dialout')


def located(values: Values) -> dict[str, str | float | bool]:
    """Return the values with the links of the arm named; UrdfError if there is no such chain."""
    tree = parse_urdf(load_urdf_text(str(values['urdf']))[0])
    base, tip = str(values['base_link']), str(values['tip_link'])
    path = tree.path(base or None, tip or None)
    return {
        **values,
        'base_link': base or tree.root,
        'tip_link': path[-1].child if path else tip,
    }


@contextmanager
def port_of(options: argparse.Namespace) -> Iterator[str]:
    """Yield the serial device, that of virtual servos in a process of their own if asked."""
    if not options.emulate:
        yield options.port
        return
    command = [sys.executable, '-m', 'ik_gd.cli', 'servo', 'emulate']
    command += ['--calibration', options.calibration, '--backlash', str(_EMULATED_BACKLASH)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=node_environment(), start_new_session=True
    )
    try:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        if not port:
            raise ArmError('the virtual servos did not start')
        yield port
    finally:
        process.terminate()
        process.wait()
