"""Target paths of protocol B, each certified to have a smooth solution inside the limits.

The certificate is plain Newton on Pinocchio's Jacobian: it knows neither restarts nor our code.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ik_gd.benchmark.arms import BenchArm
from ik_gd.benchmark.verify import Verifier

RATE = 100.0  # [Hz]
SHAPES = ('circle', 'line', 'eight')
_TICKS = 400
_SIZE = 0.08  # of the arm's reach
_CALM = 0.05  # [rad or m] the certificate's largest step a tick
_TRIES = 400

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TargetPath:
    """Targets at 100 Hz, and joints from which the first is reached.

    Attributes:
        name: what tables call it.
        targets: (k, 4, 4).
        q_start: (n,).
    """

    name: str
    targets: Array
    q_start: Array


def joint_walk(
    arm: BenchArm, verifier: Verifier, largest_step: float, ticks: int, rng: np.random.Generator
) -> TargetPath:
    """Return targets whose joints differ by up to `largest_step` [rad] from tick to tick.

    Prismatic joints move a tenth of that number [m].
    """
    chain = arm.chain
    largest = np.where(chain.is_prismatic, 0.1, 1.0) * largest_step
    q = q_start = _inner_joints(arm, rng)
    targets = []
    for _ in range(ticks):
        step = rng.uniform(-largest, largest)
        out = (q + step < chain.lower) | (q + step > chain.upper)
        q = q + np.where(out, -step, step)
        targets.append(verifier.forward(q))
    return TargetPath(f'walk {largest_step:g}', np.array(targets), q_start)


def drawn_path(
    arm: BenchArm, verifier: Verifier, shape: str, rng: np.random.Generator, axis_only: bool
) -> TargetPath | None:
    """Return a circle, line or eight of constant orientation, or None if none was found.

    Args:
        arm: whose reach sets the size.
        verifier: of that arm.
        shape: one of SHAPES.
        rng: draws where it is and how it lies.
        axis_only: whether the tip may roll about its z axis: the task of arms with fewer than
            six joints.
    """
    outline = _outline(shape) * _SIZE * arm.chain.reach
    for _ in range(_TRIES):
        q_start = _inner_joints(arm, rng)
        T = verifier.forward(q_start)
        plane = np.linalg.qr(rng.normal(size=(3, 2)))[0]
        targets = np.repeat(T[None], _TICKS, axis=0)
        targets[:, :3, 3] += outline @ plane.T
        if _is_smoothly_solvable(verifier, targets, q_start, axis_only):
            return TargetPath(shape, targets, q_start)
    return None


def _inner_joints(arm: BenchArm, rng: np.random.Generator) -> Array:
    """Return joints from the inner 60 % of each range."""
    q: Array = arm.chain.middle + 0.6 * (arm.random_joints(1, rng)[0] - arm.chain.middle)
    return q


def _outline(shape: str) -> Array:
    """Return (k, 2): one round at a speed that starts and ends at rest, from the origin."""
    s = np.linspace(0.0, 1.0, _TICKS)
    phase = 2.0 * np.pi * (10.0 * s**3 - 15.0 * s**4 + 6.0 * s**5)
    if shape == 'circle':
        return np.column_stack([np.cos(phase) - 1.0, np.sin(phase)])
    if shape == 'line':
        return np.column_stack([1.0 - np.cos(phase), np.zeros(_TICKS)])
    return np.column_stack([np.sin(phase), 0.5 * np.sin(2.0 * phase)])


def _is_smoothly_solvable(
    verifier: Verifier, targets: Array, q_start: Array, axis_only: bool
) -> bool:
    q = q_start
    for target in targets:
        before = q
        for _ in range(10):
            error, J = _newton_terms(verifier, q, target, axis_only)
            if np.abs(error).max() < 1e-9:
                break
            q = q + np.linalg.pinv(J, rcond=1e-6) @ error
        else:
            return False
        if not verifier.is_within_limits(q) or np.abs(q - before).max() > _CALM:
            return False
    return True


def _newton_terms(
    verifier: Verifier, q: Array, target: Array, axis_only: bool
) -> tuple[Array, Array]:
    error, J = verifier.twist(q, target), verifier.jacobian(q)
    if axis_only:
        z = verifier.forward(q)[:3, 2]
        across = np.eye(3) - np.outer(z, z)  # turning about z itself is free
        error[3:] = np.cross(z, target[:3, 2])
        J[3:] = across @ J[3:]
    return error, J
