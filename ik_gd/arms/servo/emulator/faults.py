"""What can go wrong on a virtual bus, and what nobody knows of a real one without trying it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields

from ik_gd.core.errors import SettingsError


@dataclass
class Faults:
    """What is broken at this moment; change it while the bus runs.

    Attributes:
        dead: ids that neither hear nor answer.
        overheat: ids that are too hot.
        overload: ids whose shaft something holds.
        corrupt_every: one bit of every Nth reply is flipped (0: never).
        lose_every: every Nth reply does not arrive.
        stale_every: every Nth reply arrives only after the next request.
        noise_bytes: so many random bytes come before every reply.
        echo: the adapter returns what the host sent.
        split_after: replies come in two parts, the first of so many bytes (0: whole).
        split_gap: the time between the parts [s].
    """

    dead: set[int] = field(default_factory=set)
    overheat: set[int] = field(default_factory=set)
    overload: set[int] = field(default_factory=set)
    corrupt_every: int = 0
    lose_every: int = 0
    stale_every: int = 0
    noise_bytes: int = 0
    echo: bool = False
    split_after: int = 0
    split_gap: float = 0.002


@dataclass
class Switches:
    """How the servos behave where manuals and reports do not agree; the defaults are the worse.

    Attributes:
        goal_energises: a goal switches torque on (Feetech, LX-16A).
        torque_keeps_goal: torque-on drives to the goal register as it is, else holds still.
        power_up_goal_zero: the goal register is 0 at power-up, else the present position.
        power_up_torque: the servo holds its position from power-up on, else it is limp.
        locked_is_volatile: EEPROM writes under lock last until power-off, else do nothing.
        silent_after_dead: in a sync read, those after a dead servo do not answer, else they do.
        usb_latency: the adapter hands bytes over at multiples of this time [s]; 0 is at once.
        overload_time: how long a servo pushes in vain before it trips [s].
        thermal_time: time constant of warming and cooling [s].
    """

    goal_energises: bool = True
    torque_keeps_goal: bool = True
    power_up_goal_zero: bool = True
    power_up_torque: bool = False
    locked_is_volatile: bool = True
    silent_after_dead: bool = False
    usb_latency: float = 0.0
    overload_time: float = 1.0
    thermal_time: float = 300.0


_WORDS = {'true': True, 'on': True, '1': True, 'false': False, 'off': False, '0': False}


def value_names() -> list[str]:
    """Return the names of all faults and switches."""
    return [item.name for kind in (Faults, Switches) for item in fields(kind)]


def apply_words(words: Iterable[str], faults: Faults, switches: Switches) -> None:
    """Set faults and switches from words such as `dead=3,4`, `echo=true`, `corrupt_every=50`.

    Raises:
        SettingsError: a word is not NAME=VALUE, or has an unknown name or an unusable value.
    """
    homes: dict[str, Faults | Switches] = {item.name: faults for item in fields(faults)}
    homes.update({item.name: switches for item in fields(switches)})
    for word in words:
        name, equals, text = word.partition('=')
        if not equals or name not in homes:
            raise SettingsError(f'fault {word!r}: give NAME=VALUE with one of {", ".join(homes)}')
        setattr(homes[name], name, _parsed(word, getattr(homes[name], name), text))


def _parsed(word: str, present: object, text: str) -> object:
    """Return `text` as a value of the kind that `present` has."""
    if isinstance(present, bool):
        if text.lower() not in _WORDS:
            raise SettingsError(f'fault {word!r}: the value is one of {", ".join(_WORDS)}')
        return _WORDS[text.lower()]
    try:
        if isinstance(present, set):
            return {int(item) for item in text.split(',') if item}
        value = type(present)(text)  # type: ignore[call-arg]
    except ValueError:
        kind = 'ids, such as 3,4' if isinstance(present, set) else 'a number'
        raise SettingsError(f'fault {word!r}: the value is {kind}') from None
    if not 0 <= value < float('inf'):  # type: ignore[operator]
        raise SettingsError(f'fault {word!r}: the value is not negative and finite')
    return value
