"""`colcon build` in an empty workspace gives an install tree whose programs run."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
NOT_SOURCE = shutil.ignore_patterns('.*', 'build', 'install', 'log', '__pycache__', '*.egg-info')
MISSING = [name for name in ('colcon_core', 'colcon_ros') if not importlib.util.find_spec(name)]

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f'not installed: {", ".join(MISSING)}')


@pytest.fixture(scope='module')
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which ik_gd has been built."""
    folder = tmp_path_factory.mktemp('workspace')
    shutil.copytree(REPOSITORY, folder / 'src' / 'ik_gd', ignore=NOT_SOURCE)
    result = subprocess.run(
        [sys.executable, '-m', 'colcon', 'build', '--event-handlers', 'console_direct+'],
        cwd=folder,
        env=without_this_checkout(),
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return folder


def without_this_checkout() -> dict[str, str]:
    """Return the environment without the tests' own path to ik_gd."""
    paths = os.environ['PYTHONPATH'].split(os.pathsep)[1:]
    return {**os.environ, 'PYTHONPATH': os.pathsep.join(paths)}


def run_in(workspace: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Run a shell command in the sourced workspace, away from the sources."""
    return subprocess.run(
        ['sh', '-c', f'. {workspace}/install/local_setup.sh && {command}'],
        cwd=workspace / 'install',
        env=without_this_checkout(),
        capture_output=True,
        text=True,
    )


def test_ros2_finds_the_package_and_its_files(workspace: Path) -> None:
    share = workspace / 'install' / 'ik_gd' / 'share'
    assert (share / 'ament_index' / 'resource_index' / 'packages' / 'ik_gd').is_file()
    assert (share / 'ik_gd' / 'package.xml').is_file()
    for folder in ('config', 'launch', 'urdf'):
        expected = {p.name for p in (REPOSITORY / folder).iterdir() if p.is_file()}
        assert {p.name for p in (share / 'ik_gd' / folder).iterdir()} == expected


def test_the_programs_are_where_ros2_run_looks(workspace: Path) -> None:
    programs = {p.name for p in (workspace / 'install' / 'ik_gd' / 'lib' / 'ik_gd').iterdir()}
    assert {'ik_gd', 'ik_node', 'simulator_node', 'servo_node', 'target_node'} <= programs


def test_a_sourced_workspace_imports_the_installed_package(workspace: Path) -> None:
    result = run_in(workspace, f'{sys.executable} -c "import ik_gd; print(ik_gd.__file__)"')
    assert result.stdout.startswith(str(workspace / 'install')), result.stderr


@pytest.mark.parametrize(
    ('arguments', 'expected'),
    [('--version', 'ik_gd '), ('info install/ik_gd/share/ik_gd/urdf/planar2.urdf', 'joint')],
)
def test_an_installed_program_runs(workspace: Path, arguments: str, expected: str) -> None:
    program = f'cd {workspace} && install/ik_gd/lib/ik_gd/ik_gd {arguments}'
    result = run_in(workspace, program)
    assert (result.returncode, result.stderr) == (0, '')
    assert expected in result.stdout
