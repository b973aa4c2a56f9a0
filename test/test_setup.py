"""tools/setup: a missing prerequisite is one clear line; what is installed is left alone.

The script runs for real, in a copy of its files, on a PATH where Python is a stand-in that answers
as the machine in question would and writes down what pip was asked for.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
TOOLS = ('cat', 'cp', 'dirname', 'env', 'grep', 'mkdir', 'rm', 'sh', 'sha256sum', 'tail')

PYTHON = """#!/bin/sh
case "$*" in
    *%d.%d*) echo {version} ;;
    *rclpy*) exit {rclpy} ;;
    *ensurepip*) exit {ensurepip} ;;
    *pybullet*) exit {pybullet} ;;
    *numpy*) echo 1.26.4 ;;
    '-m venv'*) echo "$*" >>calls && mkdir -p .venv/bin && cp pip .venv/bin/python ;;
esac
"""
PIP = '#!/bin/sh\necho "$*" >>calls\n'


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A fresh clone, with only the tools that every Linux has in clone/bin."""
    shutil.copytree(REPOSITORY / 'requirements', tmp_path / 'requirements')
    shutil.copytree(REPOSITORY / 'tools', tmp_path / 'tools')
    for name in ('setup.py', 'setup.cfg', 'pyproject.toml'):
        shutil.copy(REPOSITORY / name, tmp_path)
    (tmp_path / 'bin').mkdir()
    for tool in TOOLS:
        (tmp_path / 'bin' / tool).symlink_to(str(shutil.which(tool)))
    write_program(tmp_path / 'bin' / 'uname', '#!/bin/sh\necho Linux x86_64\n')
    write_program(tmp_path / 'pip', PIP)
    return tmp_path


def write_program(file: Path, text: str) -> None:
    file.write_text(text)
    file.chmod(0o755)


def add_python(clone: Path, name: str, version: str, **imports: int) -> None:
    """Put a Python on the clone's PATH; `imports` are exit codes: 0 where the module is there."""
    exits = {'ensurepip': 0, 'pybullet': 1, 'rclpy': 1, **imports}
    write_program(clone / 'bin' / name, PYTHON.format(version=version, **exits))


def run_setup(clone: Path, *parts: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ['tools/setup', *parts],
        cwd=clone,
        env={'PATH': str(clone / 'bin'), **variables},
        capture_output=True,
        text=True,
    )


def calls_of(clone: Path) -> list[str]:
    """Return what Python and pip were asked to do, and forget it."""
    file = clone / 'calls'
    lines = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return lines


def assert_refused(result: subprocess.CompletedProcess[str], *words: str) -> None:
    """Check for a failure that is one line and has all the words."""
    assert result.returncode == 1
    assert result.stderr.count('\n') == 1
    for word in words:
        assert word in result.stderr


def test_no_python_is_refused_with_the_package_to_install(clone: Path) -> None:
    assert_refused(run_setup(clone, 'run'), 'no Python 3.10 to 3.14', 'apt-get install python3')


def test_an_old_python_is_refused_with_its_version(clone: Path) -> None:
    add_python(clone, 'python3', '3.8')
    assert_refused(run_setup(clone, 'run'), 'python3 is 3.8')


def test_a_python_without_venv_is_refused_with_the_package_to_install(clone: Path) -> None:
    add_python(clone, 'python3', '3.11', ensurepip=1)
    assert_refused(run_setup(clone, 'run'), 'apt-get install python3.11-venv')
    assert not (clone / '.venv').exists()


def test_a_python_with_venv_is_preferred_to_a_better_one_without(clone: Path) -> None:
    add_python(clone, 'python3.11', '3.11', ensurepip=1)
    add_python(clone, 'python3', '3.10')
    assert run_setup(clone, 'run').returncode == 0


def test_a_python_for_which_pybullet_is_compiled_needs_a_compiler(clone: Path) -> None:
    add_python(clone, 'python3', '3.12')
    result = run_setup(clone, 'run')
    assert_refused(result, 'C++ compiler', 'python3.12-dev')
    assert 'compiled' in result.stdout


def test_another_processor_is_refused_by_name(clone: Path) -> None:
    write_program(clone / 'bin' / 'uname', '#!/bin/sh\necho Linux aarch64\n')
    assert_refused(run_setup(clone, 'run'), 'Linux aarch64')


def test_a_venv_of_the_user_is_left_alone(clone: Path) -> None:
    (clone / '.venv').mkdir()
    (clone / '.venv' / 'mine').touch()
    add_python(clone, 'python3', '3.11')
    assert_refused(run_setup(clone, 'run'), '.venv')
    assert (clone / '.venv' / 'mine').exists()


def test_an_unknown_part_is_refused_with_the_choices(clone: Path) -> None:
    add_python(clone, 'python3', '3.11')
    assert_refused(run_setup(clone, 'walk'), "'walk'", 'run, test, lint, bench')


def test_no_network_is_told_in_one_line(clone: Path) -> None:
    closed = 'http://127.0.0.1:9/simple'
    result = run_setup(
        clone,
        'run',
        PYTHON=sys.executable,
        PIP_CONFIG_FILE='/dev/null',
        PIP_INDEX_URL=closed,
        PIP_RETRIES='1',
    )
    assert_refused(result, 'is there a network?')


def test_a_second_run_installs_nothing(clone: Path) -> None:
    add_python(clone, 'python3', '3.11')
    assert run_setup(clone, 'run', 'test').returncode == 0
    assert len(calls_of(clone)) > 3
    result = run_setup(clone, 'run', 'test')
    assert (result.returncode, result.stdout, calls_of(clone)) == (0, '', [])


def test_only_what_changed_is_installed_again(clone: Path) -> None:
    add_python(clone, 'python3', '3.11')
    run_setup(clone, 'run', 'test')
    calls_of(clone)
    with (clone / 'requirements' / 'test.txt').open('a') as file:
        file.write('ruckig\n')
    run_setup(clone, 'run', 'test')
    (call,) = calls_of(clone)
    assert call.endswith('-r requirements/test.txt')


def test_a_failed_installation_is_tried_again(clone: Path) -> None:
    add_python(clone, 'python3', '3.11')
    write_program(clone / 'pip', '#!/bin/sh\necho ERROR: no such thing\nexit 1\n')
    assert_refused(run_setup(clone, 'run'), 'no such thing')
    write_program(clone / '.venv' / 'bin' / 'python', PIP)
    calls_of(clone)
    assert run_setup(clone, 'run').returncode == 0
    assert len([call for call in calls_of(clone) if '-m pip' in call]) == 2


def test_a_sourced_ros_is_used_instead_of_the_wheels(clone: Path) -> None:
    add_python(clone, 'python3', '3.12', rclpy=0, pybullet=0)
    assert run_setup(clone, 'run', ROS_DISTRO='jazzy').returncode == 0
    calls = calls_of(clone)
    assert '--system-site-packages' in calls[0]
    assert not any('ros-wheels' in call for call in calls)
    assert (clone / '.venv' / 'ik_gd' / 'constraints.txt').read_text() == 'numpy==1.26.4\n'


def test_a_ros_without_rclpy_is_said_and_replaced_by_the_wheels(clone: Path) -> None:
    add_python(clone, 'python3', '3.11')
    result = run_setup(clone, 'run', ROS_DISTRO='jazzy')
    assert "'jazzy'" in result.stdout
    assert any('ros-wheels.txt' in call for call in calls_of(clone))
