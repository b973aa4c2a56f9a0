"""Where restarts begin: joint positions spread over the limits, and what their tips would reach.

A restart from the sample whose tip is nearest to the target succeeds far more often, and in fewer
steps, than one from a random place. The samples are made once per chain and objective; a search
ranks them lazily: it pays for one look at all, and little for each further one it asks for.
"""

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.kernels.compiled import FAST, kernel
from ik_gd.core.kernels.kinematics import place_frames
from ik_gd.core.kernels.layout import AXIS, KIND, TIP_AXIS, WEIGHTS

Array = NDArray[np.float64]
Array32 = NDArray[np.float32]

TAKEN = np.float32(3e38)
KEYS = 7  # position, and a quaternion or an axis
LANES = 64  # distances stand in rows of so many; the least of each column is kept


@kernel
def spread(q: Array, ranges: Array, index: float) -> None:
    """Fill `q` (n,) with point `index` of a sequence that covers the `ranges` (2, n) evenly.

    The additive sequence of M. Roberts (The unreasonable effectiveness of quasirandom sequences,
    2018): steps of 1/g, 1/g^2, ... modulo 1, where g^(n + 1) = g + 1.
    """
    n = q.shape[0]
    g = 2.0
    for _ in range(40):
        g = (1.0 + g) ** (1.0 / (n + 1.0))
    share = 1.0
    for j in range(n):
        share /= g
        x = (0.5 + index * share) % 1.0
        q[j] = ranges[0, j] + x * (ranges[1, j] - ranges[0, j])


@kernel
def quaternion(
    xx: float,
    xy: float,
    xz: float,
    yx: float,
    yy: float,
    yz: float,
    zx: float,
    zy: float,
    zz: float,
) -> tuple[float, float, float, float]:
    """Return the unit quaternion (x, y, z, w) of a rotation given by its columns.

    The largest of the four is found first, so that the division is safe (S. Shepperd, Quaternion
    from rotation matrix, 1978).
    """
    if xx + yy + zz > 0.0:
        s = 2.0 * sqrt(1.0 + xx + yy + zz)
        return (yz - zy) / s, (zx - xz) / s, (xy - yx) / s, 0.25 * s
    if xx >= yy and xx >= zz:
        s = 2.0 * sqrt(1.0 + xx - yy - zz)
        return 0.25 * s, (yx + xy) / s, (zx + xz) / s, (yz - zy) / s
    if yy >= zz:
        s = 2.0 * sqrt(1.0 + yy - xx - zz)
        return (yx + xy) / s, 0.25 * s, (zy + yz) / s, (zx - xz) / s
    s = 2.0 * sqrt(1.0 + zz - xx - yy)
    return (zx + xz) / s, (zy + yz) / s, 0.25 * s, (xy - yx) / s


@kernel
def orientation_key(
    task: Array,
    xx: float,
    xy: float,
    xz: float,
    yx: float,
    yy: float,
    yz: float,
    zx: float,
    zy: float,
    zz: float,
) -> tuple[float, float, float, float]:
    """Return what of an orientation the task looks at: the tip's axis or the whole quaternion."""
    if task[KIND] == AXIS:
        a, b, c = task[TIP_AXIS], task[TIP_AXIS + 1], task[TIP_AXIS + 2]
        return (
            xx * a + yx * b + zx * c,
            xy * a + yy * b + zy * c,
            xz * a + yz * b + zz * c,
            0.0,
        )
    return quaternion(xx, xy, xz, yx, yy, yz, zx, zy, zz)


@kernel(allocates=True)
def fill_samples(
    segments: Array, ranges: Array, task: Array, samples: Array, ranking: Array32
) -> None:
    """Make the samples.

    Args:
        segments: (m + 1, 16).
        ranges: (2, n) finite; samples lie between.
        task: (TASK_WIDTH,).
        samples: (N, n) out.
        ranking: (ranking_size,) begins with the keys, out: all x, then all y, ...
    """
    count, m = samples.shape[0], segments.shape[0] - 1
    turns = np.empty((3, m))
    frames = np.empty((m + 1, 12))
    for i in range(count):
        spread(samples[i], ranges, float(i))
        place_frames(segments, samples[i], turns, frames)
        f = frames[m]
        for k in range(3):
            ranking[k * count + i] = f[9 + k]
        key = orientation_key(task, f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7], f[8])
        for k in range(4):
            ranking[(3 + k) * count + i] = key[k]


