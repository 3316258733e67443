"""The calls to the core that the runtime itself makes, and what all of them are made of. Imports
little: the public client is for functions that ask for it."""
import os

from greengrass_common.env_vars import AUTH_TOKEN
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
        self.auth_token = AUTH_TOKEN

    def get_work(self, function_arn):
        """Waits for the next invocation of this function: its id, payload and client context."""
        answered, payload = self._call('GET', function_arn, '/work', [])
        return answered.get(_INVOCATION_ID), payload, answered.get(_CLIENT_CONTEXT)

    def post_result(self, function_arn, invocation_id, payload):
        self._call('POST', function_arn, '/work', [(HEADER_INVOCATION_ID, invocation_id)], payload)

    def post_error(self, function_arn, invocation_id, payload):
        headers = [(HEADER_INVOCATION_ID, invocation_id), (HEADER_FUNCTION_ERR_TYPE, 'Handled')]
        self._call('POST', function_arn, '/work', headers, payload)

    def _call(self, method, function_arn, suffix, headers, body=b''):
        """The answer's headers and body. `suffix` follows the function's ARN in the path."""
        path = '/{}/functions/{}{}'.format(IPC_API_VERSION, function_arn, suffix)
        headers = [(HEADER_AUTH_TOKEN, self.auth_token)] + headers
        try:
            _, answered, content = _connection.send(
                self.endpoint, self.port, method, path, headers, body)
            return answered, content
        except _connection.HTTPError as error:
            import logging
            logging.getLogger('greengrass_ipc_python_sdk.ipc_client').error(
                '%s %s: %s, %s', method, path, error, error.body.decode('utf-8', 'replace').strip())
            raise IPCException(str(error))
        except (OSError, IOError, ValueError) as error:
            raise IPCException(str(error))
