"""`ik_gd servo TOOL ...`: the bench tools for servo buses. None of them needs ROS."""

from __future__ import annotations

import argparse

from ik_gd.arms.servo.emulator import command as emulate
from ik_gd.cli.servo_tools import calibrate, check, import_lerobot, monitor, scan, set_id

# tool: (module with add_arguments and run, one line of help)
TOOLS = {
    'scan': (scan, 'find servos: all protocols, baud rates and ids; changes nothing'),
    'monitor': (monitor, 'show positions and health, live; changes nothing'),
    'check': (check, 'compare servos with a calibration; changes nothing'),
    'calibrate': (calibrate, 'make a calibration file, guided'),
    'import-lerobot': (import_lerobot, "make a calibration file from LeRobot's"),
    'set-id': (set_id, 'give one servo another id'),
    'emulate': (emulate, 'run a virtual arm on a pseudo-terminal'),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the tools and their options."""
    tools = parser.add_subparsers(dest='tool', metavar='TOOL', required=True)
    for name, (module, help_line) in TOOLS.items():
        tool = tools.add_parser(name, help=help_line, description=help_line)
        module.add_arguments(tool)
        tool.set_defaults(run_tool=module.run)


def run(options: argparse.Namespace) -> int:
    """Run the chosen tool."""
    return int(options.run_tool(options))
