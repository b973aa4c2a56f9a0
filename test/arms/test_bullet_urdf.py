"""A prepared URDF is one that PyBullet loads whole."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree

import pytest

from ik_gd.arms.bullet_urdf import BulletJoint, MimicJoint, one_color_per_link, prepare_urdf
from ik_gd.core.errors import UrdfError

ARM = """
<robot name="arm">
  <link name="base">
    <visual><geometry><mesh filename="here.stl"/></geometry></visual>
    <collision><geometry><mesh filename="gone.stl"/></geometry></collision>
    <visual><geometry><mesh filename="gone.stl"/></geometry></visual>
    <inertial><mass value="2"/>
      <inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>
  </link>
  <link name="upper"><visual><geometry><box size="1 1 1"/></geometry></visual></link>
  <link name="fore"><inertial><mass value="0"/></inertial></link>
  <link name="frame"/>
  <link name="finger"/>
  <joint name="turn" type="continuous"><parent link="base"/><child link="upper"/></joint>
  <joint name="bend" type="revolute"><parent link="upper"/><child link="fore"/>
    <limit lower="0.5" upper="1.5" effort="0" velocity="0"/></joint>
  <joint name="tool" type="fixed"><parent link="fore"/><child link="frame"/></joint>
  <joint name="grip" type="prismatic"><parent link="frame"/><child link="finger"/>
    <limit lower="0" upper="1" effort="3" velocity="4"/>
    <mimic joint="bend" multiplier="-2" offset="0.1"/></joint>
</robot>
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'here.stl').write_text('solid')
    return tmp_path


def masses(text: str) -> dict[str, float]:
    root = ElementTree.fromstring(text)
    return {
        link.get('name'): float(link.find('inertial/mass').get('value'))
        for link in root.findall('link')
    }


def test_meshes_become_absolute_and_missing_ones_go_with_one_warning_each(folder) -> None:
    prepared = prepare_urdf(ARM, folder, environment={})
    meshes = [mesh.get('filename') for mesh in ElementTree.fromstring(prepared.text).iter('mesh')]
    assert meshes == [str(folder / 'here.stl')]
    assert prepared.warnings == ("link 'base': mesh 'gone.stl' is not found; left out",)


def test_a_mesh_format_that_pybullet_cannot_read_is_left_out(folder) -> None:
    (folder / 'gone.glb').write_text('')
    prepared = prepare_urdf(ARM.replace('gone.stl', 'gone.glb'), folder, environment={})
    assert '.obj' in prepared.warnings[0]
    assert 'gone.glb' not in prepared.text


def test_every_link_has_a_mass_and_those_that_had_one_keep_it(folder) -> None:
    found = masses(prepare_urdf(ARM, folder, environment={}).text)
    assert found.pop('base') == 2.0
    assert set(found) == {'upper', 'fore', 'frame', 'finger'}
    assert all(0.0 < mass < 0.1 for mass in found.values())
    assert found['frame'] < found['upper']


def test_limits_that_mean_none_become_usable_ones(folder) -> None:
    turn, bend = prepare_urdf(
        ARM, folder, default_velocity=7.0, default_effort=8.0, environment={}
    ).joints
    assert (turn.name, turn.lower, turn.upper) == ('turn', -math.inf, math.inf)
    assert (turn.max_velocity, turn.max_effort) == (7.0, 8.0)
    assert (bend.max_velocity, bend.max_effort) == (7.0, 8.0)


@pytest.mark.parametrize(
    ('lower', 'upper', 'rest'),
    [
        (-1.0, 3.0, 0.0),
        (-math.inf, math.inf, 0.0),
        (0.5, 1.5, 1.0),
        (-3.0, 0.0, -1.5),
        (-3.9, 0.1, -1.9),
    ],
)
def test_joints_rest_at_zero_or_amidst_limits_that_exclude_or_nearly_exclude_it(
    lower, upper, rest
) -> None:
    assert BulletJoint('bend', lower, upper, 1.0, 1.0).rest_position == pytest.approx(rest)


def test_mimic_joints_are_listed_apart(folder) -> None:
    prepared = prepare_urdf(ARM, folder, environment={})
    assert prepared.mimics == (MimicJoint('grip', 'bend', -2.0, 0.1),)
    assert 'grip' not in [joint.name for joint in prepared.joints]


def test_the_root_comes_first_among_the_links_wherever_the_file_has_it(folder) -> None:
    moved = ARM.replace('<link name="finger"/>', '').replace(
        '<link name="base">', '<link name="finger"/><link name="base">'
    )
    assert prepare_urdf(moved, folder, environment={}).links[0] == 'base'


def test_preparing_twice_changes_nothing(folder) -> None:
    once = prepare_urdf(ARM, folder, environment={})
    again = prepare_urdf(once.text, None, environment={})
    assert (again.text, again.warnings) == (once.text, ())


def test_what_is_not_a_urdf_is_refused() -> None:
    with pytest.raises(UrdfError, match='not XML'):
        prepare_urdf('<robot')


def test_a_second_colour_of_a_link_becomes_a_link_fixed_to_it() -> None:
    visual = '<visual><geometry><box size="1 1 1"/></geometry><material name="{}"/></visual>'
    text = (
        '<robot name="r"><link name="base">'
        + ''.join(visual.format(color) for color in ('red', 'blue', 'red'))
        + '</link></robot>'
    )
    root = ElementTree.fromstring(one_color_per_link(text))
    colors = [
        [visual.find('material').get('name') for visual in link.findall('visual')]
        for link in root.findall('link')
    ]
    assert colors == [['red', 'red'], ['blue']]
    assert root.find('joint').get('type') == 'fixed'
    assert root.find('joint/parent').get('link') == 'base'


def test_no_line_is_longer_than_pybullet_reads(folder) -> None:
    links = ''.join(
        f'<link name="l{i}"/><joint name="j{i}" type="fixed">'
        f'<parent link="base"/><child link="l{i}"/></joint>'
        for i in range(300)
    )
    text = ARM.replace('\n', '').replace('</robot>', links + '</robot>')
    assert max(map(len, text.splitlines())) > 8192
    prepared = prepare_urdf(text, folder).text
    assert max(map(len, prepared.splitlines())) < 1024
    assert max(map(len, one_color_per_link(prepared).splitlines())) < 1024
