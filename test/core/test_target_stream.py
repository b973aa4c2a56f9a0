from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ik_gd.core.target_stream import TargetStream

UPRIGHT = np.array([0.0, 0.0, 0.0, 1.0])
VELOCITY = np.array([0.1, -0.05, 0.02])
SPIN = np.array([0.0, 0.3, 0.4])


def line(t: float) -> np.ndarray:
    return np.array([0.4, 0.0, 0.3]) + VELOCITY * t


def spun(t: float) -> np.ndarray:
    return Rotation.from_rotvec(SPIN * t).as_quat()


def test_a_single_message_is_the_target_for_ever() -> None:
    stream = TargetStream()
    stream.receive(line(0.0), UPRIGHT, 5.0)
    for now in (5.0, 5.01, 6.0, 1e6):
        assert (stream.at(now) == [*line(0.0), *UPRIGHT]).all()
    assert not stream.is_moving


@pytest.mark.parametrize('rate', [20.0, 50.0, 100.0, 333.0])
def test_an_even_stream_is_known_between_its_messages(rate: float) -> None:
    stream = TargetStream()
    sent = 0
    for k in range(400):
        now = 10.0 + 0.01 * k
        while sent / rate <= now - 10.0:
            stream.receive(line(sent / rate), spun(sent / rate), 10.0 + sent / rate)
            sent += 1
        if k > 100:
            pose = stream.at(now)
            np.testing.assert_allclose(pose[:3], line(now - 10.0), atol=1e-6)
            turn = Rotation.from_quat(pose[3:]) * Rotation.from_quat(spun(now - 10.0)).inv()
            assert turn.magnitude() < 1e-5


def test_late_and_lost_messages_make_small_steps_and_none_backward() -> None:
    rng = np.random.default_rng(0)
    stream = TargetStream()
    arrivals = [
        (k * 0.02 + rng.uniform(0.0, 0.006), k * 0.02) for k in range(500) if rng.random() > 0.05
    ]
    way = []
    for k in range(900):
        now = 0.01 * k
        while arrivals and arrivals[0][0] <= now:
            received, stamp = arrivals.pop(0)
            stream.receive(line(stamp), UPRIGHT, received)
        way.append((stream.at(now)[:3] - line(0.0)) @ VELOCITY / (VELOCITY @ VELOCITY))
    steps = np.diff(way[100:])
    assert steps.min() > 0.0
    assert steps.max() < 0.02
    lag = 0.01 * np.arange(100, 900) - np.array(way[100:])
    assert np.abs(lag).max() < 0.025


def test_a_stream_that_ends_ends_on_its_last_message() -> None:
    stream = TargetStream()
    for k in range(100):
        stream.receive(line(0.02 * k), UPRIGHT, 0.02 * k)
    ahead = max(
        float((stream.at(1.98 + t)[:3] - line(1.98)) @ VELOCITY) / (VELOCITY @ VELOCITY)
        for t in np.linspace(0.0, 0.2, 100)
    )
    assert 0.02 < ahead < 0.035  # never two messages ahead
    np.testing.assert_allclose(stream.at(4.0)[:3], line(1.98), atol=1e-12)


def test_a_stream_that_repeats_its_pose_is_at_rest_at_once() -> None:
    stream = TargetStream()
    for k in range(50):
        stream.receive(line(0.02 * min(k, 40)), UPRIGHT, 0.02 * k)
    assert not stream.is_moving
    assert (stream.at(0.995)[:3] == line(0.8)).all()


def test_jumps_are_not_extrapolated() -> None:
    rng = np.random.default_rng(0)
    stream = TargetStream()
    strayed = []
    for k in range(500):
        place = rng.uniform(-0.5, 0.5, 3)
        stream.receive(place, UPRIGHT, 0.05 * k)
        strayed.append(np.linalg.norm(stream.at(0.05 * k + 0.04)[:3] - place))
    assert np.median(strayed) == 0.0
    assert np.mean(np.array(strayed) > 0.05) < 0.05


def test_goals_sent_now_and_then_are_not_a_stream() -> None:
    stream = TargetStream()
    for k in range(20):
        stream.receive(line(float(k)), UPRIGHT, float(k))
        assert not stream.is_moving
        assert (stream.at(k + 0.5)[:3] == line(float(k))).all()


@pytest.mark.parametrize('burst', [0.001, 0.002, 0.0033])
def test_a_stream_that_begins_with_a_burst_is_known_all_the_same(burst: float) -> None:
    stream = TargetStream()
    stream.receive(line(0.0), UPRIGHT, 10.0)
    for k in range(1, 100):
        sent = burst + 0.01 * (k - 1)
        stream.receive(line(sent), UPRIGHT, 10.0 + sent)
        if k > 30:
            now = sent + 0.009
            assert np.linalg.norm(stream.at(10.0 + now)[:3] - line(now)) < 1e-4
