"""A function's calls to the core."""
import json
import logging
from collections import namedtuple

from greengrass_ipc_python_sdk import _calls
from greengrass_ipc_python_sdk._calls import (  # noqa: F401
    HEADER_AUTH_TOKEN, HEADER_CLIENT_CONTEXT, HEADER_FUNCTION_ERR_TYPE, HEADER_INVOCATION_ID,
    IPC_API_VERSION, IPCException)

HEADER_INVOCATION_TYPE = 'X-Amz-Invocation-Type'

_ROUTER_ARN = 'arn:aws:lambda:::function:GGRouter'

_logger = logging.getLogger(__name__)

WorkItem = namedtuple('WorkItem', ['invocation_id', 'payload', 'client_context'])
GetWorkResultOutput = namedtuple('GetWorkResultOutput', ['payload', 'func_err'])
InitializationResult = namedtuple('InitializationResult', ['function_error'])


class IPCClient(_calls.Calls):
    """Thread-safe: each thread has its own connection.

    SDKs up to 1.5 name a port, always 8000. The core's real one is in GG_DAEMON_PORT and is used.
    """

    _daemon_port = None

    def __init__(self, endpoint='localhost', port=None):
        _calls.Calls.__init__(self, _calls.daemon_host(endpoint),
                              self._daemon_port or _calls.daemon_port())
        if port is not None and port != self.port:
            _logger.debug('port %s is not used: the core listens on %s', port, self.port)

    @staticmethod
    def set_gg_daemon_port(port):
        IPCClient._daemon_port = int(port)

    def post_work(self, function_arn, payload, client_context, invocation_type='RequestResponse'):
        """Invokes a function. Returns the invocation's id."""
        headers = [(HEADER_CLIENT_CONTEXT, _text(client_context)),
                   (HEADER_INVOCATION_TYPE, invocation_type)]
        answered, _ = self._call('POST', function_arn, '', headers, _bytes(payload))
        return answered.get(HEADER_INVOCATION_ID.lower())

    def get_work(self, function_arn):
        """Waits for the next invocation of this function."""
        return WorkItem(*_calls.Calls.get_work(self, function_arn))

    def post_work_result(self, function_arn, work_item):
        self.post_result(function_arn, work_item.invocation_id, _bytes(work_item.payload))

    def post_handler_err(self, function_arn, invocation_id, handler_err):
        """`handler_err`: the error object as JSON text."""
        self.post_error(function_arn, invocation_id, _bytes(handler_err))

    def get_work_result(self, function_arn, invocation_id):
        """Waits for the result of post_work. func_err is '' on success."""
        if function_arn == _ROUTER_ARN:
            return GetWorkResultOutput(payload=b'', func_err='')  # the router has nothing to say
        headers = [(HEADER_INVOCATION_ID, invocation_id)]
        answered, payload = self._call('GET', function_arn, '', headers)
        return GetWorkResultOutput(
            payload=payload, func_err=answered.get(HEADER_FUNCTION_ERR_TYPE.lower(), ''))

    def put_initialization_result(self, function_arn, func_error):
        """None: the function is ready. Else why it isn't."""
        if isinstance(func_error, Exception):
            func_error = '{}("{}")'.format(type(func_error).__name__, func_error)
        body = {'Success': func_error is None,
                'Response': '' if func_error is None else str(func_error)}
        self._call('PUT', function_arn, '/initialized', [], _bytes(json.dumps(body)))


def _bytes(value):
    if value is None:
        return b''
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    return value.encode('utf-8')


def _text(value):
    if value is None:
        return ''
    return value.decode('ascii') if isinstance(value, bytes) else value
