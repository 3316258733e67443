"""Takes work from the core, calls the handler and gives the result back, one by one."""
import json
import logging
import sys
import traceback

from evergrass_runtime.context import Context
from greengrass_common import encoding_type
from greengrass_common.env_vars import ENCODING_TYPE, MY_FUNCTION_ARN
from greengrass_ipc_python_sdk.ipc_client import IPCClient, WorkItem
from greengrass_ipc_python_sdk.utils.exponential_backoff import retry

_log = logging.getLogger('lambda_runtime')

# A core that restarts its endpoint is back within 3 s, or it restarts this worker too.
_get_work_again = retry(time_unit=0.001, multiplier=50, backoff_coefficient=2, max_delay=500,
                        max_attempts=10, expiration_duration=3000, enable_jitter=True)


def _decode(payload):
    if ENCODING_TYPE == encoding_type.BINARY:
        return payload
    if not payload:
        return {}
    try:
        return json.loads(payload.decode('utf-8'))
    except ValueError as error:
        raise ValueError('the input could not be parsed as JSON: {}'.format(error))


def _encode(result):
    if ENCODING_TYPE != encoding_type.BINARY:
        return json.dumps(result).encode('utf-8')
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
    return json.dumps({
        'errorMessage': str(error),
        'errorType': type(error).__name__,
        'stackTrace': traceback.format_list(traceback.extract_tb(trace)),
    })


def _run(ipc, function, item):
    _log.info('START RequestId: %s', item.invocation_id)
    try:
        result = _encode(function(_decode(item.payload),
                                  Context(item.invocation_id, item.client_context)))
    except Exception as error:
        _log.exception('The handler failed:')
        ipc.post_handler_err(MY_FUNCTION_ARN, item.invocation_id,
                             error_object(error, sys.exc_info()[2]))
    else:
        ipc.post_work_result(MY_FUNCTION_ARN,
                             WorkItem(item.invocation_id, result, item.client_context))
    finally:
        _log.info('End RequestId: %s', item.invocation_id)


def serve(function):
    """Never returns; SystemExit and the like of the handler end the worker."""
    ipc = IPCClient()
    get_work = _get_work_again(ipc.get_work)
    while True:
        _run(ipc, function, get_work(MY_FUNCTION_ARN))
