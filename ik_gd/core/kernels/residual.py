"""How far the tip is from its target: the residual rows, their cost, and their derivative.

The residual e (6,) is the position error [m], then the rotation vector that turns the tip onto
the target [rad]; the cost is 1/2 sum (w_i e_i)^2. When the tip moves with the twist
(v, omega), e changes with -(v, omega): exactly in the position and, with equal weights of the
three rotations, exactly in the cost's gradient (the rotation vector is an eigenvector of its own
derivative, F. Bullo and R. Murray, Proportional derivative control on the Euclidean group, 1995).
"""

from math import atan2, sqrt

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.kernels.compiled import kernel
from ik_gd.core.kernels.layout import (
    AXIS,
    CONE,
    IN_TIP_FRAME,
    KIND,
    TIP_AXIS,
    TOLERANCES,
    UNIFORM,
    WEIGHTS,
)

Array = NDArray[np.float64]

_SMALL = 0.016  # sin^2 below which the series of angle / sin(angle) is exact to 1e-16
_STRAIGHT = 1e-12  # sin^2 below which, past 90 degrees, the two axes are taken as opposite


@kernel
def angle_over_sine(sine_squared: float, cosine: float) -> float:
    """Return angle / sin(angle) for an angle in [0, pi); not for sin = 0 beyond 90 degrees."""
    u = sine_squared
    if u < _SMALL and cosine > 0.0:  # arcsin(x) / x in powers of x^2
        tail = u * (105 / 3456 + u * (945 / 42240 + u * (10395 / 599040 + u * 0.01396484375)))
        return 1.0 + u * (1 / 6 + u * (3 / 40 + u * (15 / 336 + tail)))
    sine = sqrt(u)
    return atan2(sine, cosine) / sine


@kernel
def symmetric_part(frame: Array, target: Array, i: int, j: int) -> float:
    """Return entry (i, j) of the symmetric part of the rotation from the tip to the target."""
    total = 0.0
    for k in range(3):
        total += target[i, k] * frame[3 * k + j] + target[j, k] * frame[3 * k + i]
    return 0.5 * total


@kernel
def half_turn(frame: Array, target: Array, sx: float, sy: float, sz: float, out: Array) -> None:
    """Fill `out[3:6]` with the rotation vector when the target is half a turn away.

    The sine of the angle gives no direction there; the symmetric part of the rotation does.
    """
    best, largest, trace = 0, -np.inf, 0.0
    for i in range(3):
        diagonal = symmetric_part(frame, target, i, i)
        trace += diagonal
        if diagonal > largest:
            best, largest = i, diagonal
    cosine = 0.5 * (trace - 1.0)
    for i in range(3):
        out[3 + i] = symmetric_part(frame, target, i, best) - (cosine if i == best else 0.0)
    length = sqrt(out[3] ** 2 + out[4] ** 2 + out[5] ** 2)
    along = (out[3] * sx + out[4] * sy + out[5] * sz) / length
    angle = atan2(abs(along), cosine)
    scale = (angle if along >= 0.0 else -angle) / length
    for i in range(3, 6):
        out[i] *= scale


@kernel
def rotation_error(frame: Array, target: Array, out: Array) -> None:
    """Fill `out[3:6]` with the rotation vector from the tip `frame` to the `target` [rad]."""
    f, T = frame, target
    xx, xy, xz, yx, yy, yz = f[0], f[1], f[2], f[3], f[4], f[5]
    zx, zy, zz = f[6], f[7], f[8]
    # Half the sum of the cross products of like axes is sin(angle) times the unit axis.
    sx = 0.5 * (
        xy * T[2, 0] - xz * T[1, 0] + yy * T[2, 1] - yz * T[1, 1] + zy * T[2, 2] - zz * T[1, 2]
    )
    sy = 0.5 * (
        xz * T[0, 0] - xx * T[2, 0] + yz * T[0, 1] - yx * T[2, 1] + zz * T[0, 2] - zx * T[2, 2]
    )
    sz = 0.5 * (
        xx * T[1, 0] - xy * T[0, 0] + yx * T[1, 1] - yy * T[0, 1] + zx * T[1, 2] - zy * T[0, 2]
    )
    cosine = 0.5 * (
        xx * T[0, 0]
        + xy * T[1, 0]
        + xz * T[2, 0]
        + yx * T[0, 1]
        + yy * T[1, 1]
        + yz * T[2, 1]
        + zx * T[0, 2]
        + zy * T[1, 2]
        + zz * T[2, 2]
        - 1.0
    )
    sine_squared = sx * sx + sy * sy + sz * sz
    if cosine < 0.0 and sine_squared < 1e-4:
        half_turn(frame, target, sx, sy, sz, out)
        return
    k = angle_over_sine(sine_squared, cosine)
    out[3], out[4], out[5] = k * sx, k * sy, k * sz


