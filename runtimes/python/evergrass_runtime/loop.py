"""Takes work from the core, calls the handler and gives the result back, one by one."""
import sys

from evergrass_runtime import codec, log_lines, log_setup
from evergrass_runtime.context import Context
from evergrass_runtime.idle import Idle
from greengrass_common import encoding_type
from greengrass_ipc_python_sdk._calls import Calls, IPCException, daemon_host, daemon_port


def _decode(payload, encoding):
    if encoding == encoding_type.BINARY:
        return payload
    if not payload:
        return {}
    try:
        return codec.loads(payload.decode('utf-8'))
    except ValueError as error:
        raise ValueError('the input could not be parsed as JSON: {}'.format(error))


def _encode(result, encoding):
    if encoding != encoding_type.BINARY:
        return codec.dumps(result).encode('utf-8')
    if result is None:
        return b''
    if isinstance(result, (bytes, bytearray)):
        return bytes(result)
    if hasattr(result, 'encode'):
        return result.encode('utf-8')
    raise TypeError('a function with binary encoding must return bytes, str or None, not {}'.format(
        type(result).__name__))


def error_object(error, trace):
    """The JSON text that an invoker gets for an exception of the handler."""
    import traceback
    return codec.dumps({
        'errorMessage': str(error),
        'errorType': type(error).__name__,
        'stackTrace': traceback.format_list(traceback.extract_tb(trace)),
    })


class _Loop(object):
    def __init__(self, function, pipes):
        # Not before: a worker may have had no function when this module was loaded.
        from greengrass_common import env_vars
        self._arn = env_vars.MY_FUNCTION_ARN
        self._encoding = env_vars.ENCODING_TYPE
        self._function = function
        self._pipes = pipes
        self._core = Calls(daemon_host(), daemon_port())
        self._idle = Idle()

    def run(self):
        while True:
            self._answer(*self._next())

    def _next(self):
        try:
            return self._core.get_work(self._arn, self._idle.wait)
        except IPCException:
            # A core that restarts its endpoint is back within 3 s, or it restarts this worker too.
            from greengrass_ipc_python_sdk.utils.exponential_backoff import retry
            again = retry(time_unit=0.001, multiplier=50, backoff_coefficient=2, max_delay=500,
                          max_attempts=10, expiration_duration=3000, enable_jitter=True)
            return again(self._core.get_work)(self._arn, self._idle.wait)

    def _answer(self, invocation, payload, client_context):
        def end():
            self._say('End RequestId: ' + invocation)

        self._say('START RequestId: ' + invocation)
        try:
            context = Context(self._arn, invocation, client_context)
            result = _encode(self._function(_decode(payload, self._encoding), context),
                             self._encoding)
        except Exception as error:
            import logging
            logging.getLogger('lambda_runtime').exception('The handler failed:')
            self._core.post_error(self._arn, invocation,
                                  error_object(error, sys.exc_info()[2]).encode('utf-8'),
                                  asks_next=True, meanwhile=end)
        except BaseException:
            end()
            raise
        else:
            self._core.post_result(self._arn, invocation, result, asks_next=True, meanwhile=end)

    def _say(self, text):
        """An INFO record, by way of the logging module when the function has it."""
        logging = sys.modules.get('logging')
        if logging is not None and not log_setup.is_as_it_was():
            logging.getLogger('lambda_runtime').info('%s', text)
        else:
            self._pipes.say(log_lines.INFO, __file__, sys._getframe().f_lineno, text)


def serve(function, pipes):
    """Never returns; SystemExit and the like of the handler end the worker."""
    _Loop(function, pipes).run()
