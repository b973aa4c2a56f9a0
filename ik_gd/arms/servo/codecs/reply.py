"""What every protocol's status packet boils down to."""

from __future__ import annotations

from typing import NamedTuple


class Reply(NamedTuple):
    """One servo's answer, its checksum verified.

    Attributes:
        error: the status packet's error byte; 0 for protocols without one.
        data: the bytes asked for, unstuffed.
    """

    error: int
    data: bytes


def keep_unambiguous(replies: list[tuple[int, Reply]]) -> dict[int, Reply]:
    """Return {id: reply}, without the ids that gave two different answers.

    Two servos with one id, or a late answer next to the right one: neither can be believed.
    """
    found = dict(replies)
    if len(found) == len(replies):
        return found
    doubtful = {servo for servo, reply in replies if found[servo] != reply}
    return {servo: reply for servo, reply in found.items() if servo not in doubtful}
