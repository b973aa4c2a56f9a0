"""The follower's states, and the one table of how they change.

`python -m ik_gd.core.states` prints docs/states.md.
"""

from __future__ import annotations

from collections import Counter
from enum import Enum


class FollowerState(Enum):
    """What the follower is doing. The value is a sentence for people."""

    WAITING = 'waiting for the position of every joint'
    HOLDING = 'holding: there is no target'
    TRACKING = 'moving toward the target'
    REACHED = 'on the target'
    STALLED = 'stuck: no small motion brings the tip closer'
    AT_LIMIT = 'a joint limit keeps the tip from the target'
    OUT_OF_REACH = 'the target is beyond the reach of the arm'
    STALE_TARGET = 'the target is too old: stopped'
    STALE_FEEDBACK = 'joint positions are too old: stopped'
    PAUSED = 'paused'
    FAULT = 'a fault: stopped until it is cleared'


class Event(Enum):
    """What a tick finds; of several, the first in this order. The value says when."""

    FAULT_FOUND = 'something is wrong that will not mend itself'
    FAULT_CLEARED = 'the user cleared the fault'
    PAUSE = 'the user wants a pause'
    FEEDBACK_LOST = 'some joint position is missing or too old'
    NO_TARGET = 'nothing is asked for'
    TARGET_LOST = 'the target is too old'
    SETTINGS_CHANGED = 'other settings wait for the arm to come to rest'
    ARRIVED = 'the commanded tip is at rest within the tolerances'
    LIMITED = 'a limit stopped the descent'
    BEYOND_REACH = 'the target is too far away for the arm'
    STUCK = 'the descent has been in a local minimum for the stall time'
    ON_THE_WAY = 'none of the above'


class Conduct(Enum):
    """What the arm is told in a state."""

    STOP = 'a controlled stop, then the same position; nothing before the first target'
    STOP_THEN_SILENT = 'a controlled stop, then nothing is published'
    FOLLOW = 'positions on the way to the target'


S, E = FollowerState, Event

_FOLLOWING = {
    E.FAULT_FOUND: S.FAULT,
    E.PAUSE: S.PAUSED,
    E.FEEDBACK_LOST: S.STALE_FEEDBACK,
    E.NO_TARGET: S.HOLDING,
    E.TARGET_LOST: S.STALE_TARGET,
    E.ARRIVED: S.REACHED,
    E.LIMITED: S.AT_LIMIT,
    E.BEYOND_REACH: S.OUT_OF_REACH,
    E.STUCK: S.STALLED,
    E.ON_THE_WAY: S.TRACKING,
}

TRANSITIONS: dict[FollowerState, dict[Event, FollowerState]] = {
    # Before all joints were heard of, missing feedback is nothing that got lost.
    S.WAITING: {**_FOLLOWING, E.FEEDBACK_LOST: S.WAITING},
    S.HOLDING: _FOLLOWING,
    S.TRACKING: _FOLLOWING,
    S.REACHED: _FOLLOWING,
    S.STALLED: _FOLLOWING,
    S.AT_LIMIT: _FOLLOWING,
    S.OUT_OF_REACH: _FOLLOWING,
    S.STALE_TARGET: _FOLLOWING,
    S.STALE_FEEDBACK: _FOLLOWING,
    # Nothing is published at the end of a pause, so missing feedback is only waited for.
    S.PAUSED: {**_FOLLOWING, E.FEEDBACK_LOST: S.WAITING},
    # A fault is latched: only the user ends it, and the arm then starts from where it is.
    S.FAULT: {E.FAULT_CLEARED: S.WAITING},
}
"""The next state for a state and an event; an event that is not listed changes nothing."""

CONDUCT: dict[FollowerState, Conduct] = {
    S.WAITING: Conduct.STOP_THEN_SILENT,
    S.HOLDING: Conduct.STOP,
    S.TRACKING: Conduct.FOLLOW,
    S.REACHED: Conduct.FOLLOW,
    S.STALLED: Conduct.FOLLOW,
    S.AT_LIMIT: Conduct.FOLLOW,
    S.OUT_OF_REACH: Conduct.FOLLOW,
    S.STALE_TARGET: Conduct.STOP,
    S.STALE_FEEDBACK: Conduct.STOP_THEN_SILENT,
    S.PAUSED: Conduct.STOP_THEN_SILENT,
    S.FAULT: Conduct.STOP_THEN_SILENT,
}


def next_state(state: FollowerState, event: Event) -> FollowerState:
    """Return the state that follows `state` when a tick finds `event`."""
    return TRANSITIONS[state].get(event, state)


def as_markdown() -> str:
    """Return docs/states.md."""
    lines = [
        '# States of the follower',
        '',
        'Drawn from the table in `ik_gd/core/states.py` by `python -m ik_gd.core.states`; a test '
        'checks that this page is current.',
        '',
        '| state | meaning | the arm is told |',
        '|---|---|---|',
        *(f'| `{s.name}` | {s.value} | {CONDUCT[s].value} |' for s in FollowerState),
        '',
        'Each tick finds one event, of several the first in this order:',
        '',
        '| event | when |',
        '|---|---|',
        *(f'| `{e.name}` | {e.value} |' for e in Event),
        '',
        *_drawing(),
        '',
        'The next state, for each state (row) and event (column); an empty cell changes nothing.',
        '',
        '| | ' + ' | '.join(f'`{e.name}`' for e in Event) + ' |',
        '|---' * (len(Event) + 1) + '|',
        *(_row(state) for state in FollowerState),
    ]
    return '\n'.join(lines) + '\n'


def _drawing() -> list[str]:
    """Return a Mermaid chart: where events lead from most states, and the exceptions."""
    usual = {
        event: Counter(row[event] for row in TRANSITIONS.values() if event in row).most_common(1)
        for event in Event
    }
    lines = ['```mermaid', 'flowchart LR', '  ANY(["any state but FAULT"])']
    for event, targets in usual.items():
        if targets and targets[0][1] > 1:
            lines.append(f'  ANY -->|{event.name}| {targets[0][0].name}')
    for state, row in TRANSITIONS.items():
        for event, after in row.items():
            if usual[event][0][1] == 1 or usual[event][0][0] is not after:
                lines.append(f'  {state.name} -->|{event.name}| {after.name}')
    return [*lines, '```']


def _row(state: FollowerState) -> str:
    following = (TRANSITIONS[state].get(event) for event in Event)
    cells = ('' if s is None or s is state else s.name for s in following)
    return f'| `{state.name}` | ' + ' | '.join(cells) + ' |'


if __name__ == '__main__':
    print(as_markdown(), end='')
