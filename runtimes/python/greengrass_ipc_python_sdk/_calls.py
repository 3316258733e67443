"""The calls to the core that the runtime itself makes, and what all of them are made of. Imports
little: the public client is for functions that ask for it."""
import os

from greengrass_ipc_python_sdk import _connection

HEADER_INVOCATION_ID = 'X-Amz-InvocationId'
HEADER_CLIENT_CONTEXT = 'X-Amz-Client-Context'
HEADER_AUTH_TOKEN = 'Authorization'
HEADER_FUNCTION_ERR_TYPE = 'X-Amz-Function-Error'
IPC_API_VERSION = '2016-11-01'

_DEFAULT_PORT = 8000
_INVOCATION_ID = HEADER_INVOCATION_ID.lower()
_CLIENT_CONTEXT = HEADER_CLIENT_CONTEXT.lower()


class IPCException(Exception):
    """The core refused a call or cannot be reached."""


def daemon_host(endpoint='localhost'):
    # A core on another address than 127.0.0.1 tells it by this variable alone.
    uri = os.getenv('AWS_CONTAINER_CREDENTIALS_FULL_URI', '')
    if endpoint == 'localhost' and uri.startswith('http://'):
        return uri[len('http://'):].split('/')[0].rsplit(':', 1)[0]
    return endpoint


def daemon_port():
    return int(os.getenv('GG_DAEMON_PORT') or _DEFAULT_PORT)


class Calls(object):
    """Thread-safe: each thread has its own connection."""

    def __init__(self, endpoint, port):
        self.endpoint = endpoint
        self.port = port
        self.auth_token = os.getenv('AWS_CONTAINER_AUTHORIZATION_TOKEN')

    def get_work(self, function_arn, wait=None):
        """Waits for the next invocation of this function: its id, payload and client context.
        `wait`: _connection.send()."""
        answered, payload = self._call('GET', function_arn, '/work', [], wait=wait)
        return answered.get(_INVOCATION_ID), payload, answered.get(_CLIENT_CONTEXT)

    def post_result(self, function_arn, invocation_id, payload, **more):
        self._post(function_arn, [(HEADER_INVOCATION_ID, invocation_id)], payload, **more)

    def post_error(self, function_arn, invocation_id, payload, **more):
        headers = [(HEADER_INVOCATION_ID, invocation_id), (HEADER_FUNCTION_ERR_TYPE, 'Handled')]
        self._post(function_arn, headers, payload, **more)

    def _post(self, function_arn, headers, payload, asks_next=False, meanwhile=None):
        """`asks_next`: get_work follows; it is sent along. `meanwhile`: _connection.send()."""
        ahead = self._request('GET', function_arn, '/work', []) if asks_next else b''
        self._call('POST', function_arn, '/work', headers, payload, ahead, meanwhile)

    def _request(self, method, function_arn, suffix, headers, body=b''):
        path = _path(function_arn, suffix)
        headers = [(HEADER_AUTH_TOKEN, self.auth_token)] + headers
        return _connection.encode(method, self.endpoint, path, headers, body)

    def _call(self, method, function_arn, suffix, headers, body=b'', ahead=b'', meanwhile=None,
              wait=None):
        """The answer's headers and body. `suffix` follows the function's ARN in the path."""
        try:
            request = self._request(method, function_arn, suffix, headers, body)
            _, answered, content = _connection.send(
                self.endpoint, self.port, request, ahead, meanwhile, wait)
            return answered, content
        except _connection.HTTPError as error:
            import logging
            logging.getLogger('greengrass_ipc_python_sdk.ipc_client').error(
                '%s %s: %s, %s', method, _path(function_arn, suffix), error,
                error.body.decode('utf-8', 'replace').strip())
            raise IPCException(str(error))
        except (OSError, IOError, ValueError) as error:
            raise IPCException(str(error))


def _path(function_arn, suffix):
    return '/{}/functions/{}{}'.format(IPC_API_VERSION, function_arn, suffix)
