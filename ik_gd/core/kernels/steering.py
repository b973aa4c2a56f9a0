"""A pose that moves straight to a target, or by a twist, only as fast as the joints can follow.

The joints' rates for a tip twist come from damped least squares on the Jacobian.
Source: B. Siciliano et al., Robotics: Modelling, Planning and Control, 2009, section 3.5.2.
"""

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.kernels.compiled import EXACT, kernel
from ik_gd.core.kernels.kinematics import jacobian
from ik_gd.core.kernels.poses import rotation_vector, turned

Array = NDArray[np.float64]

_DAMPING = 0.02**2
# Of the joints' acceleration, for changes of the twist: what a joint can catch up within the
# same tick. More, and it would lag, and the tip leave the line. 1 / (1 + sqrt(2)) is the most.
_SHARE = 0.35
_FAST = 0.95  # of the joints' speed, so that they can also catch up
_ARRIVED = 1e-10  # [m] and [rad]


@kernel(flags=EXACT, allocates=True)
def joint_rates(J: Array, weights: Array, twist: Array, out: Array) -> None:
    """Write the joint velocities (n,) that give the tip `twist` (6,), or nearly so.

    out = J^T y with (J J^T + damping) y = twist, by Cholesky's L L^T; rows of J and twist are
    weighed first by `weights` (6,), so that what the objective leaves free asks nothing.
    """
    n = J.shape[1]
    L = np.zeros((6, 6))
    y = np.empty(6)
    for i in range(6):
        for j in range(i + 1):
            total = _DAMPING if i == j else 0.0
            for k in range(n):
                total += weights[i] * J[i, k] * weights[j] * J[j, k]
            for k in range(j):
                total -= L[i, k] * L[j, k]
            L[i, j] = sqrt(total) if i == j else total / L[j, j]
        y[i] = weights[i] * twist[i]
        for k in range(i):
            y[i] -= L[i, k] * y[k]
        y[i] /= L[i, i]
    for i in range(5, -1, -1):
        for k in range(i + 1, 6):
            y[i] -= L[k, i] * y[k]
        y[i] /= L[i, i]
    for k in range(n):
        total = 0.0
        for i in range(6):
            total += weights[i] * J[i, k] * y[i]
        out[k] = total


@kernel(flags=EXACT)
def capped(twist: Array, linear: float, angular: float) -> float:
    """Return the factor, up to 1, that brings a twist (6,) within the tip's speed limits."""
    v = sqrt(twist[0] ** 2 + twist[1] ** 2 + twist[2] ** 2)
    w = sqrt(twist[3] ** 2 + twist[4] ** 2 + twist[5] ** 2)
    factor = 1.0
    if v > linear:
        factor = linear / v
    if w * factor > angular:
        factor = angular / w
    return factor


@kernel(flags=EXACT, allocates=True)
def toward_pose(
    segments: Array, q: Array, J: Array, weights: Array, position: Array, quaternion: Array,
    target: Array, target_velocity: Array, bounds: Array, dt: float, out: Array,
) -> None:  # fmt: skip
    """Write the twist with which to go straight to a moving target and stop on it.

    Args:
        segments: the chain, see layout.
        q: (n,) the posture for which the pose is the goal.
        J: (6, n) there.
        weights: (6,) of the directions, 0 .. 1.
        position: (3,) of the moved pose [m].
        quaternion: (4,) of the moved pose.
        target: (7,) position and quaternion at the end of the step.
        target_velocity: (6,) how the target moves.
        bounds: (2, n) velocity and acceleration limits of the joints.
        dt: how long the step lasts [s].
        out: (6,) out.
    """
    way = np.empty(6)
    rotation_vector(quaternion, target[3:], way[3:])
    for i in range(3):
        way[i] = target[i] - position[i]
    for i in range(6):
        way[i] = way[i] - target_velocity[i] * dt if weights[i] > 0.0 else 0.0
    n = q.shape[0]
    rates, rates_there = np.empty(n), np.empty(n)
    joint_rates(J, weights, way, rates)
    # The joints may be asked for more at the end of the way: look there too, roughly.
    joint_rates(jacobian(segments, q + rates), weights, way, rates_there)
    braking = 1e9  # of the way, in 1/s^2
    for i in range(n):
        most = max(abs(rates[i]), abs(rates_there[i]))
        if most > 0.0:
            braking = min(braking, _SHARE * bounds[1, i] / most)
    # From speed s one can stop within the way that is left after this step: s dt + s^2/2a = 1.
    braking *= 0.8
    x = braking * dt
    speed = min(sqrt(x * x + 2.0 * braking) - x, 1.0 / dt)
    if braking * dt * dt > 4.0:
        speed = 1.0 / dt
    for i in range(6):
        out[i] = target_velocity[i] + speed * way[i]


