"""Parameters as data: declared once, read as a set into frozen settings, rejected whole.

Each node has a table of `Parameter` rows and a function that builds its frozen settings from all
values together and raises SettingsError when they do not fit. docs/parameters.md is made from the
same tables.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node

from ik_gd.core.errors import IkGdError, SettingsError

Settings = TypeVar('Settings')

_KINDS = {bool: 'truth value', int: 'whole number', float: 'number', str: 'text'}


@dataclass(frozen=True)
class Parameter:
    """One row of a node's parameter table.

    Attributes:
        name: as in `ros2 param set`.
        default: fixes the type: bool, int, float, str, or a list of one of them. Where it is a
            float, an integer is taken too: people write `rate:=200`.
        item: the type of the items of a list; a single value is taken as a list of one.
        description: one sentence.
        unit: SI symbol, empty for none.
        minimum: smallest value allowed, None for no bound (numbers only).
        maximum: largest value allowed.
        choices: the values allowed, empty for any (str only).
        live: whether it can be changed while the node runs.
    """

    name: str
    default: Any
    description: str
    unit: str = ''
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    live: bool = False
    item: type = str

    def descriptor(self) -> ParameterDescriptor:
        """Return what `ros2 param describe` shows."""
        text = self.description + (f' [{self.unit}]' if self.unit else '')
        descriptor = ParameterDescriptor(
            name=self.name,
            description=text,
            read_only=not self.live,
            dynamic_typing=isinstance(self.default, (float, list)),
            additional_constraints=f'one of {", ".join(self.choices)}' if self.choices else '',
        )
        if self.minimum is None and self.maximum is None:
            return descriptor
        low = -math.inf if self.minimum is None else self.minimum
        high = math.inf if self.maximum is None else self.maximum
        if isinstance(self.default, int):
            ends = (
                int(max(low, -(2**63))),
                int(min(high, 2**63 - 1)),
            )
            descriptor.integer_range = [IntegerRange(from_value=ends[0], to_value=ends[1])]
        elif isinstance(self.default, float):
            descriptor.floating_point_range = [FloatingPointRange(from_value=low, to_value=high)]
        return descriptor

    def checked(self, value: Any) -> Any:
        """Return `value` in the row's own type.

        Raises:
            SettingsError: it is not allowed, whatever the other parameters are.
        """
        if isinstance(self.default, list):
            is_list = hasattr(value, '__iter__') and not isinstance(value, (str, bytes))
            items = list(value) if is_list else [value]
            if items == [''] and self.item is not str:  # an empty list as `name:=['']`
                items = []
            return [self._checked_one(item, self.item) for item in items]
        return self._checked_one(value, type(self.default))

    def _checked_one(self, value: Any, kind: type) -> Any:
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise SettingsError(f'{self.name}: {value!r} is not a {_KINDS[kind]}')
        if self.choices and value not in self.choices:
            raise SettingsError(f'{self.name}: {value!r} is not one of {", ".join(self.choices)}')
        if kind is float and not math.isfinite(value):
            raise SettingsError(f'{self.name}: {value} is not finite')
        if kind in (int, float):
            low = -math.inf if self.minimum is None else self.minimum
            high = math.inf if self.maximum is None else self.maximum
            if not low <= value <= high:
                unit = f' {self.unit}' if self.unit else ''
                raise SettingsError(
                    f'{self.name}: {value:g}{unit} is not between {low:g} and {high:g}'
                )
        return value


class ParameterSet(Generic[Settings]):
    """A node's parameters, always consistent with each other.

    Args:
        node: declares the parameters on it.
        table: the rows.
        build: makes the frozen settings from all values by name; raises SettingsError when they
            do not fit together. Called at start and for each change before it is accepted.

    Attributes:
        settings: the newest settings that `build` made.
        on_change: called with the new settings after a change; None for nothing.

    Raises:
        SettingsError: a start value is of the wrong type, out of range, or does not fit the rest.
    """

    def __init__(
        self,
        node: Node,
        table: Sequence[Parameter],
        build: Callable[[Mapping[str, Any]], Settings],
    ) -> None:
        self._rows = {row.name: row for row in table}
        self._build = build
        self._values = {row.name: row.checked(_declare(node, row)) for row in table}
        self.settings: Settings = build(self._values)
        self.on_change: Callable[[Settings], None] | None = None
        node.add_on_set_parameters_callback(self._on_set)

    def _on_set(self, parameters: Sequence[Any]) -> SetParametersResult:
        given = {p.name: p.value for p in parameters if p.name in self._rows}
        if not given:
            return SetParametersResult(successful=True)
        try:
            changes = {name: self._rows[name].checked(value) for name, value in given.items()}
            values = {**self._values, **changes}
            settings = self._build(values)
        except IkGdError as error:
            return SetParametersResult(successful=False, reason=str(error))
        self._values, self.settings = values, settings
        if self.on_change is not None:
            self.on_change(settings)
        return SetParametersResult(successful=True)


def _declare(node: Node, row: Parameter) -> Any:
    try:
        return node.declare_parameter(row.name, row.default, row.descriptor()).value
    except Exception as error:  # rclpy raises several unrelated types for a bad override
        raise SettingsError(f'parameter {row.name}: {error}') from error
