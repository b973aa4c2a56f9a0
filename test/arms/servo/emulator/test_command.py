import os
import signal
import subprocess
import sys

import pytest
import yaml

serial = pytest.importorskip('serial', reason='pyserial is not installed')

PATIENCE = 30.0  # [s]


@pytest.fixture
def file(bench, tmp_path):
    path = tmp_path / 'arm.yaml'
    path.write_text(yaml.safe_dump(bench('feetech_sts').calibration))
    return path


@pytest.fixture
def emulate(file):
    started = []

    def start(*words):
        command = [sys.executable, '-m', 'ik_gd.arms.servo.emulator', '--calibration', str(file)]
        process = subprocess.Popen(
            [*command, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_it_prints_the_port_serves_it_and_ends_cleanly(emulate, packets, tmp_path, number):
    link = tmp_path / 'port'
    process = emulate('--link', str(link), '--fault', 'dead=2', '--backlash', '1')
    assert process.stdout.readline().strip() == str(link)
    with serial.Serial(str(link), 1_000_000, timeout=PATIENCE) as port:
        port.write(packets.feetech(2, 1) + packets.feetech(3, 1))
        assert port.read(6)[2] == 3
    process.send_signal(number)
    assert process.wait(PATIENCE) == 0
    assert process.stderr.read() == ''
    assert not os.path.lexists(link)


def test_a_signal_unplugs_and_plugs_in_again(emulate, packets):
    process = emulate()
    path = process.stdout.readline().strip()
    with serial.Serial(path, 1_000_000, timeout=PATIENCE) as port:
        process.send_signal(signal.SIGUSR1)
        with pytest.raises((serial.SerialException, OSError)):
            port.read(1)


def test_it_ends_by_itself_after_the_duration(emulate):
    process = emulate('--duration', '0.1')
    assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize(
    ('words', 'told'),
    [
        (['--fault', 'gremlins=1'], 'gremlins'),
        (['--gravity', 'elbow'], 'elbow'),
        (['--gravity', 'thumb=0.5'], 'thumb'),
        (['--gravity', 'joint_1=7'], '-1 to 1'),
        (['--backlash', 'nan'], 'backlash'),
        (['--duration', '-1'], 'duration'),
        (['--calibration', '/absent.yaml'], '/absent.yaml'),
    ],
)
def test_bad_options_end_it_with_one_line(emulate, words, told):
    process = emulate(*words)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert told in errors
    assert errors.count('\n') == 1
