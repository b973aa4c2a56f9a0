from __future__ import annotations

import math

import numpy as np
import pytest

from ik_gd.core.errors import UrdfError
from ik_gd.core.urdf import load_urdf_text, parse_urdf

ROTARY = '<parent link="{0}"/><child link="{1}"/><limit lower="-1" upper="1" velocity="2"/>'


def robot(*parts: str) -> str:
    return '<robot name="r">' + ''.join(parts) + '</robot>'


def link(*names: str) -> str:
    return ''.join(f'<link name="{name}"/>' for name in names)


def joint(name: str, parent: str, child: str, kind: str = 'revolute', extra: str = '') -> str:
    body = ROTARY.format(parent, child) if '<limit' not in extra else ''
    links = '' if body else f'<parent link="{parent}"/><child link="{child}"/>'
    return f'<joint name="{name}" type="{kind}">{links}{body}{extra}</joint>'


BAD_DESCRIPTIONS = {
    'not XML': ('<robot', 'not XML'),
    'not a robot': ('<sdf/>', '<sdf>'),
    'no links': (robot(), 'no <link>'),
    'nameless link': (robot('<link/>'), 'no name'),
    'duplicate link': (robot(link('a', 'a')), 'duplicate link name: a'),
    'duplicate joint': (
        robot(link('a', 'b', 'c'), joint('j', 'a', 'b'), joint('j', 'b', 'c')),
        'duplicate joint name: j',
    ),
    'unknown parent': (robot(link('a', 'b'), joint('j', 'x', 'b')), "no parent link 'x'"),
    'unknown child': (robot(link('a', 'b'), joint('j', 'a', 'x')), "no child link 'x'"),
    'two parents': (
        robot(link('a', 'b', 'c'), joint('j', 'a', 'c'), joint('k', 'b', 'c')),
        'child of two joints',
    ),
    'cycle': (
        robot(link('a', 'b', 'c'), joint('j', 'b', 'c'), joint('k', 'c', 'b')),
        'cycle: b -> c -> b',
    ),
    'two roots': (robot(link('a', 'b', 'c'), joint('j', 'a', 'b')), 'do not hang together: a, c'),
    'unknown type': (
        robot(link('a', 'b'), joint('j', 'a', 'b', 'screw')),
        "'screw' is not one of",
    ),
    'NaN origin': (
        robot(link('a', 'b'), joint('j', 'a', 'b', extra='<origin xyz="0 nan 0"/>')),
        "origin xyz is '0 nan 0'",
    ),
    'short origin': (
        robot(link('a', 'b'), joint('j', 'a', 'b', extra='<origin rpy="0 0"/>')),
        "origin rpy is '0 0'",
    ),
    'zero axis': (
        robot(link('a', 'b'), joint('j', 'a', 'b', extra='<axis xyz="0 0 0"/>')),
        "axis '0 0 0' has no direction",
    ),
    'no limits': (
        robot(
            link('a', 'b'),
            '<joint name="j" type="revolute"><parent link="a"/><child link="b"/></joint>',
        ),
        'has no <limit>',
    ),
    'crossed limits': (
        robot(link('a', 'b'), joint('j', 'a', 'b', extra='<limit lower="1" upper="-1"/>')),
        'lower limit 1 is above upper limit -1',
    ),
    'no child': (
        robot(link('a', 'b'), '<joint name="j" type="fixed"><parent link="a"/></joint>'),
        'has no <child',
    ),
}


@pytest.mark.parametrize('name', BAD_DESCRIPTIONS)
def test_bad_description_is_refused_with_what_is_wrong(name: str) -> None:
    text, message = BAD_DESCRIPTIONS[name]
    with pytest.raises(UrdfError) as caught:
        parse_urdf(text)
    assert message in str(caught.value)
    assert '\n' not in str(caught.value)


def test_missing_file_is_named() -> None:
    with pytest.raises(UrdfError, match=r"'/no/such\.urdf'.*No such file"):
        load_urdf_text('/no/such.urdf')


