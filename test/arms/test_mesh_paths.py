"""Meshes are found where ROS and PyBullet would find them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ik_gd.arms.mesh_paths import find_mesh


@pytest.fixture
def mesh(tmp_path: Path) -> Path:
    path = tmp_path / 'share/my_arm/meshes/link 1.stl'
    path.parent.mkdir(parents=True)
    path.write_text('solid')
    return path


@pytest.mark.parametrize(
    'name',
    [
        'package://my_arm/meshes/link 1.stl',
        'package://my_arm/meshes/link%201.stl',
        'model://my_arm/meshes/link 1.stl',
    ],
)
def test_a_package_name_is_found_in_the_share_folders_of_ament(tmp_path, mesh, name) -> None:
    environment = {'AMENT_PREFIX_PATH': f'/nowhere:{tmp_path}'}
    assert find_mesh(name, None, environment) == mesh


@pytest.mark.parametrize('root', ['share', 'share/my_arm'])
def test_a_package_name_is_found_in_ros_package_path(tmp_path, mesh, root) -> None:
    environment = {'ROS_PACKAGE_PATH': str(tmp_path / root)}
    assert find_mesh('package://my_arm/meshes/link 1.stl', None, environment) == mesh


@pytest.mark.parametrize(
    'name',
    [
        'package://my_arm/meshes/link 1.stl',
        'package://meshes/link 1.stl',  # as pybullet_data's Panda has it
        'package://other_name/meshes/link 1.stl',  # a package that was renamed
        '../meshes/link 1.stl',
        'meshes/link 1.stl',
    ],
)
def test_without_any_ros_the_folders_above_the_urdf_are_searched(mesh, name) -> None:
    folder = mesh.parents[1] / 'urdf'
    folder.mkdir()
    assert find_mesh(name, folder, {}) == mesh


def test_absolute_names_need_no_folder(mesh) -> None:
    assert find_mesh(str(mesh), None, {}) == mesh
    assert find_mesh(f'file://{mesh}', None, {}) == mesh


@pytest.mark.parametrize('name', ['package://my_arm/none.stl', 'none.stl', '/none.stl', ''])
def test_what_is_not_there_is_not_found(tmp_path, mesh, name) -> None:
    assert find_mesh(name, tmp_path, {'AMENT_PREFIX_PATH': str(tmp_path)}) is None
