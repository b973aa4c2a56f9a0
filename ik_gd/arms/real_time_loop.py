"""A step repeated at a fixed rate in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_MAX_LAG = 0.1  # [s] what is lost beyond this is not caught up


class RealTimeLoop:
    """Calls `step(due)` at a fixed rate, on average exactly, paced on the monotonic clock.

    `due` is when the step should be, one period after the last; it is called then, or later.
    A late wake-up is caught up by steps in quick succession. If the machine is too slow for the
    rate, time is let go: the loop then runs behind real time, and `lost_time` tells by how much.

    Args:
        step: called each period.
        period: [s].
        name: of the thread.
        clock: a clock that only goes forward [s].
        sleep: waits for so many seconds of that clock.

    Attributes:
        lost_time: real time that was given up so far [s].
        error: the exception that ended the loop, None while there is none.
    """

    def __init__(
        self,
        step: Callable[[float], None],
        period: float,
        name: str,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._step = step
        self._period = period
        self._clock = clock
        self._sleep = sleep
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.lost_time = 0.0
        self.error: Exception | None = None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the step that is under way; calling it again does nothing."""
        self._stop.set()
        if threading.current_thread() is not self._thread:
            self.join()

    def join(self) -> None:
        """Wait until it has ended."""
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        due = self._clock()
        try:
            while not self._stop.is_set():
                self._step(due)
                due += self._period
                wait = due - self._clock()
                if wait > 0.0:
                    self._sleep(wait)
                elif wait < -_MAX_LAG:
                    self.lost_time -= wait
                    due -= wait
        except Exception as error:  # handed to whoever asks next, in the owner's thread
            self.error = error
