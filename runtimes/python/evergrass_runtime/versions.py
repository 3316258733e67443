"""Does the SDK that the function brought fit this core?"""
import sys

from greengrass_common.env_vars import GGC_MAX_INTERFACE_VERSION
from greengrass_common.parse_version import parse_version


def check():
    """To be called when the handler's module has imported an SDK. RuntimeError when that needs a
    newer core."""
    if GGC_MAX_INTERFACE_VERSION is None:
        return
    wanted = getattr(sys.modules['greengrasssdk'], 'INTERFACE_VERSION', '1.0')
    major, minor = (int(part) for part in parse_version(wanted))
    core_major, core_minor = (int(part) for part in parse_version(GGC_MAX_INTERFACE_VERSION))
    if major != core_major or minor > core_minor:
        raise RuntimeError(
            'the greengrasssdk of the function has interface version {} and this core supports up '
            'to {}: use an older version of the SDK'.format(wanted, GGC_MAX_INTERFACE_VERSION))
