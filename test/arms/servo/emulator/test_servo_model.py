import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ik_gd.arms.servo.emulator.servo_model import STEP, ServoBody, ServoModel

ticks = st.floats(-3000, 3000)
speeds = st.floats(300, 5000)
accelerations = st.floats(2000, 80000)
patient = settings(deadline=None, max_examples=50)  # the machine may be busy


def powered(body=None, position=0.0, goal=None):
    model = ServoModel(body or ServoBody(), position)
    model.torque_on = True
    model.goal = goal
    return model


def state(model):
    return model.gears, model.speed, model.shaft, model.load, model.strained_for


@patient
@given(st.lists(st.floats(0, 0.2), max_size=20), ticks, st.floats(-0.5, 0.5))
def test_motion_does_not_depend_on_how_often_it_is_looked_at(pauses, goal, gravity):
    body = ServoBody(backlash=20, gravity_load=gravity, low=-2000, high=2000)
    often, once = powered(body, goal=goal), powered(body, goal=goal)
    now = 0.0
    for pause in pauses:
        now += pause
        often.advance(now)
    once.advance(now)
    assert state(often)[:4] == state(once)[:4]
    assert often.strained_for == pytest.approx(once.strained_for, abs=1e-9)
    assert often.temperature == pytest.approx(once.temperature, abs=1e-9)


@patient
@given(
    st.lists(st.tuples(ticks, st.integers(1, 80)), min_size=1, max_size=6), speeds, accelerations
)
def test_speed_and_acceleration_keep_their_limits_whatever_the_goals(goals, speed, acceleration):
    model = powered()
    model.speed_limit, model.acceleration_limit = speed, acceleration
    step = 0
    for goal, steps in goals:
        model.goal = goal
        for _ in range(steps):
            before, position = model.speed, model.gears
            step += 1
            model.advance(step * STEP)
            assert abs(model.speed) <= min(speed, model.body.max_speed) + 1e-9
            assert abs(model.speed - before) <= acceleration * STEP + 1e-9
            assert model.gears - position == pytest.approx(model.speed * STEP, abs=1e-6)


@patient
@given(ticks, speeds, accelerations)
def test_from_rest_it_reaches_the_goal_in_the_time_of_a_trapezoid(goal, speed, acceleration):
    model = powered(goal=goal)
    model.speed_limit, model.acceleration_limit = speed, acceleration
    speed = min(speed, model.body.max_speed)
    acceleration = min(acceleration, model.body.max_acceleration)
    way = abs(goal)
    if way > speed**2 / acceleration:
        ideal = way / speed + speed / acceleration
    else:
        ideal = 2 * math.sqrt(way / acceleration)
    model.advance(1.02 * ideal + 0.02)
    assert model.gears == goal
    early = powered(goal=goal)
    early.speed_limit, early.acceleration_limit = speed, acceleration
    early.advance(0.98 * ideal - 0.02)
    assert early.gears != goal or ideal < 0.03


@patient
@given(ticks, speeds, accelerations)
def test_it_does_not_pass_a_goal_that_stays(goal, speed, acceleration):
    model = powered(goal=goal)
    model.speed_limit, model.acceleration_limit = speed, acceleration
    farthest = 0.0
    for step in range(1, 400):
        model.advance(step * STEP)
        way = math.copysign(1.0, goal) * model.gears
        assert farthest <= way + 1e-9
        assert way <= abs(goal)
        farthest = way


@patient
@given(ticks, st.booleans(), st.floats(-1, 1))
def test_the_shaft_stays_between_the_hard_stops(goal, torque, gravity):
    model = powered(ServoBody(low=-500, high=700, give=0.0, gravity_load=gravity), goal=goal)
    model.torque_on = torque
    for step in range(1, 60):
        model.advance(step * 0.02)
        assert -500 <= model.gears <= 700
        assert -500 <= model.shaft <= 700


