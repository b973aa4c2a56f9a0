"""When a message would have come, had nothing held it up on its way."""

from __future__ import annotations

import math

_LONGEST_HOLD_UP = 0.1  # [s] more than that, and the stamps are not believed
_DRIFT = 1e-4  # by which the two clocks may part [s/s]


class ArrivalTimes:
    """Takes the jitter of transport and scheduling out of the times of a stream.

    A target that comes 3 ms late looks like one that moves slower, then faster. The stamps tell
    how far apart messages were sent; only these distances are used, so that a sender's clock
    may be hours off. The quickest way seen lately counts as the way. Stamps that make no sense
    (0, standing still, jumping) are passed over: then the receive time counts.
    """

    def __init__(self) -> None:
        self._way = math.nan  # receive time less stamp, of the quickest message
        self._last_stamp = -math.inf
        self._last_received = -math.inf
        self._last = -math.inf

    def time_of(self, stamp: float, received: float) -> float:
        """Return the time of a message on the receiver's clock [s].

        Args:
            stamp: on the sender's clock [s].
            received: on the receiver's clock [s].

        Returns:
            A time after that of the message before, up to 0.1 s before `received`.
        """
        way = received - stamp
        slower = self._way + _DRIFT * (received - self._last_received)
        self._way = min(way, slower) if slower == slower else way
        time = stamp + self._way
        is_in_order = stamp > self._last_stamp and time > self._last
        if not (is_in_order and received - time <= _LONGEST_HOLD_UP):
            self._way = way
            time = received
        self._last_stamp, self._last_received, self._last = stamp, received, time
        return time
