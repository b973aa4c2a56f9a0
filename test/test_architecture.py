"""The layers hold, and the linters of ROS 2 agree with the code where they are installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGE = str(REPOSITORY / 'ik_gd')
SETUP_CFG = str(REPOSITORY / 'setup.cfg')


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    """Run `code` in a fresh Python at the top of the repository."""
    return subprocess.run(
        [sys.executable, '-c', code], cwd=REPOSITORY, capture_output=True, text=True
    )


def test_imports_keep_to_the_layers_of_the_contracts() -> None:
    pytest.importorskip('importlinter')
    result = run_python('from importlinter.cli import lint_imports; exit(lint_imports())')
    assert result.returncode == 0, result.stdout + result.stderr


def test_importing_ik_gd_loads_neither_numba_nor_ros_nor_pybullet() -> None:
    result = run_python('import ik_gd, ik_gd.cli.main, sys; print(*sys.modules)')
    loaded = set(result.stdout.split())
    assert 'ik_gd' in loaded
    assert loaded.isdisjoint({'numba', 'numpy', 'rclpy', 'pybullet', 'serial'})


def test_ament_flake8_has_no_complaint() -> None:
    linter = pytest.importorskip('ament_flake8.main')
    code, errors = linter.main_with_errors(argv=['--config', SETUP_CFG, PACKAGE])
    assert code == 0, '\n'.join(errors)


def test_ament_pep257_has_no_complaint() -> None:
    linter = pytest.importorskip('ament_pep257.main')
    style = ['--convention', 'google', '--add-ignore', 'D105', 'D107']
    assert linter.main(argv=[*style, '--', PACKAGE]) == 0


@pytest.mark.skipif(shutil.which('xmllint') is None, reason='not installed: xmllint')
def test_ament_xmllint_has_no_complaint() -> None:
    linter = pytest.importorskip('ament_xmllint.main')
    assert linter.main(argv=[str(REPOSITORY / 'package.xml')]) == 0
