"""From the command line to the handler."""
import os
import sys

try:
    import _signal  # Python 3's signal makes classes of all its numbers
except ImportError:
    import signal as _signal

_HANDLER_FLAG = '--handler='


def handler_name(arguments):
    for argument in arguments:
        if argument.startswith(_HANDLER_FLAG):
            return argument[len(_HANDLER_FLAG):]
    raise ValueError('the runtime needs ' + _HANDLER_FLAG + 'module.function')


def set_module_path():
    own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    package = os.getcwd()
    if package not in sys.path:  # the function may have its own PYTHONPATH
        sys.path.insert(1, package)
    sys.path.append(os.path.join(own, 'sdk'))


def _end(signal_number, frame):
    sys.exit(0)  # runs the function's atexit handlers; the core kills what takes too long


def end_on_sigterm():
    _signal.signal(_signal.SIGTERM, _end)


def load(name):
    """Imports the module of 'package.module.function' and returns the function. A path with
    slashes, as cloud Lambda takes it, is a package path too. Raises what the import raises, and
    RuntimeError when the function's SDK needs a newer core."""
    module_name, _, function_name = name.rpartition('.')
    if not module_name or not function_name:
        raise ValueError("the handler '{}' is not of the form module.function".format(name))
    module_name = module_name.replace('/', '.')
    __import__(module_name)
    function = getattr(sys.modules[module_name], function_name, None)
    if not callable(function):
        raise AttributeError("the module '{}' has no function '{}'".format(
            module_name, function_name))
    if 'greengrasssdk' in sys.modules:
        from evergrass_runtime import versions
        versions.check()
    return function
