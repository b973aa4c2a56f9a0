"""Every switch with both values, on every protocol that it belongs to."""

import pytest

from ik_gd.arms.servo.emulator.faults import Switches

ALL = ['feetech_sts', 'feetech_scs', 'dynamixel', 'lx16a']
MIDDLE = {'feetech_scs': 512, 'lx16a': 500}
ELSEWHERE = {'feetech_scs': 700, 'lx16a': 800}
NOMINAL = {'feetech_sts': 7.4, 'feetech_scs': 6.0, 'dynamixel': 5.0, 'lx16a': 7.4}


@pytest.fixture
def arm(bench, host):
    def make(driver, **switches):
        made = bench(driver, switches=Switches(**switches))
        return made, host(made)

    return make


@pytest.mark.parametrize('driver', ALL)
@pytest.mark.parametrize('energises', [False, True])
def test_goal_energises(arm, driver, energises):
    made, host = arm(driver, goal_energises=energises)
    goal = ELSEWHERE.get(driver, 2800)
    host.goal(1, goal)
    made.wait(5.0)
    moves = energises and driver != 'dynamixel'  # whose manual says that only torque-on does
    assert host.position(1) == (goal if moves else MIDDLE.get(driver, 2048))
    assert made.servo(1).model.torque_on == moves


@pytest.mark.parametrize('driver', ALL)
@pytest.mark.parametrize('keeps', [False, True])
def test_torque_keeps_goal(arm, driver, keeps):
    made, host = arm(driver, goal_energises=False, torque_keeps_goal=keeps)
    goal = ELSEWHERE.get(driver, 2800)
    host.goal(1, goal)
    host.torque(1)
    made.wait(5.0)
    assert host.position(1) == (goal if keeps else MIDDLE.get(driver, 2048))


@pytest.mark.parametrize('driver', ALL)
@pytest.mark.parametrize('zero', [False, True])
def test_power_up_goal_zero(arm, driver, zero):
    made, host = arm(driver, power_up_goal_zero=zero)
    low = {'feetech_scs': 100, 'lx16a': 0, 'dynamixel': 1000 - 82}.get(driver, 1000)
    host.torque(1)
    made.wait(10.0)
    assert host.position(1) == (low if zero else MIDDLE.get(driver, 2048))


@pytest.mark.parametrize('driver', ALL)
@pytest.mark.parametrize('torque', [False, True])
def test_power_up_torque(arm, driver, torque):
    made, host = arm(driver, power_up_torque=torque)
    assert made.servo(1).model.torque_on == torque
    host.goal(1, ELSEWHERE.get(driver, 2800))
    host.torque(1)
    made.wait(5.0)
    stands = host.position(1)
    made.supply(0.0)
    assert host.position(1) is None
    made.wait(1.0)
    made.supply(NOMINAL[driver])
    made.wait(5.0)
    assert made.servo(1).model.torque_on == torque
    assert host.position(1) == stands


@pytest.mark.parametrize('driver', ['feetech_sts', 'feetech_scs'])
@pytest.mark.parametrize('volatile', [False, True])
def test_locked_is_volatile(arm, driver, volatile):
    made, host = arm(driver, locked_is_volatile=volatile)
    host.write(1, 21, [77])
    assert host.read(1, 21, 1) == bytes([77 if volatile else 32])
    made.supply(0.0)
    made.supply(NOMINAL[driver])
    assert host.read(1, 21, 1) == bytes([32])
    lock = 55 if driver == 'feetech_sts' else 48
    host.write(1, lock, [0])
    host.write(1, 21, [77])
    made.supply(0.0)
    made.supply(NOMINAL[driver])
    assert host.read(1, 21, 1) == bytes([77])


def test_a_write_across_the_end_of_locked_eeprom_reaches_ram(arm):
    _, host = arm('feetech_sts', locked_is_volatile=False)
    host.write(1, 39, [99, 1, 50])
    assert host.read(1, 39, 3) == bytes([10, 1, 50])


@pytest.mark.parametrize('silent', [False, True])
def test_silent_after_dead(arm, packets, silent):
    for driver, request in (
        ('feetech_sts', packets.feetech(0xFE, 0x82, 56, 2, 1, 2, 3)),
        ('dynamixel', packets.dynamixel(0xFE, 0x82, 132, 0, 4, 0, 1, 2, 3)),
    ):
        made, _ = arm(driver, silent_after_dead=silent)
        made.faults.dead.add(2)
        assert len(made.ask(request)) == (1 if silent else 2)


@pytest.mark.parametrize('driver', ALL)
@pytest.mark.parametrize('patience', [0.3, 2.0])
def test_overload_time(arm, driver, patience):
    made, host = arm(driver, overload_time=patience)
    made.faults.overload.add(1)
    host.torque(1)
    host.goal(1, ELSEWHERE.get(driver, 2800))
    made.wait(1.0)
    model = made.servo(1).model
    gave_up = not model.torque_on or model.torque_limit < 0.5
    assert gave_up == (patience < 1.0)


@pytest.mark.parametrize('driver', ALL)
@pytest.mark.parametrize('thermal_time', [1.0, 300.0])
def test_thermal_time(arm, driver, thermal_time):
    made, _ = arm(driver, thermal_time=thermal_time)
    made.faults.overheat.add(1)
    made.wait(0.1)
    assert made.servo(1).model.temperature >= 85
    made.faults.overheat.clear()
    made.wait(3.0)
    assert (made.servo(1).model.temperature < 35) == (thermal_time == 1.0)


@pytest.mark.parametrize('driver', ALL)
def test_a_dead_servo_neither_hears_nor_answers_and_the_others_do(arm, driver):
    made, host = arm(driver)
    made.faults.dead.add(2)
    assert host.position(2) is None
    host.torque(2)
    assert not made.servo(2).model.torque_on
    assert host.position(1) is not None
    made.faults.dead.clear()
    assert host.position(2) is not None


@pytest.mark.parametrize('driver', ALL)
def test_a_servo_at_another_baud_rate_does_not_hear(arm, driver):
    made, host = arm(driver)
    assert host.position(1) is not None
    made.baud = 57_600
    assert host.position(1) is None


@pytest.mark.parametrize('driver', ALL)
def test_power_loss_lets_the_arm_down_and_forgets_ram(bench, host, driver):
    made = bench(driver, gravity={'joint_1': 0.3})
    host(made).goal(1, MIDDLE.get(driver, 2048))
    host(made).torque(1)
    made.wait(1.0)
    before = made.servo(1).position
    made.supply(0.0)
    made.wait(2.0)
    assert made.servo(1).position < before - 100
    made.supply(NOMINAL[driver])
    assert not made.servo(1).model.torque_on
