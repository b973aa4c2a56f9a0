"""docs/behaviours.md and the tests it names are about the same things."""

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / 'docs' / 'behaviours.md'
NAMED = set(re.findall(r'test_behaviour_\w+', PAGE.read_text()))
WRITTEN = {
    name
    for file in HERE.glob('test_behaviours*.py')
    for name in re.findall(r'^def (test_behaviour_\w+)', file.read_text(), re.MULTILINE)
}


def test_every_test_that_the_page_names_exists():
    assert NAMED == WRITTEN


def test_each_of_the_fifteen_behaviours_has_a_test():
    assert {int(name.split('_')[2]) for name in WRITTEN} == set(range(1, 16))


def test_links_of_the_page_lead_somewhere():
    for link in re.findall(r'\]\(([^)#]+)\)', PAGE.read_text()):
        assert (PAGE.parent / link).exists(), link