@patient
@given(st.floats(1, 60), st.lists(ticks, min_size=1, max_size=5))
def test_play_lets_the_shaft_lag_by_half_of_it_at_most(backlash, goals):
    model = powered(ServoBody(backlash=backlash))
    for index, goal in enumerate(goals):
        model.goal = goal
        model.advance((index + 1) * 0.2)
        assert abs(model.shaft - model.gears) <= backlash / 2 + 1e-9


def test_a_reversal_within_the_play_leaves_the_shaft_alone():
    model = powered(ServoBody(backlash=20), goal=100.0)
    model.advance(1.0)
    assert model.shaft == 90.0
    model.goal = 81.0
    model.advance(2.0)
    assert (model.gears, model.shaft) == (81.0, 90.0)
    model.goal = 60.0
    model.advance(3.0)
    assert model.shaft == 70.0


def test_a_limp_arm_falls_to_its_stop_and_a_balanced_one_stays():
    heavy = ServoModel(ServoBody(gravity_load=0.3, low=-300, high=300), 0.0)
    heavy.advance(10.0)
    assert heavy.gears == -300
    light = ServoModel(ServoBody(gravity_load=0.03, low=-300, high=300), 0.0)
    light.advance(10.0)
    assert light.gears == 0.0


def test_too_little_torque_lets_the_link_down_and_enough_holds_it():
    for limit, falls in ((0.1, True), (0.9, False)):
        model = powered(ServoBody(gravity_load=0.5, low=-300, high=300), goal=0.0)
        model.torque_limit = limit
        model.advance(5.0)
        assert (model.gears == -300) == falls


def test_gravity_turns_the_shaft_off_the_goal_and_shows_in_the_load():
    model = powered(ServoBody(gravity_load=0.5, give=20), goal=0.0)
    model.advance(5.0)
    assert model.gears == 0.0
    assert model.shaft == pytest.approx(-10.0, abs=0.1)
    assert model.load == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize('goal', [500.0, -500.0])
def test_a_blocked_shaft_stays_while_the_motor_pushes_with_all_it_may(goal):
    model = powered(goal=goal)
    model.torque_limit = 0.6
    model.blocked = True
    model.advance(1.5)
    assert model.shaft == 0.0
    assert model.load == pytest.approx(math.copysign(0.6, goal))
    assert model.strained_for == pytest.approx(1.5, abs=0.01)
    model.blocked = False
    model.advance(3.0)
    assert model.shaft == goal
    assert model.strained_for == 0.0


def test_a_goal_behind_a_hard_stop_is_pushing_in_vain():
    model = powered(ServoBody(high=100.0), goal=500.0)
    model.advance(3.0)
    assert model.gears == 100.0
    assert model.load == 1.0
    assert model.strained_for > 2.5


@patient
@given(st.floats(0.5, 500), st.floats(0, 100))
def test_it_cools_by_an_exponential(thermal_time, after):
    model = ServoModel(ServoBody(thermal_time=thermal_time, ambient=25.0), 0.0)
    model.temperature = 80.0
    model.advance(after)
    assert model.temperature == pytest.approx(
        25.0 + 55.0 * math.exp(-after / thermal_time), abs=0.2
    )


def test_work_warms_it():
    model = powered(ServoBody(thermal_time=1.0, heating=60.0, ambient=25.0), goal=500.0)
    model.blocked = True
    model.advance(20.0)
    assert model.temperature == pytest.approx(85.0, abs=0.5)


@patient
@given(st.floats(-1, 1))
def test_a_time_that_has_passed_changes_nothing(earlier):
    model = powered(goal=2000.0)
    model.advance(1.0)
    before = state(model)
    model.advance(min(earlier, 1.0))
    assert state(model) == before


def test_endless_turning_reaches_its_speed_and_a_hold_ends_it():
    model = powered()
    model.goal_speed = -1000.0
    model.advance(1.0)
    assert model.speed == -1000.0
    model.hold()
    model.advance(2.0)
    assert model.speed == 0.0
