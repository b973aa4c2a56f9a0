"""The loop keeps its rate on average, and gives up only time that it cannot make good."""

from __future__ import annotations

import pytest

from ik_gd.arms.real_time_loop import RealTimeLoop

PERIOD = 0.01


class World:
    """A clock that sleeping moves, and a step that takes so long."""

    def __init__(self, durations: list[float]) -> None:
        self.time = 0.0
        self.steps: list[float] = []
        self.due: list[float] = []
        self._durations = durations
        self.loop = RealTimeLoop(self.step, PERIOD, 'test', lambda: self.time, self.sleep)

    def sleep(self, duration: float) -> None:
        assert duration > 0.0
        self.time += duration

    def step(self, due: float) -> None:
        self.steps.append(self.time)
        self.due.append(due)
        self.time += self._durations[len(self.steps) - 1]
        if len(self.steps) == len(self._durations):
            self.loop.stop()

    def run(self) -> World:
        self.loop.start()
        self.loop.join()
        return self


def test_steps_are_a_period_apart_however_long_they_take() -> None:
    world = World([0.001, 0.009, 0.004, 0.0]).run()
    assert world.steps == pytest.approx([0.0, 0.01, 0.02, 0.03])


def test_a_late_step_is_caught_up() -> None:
    world = World([0.035, 0.0, 0.0, 0.0, 0.0]).run()
    assert world.steps == pytest.approx([0.0, 0.035, 0.035, 0.035, 0.04])
    assert world.due == pytest.approx([0.0, 0.01, 0.02, 0.03, 0.04])
    assert world.loop.lost_time == 0.0


def test_what_cannot_be_caught_up_is_let_go_and_counted() -> None:
    world = World([0.51, 0.0, 0.0]).run()
    assert world.steps == pytest.approx([0.0, 0.51, 0.52])
    assert world.loop.lost_time == pytest.approx(0.5)


def test_a_failing_step_ends_the_loop_and_is_kept() -> None:
    loop = RealTimeLoop(lambda due: 1 // 0, PERIOD, 'test')
    loop.start()
    loop.join()
    assert isinstance(loop.error, ZeroDivisionError)


def test_stopping_twice_or_before_the_start_does_nothing() -> None:
    loop = RealTimeLoop(lambda due: None, PERIOD, 'test')
    loop.stop()
    loop.start()
    loop.stop()
    loop.stop()
