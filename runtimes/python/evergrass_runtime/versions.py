"""Does the SDK that the function brought fit this core?"""
import sys

from greengrass_common.env_vars import GGC_MAX_INTERFACE_VERSION
from greengrass_common.parse_version import parse_version


def _sdk_version():
    """Of the SDK that the handler's module imported, if it did."""
    sdk = sys.modules.get('greengrasssdk')
    return None if sdk is None else getattr(sdk, 'INTERFACE_VERSION', '1.0')


def check():
    """To be called when the handler's module is loaded. RuntimeError when its SDK needs a newer
    core."""
    wanted = _sdk_version()
    if wanted is None or GGC_MAX_INTERFACE_VERSION is None:
        return
    major, minor = (int(part) for part in parse_version(wanted))
    core_major, core_minor = (int(part) for part in parse_version(GGC_MAX_INTERFACE_VERSION))
    if major != core_major or minor > core_minor:
        raise RuntimeError(
            'the greengrasssdk of the function has interface version {} and this core supports up '
            'to {}: use an older version of the SDK'.format(wanted, GGC_MAX_INTERFACE_VERSION))
