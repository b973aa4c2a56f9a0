from __future__ import annotations

from pathlib import Path

import pytest

from ik_gd.core.states import (
    CONDUCT,
    TRANSITIONS,
    Conduct,
    Event,
    FollowerState,
    as_markdown,
    next_state,
)

HINDRANCES = (
    Event.FAULT_FOUND,
    Event.PAUSE,
    Event.FEEDBACK_LOST,
    Event.NO_TARGET,
    Event.TARGET_LOST,
)
FREE = (Event.ARRIVED, Event.LIMITED, Event.BEYOND_REACH, Event.STUCK, Event.ON_THE_WAY)


def test_every_state_has_a_row_and_a_conduct() -> None:
    assert set(TRANSITIONS) == set(FollowerState)
    assert set(CONDUCT) == set(FollowerState)


def test_every_state_can_be_reached_and_left() -> None:
    assert {after for row in TRANSITIONS.values() for after in row.values()} == set(FollowerState)
    for state, row in TRANSITIONS.items():
        assert set(row.values()) - {state}


@pytest.mark.parametrize('state', [s for s in FollowerState if s is not FollowerState.FAULT])
def test_the_arm_follows_exactly_when_nothing_hinders(state: FollowerState) -> None:
    assert all(CONDUCT[next_state(state, event)] is Conduct.FOLLOW for event in FREE)
    assert all(CONDUCT[next_state(state, event)] is not Conduct.FOLLOW for event in HINDRANCES)


def test_only_the_user_ends_a_fault() -> None:
    for event in Event:
        left = next_state(FollowerState.FAULT, event) is not FollowerState.FAULT
        assert left == (event is Event.FAULT_CLEARED)


def test_waiting_for_other_settings_changes_no_state() -> None:
    for state in FollowerState:
        assert next_state(state, Event.SETTINGS_CHANGED) is state


def test_the_drawn_table_is_current() -> None:
    page = Path(__file__).parents[2] / 'docs' / 'states.md'
    assert page.read_text() == as_markdown(), 'run python -m ik_gd.core.states > docs/states.md'
