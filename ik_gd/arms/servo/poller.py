"""Decides whom to ask in a cycle, so that one dead servo costs the others nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ik_gd.arms.servo.bus import Miss
from ik_gd.arms.servo.joint_channel import JointChannel
from ik_gd.arms.servo.servos import ReadingResult, Servos

_PROBE_INTERVAL = 0.25  # [s] between two questions to servos that are lost, while others answer


class Poller:
    """Reads all servos once a cycle.

    Those that answered last time are asked together. A servo that did not is asked alone, since
    in a common read it may silence those after it. One that stays silent is lost: it is asked
    now and then, so that its timeout is not paid in every cycle.

    No question starts after `budget`: a cycle lasts at most that, one timeout and the time on
    the wire.

    Args:
        servos: on the bus.
        channels: the joints, updated in place.
        retries: how often one servo is asked again in a cycle.
        budget: [s].
        clock: monotonic [s].
    """

    def __init__(
        self,
        servos: Servos,
        channels: Sequence[JointChannel],
        retries: int,
        budget: float,
        clock: Callable[[], float],
    ) -> None:
        self._servos = servos
        self._channels = channels
        self._retries = retries
        self._budget = budget
        self._clock = clock
        self._probe_at = 0.0
        self._turn = 0

    def poll(self) -> None:
        """Ask; afterwards each channel has a reading of this cycle, or none."""
        end = self._clock() + self._budget
        regular = [channel for channel in self._channels if channel.misses == 0]
        suspects = [
            channel for channel in self._channels if channel.misses > 0 and not channel.is_lost
        ]
        lost = [channel for channel in self._channels if channel.is_lost]
        if regular:
            self._ask_together(regular, end)
        for channel in self._from_turn(suspects):
            if self._clock() < end:
                channel.take(self._ask_one(channel), self._clock())
        if lost and self._clock() < end:
            self._probe(lost, end, alone=not regular and not suspects)
        self._turn += 1

    def _ask_together(self, channels: list[JointChannel], end: float) -> None:
        if self._servos.has_common_read:
            results = self._servos.read_status([channel.id for channel in channels])
            for channel in channels:
                self._settle(channel, results[channel.id], end)
            return
        for channel in self._from_turn(channels):
            if self._clock() < end:
                self._settle(channel, self._ask_one(channel), end)
            else:
                channel.skip()

    def _settle(self, channel: JointChannel, result: ReadingResult, end: float) -> None:
        """Give the channel `result`, or what asking again brings."""
        for _ in range(self._retries):
            if not isinstance(result, Miss) or self._clock() >= end:
                break
            channel.count(result)
            channel.retries += 1
            result = self._ask_one(channel)
        channel.take(result, self._clock())

    def _probe(self, lost: list[JointChannel], end: float, alone: bool) -> None:
        if not alone and self._clock() < self._probe_at:
            return
        if alone and self._servos.has_common_read and self._turn % 2:
            self._ask_together(lost, end)  # nothing to lose, and all may be back
            return
        channel = lost[self._turn % len(lost)]
        channel.take(self._ask_one(channel), self._clock())
        returned = channel.reading is not None
        self._probe_at = self._clock() + (0.0 if returned else _PROBE_INTERVAL)

    def _ask_one(self, channel: JointChannel) -> ReadingResult:
        return self._servos.read_status([channel.id])[channel.id]

    def _from_turn(self, channels: list[JointChannel]) -> list[JointChannel]:
        """Return the channels, each cycle starting with another: a full budget hits all alike."""
        first = self._turn % len(channels) if channels else 0
        return channels[first:] + channels[:first]
