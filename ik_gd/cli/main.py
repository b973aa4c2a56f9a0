"""`ik_gd COMMAND ...`: finds the command, loads only its module, turns errors into one line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from ik_gd import __version__
from ik_gd.core.errors import IkGdError

# command: (module in ik_gd.cli, one line of help)
COMMANDS = {
    'sim': ('sim', 'start a simulated arm that follows a target'),
    'arm': ('arm', 'start a servo arm that follows a target'),
    'info': ('info', 'print the chain of a URDF, its limits and its reach'),
    'solve': ('solve', 'print the joints that bring the tip to a pose'),
    'landscape': ('landscape', 'draw the cost over two joints with descent paths on it'),
    'bench': ('bench', 'compare the solver with other solvers'),
    'servo': ('servo', 'scan, monitor, calibrate, check or emulate a servo bus'),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 an error, 2 a bad command line."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(
        prog='ik_gd', description='Gradient-descent inverse kinematics for robot arms.'
    )
    parser.add_argument('--version', action='version', version=f'ik_gd {__version__}')
    commands = parser.add_subparsers(dest='command', metavar='COMMAND', required=True)
    chosen = next((word for word in words if word in COMMANDS), None)
    module = None
    for name, (module_name, help_line) in COMMANDS.items():
        command = commands.add_parser(name, help=help_line, description=help_line)
        if name == chosen:
            module = import_module(f'ik_gd.cli.{module_name}')
            module.add_arguments(command)
    options = parser.parse_args(words)
    assert module is not None  # argparse has refused an unknown command
    try:
        return int(module.run(options))
    except IkGdError as error:
        print(f'ik_gd {options.command}: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
