"""What a function says to the core: the SDK of functions that bring none in their package."""
from greengrasssdk import IoTDataPlane, Lambda, SecretsManager  # noqa: F401
from greengrasssdk.Lambda import StreamingBody  # noqa: F401
from greengrasssdk.client import client  # noqa: F401

__version__ = '1.6.1'
INTERFACE_VERSION = '1.5'
