"""The shipped launch files: they load, and start the nodes of the graph with its parameters."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

pytest.importorskip('launch_ros', reason='launch_ros is not installed')

from launch import LaunchContext
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch_ros.actions import Node

from ik_gd.nodes.graph import SIMULATION, SIMULATION_ARGUMENTS

FOLDER = Path(__file__).parents[1] / 'launch'
FILES = sorted(FOLDER.glob('*.launch.py'))


def entities_of(file: Path) -> list[object]:
    spec = importlib.util.spec_from_file_location(file.name.replace('.', '_'), file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.generate_launch_description().entities


@pytest.mark.parametrize('file', FILES, ids=lambda file: file.name)
def test_a_launch_file_declares_what_it_uses(file: Path) -> None:
    declared = {e.name for e in entities_of(file) if isinstance(e, DeclareLaunchArgument)}
    assert {'urdf', 'base_link', 'tip_link', 'rate', 'namespace'} <= declared


def test_the_simulation_is_the_graph() -> None:
    context = LaunchContext()
    simulation = entities_of(FOLDER / 'simulation.launch.py')
    for entity in simulation:
        if isinstance(entity, DeclareLaunchArgument):
            entity.visit(context)
    assert set(context.launch_configurations) == {a.name for a in SIMULATION_ARGUMENTS}
    assert any(isinstance(entity, IncludeLaunchDescription) for entity in simulation)
    nodes = [*simulation, *entities_of(FOLDER / 'ik.launch.py')]
    executables = {n.node_executable for n in nodes if isinstance(n, Node)}
    assert {entry.executable for entry in SIMULATION} <= executables


def test_no_target_node_without_a_target() -> None:
    context = LaunchContext()
    context.launch_configurations['target'] = 'none'
    (target,) = (
        entity
        for entity in entities_of(FOLDER / 'simulation.launch.py')
        if isinstance(entity, Node) and entity.node_executable == 'target_node'
    )
    assert not target.condition.evaluate(context)
    context.launch_configurations['target'] = 'circle'
    assert target.condition.evaluate(context)
