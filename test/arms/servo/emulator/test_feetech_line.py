import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

patient = settings(deadline=None, max_examples=60)  # the machine may be busy


def packet(text):
    return bytes.fromhex(text)


@pytest.fixture
def sts(bench):
    return bench('feetech_sts')


def test_golden_bytes(sts):
    assert sts.ask(packet('FF FF 01 02 01 FB')) == [packet('FF FF 01 02 00 FC')]
    sts.servo(1).place(2049)
    assert sts.ask(packet('FF FF 01 04 02 38 02 BE')) == [packet('FF FF 01 04 00 01 08 F1')]
    sts.servo(2).place(2049)
    replies = sts.ask(packet('FF FF FE 06 82 38 02 01 02 3C'))
    assert replies == [packet('FF FF 01 04 00 01 08 F1'), packet('FF FF 02 04 00 01 08 F0')]


def test_the_model_number_is_where_scans_look_for_it(sts, host, bench):
    assert host(sts).read(1, 3, 2) == (777).to_bytes(2, 'little')
    assert host(bench('feetech_scs')).read(1, 3, 2) == (1284).to_bytes(2, 'big')


@pytest.mark.parametrize('driver', ['feetech_sts', 'feetech_scs'])
@given(data=st.binary(max_size=200))
@patient
def test_noise_never_raises_and_is_forgotten_after_a_pause(bench, driver, data, packets):
    line = bench(driver)
    line.ask(data)
    line.ask(b'\xff\xff' + data)
    line.servo(line.line.servos[0].servo_id).registers.store('id', 7)  # noise may be a write
    line.servo(7).registers.store('baud', 0)
    line.wait(1.0)
    replies = line.ask(packets.feetech(7, 1))
    assert len(replies) == 1


INSTRUCTIONS = [1, 2, 3, 4, 5, 6, 0x82, 0x83]
requests = st.tuples(
    st.sampled_from([1, 2, 0xFE]),
    st.sampled_from(INSTRUCTIONS) | st.integers(0, 255),
    st.lists(st.sampled_from([0, 1, 2, 40, 42]) | st.integers(0, 255), max_size=24),
)


@pytest.mark.parametrize('driver', ['feetech_sts', 'feetech_scs'])
@given(asked=st.lists(requests, max_size=8))
@patient
def test_no_request_raises_whatever_its_parameters(bench, packets, driver, asked):
    line = bench(driver)
    for servo_id, instruction, parameters in asked:
        for reply in line.ask(packets.feetech(servo_id, instruction, *parameters)):
            assert reply.startswith(b'\xff\xff')
        line.wait(0.05)


def test_a_read_that_no_packet_can_hold_is_not_answered(sts, packets):
    assert len(sts.ask(packets.feetech(1, 2, 0, 250))) == 1
    assert sts.ask(packets.feetech(1, 2, 0, 255)) == []
    assert sts.ask(packets.feetech(0xFE, 0x82, 0, 255, 1, 2)) == []


def test_a_packet_may_come_in_pieces_but_not_with_a_long_pause(sts, packets):
    ping = packets.feetech(1, 1)
    assert sts.line.hear(ping[:3], 1.0, sts.baud) == []
    assert len(sts.line.hear(ping[3:], 1.001, sts.baud)) == 1
    assert sts.line.hear(ping[:3], 2.0, sts.baud) == []
    assert sts.line.hear(ping[3:], 2.1, sts.baud) == []


def test_garbage_before_a_packet_is_skipped(sts, packets):
    assert len(sts.ask(b'\x00\xff\xff\xff' + packets.feetech(2, 1))) == 1


def test_a_wrong_checksum_is_not_answered(sts):
    assert sts.ask(packet('FF FF 01 02 01 FA')) == []


def test_broadcast_writes_reach_all_and_nobody_answers(sts, packets):
    assert sts.ask(packets.feetech(0xFE, 3, 40, 1)) == []
    assert all(servo.model.torque_on for servo in sts.line.servos)


def test_two_servos_with_one_id_answer_at_once_and_garble(sts, packets):
    sts.servo(2).registers.store('id', 1)
    sts.servo(1).place(1500)
    (reply,) = sts.ask(packets.feetech(1, 2, 56, 2))
    assert reply[-1] != ~sum(reply[2:-1]) & 0xFF


def test_a_broadcast_ping_is_answered_in_turn_by_sts_and_not_at_all_by_scs(bench, packets):
    ping = packets.feetech(0xFE, 1)
    assert [reply[2] for reply in bench('feetech_sts', ids=(5, 2, 9)).ask(ping)] == [2, 5, 9]
    assert bench('feetech_scs', ids=(1,)).ask(ping) == []