@kernel
def axis_error(frame: Array, target: Array, task: Array, out: Array) -> None:
    """Fill `out[3:6]` with the shortest turn of the tip's axis onto (the cone of) the target's.

    Exactly opposite axes have no shortest rotation; any one across the axis is taken, always
    the same.
    """
    x, y, z = task[TIP_AXIS], task[TIP_AXIS + 1], task[TIP_AXIS + 2]
    f, T = frame, target
    ax, ay, az = (
        f[0] * x + f[3] * y + f[6] * z,
        f[1] * x + f[4] * y + f[7] * z,
        f[2] * x + f[5] * y + f[8] * z,
    )
    bx, by, bz = (
        T[0, 0] * x + T[0, 1] * y + T[0, 2] * z,
        T[1, 0] * x + T[1, 1] * y + T[1, 2] * z,
        T[2, 0] * x + T[2, 1] * y + T[2, 2] * z,
    )
    sx, sy, sz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    cosine = ax * bx + ay * by + az * bz
    sine_squared = sx * sx + sy * sy + sz * sz
    if cosine < 0.0 and sine_squared < _STRAIGHT:
        if abs(ax) <= min(abs(ay), abs(az)):
            sx, sy, sz = 0.0, az, -ay
        elif abs(ay) <= abs(az):
            sx, sy, sz = -az, 0.0, ax
        else:
            sx, sy, sz = ay, -ax, 0.0
        sine_squared = sx * sx + sy * sy + sz * sz
        k = np.pi / sqrt(sine_squared)
    else:
        k = angle_over_sine(sine_squared, cosine)
    if task[CONE] > 0.0:
        angle = k * sqrt(sine_squared)
        k *= max(0.0, angle - task[CONE]) / max(angle, 1e-300)
    out[3], out[4], out[5] = k * sx, k * sy, k * sz


@kernel
def residual(frame: Array, target: Array, task: Array, out: Array) -> float:
    """Fill `out` (6,) with the tip's error [m, rad] and return its weighted cost.

    Args:
        frame: (12,) of the tip, see kinematics.place_frames.
        target: (4, 4) homogeneous transform.
        task: one row of tasks, see layout.
        out: (6,) in the base frame, or in the tip's where the task says so.
    """
    for i in range(3):
        out[i] = target[i, 3] - frame[9 + i]
    if task[KIND] == AXIS:
        axis_error(frame, target, task, out)
    elif task[WEIGHTS + 3] != 0.0 or task[UNIFORM] == 0.0:
        rotation_error(frame, target, out)
    else:
        out[3] = out[4] = out[5] = 0.0
    if task[IN_TIP_FRAME] != 0.0:
        to_tip_frame(frame, out)
    cost = 0.0
    for i in range(6):
        cost += (task[WEIGHTS + i] * out[i]) ** 2
    return 0.5 * cost


@kernel
def to_tip_frame(frame: Array, pair: Array) -> None:
    """Turn the two vectors of `pair` (6,) from base to tip coordinates, in place."""
    for k in (0, 3):
        x, y, z = pair[k], pair[k + 1], pair[k + 2]
        for i in range(3):
            pair[k + i] = frame[3 * i] * x + frame[3 * i + 1] * y + frame[3 * i + 2] * z


@kernel
def on_target(error: Array, task: Array) -> bool:
    """Say whether every error that carries weight is within its tolerance.

    Where the axes do not matter (UNIFORM) the length of the error must be within.
    """
    if task[UNIFORM] != 0.0:
        position = error[0] * error[0] + error[1] * error[1] + error[2] * error[2]
        rotation = error[3] * error[3] + error[4] * error[4] + error[5] * error[5]
        return (task[WEIGHTS] == 0.0 or position <= task[TOLERANCES] * task[TOLERANCES]) and (
            task[WEIGHTS + 3] == 0.0 or rotation <= task[TOLERANCES + 3] * task[TOLERANCES + 3]
        )
    for i in range(6):
        if task[WEIGHTS + i] != 0.0 and not abs(error[i]) <= task[TOLERANCES + i]:
            return False
    return True