@kernel
def heaviest(task: Array, first: int) -> float:
    """Return the largest of three weights of a task, from the `first` on."""
    return max(max(task[WEIGHTS + first], task[WEIGHTS + first + 1]), task[WEIGHTS + first + 2])


@kernel(flags=FAST | {'nnan', 'ninf'})
def measure(task: Array, target: Array, count: int, ranking: Array32) -> None:
    """Find how far every sample's tip is from `target`, squared.

    Args:
        task: (TASK_WIDTH,).
        target: (4, 4), checked.
        count: N samples.
        ranking: (ranking_size,): their keys; out: their distances, the least of every column.
    """
    keys, distances = ranking[: KEYS * count], ranking[KEYS * count :]
    T = target
    a, b, c, d = orientation_key(
        task, T[0, 0], T[1, 0], T[2, 0], T[0, 1], T[1, 1], T[2, 1], T[0, 2], T[1, 2], T[2, 2]
    )
    # For small angles both 8 (1 - |quaternion . quaternion|) and 2 (1 - axis . axis) are angle^2.
    two_sided = task[KIND] != AXIS
    flip = np.float32(-1.0 if two_sided else 1.0)  # a quaternion and its negative are one rotation
    turn = np.float32((8.0 if two_sided else 2.0) * heaviest(task, 3) ** 2)
    move = np.float32(heaviest(task, 0) ** 2)
    ka, kb, kc, kd = np.float32(a), np.float32(b), np.float32(c), np.float32(d)
    x, y, z = np.float32(T[0, 3]), np.float32(T[1, 3]), np.float32(T[2, 3])
    for i in range(count):
        dx, dy, dz = keys[i] - x, keys[count + i] - y, keys[2 * count + i] - z
        dot = (
            keys[3 * count + i] * ka
            + keys[4 * count + i] * kb
            + keys[5 * count + i] * kc
            + keys[6 * count + i] * kd
        )
        away = np.float32(1.0) - max(dot, flip * dot)
        distance = move * (dx * dx + dy * dy + dz * dz) + turn * away
        distances[i] = max(distance, np.float32(0.0))

    rows = (count + LANES - 1) // LANES
    for i in range(count, rows * LANES):
        distances[i] = TAKEN
    least = distances[rows * LANES :]
    for k in range(LANES):
        least[k] = distances[k]
    for row in range(1, rows):
        for k in range(LANES):
            least[k] = min(least[k], distances[row * LANES + k])


@kernel
def next_nearest(count: int, ranking: Array32) -> int:
    """Return the index of the nearest of `count` samples not yet taken, and mark it as taken.

    Numbers >= 0 are ordered like their bits: distance and column packed into one integer leave
    only a minimum to find, which the compiler turns into vector code.

    Args:
        count: N samples.
        ranking: (ranking_size,) as `measure` filled it.
    """
    rows = (count + LANES - 1) // LANES
    distances = ranking[KEYS * count :]
    least = distances[rows * LANES :]
    bits = least.view(np.int32)
    nearest = np.int64(1) << 62
    for k in range(LANES):
        nearest = min(nearest, (np.int64(bits[k]) << 32) | k)
    column = int(nearest & 0xFFFFFFFF)
    found = 0
    for row in range(rows - 1, -1, -1):
        i = row * LANES + column
        if distances[i] == least[column]:
            found = i
    if found >= count:  # all are taken
        return 0
    distances[found] = TAKEN
    least[column] = TAKEN
    for row in range(rows):
        least[column] = min(least[column], distances[row * LANES + column])
    return found


def ranking_size(count: int) -> int:
    """Return how many numbers the keys of `count` samples and their ranking need."""
    return KEYS * count + (-(-count // LANES) + 1) * LANES