@kernel(flags=EXACT)
def followable(rates: Array, before: Array, bounds: Array, dt: float) -> float:
    """Return by what to slow down, up to 1, so that no joint has to speed up too hard.

    The joints' part of the tip's way changes on the way, most near a singularity. The slowing
    itself is no harder than the joints can brake.

    Args:
        rates: (n,) joint velocities that are wanted.
        before: (n,) those of the step before.
        bounds: (2, n) velocity and acceleration limits of the joints.
        dt: how long the step lasts [s].
    """
    most, least = 1.0, 0.0
    for i in range(rates.shape[0]):
        if abs(rates[i]) > 0.0:
            room = _SHARE * bounds[1, i] * dt / abs(rates[i])
            most = min(most, before[i] / rates[i] + room)
            least = max(least, 1.0 - room)
    return max(most, least)


@kernel(flags=EXACT, allocates=True)
def ramp(
    J: Array, weights: Array, wanted: Array, rates_before: Array, bounds: Array, dt: float,
    twist: Array,
) -> None:  # fmt: skip
    """Change a twist toward the wanted one, no further than the joints can follow at once.

    Args:
        J: (6, n) at the goal posture.
        weights: (6,) of the directions, 0 .. 1.
        wanted: (6,) which is slowed, in place, to what the joints' speed allows.
        rates_before: (n,) how fast the joints' goal moved in the step before.
        bounds: (2, n) velocity and acceleration limits of the joints.
        dt: how long the step lasts [s].
        twist: (6,) in and out.
    """
    n = J.shape[1]
    rates = np.empty(n)
    joint_rates(J, weights, wanted, rates)
    factor = 1.0
    for i in range(n):
        if abs(rates[i]) * factor > _FAST * bounds[0, i]:
            factor = _FAST * bounds[0, i] / abs(rates[i])
    wanted *= factor
    joint_rates(J, weights, wanted - twist, rates)
    change = 1.0
    for i in range(n):
        if abs(rates[i]) * change > _SHARE * bounds[1, i] * dt:
            change = _SHARE * bounds[1, i] * dt / abs(rates[i])
    twist += change * (wanted - twist)
    joint_rates(J, weights, twist, rates)
    twist *= followable(rates, rates_before, bounds, dt)


@kernel(flags=EXACT, allocates=True)
def steer(
    segments: Array, q: Array, rates_before: Array, position: Array, quaternion: Array,
    twist: Array, target: Array, target_velocity: Array, weights: Array, speeds: Array,
    bounds: Array, times: Array, jogging: bool,
) -> bool:  # fmt: skip
    """Move a pose one step toward a target pose, or by a target twist.

    Args:
        segments: the chain, see layout.
        q: (n,) the posture for which the pose is the goal.
        rates_before: (n,) how fast that posture moved in the step before.
        position: (3,) in and out [m].
        quaternion: (4,) in and out.
        twist: (6,) with which the pose moves, in and out.
        target: (7,) as of `toward_pose`.
        target_velocity: (6,) of the target pose; the twist itself when jogging.
        weights: (6,) of the directions, 0 .. 1; those of weight 0 are free.
        speeds: (2,) linear [m/s] and angular [rad/s] limit of the tip.
        bounds: (2, n) velocity and acceleration limits of the joints.
        times: (2,) how long the step lasts [s]; how much of the speed to use, 0 .. 1.
        jogging: whether there is a twist to go by, and no pose.

    Returns:
        Whether the pose is on the target.
    """
    dt, willing = times[0], times[1]
    J = jacobian(segments, q)
    wanted = np.empty(6)
    if jogging:
        wanted[:] = target_velocity
    else:
        toward_pose(
            segments,
            q,
            J,
            weights,
            position,
            quaternion,
            target,
            target_velocity,
            bounds,
            dt,
            wanted,
        )
    wanted *= willing * capped(wanted, speeds[0], speeds[1])
    ramp(J, weights, wanted, rates_before, bounds, dt, twist)
    step = twist * dt
    for i in range(3):
        position[i] += step[i]
    before = quaternion.copy()
    turned(before, step[3:], quaternion)
    if jogging:
        return False
    rotation_vector(quaternion, target[3:], step[3:])
    off = 0.0
    for i in range(3):
        off = max(off, abs(target[i] - position[i]))
        if weights[3 + i] > 0.0:
            off = max(off, abs(step[3 + i]))
    if off > _ARRIVED:
        return False
    position[:] = target[:3]
    quaternion[:] = target[3:]
    return True