def test_zero_velocity_and_effort_mean_unknown() -> None:
    text = robot(
        link('a', 'b'), joint('j', 'a', 'b', extra='<limit lower="-1" upper="1" effort="0"/>')
    )
    read = parse_urdf(text).joint('j')
    assert math.isinf(read.max_velocity)
    assert math.isinf(read.max_effort)


def test_continuous_joint_has_no_position_limits() -> None:
    read = parse_urdf(robot(link('a', 'b'), joint('j', 'a', 'b', 'continuous'))).joint('j')
    assert (read.lower, read.upper, read.max_velocity) == (-math.inf, math.inf, 2.0)


def test_axis_is_scaled_to_unit_length() -> None:
    text = robot(link('a', 'b'), joint('j', 'a', 'b', extra='<axis xyz="0 3 4"/>'))
    np.testing.assert_allclose(parse_urdf(text).joint('j').axis, [0.0, 0.6, 0.8], atol=1e-15)


def test_unknown_links_are_refused_with_those_that_exist() -> None:
    tree = parse_urdf(robot(link('a', 'b'), joint('j', 'a', 'b')))
    with pytest.raises(UrdfError, match=r"no tip link 'tool'.*a, b"):
        tree.path('a', 'tool')
    with pytest.raises(UrdfError, match=r"no base link 'world'.*a, b"):
        tree.path('world', 'b')


def test_several_leaves_need_a_choice() -> None:
    tree = parse_urdf(robot(link('a', 'b', 'c'), joint('j', 'a', 'b'), joint('k', 'a', 'c')))
    with pytest.raises(UrdfError, match=r'several possible tip links: b, c'):
        tree.path(None, None)


def test_base_has_to_be_above_tip() -> None:
    tree = parse_urdf(robot(link('a', 'b', 'c'), joint('j', 'a', 'b'), joint('k', 'a', 'c')))
    with pytest.raises(UrdfError, match=r"'b' is not above tip link 'c'"):
        tree.path('b', 'c')


def test_xacro_is_expanded(tmp_path) -> None:
    text = (
        '<robot name="r" xmlns:xacro="http://www.ros.org/wiki/xacro">'
        '<xacro:property name="tip" value="hand"/><link name="${tip}"/></robot>'
    )
    path = tmp_path / 'r.urdf.xacro'
    path.write_text(text)
    for source in (path, str(path), text):
        assert parse_urdf(load_urdf_text(source)[0]).links == ('hand',)


def test_broken_xacro_is_one_error() -> None:
    text = '<robot xmlns:xacro="http://www.ros.org/wiki/xacro"><link name="${nobody}"/></robot>'
    with pytest.raises(UrdfError, match='xacro cannot expand'):
        load_urdf_text(text)


def test_declaration_and_comments_before_robot_are_fine() -> None:
    text = '\n <?xml version="1.0" ?><!-- arm --><robot name="r"><link name="a"/></robot>'
    assert parse_urdf(load_urdf_text(text)[0]).root == 'a'


def test_prefixes_that_are_not_declared_are_no_error() -> None:
    text = load_urdf_text(
        '<robot name="r"><link name="a"><drake:proximity_properties/></link><link name="b"/>'
        '<joint name="j" type="fixed" my:note="1"><parent link="a"/><child link="b"/></joint>'
        '</robot>'
    )[0]
    assert parse_urdf(text).links == ('a', 'b')


def test_declared_prefixes_stay_as_they_are() -> None:
    text = '<robot xmlns:drake="https://drake.mit.edu"><link name="a" drake:b="c"/></robot>'
    assert load_urdf_text(text)[0] == text


def test_a_forgotten_declaration_of_xacro_is_no_silent_loss() -> None:
    text = load_urdf_text('<robot><xacro:property name="x" value="1"/><link name="a"/></robot>')[0]
    with pytest.raises(UrdfError, match='unbound prefix'):
        parse_urdf(text)
