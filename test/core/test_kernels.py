"""The one rule of the kernels that the compiler does not check: who may take views from whom."""

import ast
from pathlib import Path

from ik_gd.core import kernels


def decorator_of(function):
    """Return the source of a kernel's decorator, None for what is no kernel."""
    for decorator in function.decorator_list:
        if ast.unparse(decorator).startswith('kernel'):
            return ast.unparse(decorator)
    return None


SOURCES = [ast.parse(path.read_text()) for path in Path(kernels.__path__[0]).glob('*.py')]
KERNELS = {
    node.name: node
    for source in SOURCES
    for node in source.body
    if isinstance(node, ast.FunctionDef) and decorator_of(node)
}
TUPLES_OF_ARRAYS = {
    node.name
    for source in SOURCES
    for node in source.body
    if isinstance(node, ast.ClassDef) and 'Array' in ast.unparse(node)
}
ALLOCATING = {name for name, node in KERNELS.items() if 'allocates=True' in decorator_of(node)}
RETURNING_ARRAYS = {
    name
    for name, node in KERNELS.items()
    if node.returns
    and any(word in ast.unparse(node.returns) for word in (*TUPLES_OF_ARRAYS, 'Array'))
}


def calls(function):
    """Return the names of the functions that a function calls."""
    called = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
    return {node.id for node in called if isinstance(node, ast.Name)}


def test_the_kernels_are_found():
    assert {'unpack', 'scratch_from', 'forward'} <= RETURNING_ARRAYS
    assert {'forward', 'solve_many'} <= ALLOCATING
    assert not {'solve', 'descend', 'unpack'} & ALLOCATING


def test_what_counts_references_takes_no_view_from_what_does_not():
    borrowing = RETURNING_ARRAYS - ALLOCATING
    for name in ALLOCATING:
        assert not calls(KERNELS[name]) & borrowing, name


def test_what_does_not_count_references_takes_no_array_from_what_does():
    owning = RETURNING_ARRAYS & ALLOCATING
    for name in set(KERNELS) - ALLOCATING:
        assert not calls(KERNELS[name]) & owning, f'{name} would never free it'
