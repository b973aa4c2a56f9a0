"""`ik_gd solve`: prints the joints that bring the tip to a pose."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from transforms3d.euler import euler2quat

from ik_gd.cli.info import add_robot_arguments, chain_of
from ik_gd.core.errors import TargetError
from ik_gd.core.objective import Objective
from ik_gd.core.pose import Pose
from ik_gd.core.solver import Solution, SolutionStatus, Solver


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of `ik_gd solve`."""
    add_robot_arguments(parser)
    parser.add_argument('--xyz', type=float, nargs=3, required=True, help='position [m]')
    turn = parser.add_mutually_exclusive_group()
    turn.add_argument('--rpy', type=float, nargs=3, help='roll, pitch, yaw about fixed axes [rad]')
    turn.add_argument('--quaternion', type=float, nargs=4, help='x y z w')
    parser.add_argument(
        '--plot', type=Path, metavar='FILE', help='draw how every step rule descends to it (PNG)'
    )
    parser.add_argument('--start', type=float, nargs='+', help='joints to start from [rad or m]')


def run(options: argparse.Namespace) -> int:
    """Print the solution; 0 if it is on target, 1 if it is the best that was found."""
    chain = chain_of(options)
    target = target_of(options)
    is_free = options.rpy is None and options.quaternion is None
    solver = Solver(chain, Objective.position() if is_free else Objective.pose())
    if options.start is not None and len(options.start) != chain.dof:
        raise TargetError(
            f'--start has {len(options.start)} values; the {chain.dof} joints are '
            f'{", ".join(chain.joint_names)}'
        )
    solution = solver.solve(target, q_start=options.start)
    width = max(map(len, chain.joint_names))
    for name, value, is_prismatic in zip(
        chain.joint_names, solution.q, chain.is_prismatic, strict=True
    ):
        other = 'm' if is_prismatic else f'rad {np.degrees(value):10.3f} deg'
        print(f'{name:<{width}} {value:12.6f} {other}')
    print(describe(solution, is_free))
    if options.plot is not None:
        from ik_gd.cli.plots import plot_rules

        plot_rules(options.plot, chain, solver.objective, target, options.start)
    return 0 if solution.status is SolutionStatus.CONVERGED else 1


def target_of(options: argparse.Namespace) -> Pose:
    """Return the pose that the command line gives; without a rotation it is upright."""
    if options.rpy is not None:
        w, x, y, z = euler2quat(*options.rpy, axes='sxyz')
        return Pose(options.xyz, (x, y, z, w))
    if options.quaternion is not None:
        return Pose(options.xyz, options.quaternion)
    return Pose(options.xyz)


def describe(solution: Solution, is_free: bool) -> str:
    """Return the line that says how good a solution is."""
    rotation = '' if is_free else f', {solution.rotation_error:.3g} rad'
    return (
        f'{solution.status.name.lower().replace("_", " ")}: {solution.position_error:.3g} m'
        f'{rotation} from the target after {solution.iterations} iterations and '
        f'{solution.restarts} restarts'
    )
