"""An independent judge of motion limits: divided differences of the published positions.

For any curve whose k-th derivative is bounded by L, the k-th divided difference times k! is,
over any sample times. So this needs to know nothing of how the positions came about.
"""

from __future__ import annotations

import numpy as np

from ik_gd.core.motion import MotionLimits

ULP = 2.3e-16
RELATIVE = 1e-9  # how far beyond a limit is a violation


def excess(
    times_between: np.ndarray, positions: np.ndarray, limits: MotionLimits
) -> dict[str, float]:
    """Return by how much each limit is exceeded at worst, relative to it; negative if kept.

    Args:
        times_between: (N - 1,) [s] between the positions.
        positions: (N, n) as published.
        limits: what must hold; where the first position is outside, that is the bound.
    """
    dt = times_between[:, None]
    low, high = np.minimum(limits.lower, positions[0]), np.maximum(limits.upper, positions[0])
    size = np.maximum(np.abs(positions).max(axis=0), 1.0)
    result = {'position': max((positions - high).max(), (low - positions).max())}
    spans = dt
    slopes = np.diff(positions, axis=0) / dt
    rounding = 2.0 * ULP * size / dt
    for name, bound in (
        ('velocity', limits.max_velocity),
        ('acceleration', limits.max_acceleration),
        ('jerk', limits.max_jerk),
    ):
        if len(slopes) == 0 or not np.isfinite(bound).all():
            break
        result[name] = float(((np.abs(slopes) - rounding) / bound - 1.0).max())
        # The next order: from the middles of two spans that overlap in all but their ends.
        order = {'velocity': 2, 'acceleration': 3, 'jerk': 4}[name]
        if len(dt) < order:
            break
        spans = np.stack([dt[i : len(dt) - order + 1 + i] for i in range(order)]).sum(axis=0)
        spans = spans / order
        rounding = (rounding[1:] + rounding[:-1]) / spans
        slopes = np.diff(slopes, axis=0) / spans
    return result


def assert_kept(times_between: np.ndarray, positions: np.ndarray, limits: MotionLimits) -> None:
    """Fail, naming the limit, when the positions (N, n) exceed one."""
    assert np.isfinite(positions).all()
    for name, value in excess(times_between, positions, limits).items():
        assert value <= RELATIVE, f'{name} limit exceeded by {value:.3g} of it'
