from __future__ import annotations

import pytest
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup

from ik_gd.nodes.seldom_group import SeldomGroup


class Entity:
    """Whatever an executor waits for."""


def openings(rate: float, ticks: int) -> list[bool]:
    """Return whether the group was open in the period after each tick."""
    group, entity, opened = SeldomGroup(), Entity(), []
    group.add_entity(entity)
    for _ in range(ticks):
        group.on_tick(rate)
        opened.append(group.is_open)
        assert group.can_execute(entity) is group.is_open
    return opened


def test_without_ticks_it_is_always_open() -> None:
    group, entity = SeldomGroup(), Entity()
    assert isinstance(group, MutuallyExclusiveCallbackGroup)
    group.add_entity(entity)
    assert group.can_execute(entity)


@pytest.mark.parametrize(('rate', 'every'), [(100.0, 5), (1000.0, 50), (50.0, 2), (10.0, 1)])
def test_it_opens_for_one_period_every_twentieth_of_a_second(rate: float, every: int) -> None:
    expected = [tick % every == 0 for tick in range(3 * every)]
    assert openings(rate, 3 * every) == expected
