"""What ik_gd raises. Every message names the bad value and the choices that exist."""


class IkGdError(Exception):
    """Base of all errors that a user of ik_gd can cause and mend."""


class UrdfError(IkGdError):
    """The robot description cannot be read, or it has no such chain."""


class TargetError(IkGdError):
    """A target pose or twist is not usable: NaN, not a rotation, of the wrong shape."""


class SettingsError(IkGdError):
    """A setting, or a set of settings together, is out of its range."""


class ArmError(IkGdError):
    """An arm, simulated or real, cannot be opened or does not answer."""


class CommandError(IkGdError):
    """A joint command or trajectory contradicts itself; nothing of it is carried out."""


class CalibrationError(IkGdError):
    """A servo calibration is not readable, not complete or contradicts itself."""
