"""How far a command is from its target, what keeps it away, and how fast its goal moves."""

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.kernels.compiled import EXACT, kernel
from ik_gd.core.kernels.kinematics import forward, jacobian
from ik_gd.core.kernels.poses import distance, quaternion_of, rotation_vector

Array = NDArray[np.float64]

_PRESSES = 1e-3  # of the error, the slope by which a joint is said to want beyond its limit


@kernel(flags=EXACT, allocates=True)
def assess(
    segments: Array, command: Array, goal: Array, velocity: Array, speed: Array,
    reference: Array, target: Array, out: Array,
) -> None:  # fmt: skip
    """Write how far a command is from where it shall be.

    Args:
        segments: the chain, see layout.
        command: (n,) commanded joint positions.
        goal: (n,) to which they move.
        velocity: (n,) with which they move.
        speed: (n,) velocity limits.
        reference: (7,) position and quaternion for which the goal is the solution.
        target: (7,) to which that moves.
        out: (5,) out: from the commanded tip to the target [m]; from there to the goal's tip
            plus from the reference to the target, [m] and [rad]; how long the joints need to the
            goal at least [s]; the largest velocity.
    """
    here, there = forward(segments, command), forward(segments, goal)
    a, b = np.empty(4), np.empty(4)
    quaternion_of(here, a)
    quaternion_of(there, b)
    out[0] = distance(here[:3, 3], a, target[:3], a)[0]
    moved, turn = distance(here[:3, 3], a, there[:3, 3], b)
    away, askew = distance(reference[:3], reference[3:], target[:3], target[3:])
    out[1], out[2] = moved + away, turn + askew
    out[3], out[4] = 0.0, 0.0
    for i in range(command.shape[0]):
        out[3] = max(out[3], abs(goal[i] - command[i]) / speed[i])
        out[4] = max(out[4], abs(velocity[i]))


@kernel(flags=EXACT)
def goal_velocity(before: Array, goal: Array, dt: float, speed: Array, out: Array) -> bool:
    """Write how fast the goal moves, or zeros if it jumps, and return whether it is finite.

    Args:
        before: (n,) the goal of the tick before.
        goal: (n,) the goal.
        dt: the time between [s]; 0 where they have nothing to do with each other.
        speed: (n,) velocity limits: what is faster is a jump.
        out: (n,) out.
    """
    finite = True
    jumps = dt <= 0.0
    for i in range(goal.shape[0]):
        moved = goal[i] - before[i]
        finite = finite and abs(moved) < np.inf
        jumps = jumps or not abs(moved) <= speed[i] * dt
    for i in range(goal.shape[0]):
        out[i] = 0.0 if jumps else (goal[i] - before[i]) / dt
    return finite


@kernel(flags=EXACT, allocates=True)
def pressing_joint(
    segments: Array, q: Array, target: Array, weights: Array, lower: Array, upper: Array
) -> int:
    """Return the joint at a limit that would lower the cost most beyond it, or -1 if none would.

    Args:
        segments: the chain, see layout.
        q: (n,) where descent ended.
        target: (7,) position and quaternion.
        weights: (6,) of the objective's directions.
        lower: (n,) limits.
        upper: (n,) limits.
    """
    T = forward(segments, q)
    J = jacobian(segments, q)
    quaternion, error = np.empty(4), np.empty(6)
    quaternion_of(T, quaternion)
    rotation_vector(quaternion, target[3:], error[3:])
    size = 0.0
    for i in range(6):
        if i < 3:
            error[i] = target[i] - T[i, 3]
        error[i] *= weights[i] * weights[i]
        size = max(size, abs(error[i]))
    pressing, hardest = -1, _PRESSES * size
    for k in range(q.shape[0]):
        downhill = 0.0
        for i in range(6):
            downhill += J[i, k] * error[i]
        at_limit = q[k] >= upper[k] if downhill > 0.0 else q[k] <= lower[k]
        if at_limit and abs(downhill) > hardest:
            pressing, hardest = k, abs(downhill)
    return pressing
