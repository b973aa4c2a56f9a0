"""The bus on its pseudo-terminal, opened as any program opens a port."""

import os
import threading
import time

import pytest

from ik_gd.arms.servo.emulator.faults import Faults
from ik_gd.arms.servo.emulator.virtual_bus import VirtualBus
from ik_gd.core.errors import ArmError

serial = pytest.importorskip('serial', reason='pyserial is not installed')

PATIENCE = 5.0  # [s] nothing takes that long; a busy machine may


@pytest.fixture
def calibration(bench):
    return bench('feetech_sts').calibration


@pytest.fixture
def bus(calibration):
    with VirtualBus.from_calibration(calibration) as made:
        yield made


def open_port(bus, baud=1_000_000, **options):
    return serial.Serial(bus.path, baud, timeout=PATIENCE, **options)


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def ping(port, packets, servo_id=1):
    port.write(packets.feetech(servo_id, 1))
    return port.read(6)


def test_a_host_finds_the_servos(bus, packets):
    with open_port(bus) as port:
        assert ping(port, packets) == bytes.fromhex('FF FF 01 02 00 FC')
    assert bus.reply_count == 1
    assert bus.request_bytes == 6


def test_a_port_opens_again_after_exclusive_use(bus, packets):
    for _ in range(3):
        with open_port(bus, exclusive=True) as port:
            assert len(ping(port, packets)) == 6


@pytest.mark.parametrize('rate', [1_000_000, 500_000, 250_000, 128_000, 115_200, 57_600])
def test_only_the_right_baud_rate_is_heard(calibration, packets, rate):
    calibration['bus']['baud'] = rate
    wrong = 38_400
    with VirtualBus.from_calibration(calibration) as bus:
        with open_port(bus, wrong) as port:
            port.write(packets.feetech(1, 1))
            wait_until(lambda: bus.request_bytes == 6)
            port.baudrate = rate
            assert len(ping(port, packets)) == 6
        assert bus.reply_count == 1


def test_an_unplugged_adapter_hangs_up_and_comes_back_at_the_same_path(bus, packets):
    port = open_port(bus)
    assert len(ping(port, packets)) == 6
    bus.unplug()
    assert not os.path.lexists(bus.path)
    with pytest.raises((serial.SerialException, OSError)):
        port.read(1)
    with pytest.raises((serial.SerialException, OSError)):
        port.write(b'x')
    port.close()
    bus.replug()
    with open_port(bus) as port:
        assert len(ping(port, packets)) == 6


def test_servos_keep_power_and_place_while_the_adapter_is_out(bus, packets):
    with open_port(bus) as port:
        port.write(packets.feetech(1, 3, 40, 1))
        port.read(6)
        port.write(packets.feetech(1, 3, 42, *(2500).to_bytes(2, 'little')))
        port.read(6)
    bus.unplug()
    assert bus.servo(1).torque
    bus.replug()
    assert bus.servo(1).goal_ticks == 2500
    assert bus.servo(1).torque


def test_a_host_that_waits_is_released_by_an_unplug(bus):
    port = open_port(bus)
    caught = []

    def wait():
        try:
            port.read(1)
        except (serial.SerialException, OSError) as error:
            caught.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    bus.unplug()
    thread.join(PATIENCE)
    port.close()
    assert len(caught) == 1


def test_faults_may_change_while_the_bus_runs(bus, packets):
    with open_port(bus) as port:
        assert len(ping(port, packets, 2)) == 6
        bus.faults.echo = True
        assert ping(port, packets, 2) == packets.feetech(2, 1)
        assert port.read(6) == bytes.fromhex('FF FF 02 02 00 FB')
        bus.faults.echo = False
        bus.faults.dead.add(2)
        port.write(packets.feetech(2, 1))  # nobody answers, so what comes next is of servo 3
        assert ping(port, packets, 3)[2] == 3


def test_faults_may_be_there_from_the_start(calibration, packets):
    with (
        VirtualBus.from_calibration(calibration, faults=Faults(dead={1})) as bus,
        open_port(bus) as port,
    ):
        port.write(packets.feetech(1, 1))
        assert ping(port, packets, 2)[2] == 2


def test_a_hand_and_a_screwdriver_reach_every_servo(bus):
    servo = bus.servo('joint_2')
    servo.place(1200)
    assert bus.servo(2).position_ticks == 1200
    servo.set_register('max_temperature', 50)
    servo.temperature = 60
    assert servo.temperature == pytest.approx(60, abs=1)
    assert servo.register('max_temperature') == 50
    bus.power_off()
    bus.power_on()
    assert servo.register('max_temperature') == 50
    assert not servo.torque
    assert servo.goals == []
    assert servo.speed == 0


def test_one_servo_may_lose_its_supply(bus, packets):
    bus.servo(1).set_supply(0)
    with open_port(bus) as port:
        port.write(packets.feetech(1, 1))
        assert ping(port, packets, 2)[2] == 2
        bus.servo(1).set_supply(None)
        assert ping(port, packets, 1)[2] == 1


def test_unknown_servos_and_registers_are_told(bus):
    with pytest.raises(ArmError, match='joint_1'):
        bus.servo('thumb')
    with pytest.raises(ArmError, match='sparkle'):
        bus.servo(1).register('sparkle')


def test_the_port_may_have_a_path_of_choice(calibration, tmp_path, packets):
    path = tmp_path / 'by-id'
    with VirtualBus.from_calibration(calibration, link=path) as bus, open_port(bus) as port:
        assert bus.path == str(path)
        assert len(ping(port, packets)) == 6
    assert not os.path.lexists(path)


def test_a_left_over_link_is_replaced_and_a_file_is_not(calibration, tmp_path):
    left = tmp_path / 'left'
    left.symlink_to('/dev/pts/none')
    with VirtualBus.from_calibration(calibration, link=left):
        assert left.exists()
    file = tmp_path / 'file'
    file.write_text('mine')
    with pytest.raises(ArmError, match='file'):
        VirtualBus.from_calibration(calibration, link=file)
    assert file.read_text() == 'mine'
    with pytest.raises(ArmError, match='absent'):
        VirtualBus.from_calibration(calibration, link=tmp_path / 'absent' / 'port')


def test_closing_leaves_no_thread_file_or_descriptor(calibration):
    VirtualBus.from_calibration(calibration).close()
    before = set(os.listdir('/proc/self/fd')), threading.active_count()
    bus = VirtualBus.from_calibration(calibration)
    folder = os.path.dirname(bus.path)
    bus.unplug()
    bus.unplug()
    bus.replug()
    bus.replug()
    bus.close()
    bus.close()
    assert (set(os.listdir('/proc/self/fd')), threading.active_count()) == before
    assert not os.path.exists(folder)
