"""Callbacks that can wait a few ticks, so that not every wake-up pays for them.

For every service and subscription that it waits for, rclpy's executor spends some microseconds at
each wake-up, of which a tick has three. Leaving out the seven parameter services that every node
has, most of the time, takes a tenth off the processor time of ik_node.
"""

from __future__ import annotations

from typing import Any

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup

_INTERVAL = 0.05  # [s] between two openings


class SeldomGroup(MutuallyExclusiveCallbackGroup):
    """A group that is open during one tick out of several; always, until it is told of ticks.

    Open means for a whole period, with all wake-ups in it: whatever else is ready at the same
    time, each callback has its turn.

    Attributes:
        is_open: whether the executor may look for these callbacks.
    """

    def __init__(self) -> None:
        super().__init__()
        self.is_open = True
        self._ticks_to_go = 0

    def on_tick(self, rate: float) -> None:
        """Open or close for the period that begins; ticks come at `rate` [Hz]."""
        self._ticks_to_go -= 1
        self.is_open = self._ticks_to_go <= 0
        if self.is_open:
            self._ticks_to_go = round(rate * _INTERVAL)

    def can_execute(self, entity: Any) -> bool:
        """Tell the executor whether to wait for `entity`."""
        return self.is_open and bool(super().can_execute(entity))
