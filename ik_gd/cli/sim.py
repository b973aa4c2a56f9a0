"""`ik_gd sim`: a simulated arm follows a target, through real nodes in processes of their own."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from ik_gd.arms.display import check_display
from ik_gd.cli.bringup import Bringup
from ik_gd.core.errors import ArmError, IkGdError, SettingsError
from ik_gd.core.urdf import load_urdf_text, parse_urdf
from ik_gd.nodes.graph import SIMULATION, TARGETS, with_default_robot

_TTY_PERIOD = 0.2  # [s] between two live lines on a terminal
_PLAIN_PERIOD = 1.0  # [s] between two lines elsewhere
_START_TIME = 300.0  # [s] for the first motion; the first start compiles for a minute or more


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of `ik_gd sim`."""
    parser.add_argument('--urdf', default='', help='URDF or xacro file; the SO-101 if not given')
    parser.add_argument('--base', default='', help='base link; the root link if not given')
    parser.add_argument('--tip', default='', help='tip link; the only leaf link if not given')
    parser.add_argument('--target', default='figure-eight', choices=TARGETS)
    parser.add_argument('--duration', type=float, help='seconds of motion; until Ctrl-C if none')
    parser.add_argument('--rate', type=float, default=100.0, help='control ticks per second')
    gui = parser.add_mutually_exclusive_group()
    gui.add_argument(
        '--gui', action='store_true', help="open PyBullet's window; so it is where a display is"
    )
    gui.add_argument('--headless', action='store_true', help='open no window')
    parser.add_argument('--config', default='', help='parameters of the nodes; config/ik.yaml')
    parser.add_argument('--namespace', default='', help='namespace of all nodes')
    parser.add_argument('--report', type=Path, help='write what was measured to this JSON file')


def run(options: argparse.Namespace) -> int:
    """Bring the nodes up, show what they do for the duration, and end them."""
    values = checked_values(options)
    asked_to_stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked_to_stop.set())
    screen = Screen()
    window = 'in a window' if values['gui'] else 'without a window'
    screen.say(f'simulating {values["urdf"]} {window}, target: {values["target"]}; Ctrl-C ends it')
    with Bringup(SIMULATION, values, screen.say) as bringup:
        summary = watch(bringup, values, options.duration, screen, asked_to_stop)
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
    if options.gui:
        check_display()
    if options.duration is not None and not options.duration > 0.0:
        raise SettingsError(f'--duration {options.duration:g} s is not above 0')
    if not 1.0 <= options.rate <= 2000.0:
        raise SettingsError(f'--rate {options.rate:g} Hz is not between 1 and 2000')
    if options.config and not Path(options.config).is_file():
        raise SettingsError(f'--config {options.config}: there is no such file')
    if options.report is not None and not options.report.absolute().parent.is_dir():
        raise SettingsError(f'--report {options.report}: there is no such folder')
    values = with_default_robot(
        {
            'urdf': options.urdf,
            'base_link': options.base,
            'tip_link': options.tip,
            'target': options.target,
            'rate': options.rate,
            'gui': options.gui or (not options.headless and has_display()),
            'config': options.config,
            'namespace': options.namespace,
        }
    )
    tree = parse_urdf(load_urdf_text(str(values['urdf']))[0])
    path = tree.path(options.base or None, str(values['tip_link']) or None)
    tip_link = path[-1].child if path else values['tip_link']
    return {**values, 'base_link': options.base or tree.root, 'tip_link': tip_link}


def has_display() -> bool:
    """Return whether a window can be opened."""
    try:
        check_display()
    except ArmError:
        return False
    return True


