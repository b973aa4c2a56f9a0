"""How long a cycle can take, whoever is silent; the clock is the test's."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ik_gd.arms.servo.bus import Miss
from ik_gd.arms.servo.calibration import JointCalibration
from ik_gd.arms.servo.joint_channel import JointChannel
from ik_gd.arms.servo.poller import Poller
from ik_gd.arms.servo.servos import Reading

TIMEOUT, WIRE, BUDGET = 0.02, 0.0005, 0.01


class TimedServos:
    """Servos that answer, or let a question time out; both take their time on the clock."""

    def __init__(self, has_common_read, silences_those_after=False):
        self.has_common_read = has_common_read
        self.silences_those_after = silences_those_after
        self.dead = set()
        self.now = 0.0
        self.asked = []

    def read_status(self, servos):
        self.asked.append(tuple(servos))
        results = {}
        silent = False
        for servo in servos:
            if not self.silences_those_after:
                silent = False
            silent = silent or servo in self.dead
            results[servo] = Miss.SILENT if silent else Reading(0, 0.0, 0.0, 0.0, 0.0)
            self.now += WIRE
        if any(isinstance(result, Miss) for result in results.values()):
            self.now += TIMEOUT
        return results


def make(has_common_read=True, n=6, retries=2, **options):
    servos = TimedServos(has_common_read, **options)
    channels = [
        JointChannel(JointCalibration(f'j{i}', i, 'm', 1, 0, 4096, 0, 4000)) for i in range(n)
    ]
    poller = Poller(servos, channels, retries, BUDGET, lambda: servos.now)
    return servos, channels, poller


def run_cycle(servos, poller):
    start = servos.now
    poller.poll()
    took = servos.now - start
    servos.now = max(servos.now, start + BUDGET)
    return took


@pytest.mark.parametrize('has_common_read', [True, False])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_cycle_lasts_at_most_its_period_one_timeout_and_the_wire(has_common_read, data):
    chained = data.draw(st.booleans())
    servos, _, poller = make(has_common_read, silences_those_after=chained)
    for _ in range(30):
        servos.dead = data.draw(st.sets(st.integers(0, 5)))
        assert run_cycle(servos, poller) <= BUDGET + TIMEOUT + 6 * WIRE + 1e-9


@pytest.mark.parametrize('chained', [False, True])
@pytest.mark.parametrize('has_common_read', [True, False])
@pytest.mark.parametrize('dead', range(6))
def test_one_dead_servo_soon_costs_the_others_nothing(has_common_read, dead, chained):
    servos, channels, poller = make(has_common_read, silences_those_after=chained)
    run_cycle(servos, poller)
    servos.dead = {dead}
    spoilt = 0
    for _ in range(20):
        run_cycle(servos, poller)
        spoilt += any(c.reading is None for c in channels if c.id != dead)
    assert spoilt <= 4
    took = [run_cycle(servos, poller) for _ in range(200)]
    assert sum(duration > BUDGET for duration in took) <= 200 * BUDGET / 0.25 + 1
    assert channels[dead].reading is None and channels[dead].is_lost


def test_a_servo_that_is_back_answers_within_the_probe_interval():
    servos, channels, poller = make()
    servos.dead = {3}
    for _ in range(50):
        run_cycle(servos, poller)
    servos.dead = set()
    back_at = servos.now
    while channels[3].reading is None:
        run_cycle(servos, poller)
    assert servos.now - back_at <= 0.25 + 2 * BUDGET


def test_when_all_come_back_at_once_all_answer_soon():
    servos, channels, poller = make()
    servos.dead = set(range(6))
    for _ in range(100):
        run_cycle(servos, poller)
    assert all(channel.is_lost for channel in channels)
    servos.dead = set()
    back_at = servos.now
    while any(channel.reading is None for channel in channels):
        run_cycle(servos, poller)
    assert servos.now - back_at <= 0.25 + 10 * BUDGET


def test_a_servo_is_asked_again_only_while_there_is_time():
    servos, channels, poller = make(n=1, retries=5)
    servos.dead = {0}
    run_cycle(servos, poller)
    assert len(servos.asked) == 1, 'the timeout has used the period up'
    assert channels[0].retries == 0


def test_every_question_has_an_answer_in_the_counters():
    servos, channels, poller = make()
    for dead in itertools.islice(itertools.cycle([set(), {1}, {1, 2}]), 30):
        servos.dead = dead
        run_cycle(servos, poller)
    asked = sum(len(ids) for ids in servos.asked)
    assert asked == sum(c.answers + c.silences + c.garbled for c in channels)
