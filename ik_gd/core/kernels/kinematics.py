"""Forward kinematics and the geometric Jacobian of a chain, compiled.

Source: B. Siciliano et al., Robotics: Modelling, Planning and Control, 2009, sections 2.7, 3.1.
"""

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.kernels.compiled import kernel
from ik_gd.core.kernels.layout import MULTIPLIER, OFFSET, PRISMATIC, SOURCE
from ik_gd.core.kernels.trigonometry import sines_and_cosines

Array = NDArray[np.float64]


@kernel
def place_frames(segments: Array, q: Array, turns: Array, frames: Array) -> None:
    """Place every joint frame, and the tip last, in the base frame.

    Args:
        segments: (m + 1, 16), see layout.
        q: (n,) [rad or m].
        turns: (3, m or more) scratch.
        frames: (m + 1, 12) out: the columns x, y, z of the frame's rotation, then its origin [m];
            z of row i is the axis of joint i.
    """
    m = segments.shape[0] - 1
    for i in range(m):
        turns[0, i] = segments[i, MULTIPLIER] * q[int(segments[i, SOURCE])] + segments[i, OFFSET]
    sines_and_cosines(turns[0], turns[1], turns[2], m)
    xx, xy, xz = 1.0, 0.0, 0.0
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
        ax, ay, az = (
            xx * s[0] + yx * s[3] + zx * s[6],
            xy * s[0] + yy * s[3] + zy * s[6],
            xz * s[0] + yz * s[3] + zz * s[6],
        )
        bx, by, bz = (
            xx * s[1] + yx * s[4] + zx * s[7],
            xy * s[1] + yy * s[4] + zy * s[7],
            xz * s[1] + yz * s[4] + zz * s[7],
        )
        zx, zy, zz = (
            xx * s[2] + yx * s[5] + zx * s[8],
            xy * s[2] + yy * s[5] + zy * s[8],
            xz * s[2] + yz * s[5] + zz * s[8],
        )
        xx, xy, xz, yx, yy, yz = ax, ay, az, bx, by, bz
        if i < m:
            if s[PRISMATIC] != 0.0:
                slide = turns[0, i]
                px, py, pz = px + zx * slide, py + zy * slide, pz + zz * slide
            else:
                d, c = turns[1, i], turns[2, i]
                xx, xy, xz = c * ax + d * bx, c * ay + d * by, c * az + d * bz
                yx, yy, yz = c * bx - d * ax, c * by - d * ay, c * bz - d * az
        f = frames[i]
        f[0], f[1], f[2], f[3], f[4], f[5] = xx, xy, xz, yx, yy, yz
        f[6], f[7], f[8], f[9], f[10], f[11] = zx, zy, zz, px, py, pz


@kernel
def fill_columns(segments: Array, frames: Array, columns: Array) -> None:
    """Fill the geometric Jacobian's columns from the frames that `place_frames` placed.

    Args:
        segments: (m + 1, 16), see layout.
        frames: (m + 1, 12).
        columns: (n, 6) out: the tip's linear, then angular velocity per joint, in the base frame.
    """
    m = segments.shape[0] - 1
    columns[:, :] = 0.0
    tx, ty, tz = frames[m, 9], frames[m, 10], frames[m, 11]
    for i in range(m):
        k = segments[i, MULTIPLIER]
        c = columns[int(segments[i, SOURCE])]
        f = frames[i]
        zx, zy, zz = k * f[6], k * f[7], k * f[8]
        if segments[i, PRISMATIC] != 0.0:
            c[0] += zx
            c[1] += zy
            c[2] += zz
            continue
        rx, ry, rz = tx - f[9], ty - f[10], tz - f[11]
        c[0] += zy * rz - zz * ry
        c[1] += zz * rx - zx * rz
        c[2] += zx * ry - zy * rx
        c[3] += zx
        c[4] += zy
        c[5] += zz


@kernel
def forward(segments: Array, q: Array) -> Array:
    """Return the tip's homogeneous transform (4, 4) in the base frame [m]."""
    m = segments.shape[0] - 1
    frames = np.empty((m + 1, 12))
    place_frames(segments, q, np.empty((3, m)), frames)
    T = np.zeros((4, 4))
    for j in range(4):
        for i in range(3):
            T[i, j] = frames[m, 3 * j + i]
    T[3, 3] = 1.0
    return T


@kernel
def jacobian(segments: Array, q: Array) -> Array:
    """Return the geometric Jacobian (6, n) of the tip in the base frame."""
    m = segments.shape[0] - 1
    frames = np.empty((m + 1, 12))
    place_frames(segments, q, np.empty((3, m)), frames)
    columns = np.empty((q.shape[0], 6))
    fill_columns(segments, frames, columns)
    return np.ascontiguousarray(columns.T)
