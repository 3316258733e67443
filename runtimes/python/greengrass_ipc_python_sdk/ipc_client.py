"""A function's calls to the core."""
import json
import logging
import os
from collections import namedtuple

from greengrass_common.env_vars import AUTH_TOKEN
from greengrass_ipc_python_sdk import _connection

HEADER_INVOCATION_ID = 'X-Amz-InvocationId'
HEADER_CLIENT_CONTEXT = 'X-Amz-Client-Context'
HEADER_AUTH_TOKEN = 'Authorization'
HEADER_INVOCATION_TYPE = 'X-Amz-Invocation-Type'
HEADER_FUNCTION_ERR_TYPE = 'X-Amz-Function-Error'
IPC_API_VERSION = '2016-11-01'

_ROUTER_ARN = 'arn:aws:lambda:::function:GGRouter'
_DEFAULT_PORT = 8000

_logger = logging.getLogger(__name__)

WorkItem = namedtuple('WorkItem', ['invocation_id', 'payload', 'client_context'])
GetWorkResultOutput = namedtuple('GetWorkResultOutput', ['payload', 'func_err'])
InitializationResult = namedtuple('InitializationResult', ['function_error'])


class IPCException(Exception):
    """The core refused a call or cannot be reached."""


class IPCClient(object):
    """Thread-safe: each thread has its own connection.

    SDKs up to 1.5 name a port, always 8000. The core's real one is in GG_DAEMON_PORT and is used.
    """

    _daemon_port = None

    def __init__(self, endpoint='localhost', port=None):
        self.endpoint = self._daemon_host(endpoint)
        self.port = self._daemon_port or int(os.getenv('GG_DAEMON_PORT') or _DEFAULT_PORT)
        self.auth_token = AUTH_TOKEN
        if port is not None and port != self.port:
            _logger.debug('port %s is not used: the core listens on %s', port, self.port)

    @staticmethod
    def set_gg_daemon_port(port):
        IPCClient._daemon_port = int(port)

    @staticmethod
    def _daemon_host(endpoint):
        # A core on another address than 127.0.0.1 tells it by this variable alone.
        uri = os.getenv('AWS_CONTAINER_CREDENTIALS_FULL_URI', '')
        if endpoint == 'localhost' and uri.startswith('http://'):
            return uri[len('http://'):].split('/')[0].rsplit(':', 1)[0]
        return endpoint

    def post_work(self, function_arn, payload, client_context, invocation_type='RequestResponse'):
        """Invokes a function. Returns the invocation's id."""
        headers = [(HEADER_CLIENT_CONTEXT, _text(client_context)),
                   (HEADER_INVOCATION_TYPE, invocation_type)]
        answered, _ = self._call('POST', function_arn, '', headers, _bytes(payload))
        return answered.get(HEADER_INVOCATION_ID.lower())

    def get_work(self, function_arn):
        """Waits for the next invocation of this function."""
        answered, payload = self._call('GET', function_arn, '/work', [])
        return WorkItem(
            invocation_id=answered.get(HEADER_INVOCATION_ID.lower()),
            payload=payload,
            client_context=answered.get(HEADER_CLIENT_CONTEXT.lower()))

    def post_work_result(self, function_arn, work_item):
        headers = [(HEADER_INVOCATION_ID, work_item.invocation_id)]
        self._call('POST', function_arn, '/work', headers, _bytes(work_item.payload))

    def post_handler_err(self, function_arn, invocation_id, handler_err):
        """`handler_err`: the error object as JSON text."""
        headers = [(HEADER_INVOCATION_ID, invocation_id), (HEADER_FUNCTION_ERR_TYPE, 'Handled')]
        self._call('POST', function_arn, '/work', headers, _bytes(handler_err))

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

    def _call(self, method, function_arn, suffix, headers, body=b''):
        path = '/{}/functions/{}{}'.format(IPC_API_VERSION, function_arn, suffix)
        headers = [(HEADER_AUTH_TOKEN, self.auth_token)] + headers
        try:
            _, answered, content = _connection.send(
                self.endpoint, self.port, method, path, headers, body)
            return answered, content
        except _connection.HTTPError as error:
            _logger.error('%s %s: %s, %s', method, path, error,
                          error.body.decode('utf-8', 'replace').strip())
            raise IPCException(str(error))
        except (OSError, IOError, ValueError) as error:
            raise IPCException(str(error))


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
