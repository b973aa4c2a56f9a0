"""Switching torque on without a jump, and off for certain.

Elsewhere arms have driven to tick 0 or 2048 at power-up because a failed read was taken for a
position. Here nothing is sent before every pose has been read twice and found still.
"""

from __future__ import annotations

from collections.abc import Sequence

from ik_gd.arms.servo.bus import Miss
from ik_gd.arms.servo.joint_channel import JointChannel
from ik_gd.arms.servo.servos import Control, Reading, ReadingResult, Servos

_ATTEMPTS = 3  # for each question on which safety hangs
_OUTSIDE = 2  # [ticks] how far outside its range a joint may rest: noise of the sensor
_STILL = 0.01  # [rev] how much two readings may differ for the joint to be standing still


class RefusedError(Exception):
    """Torque stays off; the message says why."""


def take_up(servos: Servos, channels: Sequence[JointChannel]) -> None:
    """Switch on torque so that no joint moves: its first goal is where it is.

    Raises:
        RefusedError: a pose could not be read, is outside the range or not still, a servo is not
            well, or did not switch on. Torque is then off, where it was touched at all.
    """
    ids = [channel.id for channel in channels]
    first = _read_all(servos, channels)
    second = _read_all(servos, channels)
    ticks = {
        channel.id: _settled_tick(channel, first[channel.id], second[channel.id])
        for channel in channels
    }
    servos.write_watchdog(ids, 0.0)
    servos.write_limits([channel.joint for channel in channels])
    servos.write_goals(ticks)
    servos.write_torque(ids, True)
    limp = [c.joint.name for c in channels if not _has_torque(servos, c.id, ticks[c.id])]
    if limp:
        let_go(servos, channels)
        raise RefusedError(f'torque or goal not confirmed by {", ".join(limp)}')
    for channel in channels:
        channel.take_up(ticks[channel.id])


def let_go(servos: Servos, channels: Sequence[JointChannel]) -> list[str]:
    """Switch torque off; return the joints that did not confirm it.

    Every servo is told several times, those that seem dead too: one may only be mute.
    """
    for channel in channels:
        channel.following = False
    rest = list(channels)
    for attempt in range(_ATTEMPTS):
        ids = [channel.id for channel in rest]
        if attempt == 0:
            servos.write_watchdog(ids, 0.0)
        servos.write_torque(ids, False)
        if attempt == 0:
            controls = servos.read_control(ids)
        else:  # one by one: a dead servo can silence those after it in a common read
            controls = {servo: servos.read_control([servo])[servo] for servo in ids}
        rest = [channel for channel in rest if not _is_limp(controls[channel.id])]
        if not rest:
            break
    return [channel.joint.name for channel in rest]


def _read_all(servos: Servos, channels: Sequence[JointChannel]) -> dict[int, Reading]:
    results: dict[int, ReadingResult] = servos.read_status([channel.id for channel in channels])
    for channel in channels:
        for _ in range(_ATTEMPTS - 1):
            if isinstance(results[channel.id], Miss):
                results.update(servos.read_status([channel.id]))
    silent = [c.joint.name for c in channels if isinstance(results[c.id], Miss)]
    if silent:
        raise RefusedError(f'the pose is not known: no answer from {", ".join(silent)}')
    return {servo: result for servo, result in results.items() if isinstance(result, Reading)}


def _settled_tick(channel: JointChannel, first: Reading, second: Reading) -> int:
    joint = channel.joint
    tick = joint.unwrap(second.tick)
    if abs(tick - joint.unwrap(first.tick)) > _STILL * joint.ticks_per_rev:
        raise RefusedError(f'{joint.name} is moving: {first.tick}, then {second.tick}')
    nearest = min(max(tick, joint.tick_min), joint.tick_max)
    if abs(tick - nearest) > _OUTSIDE:
        raise RefusedError(
            f'{joint.name} is at tick {tick}, outside its range {joint.tick_min} .. '
            f'{joint.tick_max}: move it by hand, or calibrate it again'
        )
    return nearest


def _has_torque(servos: Servos, servo: int, goal: int) -> bool:
    for _ in range(_ATTEMPTS):
        control = servos.read_control([servo])[servo]
        if isinstance(control, Control):
            return control.torque and control.goal in (None, goal)
    return False


def _is_limp(control: object) -> bool:
    return isinstance(control, Control) and not control.torque
