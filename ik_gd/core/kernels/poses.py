"""Rotations as quaternions (x, y, z, w), and how far one pose is from another; compiled.

Source: J. Sola, Quaternion kinematics for the error-state Kalman filter, 2017, section 2.
"""

from math import atan2, cos, sin, sqrt

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.kernels.compiled import EXACT, kernel

Array = NDArray[np.float64]


@kernel(flags=EXACT)
def rotation_vector(start: Array, end: Array, out: Array) -> None:
    """Write the shortest rotation, seen from the base, that turns `start` (4,) into `end` (4,).

    Args:
        start: unit quaternion.
        end: unit quaternion.
        out: (3,) axis times angle [rad].
    """
    ax, ay, az, aw = -start[0], -start[1], -start[2], start[3]
    bx, by, bz, bw = end[0], end[1], end[2], end[3]
    x = bw * ax + bx * aw + by * az - bz * ay
    y = bw * ay - bx * az + by * aw + bz * ax
    z = bw * az + bx * ay - by * ax + bz * aw
    w = bw * aw - bx * ax - by * ay - bz * az
    if w < 0.0:
        x, y, z, w = -x, -y, -z, -w
    sine = sqrt(x * x + y * y + z * z)
    scale = 2.0 * atan2(sine, w) / sine if sine > 1e-12 else 2.0
    out[0], out[1], out[2] = scale * x, scale * y, scale * z


@kernel(flags=EXACT)
def turned(start: Array, rotation: Array, out: Array) -> None:
    """Write `start` (4,) turned by a rotation vector (3,) of the base frame [rad]."""
    angle = sqrt(rotation[0] ** 2 + rotation[1] ** 2 + rotation[2] ** 2)
    k = sin(0.5 * angle) / angle if angle > 1e-12 else 0.5
    ax, ay, az, aw = k * rotation[0], k * rotation[1], k * rotation[2], cos(0.5 * angle)
    bx, by, bz, bw = start[0], start[1], start[2], start[3]
    x = aw * bx + ax * bw + ay * bz - az * by
    y = aw * by - ax * bz + ay * bw + az * bx
    z = aw * bz + ax * by - ay * bx + az * bw
    w = aw * bw - ax * bx - ay * by - az * bz
    length = sqrt(x * x + y * y + z * z + w * w)
    out[0], out[1], out[2], out[3] = x / length, y / length, z / length, w / length


@kernel(flags=EXACT)
def quaternion_of(T: Array, out: Array) -> None:
    """Write the rotation part of a transform (4, 4) as a quaternion (4,).

    Of the four ways to divide, the one with the largest divisor is taken.
    Source: S. W. Shepperd, Quaternion from rotation matrix, 1978.
    """
    trace = T[0, 0] + T[1, 1] + T[2, 2]
    k, largest = 3, trace
    for i in range(3):
        if T[i, i] > largest:
            k, largest = i, T[i, i]
    if k == 3:
        out[0], out[1], out[2] = T[2, 1] - T[1, 2], T[0, 2] - T[2, 0], T[1, 0] - T[0, 1]
        out[3] = 1.0 + trace
    else:
        i, j = (k + 1) % 3, (k + 2) % 3
        out[k] = 1.0 + 2.0 * T[k, k] - trace
        out[i] = T[i, k] + T[k, i]
        out[j] = T[j, k] + T[k, j]
        out[3] = T[j, i] - T[i, j]
    length = sqrt(out[0] ** 2 + out[1] ** 2 + out[2] ** 2 + out[3] ** 2)
    for i in range(4):
        out[i] /= length


@kernel(flags=EXACT, allocates=True)
def distance(
    position_a: Array, quaternion_a: Array, position_b: Array, quaternion_b: Array
) -> tuple[float, float]:
    """Return how far two poses are apart: [m] and [rad]."""
    turn = np.empty(3)
    rotation_vector(quaternion_a, quaternion_b, turn)
    moved = 0.0
    angle = 0.0
    for i in range(3):
        moved += (position_b[i] - position_a[i]) ** 2
        angle += turn[i] ** 2
    return sqrt(moved), sqrt(angle)


@kernel(flags=EXACT)
def transform_of(pose: Array, out: Array) -> None:
    """Write a pose (7,), position and unit quaternion, as a transform (4, 4)."""
    x, y, z, w = pose[3], pose[4], pose[5], pose[6]
    out[0, 0], out[0, 1], out[0, 2] = (
        1 - 2 * (y * y + z * z),
        2 * (x * y - z * w),
        2 * (x * z + y * w),
    )
    out[1, 0], out[1, 1], out[1, 2] = (
        2 * (x * y + z * w),
        1 - 2 * (x * x + z * z),
        2 * (y * z - x * w),
    )
    out[2, 0], out[2, 1], out[2, 2] = (
        2 * (x * z - y * w),
        2 * (y * z + x * w),
        1 - 2 * (x * x + y * y),
    )
    out[3, 0], out[3, 1], out[3, 2], out[3, 3] = 0.0, 0.0, 0.0, 1.0
    for i in range(3):
        out[i, 3] = pose[i]


@kernel(flags=EXACT, allocates=True)
def moved(
    pose: Array, velocity: Array, ahead: float, offset: Array, left: float, out: Array
) -> None:
    """Write a pose (7,) moved on with a velocity for a time, and by a share of an offset.

    Args:
        pose: (7,) position [m] and quaternion.
        velocity: (2, 3) linear [m/s] and angular [rad/s].
        ahead: [s].
        offset: (2, 3) [m] and [rad].
        left: the share of it.
        out: (7,) out.
    """
    turn = np.empty(3)
    for i in range(3):
        out[i] = pose[i] + velocity[0, i] * ahead + offset[0, i] * left
        turn[i] = velocity[1, i] * ahead + offset[1, i] * left
    turned(pose[3:], turn, out[3:])


@kernel(flags=EXACT)
def learn_velocity(
    moved: Array, elapsed: float, gain: float, agreement: float, trusted: float,
    estimate: Array, agreed: Array, velocity: Array,
) -> bool:  # fmt: skip
    """Judge a new step of a stream of poses: is it like the ones before?

    Args:
        moved: (2, 3) the step [m] and [rad].
        elapsed: how long it took [s].
        gain: share of a velocity that agrees to take over into the estimate.
        agreement: of the larger velocity, by which two may differ and yet agree.
        trusted: how many must agree until the estimate is used in full.
        estimate: (2, 3) [m/s] and [rad/s], in and out.
        agreed: (2,) how many have agreed of late, in and out.
        velocity: (2, 3) out: the estimate as far as it is trusted.

    Returns:
        Whether any is trusted.
    """
    for kind in range(2):
        change, new, old = 0.0, 0.0, 0.0
        for i in range(3):
            step = moved[kind, i] / elapsed
            change += (step - estimate[kind, i]) ** 2
            new += step * step
            old += estimate[kind, i] ** 2
        size = max(new, old)
        agrees = size > 0.0 and change <= agreement * agreement * size
        agreed[kind] = min(agreed[kind] + 1.0, trusted) if agrees else 0.0
        for i in range(3):
            step = moved[kind, i] / elapsed
            estimate[kind, i] += (gain if agrees else 1.0) * (step - estimate[kind, i])
            velocity[kind, i] = estimate[kind, i] * (agreed[kind] / trusted)
    return bool(agreed[0] > 0.0 or agreed[1] > 0.0)
