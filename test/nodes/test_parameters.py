"""Parameters as a set: types, ranges, and the pages that are made from them."""

from pathlib import Path

import pytest
import yaml

from ik_gd.core.errors import SettingsError
from ik_gd.nodes.ik_parameters import PARAMETERS, IkSettings
from ik_gd.nodes.parameter_pages import NODES, PAGES, table_of
from ik_gd.nodes.parameters import Parameter

ROOT = Path(__file__).parents[2]


def defaults_of(table):
    return {row.name: row.checked(row.default) for row in table}


@pytest.mark.parametrize('name', PAGES)
def test_the_pages_made_from_the_tables_are_current(name):
    page = ROOT / name
    assert page.read_text() == PAGES[name](), 'run `python -m ik_gd.nodes.parameter_pages`'


@pytest.mark.parametrize('node', NODES)
def test_the_shipped_config_is_what_the_node_does_without_it(node):
    config = yaml.safe_load((ROOT / 'config' / 'ik.yaml').read_text())
    given = config[f'/**/{node}']['ros__parameters'] or {}
    rows = {row.name: row for row in table_of(node)}
    for name, value in given.items():
        assert rows[name].checked(value) == rows[name].checked(rows[name].default)


@pytest.mark.parametrize('node', NODES)
def test_every_parameter_is_described_and_its_default_is_allowed(node):
    for row in table_of(node):
        assert row.description
        row.checked(row.default)
        assert row.descriptor().description


@pytest.mark.parametrize('node', NODES)
def test_no_parameter_is_declared_twice(node):
    names = [row.name for row in table_of(node)]
    assert len(names) == len(set(names))


def test_a_number_without_a_decimal_point_is_a_number():
    assert Parameter('rate', 100.0, 'x').checked(200) == 200.0


def test_one_number_is_a_list_of_one():
    assert Parameter('v', [1.0], 'x', item=float).checked(3) == [3.0]


@pytest.mark.parametrize(
    ('row', 'value', 'words'),
    [
        (Parameter('rate', 1.0, 'x'), 'fast', 'rate'),
        (Parameter('rate', 1.0, 'x'), True, 'True'),
        (Parameter('rate', 1.0, 'x'), float('nan'), 'nan'),
        (Parameter('rate', 1.0, 'x'), float('inf'), 'inf'),
        (Parameter('rate', 1.0, 'x', 'Hz', 1.0, 10.0), 11.0, '11 Hz'),
        (Parameter('count', 1, 'x'), 1.5, 'whole number'),
        (Parameter('path', 'a', 'x', choices=('a', 'b')), 'c', 'a, b'),
        (Parameter('v', [1.0], 'x', item=float), [1.0, 'x'], "'x'"),
        (Parameter('v', [1.0], 'x', item=float, minimum=0.0), [1.0, -2.0], '-2'),
    ],
)
def test_a_value_that_is_not_allowed_is_named(row, value, words):
    with pytest.raises(SettingsError, match=row.name) as error:
        row.checked(value)
    assert words in str(error.value)


def test_the_defaults_of_ik_node_make_settings():
    settings = IkSettings.from_values(defaults_of(PARAMETERS))
    assert settings.rate == 100.0
    assert settings.follower.home is None


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        ({'command_joints': ['a', 'a']}, 'named twice'),
        ({'tip_axis': [0.0, 0.0, 0.0]}, 'tip_axis'),
        ({'max_acceleration': [0.0]}, 'max_acceleration'),
    ],
)
def test_a_set_that_does_not_fit_together_is_refused(change, words):
    with pytest.raises(SettingsError, match=words):
        IkSettings.from_values({**defaults_of(PARAMETERS), **change})