def test_registered_writes_wait_for_the_action(sts, packets):
    sts.ask(packets.feetech(1, 4, 42, 0xDC, 0x05))
    assert sts.servo(1).registers.get('goal_position') == 0
    sts.ask(packets.feetech(0xFE, 5))
    assert sts.servo(1).registers.get('goal_position') == 1500


def test_sync_write_gives_each_its_own_goal(sts, packets):
    goals = [1, *(1500).to_bytes(2, 'little'), 3, *(2500).to_bytes(2, 'little')]
    assert sts.ask(packets.feetech(0xFE, 0x83, 42, 2, *goals)) == []
    sts.wait(3.0)
    assert [servo.position for servo in sts.line.servos] == [1500, 2048, 2500]
    assert [goal for _, goal in sts.servo(1).goals] == [1500]


def test_the_scs_series_is_big_endian_and_has_no_sync_read(bench, host, packets):
    scs = bench('feetech_scs')
    host(scs).goal(1, 700)
    scs.wait(3.0)
    assert host(scs).read(1, 56, 2) == (700).to_bytes(2, 'big')
    assert scs.ask(packets.feetech(0xFE, 0x82, 56, 2, 1, 2)) == []


def test_response_level_zero_answers_reads_only(sts, host, packets):
    host(sts).write(1, 8, [0])
    assert sts.ask(packets.feetech(1, 3, 40, 0)) == []
    assert sts.ask(packets.feetech(1, 2, 40, 1)) != []


@pytest.mark.parametrize('offset', [-2047, -300, 0, 555, 2047])
@pytest.mark.parametrize('position', [1000, 2048, 3000])
def test_present_is_actual_less_the_homing_offset(bench, offset, position):
    sts = bench('feetech_sts', joint={'homing_offset': offset, 'zero_tick': position})
    assert sts.servo(1).position == position
    assert sts.servo(1).model.shaft == position + offset


def test_a_single_turn_position_wraps_and_a_multi_turn_one_does_not(bench):
    sts = bench('feetech_sts', joint={'tick_min': None, 'tick_max': None})
    servo = sts.servo(1)
    servo.model.place(4100)
    assert servo.position == 4
    servo.registers.store('phase', 0b10000)
    assert servo.position == 4100


def test_a_goal_is_cut_to_the_angle_limits(sts, host):
    host(sts).goal(1, 4000)
    sts.wait(5.0)
    assert sts.servo(1).position == 3000


def test_speed_is_sign_and_magnitude(sts, host):
    sts.ask(packet('FF FF 01 02 01 FB'))
    host(sts).write(1, 46, (500).to_bytes(2, 'little'))
    host(sts).goal(1, 1000)
    sts.wait(0.5)
    assert host(sts).read(1, 58, 2) == (0x8000 | 500).to_bytes(2, 'little')


def test_acceleration_speed_and_goal_in_one_write_set_off_together(sts, host):
    words = [10, *(2500).to_bytes(2, 'little'), 0, 0, *(400).to_bytes(2, 'little')]
    host(sts).write(1, 41, words)
    model = sts.servo(1).model
    assert (model.acceleration_limit, model.speed_limit, model.goal) == (1000, 400, 2500)


def test_torque_128_makes_here_the_middle(sts, host):
    sts.servo(1).place(1234)
    host(sts).write(1, 55, [0])
    host(sts).write(1, 40, [128])
    assert host(sts).position(1) == 2048
    sts.supply(0.0)
    sts.supply(7.4)
    assert host(sts).position(1) == 2048


def test_status_bits_tell_low_voltage_heat_and_overload(sts, host, packets):
    servo = sts.servo(1)
    sts.supply(3.5)
    assert sts.ask(packets.feetech(1, 1))[0][4] == 1
    sts.supply(7.4)
    sts.faults.overheat.add(1)
    sts.wait(0.1)
    assert sts.ask(packets.feetech(1, 1))[0][4] == 4
    assert sts.ask(packets.feetech(2, 1))[0][4] == 0
    sts.faults.overheat.clear()
    servo.model.temperature = 25.0
    sts.faults.overload.add(1)
    host(sts).goal(1, 2900)
    sts.wait(3.0)
    assert sts.ask(packets.feetech(1, 1))[0][4] == 32
    assert host(sts).read(1, 65, 1) == b'\x20'
    assert servo.model.torque_limit == pytest.approx(0.2)  # the protective torque
    sts.faults.overload.clear()
    host(sts).torque(1, False)
    assert sts.ask(packets.feetech(1, 1))[0][4] == 0


def test_factory_reset_spares_the_id(sts, packets):
    sts.servo(3).registers.store('p_gain', 99)
    assert len(sts.ask(packets.feetech(3, 6))) == 1
    assert sts.servo(3).registers.get('p_gain') == 32
