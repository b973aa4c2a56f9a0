"""What a run was like: pure sums over the times, targets, tips and commands that were seen."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

APPROACHED = 5e-3  # [m] the approach is over when the tip is first this close to the target,
APPROACH_TIME = 5.0  # [s] or this long after the first command, whichever comes first
_POSITION_TOLERANCE = 1e-9  # [rad or m]
_VELOCITY_TOLERANCE = 1.01  # the stamps of commands are not exactly the times of the ticks
_LAGS = np.arange(0.0, 0.3, 0.001)  # [s] that are tried


class Record:
    """Gathers what was published during a run.

    Args:
        joint_names: the n joints whose limits are watched.
        lower: (n,) [rad or m].
        upper: (n,) [rad or m].
        max_velocity: (n,) [rad/s or m/s].
    """

    def __init__(
        self,
        joint_names: Sequence[str],
        lower: NDArray[np.float64],
        upper: NDArray[np.float64],
        max_velocity: NDArray[np.float64],
    ) -> None:
        self._joint_names = tuple(joint_names)
        self._lower, self._upper, self._max_velocity = lower, upper, max_velocity
        self._target_times: list[float] = []
        self._targets: list[NDArray[np.float64]] = []
        self._tip_times: list[float] = []
        self._tips: list[NDArray[np.float64]] = []
        self._command_times: list[float] = []
        self._commands: list[NDArray[np.float64]] = []
        self.tick_p50_ms = math.nan
        self.tick_p99_ms = math.nan

    def add_target(self, time: float, position: ArrayLike) -> None:
        """Add a target: its stamp [s] and position (3,) [m]."""
        self._target_times.append(time)
        self._targets.append(np.array(position, dtype=float))

    def add_tip(self, time: float, position: ArrayLike) -> None:
        """Add a tip measured by the simulator: its stamp [s] and position (3,) [m]."""
        self._tip_times.append(time)
        self._tips.append(np.array(position, dtype=float))

    def add_command(self, time: float, names: Sequence[str], position: Sequence[float]) -> None:
        """Add a joint command: its stamp [s]; joints that are not watched are passed over."""
        of_name = dict(zip(names, position, strict=True))
        if all(name in of_name for name in self._joint_names):
            self._command_times.append(time)
            self._commands.append(np.array([of_name[name] for name in self._joint_names]))

    def add_tick_times(self, p50_ms: float, p99_ms: float) -> None:
        """Add what the node says of its last ticks; the worst of a run is kept."""
        self.tick_p50_ms = float(np.nanmax([self.tick_p50_ms, p50_ms]))
        self.tick_p99_ms = float(np.nanmax([self.tick_p99_ms, p99_ms]))

    @property
    def tip_error(self) -> float:
        """How far the newest tip was from the target that was the newest then [m], or NaN."""
        if not self._tips:
            return math.nan
        return self._error_of(len(self._tips) - 1)

    @property
    def recent_rate(self) -> float:
        """Commands a second over the last second or so [Hz], or NaN."""
        times = self._command_times[-200:]
        start = bisect.bisect_left(times, times[-1] - 1.0) if times else 0
        times = times[start:]
        return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else math.nan

    @property
    def ticks(self) -> int:
        """The number of commands seen."""
        return len(self._commands)

    def summary(self) -> dict[str, Any]:
        """Return the figures of `ik_gd sim --report`; None where there is nothing to tell."""
        errors, approach = self._errors_after_approach()
        times = np.array(self._command_times)
        periods = np.diff(times)
        duration = float(times[-1] - times[0]) if len(times) > 1 else math.nan
        outside, too_fast = self._violations(periods)
        figures = {
            'ticks': self.ticks,
            'rate_hz': (len(times) - 1) / duration if duration > 0.0 else math.nan,
            'duration_s': duration,
            'approach_s': approach,
            'tip_error_rms_m': _rms(errors),
            'tip_error_max_m': float(errors.max()) if len(errors) else math.nan,
            'tip_samples': len(errors),
            'lag_ms': self._lag_ms(approach),
            'limit_violations': outside,
            'velocity_violations': too_fast,
            'tick_p50_ms': self.tick_p50_ms,
            'tick_p99_ms': self.tick_p99_ms,
            'period_p99_ms': 1e3 * float(np.percentile(periods, 99)) if len(periods) else math.nan,
        }
        return {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in figures.items()
        }

    def _error_of(self, sample: int) -> float:
        newest = bisect.bisect_right(self._target_times, self._tip_times[sample]) - 1
        if newest < 0:
            return math.nan
        return float(np.linalg.norm(self._tips[sample] - self._targets[newest]))

    def _errors_after_approach(self) -> tuple[NDArray[np.float64], float]:
        """Return the tip errors (k,) [m] after the approach, and how long that was [s]."""
        if not self._command_times:
            return np.zeros(0), math.nan
        start = self._command_times[0]
        errors = np.array([self._error_of(i) for i in range(len(self._tips))])
        times = np.array(self._tip_times)
        is_known = np.isfinite(errors)
        is_over = is_known & (times >= start)
        is_over &= (errors < APPROACHED) | (times >= start + APPROACH_TIME)
        if not is_over.any():
            return np.zeros(0), math.nan
        end = times[np.argmax(is_over)]
        return errors[is_known & (times >= end)], float(end - start)

    def _violations(self, periods: NDArray[np.float64]) -> tuple[int, int]:
        """Return how many commands were outside the limits, and how many were too fast."""
        if not self._commands:
            return 0, 0
        q = np.array(self._commands)
        is_outside = (q < self._lower - _POSITION_TOLERANCE) | (
            q > self._upper + _POSITION_TOLERANCE
        )
        allowed = _VELOCITY_TOLERANCE * self._max_velocity * periods[:, None]
        is_too_fast = np.abs(np.diff(q, axis=0)) > allowed + _POSITION_TOLERANCE
        return int(is_outside.any(axis=1).sum()), int(is_too_fast.any(axis=1).sum())

    def _lag_ms(self, approach: float) -> float:
        """Return by how much the targets must be delayed to fit the tips best [ms]."""
        if math.isnan(approach) or len(self._targets) < 2:
            return math.nan
        times, tips = np.array(self._tip_times), np.array(self._tips)
        is_after = times >= self._command_times[0] + approach + _LAGS[-1]
        if not is_after.any():
            return math.nan
        targets, target_times = np.array(self._targets), np.array(self._target_times)
        rms = []
        for lag in _LAGS:
            delayed = np.column_stack(
                [np.interp(times[is_after] - lag, target_times, column) for column in targets.T]
            )
            rms.append(_rms(np.linalg.norm(tips[is_after] - delayed, axis=1)))
        return 1e3 * float(_LAGS[int(np.argmin(rms))])


def _rms(values: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(values**2))) if len(values) else math.nan
