"""Runs one Lambda function: python3 lambda_runtime.py --handler=module.function

Started by the core in the function's directory, with the environment that
greengrass_common.env_vars reads. This file's directory is first on the module path, so the core's
greengrass_common and greengrass_ipc_python_sdk win over copies in the function's package; the
package's own greengrasssdk wins over ours.

What a function can do without is not imported before it or a fault asks for it: most of a cold
start was that.
"""
import sys

from evergrass_runtime import log_setup, start


def leave_alone_what_is_loaded():
    """It stays as long as the worker does: no collection need look at it, which takes milliseconds in
    the midst of an invocation."""
    import gc
    if hasattr(gc, 'freeze'):
        gc.freeze()


def main():
    if sys.argv[1:] == ['--wait']:
        from evergrass_runtime import waiting
        waiting.take_order()
    pipes = log_setup.install()
    start.end_on_sigterm()
    name = start.handler_name(sys.argv[1:])
    start.set_module_path()
    try:
        function = start.load(name)
    except Exception as error:
        import logging
        logging.exception('The traceback of the failed import:')
        logging.getLogger('lambda_runtime').critical(
            'Failed to import handler function "%s" due to exception: %s', name, error)
        sys.exit(1)
    from evergrass_runtime import loop
    leave_alone_what_is_loaded()
    loop.serve(function, pipes)


if __name__ == '__main__':
    main()
