"""`ik_gd bench`: measure the solver beside other solvers; tables, JSON, CSV and a chart."""

from __future__ import annotations

import argparse
from pathlib import Path

from ik_gd.benchmark.results import Plan
from ik_gd.core.errors import IkGdError, SettingsError

_QUICK = {'targets': 200, 'cases': 20}
_FULL = {'targets': 10_000, 'cases': 1_000}
_PROTOCOLS = {
    'A': 'random targets beside the peers',
    'B': 'tracking',
    'C': 'best effort, beside scipy',
    'D': 'many joints, batches, kernels',
    'E': 'step rules and gradients',
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    described = ', '.join(f'{letter}: {what}' for letter, what in _PROTOCOLS.items())
    parser.add_argument(
        '--protocol', default='ABCDE', metavar='LETTERS', help=f'{described}; default: all'
    )
    parser.add_argument('--arms', metavar='NAMES', help='comma-separated; default: all')
    parser.add_argument(
        '--peers', metavar='NAMES', help="comma-separated, or 'none'; default: those installed"
    )
    parser.add_argument('--targets', type=int, metavar='N', help='per arm (10000)')
    parser.add_argument('--cases', type=int, metavar='N', help='of protocol C (1000)')
    parser.add_argument('--seed', type=int, default=0, help='of every random draw (0)')
    parser.add_argument('--quick', action='store_true', help='200 targets and 20 cases')
    parser.add_argument(
        '--join',
        nargs='+',
        type=Path,
        metavar='FILE',
        help='measure nothing: join what earlier runs wrote with --json',
    )
    parser.add_argument('--json', type=Path, metavar='FILE', help='write everything')
    parser.add_argument('--csv', type=Path, metavar='FILE', help='write all rows')
    parser.add_argument('--markdown', type=Path, metavar='FILE', help='write all tables')
    parser.add_argument('--chart', type=Path, metavar='FILE', help='draw protocol A (PNG)')


def run(options: argparse.Namespace) -> int:
    """Run the protocols asked for, one after the other."""
    letters = options.protocol.upper()
    if not letters or set(letters) - set(_PROTOCOLS):
        raise SettingsError(f'no protocol {options.protocol!r}; they are {", ".join(_PROTOCOLS)}')
    try:
        from ik_gd.benchmark import session
    except ImportError as error:
        raise IkGdError(
            f'the benchmark needs {error.name}: pip install -r requirements/bench-peers.txt'
        ) from error
    files = session.Files(options.json, options.csv, options.markdown, options.chart)
    if options.join:
        return session.join(options.join, files)
    return session.run(letters, _plan(options), files)


def _plan(options: argparse.Namespace) -> Plan:
    from ik_gd.benchmark.arms import ARM_NAMES
    from ik_gd.benchmark.peers import PEER_NAMES

    counts = dict(_QUICK if options.quick else _FULL)
    for name in counts:
        given = getattr(options, name)
        if given is not None:
            if given < 1:
                raise SettingsError(f'--{name} is at least 1, not {given}')
            counts[name] = given
    peers = () if options.peers == 'none' else _names(options.peers, PEER_NAMES, 'peer')
    return Plan(_names(options.arms, ARM_NAMES, 'arm'), peers, **counts, seed=options.seed)


def _names(text: str | None, known: tuple[str, ...], what: str) -> tuple[str, ...]:
    """Split a comma-separated option; None means all."""
    if text is None:
        return known
    names = tuple(name.strip() for name in text.split(',') if name.strip())
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise SettingsError(f'no {what} {", ".join(unknown)!r}; they are {", ".join(known)}')
    return names
