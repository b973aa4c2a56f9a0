"""A tentacle of many joints, as in the tutorial's last part, with cost terms of its own.

    python3 examples/tentacle.py --joints 40 --out tentacle.png

The tip is to touch a point, and forty joints can do that in endless ways. Two terms choose among
them: neighbouring joints bend alike, so that it curls and does not kink; and it keeps out of a
ball. Both are plain functions of (q, tip), and their gradients are sampled, as in the tutorial.
"""

from __future__ import annotations

import argparse
from math import cos, sin
from time import perf_counter

import numpy as np
from matplotlib.figure import Figure
from numba import njit

from ik_gd import Chain, Objective, Pose, Solution, Solver
from ik_gd.core.terms import Custom

LENGTH = 1.0  # [m]
TARGET = (0.55, 0.15, 0.35)  # [m]
BALL = np.array([0.25, 0.18, 0.42])  # [m]
RADIUS = 0.13  # [m]


def tentacle_urdf(joints: int) -> str:
    """Return a chain of equal links whose joints bend in turn about y and about x."""
    link = LENGTH / joints
    lines = ['<robot name="tentacle"><link name="link0"/>']
    for i in range(joints):
        axis = '0 1 0' if i % 2 == 0 else '1 0 0'
        lines.append(
            f'<link name="link{i + 1}"/>'
            f'<joint name="joint{i}" type="revolute">'
            f'<parent link="link{i}"/><child link="link{i + 1}"/>'
            f'<origin xyz="0 0 {link if i else 0.0}"/><axis xyz="{axis}"/>'
            f'<limit lower="-1" upper="1" velocity="2" effort="1"/></joint>'
        )
    lines.append(
        f'<link name="tip"/><joint name="end" type="fixed">'
        f'<parent link="link{joints}"/><child link="tip"/><origin xyz="0 0 {link}"/></joint>'
    )
    return ''.join([*lines, '</robot>'])


@njit
def centre_line(q: np.ndarray) -> np.ndarray:
    """Return the joints' and the tip's positions (n + 1, 3) [m] of the chain above."""
    n = q.shape[0]
    points = np.zeros((n + 1, 3))
    R = np.eye(3)
    for i in range(n):
        c, s = cos(q[i]), sin(q[i])
        for row in range(3):
            x, y, z = R[row]
            if i % 2 == 0:  # about y
                R[row] = np.array([c * x - s * z, y, s * x + c * z])
            else:  # about x
                R[row] = np.array([x, c * y + s * z, c * z - s * y])
        points[i + 1] = points[i] + R[:, 2] * (LENGTH / n)
    return points


@njit
def bending(q: np.ndarray, tip: np.ndarray) -> float:
    """Return how unevenly the tentacle bends: joints of the same axis are two apart."""
    return np.sum((q[2:] - q[:-2]) ** 2)


@njit
def intrusion(q: np.ndarray, tip: np.ndarray) -> float:
    """Return how far the tentacle is inside the ball, all points together [m^2]."""
    total = 0.0
    for point in centre_line(q):
        depth = RADIUS - np.sqrt(np.sum((point - BALL) ** 2))
        total += max(depth, 0.0) ** 2
    return total


def solve(chain: Chain, objective: Objective) -> tuple[Solution, float]:
    """Return the solution and how long it took [ms]; compiled before."""
    solver = Solver(chain, objective)
    q_start = np.full(chain.dof, 0.5 / chain.dof)  # a little curled: straight up is singular
    solver.solve(Pose(TARGET), q_start)
    begin = perf_counter()
    solution = solver.solve(Pose(TARGET), q_start)
    return solution, 1e3 * (perf_counter() - begin)


def draw(solutions: dict[str, Solution], path: str) -> None:
    """Draw the tentacles side by side."""
    figure = Figure(figsize=(4.2 * len(solutions), 4.6), layout='constrained')
    u, v = np.mgrid[0 : 2 * np.pi : 25j, 0 : np.pi : 13j]
    ball = [
        BALL[0] + RADIUS * np.cos(u) * np.sin(v),
        BALL[1] + RADIUS * np.sin(u) * np.sin(v),
        BALL[2] + RADIUS * np.cos(v),
    ]
    for i, (name, solution) in enumerate(solutions.items()):
        axes = figure.add_subplot(1, len(solutions), i + 1, projection='3d')
        line = centre_line(solution.q)
        axes.plot_surface(*ball, color='#edae49', alpha=0.35, linewidth=0)
        axes.plot(*line.T, '.-', color='#00798c', markersize=4, linewidth=2)
        axes.plot(*np.transpose([TARGET]), 'X', color='#d1495b', markersize=9)
        axes.set_title(name, fontsize=10)
        axes.set(xlim=(-0.1, 0.7), ylim=(-0.4, 0.4), zlim=(0.0, 0.8))
        axes.set_box_aspect((1, 1, 1), zoom=1.2)
        axes.view_init(elev=10, azim=-95)
        axes.set_xticklabels([])
        axes.set_yticklabels([])
        axes.set_zticklabels([])
    figure.savefig(path, dpi=110)


def main() -> None:
    """Solve with and without the terms, print what they do, draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--joints', type=int, default=40, help='20 to 100 (%(default)s)')
    parser.add_argument('--out', default='tentacle.png', help='the picture (%(default)s)')
    options = parser.parse_args()
    chain = Chain.from_urdf(tentacle_urdf(options.joints))
    touch = Objective.position()
    smooth = touch.with_terms(Custom(bending, weight=0.1))
    objectives = {
        'the tip alone': touch,
        'bending evenly': smooth,
        'and out of the ball': smooth.with_terms(Custom(intrusion, weight=100.0)),
    }
    solutions = {}
    for name, objective in objectives.items():
        solution, milliseconds = solve(chain, objective)
        q, tip = solution.q, chain.forward(solution.q).matrix
        solutions[name] = solution
        print(
            f'{name:20} {solution.status.value:10} {solution.position_error:.1e} m off target, '
            f'unevenness {bending(q, tip):.4f}, in the ball {intrusion(q, tip):.1e} m^2, '
            f'{milliseconds:.2f} ms'
        )
    draw(solutions, options.out)
    print(options.out)


if __name__ == '__main__':
    main()
