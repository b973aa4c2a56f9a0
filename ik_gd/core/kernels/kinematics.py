"""Forward kinematics and the geometric Jacobian of a chain, compiled.

Source: B. Siciliano et al., Robotics: Modelling, Planning and Control, 2009, sections 2.7, 3.1.
"""

from math import cos, sin

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ik_gd.core.kernels.layout import MULTIPLIER, OFFSET, PRISMATIC, SOURCE

Array = NDArray[np.float64]


@njit(cache=True, error_model='numpy')
def joint_frames(segments: Array, q: Array, rotations: Array, origins: Array) -> None:
    """Place every joint frame, and the tip last, in the base frame.

    Args:
        segments: (m + 1, 16), see layout.
        q: (n,) [rad or m].
        rotations: (m + 1, 3, 3) out; column z of row i is the axis of joint i.
        origins: (m + 1, 3) out [m].
    """
    m = segments.shape[0] - 1
    xx, xy, xz = 1.0, 0.0, 0.0  # the columns x, y, z of the frame's rotation
    yx, yy, yz = 0.0, 1.0, 0.0
    zx, zy, zz = 0.0, 0.0, 1.0
    px, py, pz = 0.0, 0.0, 0.0
    for i in range(m + 1):
        s = segments[i]
        px, py, pz = (
            px + xx * s[9] + yx * s[10] + zx * s[11],
            py + xy * s[9] + yy * s[10] + zy * s[11],
            pz + xz * s[9] + yz * s[10] + zz * s[11],
        )
        ax, ay, az = xx * s[0] + yx * s[3] + zx * s[6], 0.0, 0.0
        ay = xy * s[0] + yy * s[3] + zy * s[6]
        az = xz * s[0] + yz * s[3] + zz * s[6]
        bx = xx * s[1] + yx * s[4] + zx * s[7]
        by = xy * s[1] + yy * s[4] + zy * s[7]
        bz = xz * s[1] + yz * s[4] + zz * s[7]
        zx, zy, zz = (
            xx * s[2] + yx * s[5] + zx * s[8],
            xy * s[2] + yy * s[5] + zy * s[8],
            xz * s[2] + yz * s[5] + zz * s[8],
        )
        if i == m:
            xx, xy, xz, yx, yy, yz = ax, ay, az, bx, by, bz
        else:
            value = s[MULTIPLIER] * q[int(s[SOURCE])] + s[OFFSET]
            if s[PRISMATIC] != 0.0:
                px += zx * value
                py += zy * value
                pz += zz * value
                xx, xy, xz, yx, yy, yz = ax, ay, az, bx, by, bz
            else:
                c, d = cos(value), sin(value)
                xx, xy, xz = c * ax + d * bx, c * ay + d * by, c * az + d * bz
                yx, yy, yz = c * bx - d * ax, c * by - d * ay, c * bz - d * az
        R = rotations[i]
        R[0, 0], R[0, 1], R[0, 2] = xx, yx, zx
        R[1, 0], R[1, 1], R[1, 2] = xy, yy, zy
        R[2, 0], R[2, 1], R[2, 2] = xz, yz, zz
        origins[i, 0], origins[i, 1], origins[i, 2] = px, py, pz


@njit(cache=True, error_model='numpy')
def forward(segments: Array, q: Array) -> Array:
    """Return the tip's homogeneous transform (4, 4) in the base frame [m]."""
    m = segments.shape[0] - 1
    rotations = np.empty((m + 1, 3, 3))
    origins = np.empty((m + 1, 3))
    joint_frames(segments, q, rotations, origins)
    T = np.zeros((4, 4))
    T[:3, :3] = rotations[m]
    T[:3, 3] = origins[m]
    T[3, 3] = 1.0
    return T


@njit(cache=True, error_model='numpy')
def jacobian_from_frames(segments: Array, rotations: Array, origins: Array, J: Array) -> None:
    """Fill the geometric Jacobian from the frames that `joint_frames` placed.

    Args:
        segments: (m + 1, 16), see layout.
        rotations: (m + 1, 3, 3).
        origins: (m + 1, 3) [m].
        J: (6, n) out: linear rows, then angular rows, in the base frame.
    """
    m = segments.shape[0] - 1
    J[:, :] = 0.0
    for i in range(m):
        j = int(segments[i, SOURCE])
        k = segments[i, MULTIPLIER]
        zx, zy, zz = k * rotations[i, 0, 2], k * rotations[i, 1, 2], k * rotations[i, 2, 2]
        if segments[i, PRISMATIC] != 0.0:
            J[0, j] += zx
            J[1, j] += zy
            J[2, j] += zz
            continue
        rx = origins[m, 0] - origins[i, 0]
        ry = origins[m, 1] - origins[i, 1]
        rz = origins[m, 2] - origins[i, 2]
        J[0, j] += zy * rz - zz * ry
        J[1, j] += zz * rx - zx * rz
        J[2, j] += zx * ry - zy * rx
        J[3, j] += zx
        J[4, j] += zy
        J[5, j] += zz


@njit(cache=True, error_model='numpy')
def jacobian(segments: Array, q: Array) -> Array:
    """Return the geometric Jacobian (6, n) of the tip in the base frame."""
    m = segments.shape[0] - 1
    rotations = np.empty((m + 1, 3, 3))
    origins = np.empty((m + 1, 3))
    joint_frames(segments, q, rotations, origins)
    J = np.empty((6, q.shape[0]))
    jacobian_from_frames(segments, rotations, origins, J)
    return J
