"""Runs one Lambda function: python3 lambda_runtime.py --handler=module.function

Started by the core in the function's directory, with the environment that
greengrass_common.env_vars reads. This file's directory is first on the module path, so the core's
greengrass_common and greengrass_ipc_python_sdk win over copies in the function's package; the
package's own greengrasssdk wins over ours.
"""
import logging
import os
import signal
import sys

from evergrass_runtime import handler as handlers
from evergrass_runtime import log_setup, versions
from evergrass_runtime.loop import serve

_log = logging.getLogger('lambda_runtime')
_HANDLER_FLAG = '--handler='


def _handler_name(arguments):
    for argument in arguments:
        if argument.startswith(_HANDLER_FLAG):
            return argument[len(_HANDLER_FLAG):]
    raise ValueError('the runtime needs ' + _HANDLER_FLAG + 'module.function')


def _set_module_path():
    own = os.path.dirname(os.path.abspath(__file__))
    package = os.getcwd()
    if package not in sys.path:  # the function may have its own PYTHONPATH
        sys.path.insert(1, package)
    sys.path.append(os.path.join(own, 'sdk'))


def _end(signal_number, frame):
    sys.exit(0)  # runs the function's atexit handlers; the core kills what takes too long


def main():
    log_setup.install()
    signal.signal(signal.SIGTERM, _end)
    _set_module_path()
    name = _handler_name(sys.argv[1:])
    try:
        function = handlers.load(name)
        versions.check()
    except Exception as error:
        logging.exception('The traceback of the failed import:')
        _log.critical('Failed to import handler function "%s" due to exception: %s', name, error)
        sys.exit(1)
    serve(function)


if __name__ == '__main__':
    main()
