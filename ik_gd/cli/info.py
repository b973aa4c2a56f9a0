"""`ik_gd info`: prints the chain of a URDF, its limits and its reach."""

from __future__ import annotations

import argparse
import math

from ik_gd.core.chain import Chain


def add_robot_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments that name a chain; `chain_of` reads them."""
    parser.add_argument('urdf', help='URDF or xacro file')
    parser.add_argument('--base', help='base link; the root link if not given')
    parser.add_argument('--tip', help='tip link; the only leaf link if not given')


def chain_of(options: argparse.Namespace) -> Chain:
    """Return the chain that the command line names."""
    return Chain.from_urdf(options.urdf, options.base, options.tip)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of `ik_gd info`."""
    add_robot_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Print the chain."""
    for line in describe(chain_of(options)):
        print(line)
    return 0


def describe(chain: Chain) -> list[str]:
    """Return the lines that describe a chain."""
    width = max(map(len, (*chain.joint_names, 'joint')))
    lines = [
        f'{chain.base_link} -> {chain.tip_link}: {chain.dof} joints',
        f'{"joint":<{width}}  {"kind":<10} {"lower":>9} {"upper":>9} {"speed":>8} {"effort":>8}',
    ]
    rows = zip(
        chain.joint_names,
        chain.is_prismatic,
        chain.lower,
        chain.upper,
        chain.max_velocity,
        chain.max_effort,
        strict=True,
    )
    for name, is_prismatic, lower, upper, velocity, effort in rows:
        is_endless = not (math.isfinite(lower) or math.isfinite(upper) or is_prismatic)
        kind = 'prismatic' if is_prismatic else 'continuous' if is_endless else 'revolute'
        lines.append(
            f'{name:<{width}}  {kind:<10} {_number(lower):>9} {_number(upper):>9} '
            f'{_number(velocity):>8} {_number(effort):>8}'
        )
    x, y, z = chain.forward(chain.middle).position
    return [
        *lines,
        'units: rad, rad/s and N m; prismatic joints m, m/s and N; - for none',
        f'reach: {_number(chain.reach)} m at most, from the first joint',
        f'tip with every joint in the middle of its range: ({x:.4f}, {y:.4f}, {z:.4f}) m',
    ]


def _number(value: float) -> str:
    return f'{value:.4g}' if math.isfinite(value) else '-'