@kernel
def weigh_columns(frame: Array, error: Array, task: Array, columns: Array) -> None:
    """Turn the tip's velocity per joint, in place, into minus the weighted residual's derivative.

    Args:
        frame: (12,) of the tip.
        error: (6,) as `residual` filled it.
        task: one row of tasks.
        columns: (n, 6) from kinematics.fill_columns.
    """
    if task[KIND] == AXIS:
        keep_lean(frame, error, task, columns)
    if task[UNIFORM] == 0.0:
        for j in range(columns.shape[0]):
            c = columns[j]
            if task[IN_TIP_FRAME] != 0.0:
                to_tip_frame(frame, c)
                x, y, z = c[3], c[4], c[5]  # the axes along which the error is read turn too
                c[0] += y * error[2] - z * error[1]
                c[1] += z * error[0] - x * error[2]
                c[2] += x * error[1] - y * error[0]
            if task[KIND] != AXIS:
                curve(error, c, -1.0 if task[IN_TIP_FRAME] != 0.0 else 1.0)
    for j in range(columns.shape[0]):
        for i in range(6):
            columns[j, i] *= task[WEIGHTS + i]


@kernel
def curve(error: Array, column: Array, side: float) -> None:
    """Apply the derivative of the rotation vector to the angular part of a `column` (6,).

    It is the inverse of the rotation group's right (`side` = 1) or left (-1) Jacobian at the
    rotation vector e: I +- [e]/2 + (1/t^2 - (1 + cos t) / (2 t sin t)) [e]^2 with t = |e|
    (J. Sola et al., A micro Lie theory for state estimation in robotics, 2018, eq. 144 and 146).
    """
    ex, ey, ez = error[3], error[4], error[5]
    t2 = ex * ex + ey * ey + ez * ez
    if t2 < 1e-4:
        k = 1.0 / 12.0 + t2 / 720.0
    else:
        t = sqrt(t2)
        k = 1.0 / t2 - (1.0 + np.cos(t)) / (2.0 * t * max(np.sin(t), 1e-9))
    wx, wy, wz = column[3], column[4], column[5]
    cx, cy, cz = ey * wz - ez * wy, ez * wx - ex * wz, ex * wy - ey * wx
    half = 0.5 * side
    column[3] = wx + half * cx + k * (ey * cz - ez * cy)
    column[4] = wy + half * cy + k * (ez * cx - ex * cz)
    column[5] = wz + half * cz + k * (ex * cy - ey * cx)


@kernel
def keep_lean(frame: Array, error: Array, task: Array, columns: Array) -> None:
    """Remove from the angular columns what does not change the lean of the tip's axis.

    That is the roll about the axis; and, with a cone, all but the turn towards the target.
    """
    x, y, z = task[TIP_AXIS], task[TIP_AXIS + 1], task[TIP_AXIS + 2]
    f = frame
    towards = task[CONE] > 0.0
    if towards:
        ax, ay, az = error[3], error[4], error[5]
        if task[IN_TIP_FRAME] != 0.0:
            ax, ay, az = (
                f[0] * ax + f[3] * ay + f[6] * az,
                f[1] * ax + f[4] * ay + f[7] * az,
                f[2] * ax + f[5] * ay + f[8] * az,
            )
        length = sqrt(ax * ax + ay * ay + az * az)
        scale = 1.0 / length if length > 0.0 else 0.0
        ax, ay, az = ax * scale, ay * scale, az * scale
    else:
        ax, ay, az = (
            f[0] * x + f[3] * y + f[6] * z,
            f[1] * x + f[4] * y + f[7] * z,
            f[2] * x + f[5] * y + f[8] * z,
        )
    for j in range(columns.shape[0]):
        c = columns[j]
        along = ax * c[3] + ay * c[4] + az * c[5]
        if towards:
            c[3], c[4], c[5] = along * ax, along * ay, along * az
        else:
            c[3], c[4], c[5] = c[3] - along * ax, c[4] - along * ay, c[5] - along * az
