"""`ik_gd landscape`: draws the distance from a target over two joints, and descents on it."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ik_gd.cli.info import add_robot_arguments, chain_of
from ik_gd.core.chain import Chain
from ik_gd.core.errors import SettingsError
from ik_gd.core.kinematics import checked_joints
from ik_gd.core.objective import Objective
from ik_gd.core.pose import Pose
from ik_gd.core.solver import Solver, SolverSettings
from ik_gd.core.trace import trace

_SAMPLES = 161  # a joint

Array = NDArray[np.float64]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of `ik_gd landscape`."""
    add_robot_arguments(parser)
    parser.add_argument('--joints', metavar='A,B', help='the two joints; default: the first two')
    parser.add_argument('--target', metavar='X,Y,Z', help='position [m]; default: one in reach')
    parser.add_argument('--start', metavar='A,B', help='where the descents start [rad or m]')
    parser.add_argument(
        '--rules',
        default='fixed:sampled,momentum,damped',
        help='step rules, each with :sampled for the sampled gradient (%(default)s)',
    )
    parser.add_argument(
        '--learning-rate',
        type=float,
        metavar='R',
        help='of fixed and momentum; default: 1 / 2 reach^2',
    )
    parser.add_argument(
        '--iterations',
        type=int,
        default=1000,
        help='forward kinematics that each descent may spend (%(default)s)',
    )
    parser.add_argument('--out', type=Path, required=True, help='the picture: .png, .svg, .pdf')


def run(options: argparse.Namespace) -> int:
    """Draw the picture."""
    from ik_gd.cli.plots import landscape_plot

    chain = chain_of(options)
    pair = _joint_pair(chain, options.joints)
    ranges = [_range(chain, i) for i in pair]
    q_start = chain.middle.copy()
    q_start[pair] = _start(options.start, ranges)
    target = _target(chain, options.target, pair, ranges)
    solvers = {
        rule: _solver(chain, rule, options.learning_rate) for rule in options.rules.split(',')
    }
    # all other joints stay where they are: bounds of no width
    lower, upper = q_start.copy(), q_start.copy()
    lower[pair], upper[pair] = np.transpose(ranges)
    paths = {
        rule: trace(solver, target, q_start, options.iterations, lower, upper).path[:, pair]
        for rule, solver in solvers.items()
    }
    first, second = (np.linspace(*limits, _SAMPLES) for limits in ranges)
    landscape_plot(
        options.out,
        (_axis_label(chain, pair[0]), _axis_label(chain, pair[1])),
        first,
        second,
        distances(chain, target, q_start, pair, first, second),
        paths,
        f'How far {chain.tip_link} is from '
        f'({", ".join(f"{x:g}" for x in np.round(target.position, 3))}) m, and the ways down',
    )
    print(f'{options.out}: ' + '; '.join(f'{r} {len(p) - 1} steps' for r, p in paths.items()))
    return 0


def distances(
    chain: Chain, target: Pose, q: Array, pair: list[int], first: Array, second: Array
) -> Array:
    """Return the tip's distance from the target (m, k) [m] over two joints, the others at `q`."""
    q = q.copy()
    heights = np.empty((len(second), len(first)))
    for row, b in enumerate(second):
        for column, a in enumerate(first):
            q[pair] = a, b
            heights[row, column] = np.linalg.norm(chain.forward(q).position - target.position)
    return heights


def _joint_pair(chain: Chain, text: str | None) -> list[int]:
    names = list(chain.joint_names[:2]) if text is None else text.split(',')
    if len(names) != 2 or names[0] == names[1] or not set(names) <= set(chain.joint_names):
        raise SettingsError(
            f'--joints {text or ",".join(names)!r} must be two of {", ".join(chain.joint_names)}'
        )
    return [chain.joint_names.index(name) for name in names]


def _axis_label(chain: Chain, i: int) -> str:
    return f'{chain.joint_names[i]} [{"m" if chain.is_prismatic[i] else "rad"}]'


def _range(chain: Chain, i: int) -> tuple[float, float]:
    """Return the limits of joint i, or a whole turn about zero where it has none."""
    if np.isfinite(chain.lower[i]) and np.isfinite(chain.upper[i]):
        return float(chain.lower[i]), float(chain.upper[i])
    return -np.pi, np.pi


def _start(text: str | None, ranges: list[tuple[float, float]]) -> Array:
    if text is None:
        shares = (0.45, 0.3)  # aside from the middle, where many arms are stretched
        return np.array(
            [low + s * (high - low) for s, (low, high) in zip(shares, ranges, strict=True)]
        )
    start = _numbers('--start', text, 2)
    for value, (low, high) in zip(start, ranges, strict=True):
        if not low <= value <= high:
            raise SettingsError(f'--start {value:g} is outside {low:g} .. {high:g}')
    return start


def _target(
    chain: Chain, text: str | None, pair: list[int], ranges: list[tuple[float, float]]
) -> Pose:
    """Return the target; without one, where the tip is with both joints at 70 % of their range."""
    if text is not None:
        return Pose(_numbers('--target', text, 3))
    q = chain.middle.copy()
    q[pair] = [low + 0.7 * (high - low) for low, high in ranges]
    return Pose(chain.forward(checked_joints(chain, q)).position)


def _numbers(option: str, text: str, count: int) -> Array:
    try:
        numbers = np.array([float(word) for word in text.split(',')])
    except ValueError:
        numbers = np.empty(0)
    if numbers.shape != (count,) or not np.isfinite(numbers).all():
        raise SettingsError(f'{option} {text!r} must be {count} numbers with commas between them')
    return numbers


def _solver(chain: Chain, text: str, learning_rate: float | None) -> Solver:
    rule, _, gradient = text.strip().partition(':')
    if learning_rate is None:
        # two joints curve the cost by at most the sum of their squared levers
        learning_rate = 0.5 / chain.reach**2 if 0.0 < chain.reach < np.inf else 0.1
    settings = SolverSettings(
        step_rule=rule, gradient=gradient or 'exact', learning_rate=learning_rate
    )
    return Solver(chain, Objective.position(), settings)