def watch(
    bringup: Bringup,
    values: dict[str, str | float | bool],
    duration: float | None,
    screen: Screen,
    asked_to_stop: threading.Event,
    arm_node: str | None = 'simulator_node',
) -> dict[str, Any]:
    """Show a live line until the time is up, and return what was measured.

    Raises:
        IkGdError: the robot is not usable, a node ended by itself, or nothing ever moved.
    """
    # Loaded while the nodes start.
    import rclpy
    from rclpy.executors import SingleThreadedExecutor

    from ik_gd.cli.monitor import Monitor
    from ik_gd.cli.record import Record
    from ik_gd.core.chain import Chain

    chain = Chain.from_urdf(str(values['urdf']), str(values['base_link']), str(values['tip_link']))
    record = Record(chain.joint_names, chain.lower, chain.upper, chain.max_velocity)
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    rclpy.init(args=[], signal_handler_options=rclpy.SignalHandlerOptions.NO)
    monitor = Monitor(record, arm_node, chain, str(values['namespace']))
    executor = SingleThreadedExecutor()
    executor.add_node(monitor)
    started = shown = time.monotonic()
    first_motion: float | None = None
    try:
        while not asked_to_stop.is_set():
            executor.spin_once(timeout_sec=0.1)
            now = time.monotonic()
            if first_motion is None and record.ticks:
                first_motion = now
                screen.say(f'first motion {now - screen.begun:.1f} s after the command')
            if now - shown > screen.period:
                shown = now
                bringup.check()
                if monitor.state:
                    screen.show(live_line(monitor.state, record.tip_error, record.recent_rate))
            if first_motion is not None and duration is not None:
                if now - first_motion > duration:
                    break
            elif duration is not None and now - started > _START_TIME:
                raise IkGdError(f'nothing moved within {_START_TIME:g} s')
    finally:
        monitor.destroy_node()
        rclpy.try_shutdown()
    return record.summary()


def live_line(state: str, tip_error: float, rate: float) -> str:
    """Return the line that shows how it goes; NaN is shown as a dash."""
    error = '-' if tip_error != tip_error else f'{1e3 * tip_error:.2f} mm'
    hertz = '-' if rate != rate else f'{rate:.1f} Hz'
    return f'tip error {error:>10}   rate {hertz:>9}   {state}'


def describe(summary: dict[str, Any]) -> list[str]:
    """Return the lines that sum a run up."""
    if not summary['ticks']:
        return ['nothing moved']
    return [
        f'{summary["ticks"]} ticks at {_figure(summary["rate_hz"], 1.0, "Hz", 2)}'
        f' (period p99 {_figure(summary["period_p99_ms"], 1.0, "ms", 2)},'
        f' tick p50 {_figure(summary["tick_p50_ms"], 1.0, "ms", 3)},'
        f' p99 {_figure(summary["tick_p99_ms"], 1.0, "ms", 3)})',
        f'tip error rms {_figure(summary["tip_error_rms_m"], 1e3, "mm", 2)},'
        f' largest {_figure(summary["tip_error_max_m"], 1e3, "mm", 2)} after an approach of'
        f' {_figure(summary["approach_s"], 1.0, "s", 2)};'
        f' lag {_figure(summary["lag_ms"], 1.0, "ms", 0)}',
        f'{summary["limit_violations"]} commands outside the joint limits,'
        f' {summary["velocity_violations"]} faster than the joints',
    ]


def _figure(value: float | None, scale: float, unit: str, digits: int) -> str:
    return '-' if value is None else f'{scale * value:.{digits}f} {unit}'


class Screen:
    """Lines on the terminal: those that stay, and one at the bottom that is written over.

    Where standard output is not a terminal, every line stays.
    """

    def __init__(self) -> None:
        self.begun = time.monotonic()
        self._is_live = sys.stdout.isatty()
        self._lock = threading.Lock()
        self.period = _TTY_PERIOD if self._is_live else _PLAIN_PERIOD

    def say(self, line: str) -> None:
        """Print a line that stays."""
        with self._lock:
            print(f'\r\x1b[K{line}' if self._is_live else line, flush=True)

    def show(self, line: str) -> None:
        """Print a line that the next takes the place of."""
        with self._lock:
            if self._is_live:
                print(f'\r\x1b[K{line}', end='', flush=True)
            else:
                print(line, flush=True)

    def finish(self) -> None:
        """Leave the last line standing."""
        if self._is_live:
            print(flush=True)
