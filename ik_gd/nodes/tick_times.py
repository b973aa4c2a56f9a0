"""How long control ticks take and how evenly they come."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_WINDOW = 4096  # ticks
_LATE = 1.5  # periods from one tick to the next that make it late


@dataclass(frozen=True)
class TickReport:
    """What the last ticks were like.

    Attributes:
        rate: ticks a second since the report before [Hz].
        p50: time that half of the last 4096 ticks stayed below [s], NaN before the first.
        p99: the same for 99 of 100.
        overruns: ticks so far that took longer than a period or came half a period late.
    """

    rate: float
    p50: float
    p99: float
    overruns: int


class TickTimes:
    """Keeps the durations of the last ticks; adding one allocates nothing.

    Args:
        period: the time that a tick should come after the one before [s].
    """

    def __init__(self, period: float) -> None:
        self._period = period
        self._durations = np.zeros(_WINDOW)
        self._count = 0
        self._overruns = 0
        self._last_begin: float | None = None
        self._reported_count = 0
        self._reported_at: float | None = None

    def add(self, begin: float, end: float) -> None:
        """Add a tick that ran from `begin` to `end` [s]."""
        self._durations[self._count % _WINDOW] = end - begin
        self._count += 1
        is_late = self._last_begin is not None and begin - self._last_begin > _LATE * self._period
        self._overruns += is_late or end - begin > self._period
        self._last_begin = begin

    def report(self, now: float) -> TickReport:
        """Return what the ticks up to `now` [s] were like."""
        durations = self._durations[: min(self._count, _WINDOW)]
        p50, p99 = np.percentile(durations, (50, 99)) if len(durations) else (np.nan, np.nan)
        since = self._reported_at
        ticks = self._count - self._reported_count
        rate = ticks / (now - since) if since is not None and now > since else np.nan
        self._reported_at, self._reported_count = now, self._count
        return TickReport(float(rate), float(p50), float(p99), self._overruns)
