import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

patient = settings(deadline=None, max_examples=60)  # the machine may be busy


def packet(text):
    return bytes.fromhex(text)


@pytest.fixture
def lx(bench):
    return bench('lx16a')


def test_golden_bytes(lx):
    assert lx.ask(packet('55 55 01 07 01 F4 01 E8 03 16')) == []
    lx.servo(1).place(-5)
    assert lx.ask(packet('55 55 01 03 1C DF')) == [packet('55 55 01 05 1C FB FF E3')]


@given(data=st.binary(max_size=200))
@patient
def test_noise_never_raises(bench, data):
    lx = bench('lx16a')
    lx.ask(data)
    lx.ask(b'\x55\x55' + data)


@given(parameters=st.binary(max_size=4), command=st.integers(0, 255))
@patient
def test_no_command_raises_whatever_its_parameters(bench, packets, command, parameters):
    lx = bench('lx16a')
    lx.ask(packets.lx16a(1, command, *parameters))
    lx.wait(0.1)


def test_a_move_takes_the_time_it_is_given(lx, host, packets):
    host(lx).torque(1)
    lx.ask(packets.lx16a(1, 1, *(900).to_bytes(2, 'little'), *(1000).to_bytes(2, 'little')))
    lx.wait(0.5)
    assert host(lx).position(1) == pytest.approx(700, abs=20)
    lx.wait(0.6)
    assert host(lx).position(1) == 900


def test_a_stop_ends_a_move(lx, host, packets):
    lx.ask(packets.lx16a(1, 1, *(900).to_bytes(2, 'little'), *(1000).to_bytes(2, 'little')))
    lx.wait(0.5)
    lx.ask(packets.lx16a(1, 12))
    lx.wait(0.2)
    stopped = host(lx).position(1)
    lx.wait(2.0)
    assert host(lx).position(1) == stopped
    assert 600 < stopped < 800


def test_prepared_moves_wait_for_the_start(lx, host, packets):
    for servo_id in (1, 2):
        lx.ask(packets.lx16a(servo_id, 7, *(800).to_bytes(2, 'little'), 0, 0))
    lx.wait(1.0)
    assert host(lx).position(1) == 500
    lx.ask(packets.lx16a(254, 11))
    lx.wait(2.0)
    assert [host(lx).position(i) for i in (1, 2, 3)] == [800, 800, 500]


def test_a_goal_is_cut_to_the_limits(lx, host, packets):
    lx.ask(packets.lx16a(1, 20, *(200).to_bytes(2, 'little'), *(600).to_bytes(2, 'little')))
    host(lx).goal(1, 900)
    lx.wait(3.0)
    assert host(lx).position(1) == 600


@pytest.mark.parametrize('saved', [False, True])
def test_an_offset_lasts_beyond_power_off_only_if_saved(lx, host, packets, saved):
    lx.ask(packets.lx16a(1, 17, 256 - 100))
    if saved:
        lx.ask(packets.lx16a(1, 18))
    assert host(lx).position(1) == 400
    lx.supply(0.0)
    lx.supply(7.4)
    assert host(lx).position(1) == (400 if saved else 500)


def test_every_setting_reads_back_as_written(lx, packets):
    rows = {20: (21, [10, 0, 200, 3]), 22: (23, [0x88, 0x13, 0xE0, 0x2E]), 24: (25, [70])}
    rows.update({33: (34, [1]), 35: (36, [3]), 29: (30, [1, 0, 0x18, 0xFC])})
    for write, (read, parameters) in rows.items():
        lx.ask(packets.lx16a(2, write, *parameters))
        (reply,) = lx.ask(packets.lx16a(2, read))
        assert list(reply[5:-1]) == parameters


def test_a_new_id_answers_from_then_on(lx, packets):
    lx.ask(packets.lx16a(1, 13, 9))
    assert lx.ask(packets.lx16a(1, 14)) == []
    assert lx.ask(packets.lx16a(9, 14))[0][5] == 9


def test_broadcast_read_of_one_servo_finds_its_id_and_of_many_garbles(bench, packets):
    (reply,) = bench('lx16a', ids=(6,)).ask(packets.lx16a(254, 14))
    assert reply[5] == 6
    (reply,) = bench('lx16a', ids=(1, 2)).ask(packets.lx16a(254, 14))
    assert reply[-1] != ~sum(reply[2:-1]) & 0xFF


def test_motor_mode_turns_without_end(bench, packets):
    lx = bench('lx16a', joint={'tick_min': None, 'tick_max': None})
    lx.servo(1).load(True)
    lx.ask(packets.lx16a(1, 29, 1, 0, *(-1000).to_bytes(2, 'little', signed=True)))
    lx.wait(4.0)
    assert lx.servo(1).model.shaft < -4000
    lx.ask(packets.lx16a(1, 29, 0, 0, 0, 0))
    lx.wait(1.0)
    assert lx.servo(1).model.speed == 0


def test_overheated_it_lets_go_and_pulls_again_by_itself_when_cool(lx, host, packets):
    host(lx).goal(1, 700)
    lx.wait(2.0)
    lx.faults.overheat.add(1)
    lx.wait(0.1)
    assert lx.ask(packets.lx16a(1, 32))[0][5] == 0
    lx.servo(1).place(300)
    lx.faults.overheat.clear()
    lx.servo(1).model.temperature = 60.0
    lx.wait(2.0)
    assert lx.ask(packets.lx16a(1, 32))[0][5] == 1
    assert host(lx).position(1) == 700


def test_jammed_it_lets_go_until_torque_is_asked_for_again(lx, host, packets):
    lx.faults.overload.add(1)
    host(lx).goal(1, 900)
    lx.wait(3.0)
    assert lx.ask(packets.lx16a(1, 32))[0][5] == 0
    lx.faults.overload.clear()
    lx.wait(1.0)
    assert host(lx).position(1) == 500
    host(lx).torque(1)
    lx.wait(2.0)
    assert host(lx).position(1) == 900
