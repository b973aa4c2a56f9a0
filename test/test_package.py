"""The package's metadata agrees with itself, and all that it names exists."""

from __future__ import annotations

import ast
import re
import runpy
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import setuptools

import ik_gd

REPOSITORY = Path(__file__).resolve().parent.parent

# Requirements of setup.py whose rosdep key is not python3-<name>.
ROSDEP_KEYS = {
    'pybullet': 'python3-pybullet-pip',
    'pyserial': 'python3-serial',
    'pyyaml': 'python3-yaml',
    'xacro': 'xacro',
}


def read_setup_py() -> dict[str, Any]:
    """Return the arguments that setup.py gives to setup()."""
    arguments: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(REPOSITORY)
        patch.setattr(setuptools, 'setup', lambda **given: arguments.update(given))
        runpy.run_path('setup.py')
    return arguments


SETUP = read_setup_py()
PROGRAMS = dict(line.split(' = ') for line in SETUP['entry_points']['console_scripts'])


@pytest.fixture(scope='module')
def manifest() -> Any:
    """package.xml, read and validated by catkin_pkg as colcon, rosdep and bloom do."""
    catkin_pkg = pytest.importorskip('catkin_pkg.package')
    warnings: list[str] = []
    package = catkin_pkg.parse_package(str(REPOSITORY / 'package.xml'), warnings=warnings)
    assert warnings == []
    return package


def test_package_xml_and_setup_py_describe_the_same_package(manifest: Any) -> None:
    assert manifest.name == SETUP['name']
    assert manifest.version == SETUP['version'] == ik_gd.__version__
    assert manifest.licenses == [SETUP['license']]
    assert [(person.name, person.email) for person in manifest.maintainers] == [
        (SETUP['maintainer'], SETUP['maintainer_email'])
    ]


def test_package_xml_is_of_format_3_and_built_by_ament_python(manifest: Any) -> None:
    assert manifest.package_format == 3
    assert manifest.get_build_type() == 'ament_python'


def test_the_version_is_a_literal_that_release_tools_can_replace_as_text() -> None:
    assert f"version='{SETUP['version']}'" in (REPOSITORY / 'setup.py').read_text()


def test_each_requirement_of_setup_py_has_its_rosdep_key_in_package_xml(manifest: Any) -> None:
    keys = {dependency.name for dependency in manifest.exec_depends}
    names = {re.split(r'[^\w-]', text)[0] for text in SETUP['install_requires']} - {'setuptools'}
    assert {ROSDEP_KEYS.get(name, f'python3-{name}') for name in names} <= keys


def imported_packages(folder: str) -> set[str]:
    """Return the top-level packages that the modules below `folder` import."""
    names = set()
    for file in (REPOSITORY / folder).rglob('*.py'):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split('.')[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.split('.')[0])
    return names


def test_each_ros_package_that_the_code_imports_is_in_package_xml(manifest: Any) -> None:
    keys = {dependency.name for dependency in manifest.exec_depends}
    imported = imported_packages('ik_gd') | imported_packages('launch')
    ros = re.compile(r'rclpy|launch\w*|tf2_\w+|ament_index_python|\w+_(msgs|srvs|interfaces)')
    assert {name for name in imported if ros.fullmatch(name)} <= keys


@pytest.mark.parametrize('program', sorted(PROGRAMS))
def test_program_exists(program: str) -> None:
    module, function = PROGRAMS[program].split(':')
    assert callable(getattr(import_module(module), function))


@pytest.mark.parametrize('folder', ['launch', 'config', 'rviz', 'urdf'])
def test_every_file_of_a_shared_folder_is_installed(folder: str) -> None:
    installed = {file for _, files in SETUP['data_files'] for file in files}
    there = {str(p.relative_to(REPOSITORY)) for p in (REPOSITORY / folder).rglob('*.*')}
    assert {name for name in there if '__pycache__' not in name} <= installed


def test_every_folder_with_modules_is_a_package_that_is_installed() -> None:
    folders = {file.parent for file in (REPOSITORY / 'ik_gd').rglob('*.py')}
    names = {'.'.join(folder.relative_to(REPOSITORY).parts) for folder in folders}
    assert names == set(SETUP['packages'])
