"""Whether a window can be opened, asked before a C library aborts over it."""

from __future__ import annotations

import ctypes
import os

from ik_gd.core.errors import ArmError

_ADVICE = 'run without a window (gui off), or inside xvfb-run'


def check_display() -> None:
    """Raise ArmError unless the X display that DISPLAY names takes connections."""
    name = os.environ.get('DISPLAY', '')
    if not name:
        raise ArmError(f'no window without a display: DISPLAY is not set; {_ADVICE}')
    try:
        x11 = ctypes.CDLL('libX11.so.6')
    except OSError as error:
        raise ArmError(f'no window without X11: {error}; {_ADVICE}') from error
    x11.XOpenDisplay.argtypes = [ctypes.c_char_p]
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XCloseDisplay.argtypes = [ctypes.c_void_p]
    display = x11.XOpenDisplay(None)
    if not display:
        raise ArmError(f'no window: cannot connect to the display {name!r}; {_ADVICE}')
    x11.XCloseDisplay(display)
