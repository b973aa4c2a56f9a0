"""The wire and its faults; time is an argument, so nothing here waits."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ik_gd.arms.servo.emulator.wire import Wire

patient = settings(deadline=None, max_examples=60)  # the machine may be busy
BAUD = 1_000_000
BYTE = 10 / BAUD


@pytest.fixture
def line(bench):
    return bench('feetech_sts')


@pytest.fixture
def wire(line):
    return Wire(line.line, line.faults, line.switches, random.Random(1))


@pytest.fixture
def ping(packets):
    return packets.feetech(1, 1)


@pytest.fixture
def pong(ping):
    return bytes.fromhex('FF FF 01 02 00 FC')


def test_a_reply_arrives_when_its_last_byte_has_crossed_the_wire(wire, ping, pong):
    (reply,) = wire.hear(ping, 5.0, BAUD)
    assert reply.data == pong
    assert reply.due == pytest.approx(5.0 + 12 * BYTE + 20e-6)


def test_return_delay_comes_before_the_reply(wire, line, ping):
    line.servo(1).registers.put('return_delay', 250)
    (reply,) = wire.hear(ping, 5.0, BAUD)
    assert reply.due == pytest.approx(5.0 + 12 * BYTE + 20e-6 + 500e-6)


def test_half_the_baud_rate_takes_twice_the_time(bench, packets):
    slow = bench('feetech_sts')
    for servo in slow.line.servos:
        servo.registers.store('baud', 1)
    wire = Wire(slow.line, slow.faults, slow.switches, random.Random(1))
    (reply,) = wire.hear(packets.feetech(1, 1), 5.0, 500_000)
    assert reply.due == pytest.approx(5.0 + 12 * 2 * BYTE + 20e-6)


def test_the_wire_carries_one_thing_at_a_time(wire, ping):
    (first,) = wire.hear(ping, 5.0, BAUD)
    (second,) = wire.hear(ping, 5.0, BAUD)
    assert second.due == pytest.approx(first.due + 12 * BYTE + 20e-6)


def test_six_servos_take_the_time_that_the_bytes_take(bench, packets):
    arm = bench('feetech_sts', ids=range(1, 7))
    wire = Wire(arm.line, arm.faults, arm.switches, random.Random(1))
    replies = wire.hear(packets.feetech(0xFE, 0x82, 56, 15, *range(1, 7)), 5.0, BAUD)
    assert len(replies) == 6
    assert replies[-1].due == pytest.approx(5.0 + (14 + 6 * 21) * BYTE + 6 * 20e-6)
    assert [reply.due for reply in replies] == sorted(reply.due for reply in replies)


@pytest.mark.parametrize('echo', [False, True])
def test_echo(wire, line, ping, pong, echo):
    line.faults.echo = echo
    assert [item.data for item in wire.hear(ping, 5.0, BAUD)] == [ping, pong][1 - echo :]


@pytest.mark.parametrize('every', [0, 1, 3])
def test_corrupt_every(wire, line, ping, pong, every):
    line.faults.corrupt_every = every
    damaged = []
    for count in range(1, 10):
        (reply,) = wire.hear(ping, float(count), BAUD)
        flipped = sum((a ^ b).bit_count() for a, b in zip(reply.data, pong, strict=True))
        damaged += [count] * flipped
    assert damaged == [count for count in range(1, 10) if every and count % every == 0]


@pytest.mark.parametrize('every', [0, 1, 3])
def test_lose_every(wire, line, ping, every):
    line.faults.lose_every = every
    lost = [count for count in range(1, 10) if not wire.hear(ping, float(count), BAUD)]
    assert lost == [count for count in range(1, 10) if every and count % every == 0]


def test_stale_every(wire, line, packets):
    line.faults.stale_every = 2
    asked = [packets.feetech(servo_id, 1) for servo_id in (1, 2, 3)]
    first, second, third = (
        [item.data[2] for item in wire.hear(request, float(count), BAUD)]
        for count, request in enumerate(asked, start=1)
    )
    assert (first, second, third) == ([1], [], [2, 3])
    line.faults.stale_every = 0
    assert [item.data[2] for item in wire.hear(asked[0], 9.0, BAUD)] == [1]


def test_what_is_on_its_way_is_gone_after_an_unplug(wire, line, ping):
    line.faults.stale_every = 1
    assert wire.hear(ping, 1.0, BAUD) == []
    wire.clear(2.0)
    line.faults.stale_every = 0
    assert len(wire.hear(ping, 3.0, BAUD)) == 1


@pytest.mark.parametrize('count', [0, 7])
def test_noise_bytes(wire, line, ping, pong, count):
    line.faults.noise_bytes = count
    (reply,) = wire.hear(ping, 5.0, BAUD)
    assert reply.data[count:] == pong
    assert len(reply.data) == count + len(pong)
    assert reply.due == pytest.approx(5.0 + (12 + count) * BYTE + 20e-6)


@pytest.mark.parametrize('after', [0, 1, 4, 5, 6, 100])
def test_split_after(wire, line, ping, pong, after):
    line.faults.split_after, line.faults.split_gap = after, 0.003
    parts = wire.hear(ping, 5.0, BAUD)
    if 0 < after < len(pong):
        assert [part.data for part in parts] == [pong[:after], pong[after:]]
        wait = 0.003 + (len(pong) - after) * BYTE
        assert parts[1].due - parts[0].due == pytest.approx(wait)
    else:
        assert [part.data for part in parts] == [pong]


@pytest.mark.parametrize('latency', [0.0, 0.001, 0.016])
def test_usb_latency(wire, line, ping, latency):
    line.switches.usb_latency = latency
    due = wire.hear(ping, 5.0001, BAUD)[0].due
    exact = 5.0001 + 12 * BYTE + 20e-6
    assert exact - 1e-9 <= due <= exact + latency + 1e-9
    if latency:
        assert due / latency == pytest.approx(round(due / latency))


@given(
    st.lists(st.tuples(st.floats(0, 0.01), st.binary(min_size=1, max_size=30)), max_size=10),
    st.integers(0, 3),
    st.integers(0, 9),
    st.booleans(),
)
@patient
def test_bytes_arrive_in_order_and_never_before_they_were_sent(
    bench, requests, every, split, echo
):
    line = bench('feetech_sts')
    faults = line.faults
    faults.stale_every = faults.corrupt_every = every
    faults.split_after, faults.echo = split, echo
    wire = Wire(line.line, faults, line.switches, random.Random(0))
    now = newest = 1.0
    for pause, data in requests:
        now += pause
        for part in (data, b'\xff\xff\x01\x02\x01\xfb'):
            for delivery in wire.hear(part, now, BAUD):
                assert delivery.due >= max(newest, now)
                newest = delivery.due
