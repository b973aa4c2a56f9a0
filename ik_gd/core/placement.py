"""Finds room for a target's path inside an arm's workspace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.chain import Chain
from ik_gd.core.errors import SettingsError
from ik_gd.core.paths import PLANES, ShapePath
from ik_gd.core.pose import Pose
from ik_gd.core.solver import Solution, Solver

_SAMPLES = 64  # poses of one round that are tried
_ITERATIONS = 50  # of the descent, for one sample
_CANDIDATES = 120  # centres that are tried
_GOOD_ENOUGH = 8  # the best of this many that work is taken
_LARGEST_SPREAD = 0.4  # of a joint's range, to both sides of its middle
_POSITION_TOLERANCE = 2e-4  # [m]
_ROTATION_TOLERANCE = 2e-3  # [rad], for arms that can choose it
_FULL_POSE = 6  # joints
_SPEED_SHARE = 0.5  # of the joints' velocity limits, at most
_LIMIT_MARGIN = 0.03  # of a joint's range, kept free at both ends
_DEFAULT_SIZE = 0.12  # of the reach
_LOWEST = 0.05  # height over the base, of the reach


@dataclass(frozen=True)
class Placement:
    """Where a figure fits.

    Attributes:
        centre: middle of the figure and orientation all the way round.
        size: half of the figure's width [m].
        plane: one of PLANES.
        q_centre: (n,) joints at the centre [rad or m].
        speed_share: the largest joint speed on the way, as a share of the joint's limit.
    """

    centre: Pose
    size: float
    plane: str
    q_centre: NDArray[np.float64]
    speed_share: float


def random_poses(chain: Chain, rng: np.random.Generator, count: int) -> list[Pose]:
    """Return `count` poses that the arm reaches, above its base frame where there are such."""
    lower, upper = _finite_limits(chain)
    above: list[Pose] = []
    others: list[Pose] = []
    for _ in range(50 * count):
        pose = chain.forward(rng.uniform(lower, upper))
        (above if pose.position[2] > 0.0 else others).append(pose)
        if len(above) == count:
            break
    return (above + others)[:count]


def place(
    solver: Solver,
    shape: str,
    period: float,
    rng: np.random.Generator,
    size: float | None = None,
    plane: str | None = None,
) -> Placement:
    """Return a place where the arm can follow `shape` well inside its limits and speeds.

    Centres are tried around the middle of the joints' ranges, ever farther away. Each sample of
    one round is solved from the one before, so that a path that needs a flip is not taken.

    Args:
        solver: with the objective that will be used to follow.
        shape: one of SHAPES.
        period: of one round [s].
        rng: the source of the centres that are tried.
        size: half of the figure's width [m]; None for a part of the reach, made smaller until
            it fits.
        plane: one of PLANES; None for the best.

    Raises:
        SettingsError: an unknown shape or plane, or nothing fits.
    """
    first_size = size if size is not None else _DEFAULT_SIZE * solver.chain.reach
    sizes = [first_size] if size is not None else [first_size * 0.6**k for k in range(6)]
    for half_width in sizes:
        found: list[Placement] = []
        for q_centre in _centres(solver.chain, rng):
            for plane_name in PLANES if plane is None else (plane,):
                found += _tried(solver, shape, period, q_centre, half_width, plane_name)
            if len(found) >= _GOOD_ENOUGH:
                break
        if found:
            return min(found, key=lambda placement: placement.speed_share)
    raise SettingsError(
        f'a {shape} of half width {first_size:.3g} m in {period:g} s fits nowhere that was tried '
        "in the arm's workspace; give a smaller size, a longer period, or a centre"
    )


def _centres(chain: Chain, rng: np.random.Generator) -> Iterator[NDArray[np.float64]]:
    lower, upper = _finite_limits(chain)
    for k in range(_CANDIDATES):
        spread = _LARGEST_SPREAD * (k + 1) / _CANDIDATES
        yield chain.middle + spread * (upper - lower) * rng.uniform(-1.0, 1.0, chain.dof)


def _tried(
    solver: Solver,
    shape: str,
    period: float,
    q_centre: NDArray[np.float64],
    size: float,
    plane: str,
) -> list[Placement]:
    """Return the placement of the figure around the tip at `q_centre`, or nothing."""
    centre = solver.chain.forward(q_centre)
    path = ShapePath(shape, centre, size, period, plane)
    poses = [path.round_pose(k / _SAMPLES) for k in range(_SAMPLES + 1)]
    heights = [pose.position[2] for pose in poses]
    is_flat_arm = abs(centre.position[2]) < 1e-9
    if not is_flat_arm and min(heights) < _LOWEST * solver.chain.reach:
        return []
    joints = []
    q = q_centre
    for pose in poses:
        solution = solver.track(pose, q, iterations=_ITERATIONS)
        if not _is_comfortable(solver.chain, solution):
            return []
        q = solution.q
        joints.append(q)
    speed = np.abs(np.diff(joints, axis=0)).max(axis=0) * _SAMPLES / period
    speed_share = float((speed / solver.chain.max_velocity).max())
    if speed_share > _SPEED_SHARE:
        return []
    return [Placement(centre, size, plane, q_centre, speed_share)]


def _is_comfortable(chain: Chain, solution: Solution) -> bool:
    margin = _LIMIT_MARGIN * (chain.upper - chain.lower)
    is_inside = (solution.q >= chain.lower + margin) & (solution.q <= chain.upper - margin)
    free = ~np.isfinite(margin)
    is_close = solution.position_error < _POSITION_TOLERANCE
    if chain.dof >= _FULL_POSE:
        is_close &= solution.rotation_error < _ROTATION_TOLERANCE
    return bool(is_close and (is_inside | free).all())


def _finite_limits(chain: Chain) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return lower and upper (n,), half a turn (or 1 m) in place of a missing limit."""
    missing = np.where(chain.is_prismatic, 1.0, np.pi)
    lower = np.where(np.isfinite(chain.lower), chain.lower, -missing)
    upper = np.where(np.isfinite(chain.upper), chain.upper, missing)
    return lower, upper
