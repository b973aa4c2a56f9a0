"""What a solver never changes, packed into one array; and the checks of what does change."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.kernels.compiled import kernel
from ik_gd.core.kernels.layout import SETTINGS_WIDTH, TASK_WIDTH, WIDTH

Array = NDArray[np.float64]

_ROTATION_TOLERANCE = 1e-6


class Model(NamedTuple):
    """All that a solver never changes, in one array: a call pays for every one it unpacks.

    Attributes:
        segments: (m + 1, 16).
        lower: (n,).
        upper: (n,).
        asked: (TASK_WIDTH,) the task as the user means it.
        searched: (TASK_WIDTH,) the task with the weights that search fastest.
        settings: (SETTINGS_WIDTH,).
        periods: (n,) how far a joint turns to be where it was: 2 pi, or 0 for never.
        samples: (N, n) where restarts begin.
    """

    segments: Array
    lower: Array
    upper: Array
    asked: Array
    searched: Array
    settings: Array
    periods: Array
    samples: Array


@kernel
def unpack(model: Array) -> Model:
    """Return the parts of a packed `model`: m, n, N, and then its arrays in order."""
    m, n, count = int(model[0]), int(model[1]), int(model[2])
    a = 3 + (m + 1) * WIDTH
    b = a + 2 * n
    c = b + 2 * TASK_WIDTH
    d = c + SETTINGS_WIDTH
    return Model(
        model[3:a].reshape(m + 1, WIDTH),
        model[a : a + n],
        model[a + n : b],
        model[b : b + TASK_WIDTH],
        model[b + TASK_WIDTH : c],
        model[c:d],
        model[d : d + n],
        model[d + n :].reshape(count, n),
    )


def pack(
    segments: Array,
    limits: Array,
    asked: Array,
    searched: Array,
    settings: Array,
    periods: Array,
    samples: Array,
) -> Array:
    """Return the array that `unpack` takes apart; `limits` (2, n) are lower and upper."""
    head = [segments.shape[0] - 1, limits.shape[1], samples.shape[0]]
    parts = (head, segments, limits, asked, searched, settings, periods, samples)
    return np.concatenate([np.ravel(part) for part in parts])


def settings_of(packed: Array) -> Array:
    """Return the settings inside a packed model, as a view."""
    m, n = int(packed[0]), int(packed[1])
    first = 3 + (m + 1) * WIDTH + 2 * n + 2 * TASK_WIDTH
    return packed[first : first + SETTINGS_WIDTH]


@kernel
def is_transform(T: Array) -> bool:
    """Say whether `T` (4, 4) is finite, rigid and right-handed within 1e-6."""
    if T.shape[0] != 4 or T.shape[1] != 4:
        return False
    for i in range(4):
        for j in range(4):
            if not abs(T[i, j]) < 1e300:
                return False
    for i in range(3):
        for j in range(i + 1):
            dot = T[0, i] * T[0, j] + T[1, i] * T[1, j] + T[2, i] * T[2, j]
            if abs(dot - (1.0 if i == j else 0.0)) > _ROTATION_TOLERANCE:
                return False
    volume = (
        T[0, 0] * (T[1, 1] * T[2, 2] - T[1, 2] * T[2, 1])
        - T[0, 1] * (T[1, 0] * T[2, 2] - T[1, 2] * T[2, 0])
        + T[0, 2] * (T[1, 0] * T[2, 1] - T[1, 1] * T[2, 0])
    )
    bottom = abs(T[3, 0]) + abs(T[3, 1]) + abs(T[3, 2]) + abs(T[3, 3] - 1.0)
    return volume > 0.0 and bottom <= _ROTATION_TOLERANCE


@kernel
def is_finite(q: Array, n: int) -> bool:
    """Say whether `q` holds n finite numbers."""
    finite = q.shape[0] == n
    for j in range(q.shape[0]):
        finite &= abs(q[j]) < 1e300
    return finite
