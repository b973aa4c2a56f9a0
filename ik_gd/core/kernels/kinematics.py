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
        s = segments[i]
        turns[0, i] = s[MULTIPLIER] * q[np.uint64(s[SOURCE])] + s[OFFSET]
    sines_and_cosines(turns[0], turns[1], turns[2], m)
    xx, xy, xz = 1.0, 0.0, 0.0
    yx, yy, yz = 0.0, 1.0, 0.0
    zx, zy, zz = 0.0, 0.0, 1.0
    px, py, pz = 0.0, 0.0, 0.0
    for i in range(m + 1):
        s = segments[i]
        d, c, slide = 0.0, 1.0, 0.0
        if i < m:
            if s[PRISMATIC] != 0.0:
                slide = turns[0, i]
            else:
                d, c = turns[1, i], turns[2, i]
        # The frame in the one before: its own work first, for it does not wait for the other.
        ax, ay, az = c * s[0] + d * s[1], c * s[3] + d * s[4], c * s[6] + d * s[7]
        bx, by, bz = c * s[1] - d * s[0], c * s[4] - d * s[3], c * s[7] - d * s[6]
        tx, ty, tz = s[9] + slide * s[2], s[10] + slide * s[5], s[11] + slide * s[8]
        px, py, pz = (
            px + xx * tx + yx * ty + zx * tz,
            py + xy * tx + yy * ty + zy * tz,
            pz + xz * tx + yz * ty + zz * tz,
        )
        xx, xy, xz, yx, yy, yz, zx, zy, zz = (
            xx * ax + yx * ay + zx * az,
            xy * ax + yy * ay + zy * az,
            xz * ax + yz * ay + zz * az,
            xx * bx + yx * by + zx * bz,
            xy * bx + yy * by + zy * bz,
            xz * bx + yz * by + zz * bz,
            xx * s[2] + yx * s[5] + zx * s[8],
            xy * s[2] + yy * s[5] + zy * s[8],
            xz * s[2] + yz * s[5] + zz * s[8],
        )
        f = frames[i]
        f[0], f[1], f[2], f[3], f[4], f[5] = xx, xy, xz, yx, yy, yz
        f[6], f[7], f[8], f[9], f[10], f[11] = zx, zy, zz, px, py, pz


@kernel
def fill_columns(segments: Array, frames: Array, move: float, turn: float, columns: Array) -> None:
    """Fill the geometric Jacobian's columns from the frames that `place_frames` placed.

    Args:
        segments: (m + 1, 16), see layout.
        frames: (m + 1, 12).
        move: factor of the linear velocities.
        turn: factor of the angular velocities.
        columns: (n, 6) out: the tip's linear, then angular velocity per joint, in the base frame.
    """
    m = segments.shape[0] - 1
    columns[:, :] = 0.0
    tx, ty, tz = frames[m, 9], frames[m, 10], frames[m, 11]
    for i in range(m):
        s, f = segments[i], frames[i]
        c = columns[np.uint64(s[SOURCE])]
        k = s[MULTIPLIER]
        zx, zy, zz = k * f[6], k * f[7], k * f[8]
        rx, ry, rz = move * (tx - f[9]), move * (ty - f[10]), move * (tz - f[11])
        if s[PRISMATIC] != 0.0:
            vx, vy, vz = move * zx, move * zy, move * zz
            zx = zy = zz = 0.0
        else:
            vx, vy, vz = zy * rz - zz * ry, zz * rx - zx * rz, zx * ry - zy * rx
        c[0], c[1], c[2] = c[0] + vx, c[1] + vy, c[2] + vz
        c[3], c[4], c[5] = c[3] + turn * zx, c[4] + turn * zy, c[5] + turn * zz


@kernel(allocates=True)
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


@kernel(allocates=True)
def jacobian(segments: Array, q: Array) -> Array:
    """Return the geometric Jacobian (6, n) of the tip in the base frame."""
    m = segments.shape[0] - 1
    frames = np.empty((m + 1, 12))
    place_frames(segments, q, np.empty((3, m)), frames)
    columns = np.empty((q.shape[0], 6))
    fill_columns(segments, frames, 1.0, 1.0, columns)
    return np.ascontiguousarray(columns.T)
