"""Invokes other functions of the group."""
import base64
import json
from collections import namedtuple

from greengrass_common.function_arn_fields import FunctionArnFields
from greengrass_ipc_python_sdk.ipc_client import IPCClient, IPCException

InvokeOutput = namedtuple('InvokeOutput', ['Payload', 'FunctionError'])


class InvocationException(Exception):
    """The invocation was refused, or the core cannot be reached."""


class StreamingBody(object):
    """A payload to be read in pieces."""

    def __init__(self, payload):
        self._payload = payload
        self._position = 0

    def read(self, amt=None):
        """The next `amt` bytes, or all that is left."""
        start = self._position
        end = len(self._payload) if amt is None else min(start + amt, len(self._payload))
        self._position = end
        return self._payload[start:end]

    def close(self):
        self._payload = b''
        self._position = 0


class Client(object):
    def __init__(self, endpoint='localhost', port=None):
        self.ipc = IPCClient(endpoint=endpoint, port=port)

    def invoke(self, **kwargs):
        """invoke(FunctionName=, Qualifier=, InvocationType=, ClientContext=, Payload=)

        Returns {'Payload': StreamingBody, 'FunctionError': ''}; when the function failed, the
        Payload is the error's bytes and FunctionError 'Handled' or 'Unhandled'."""
        arn = _qualified(kwargs)
        invocation_type = kwargs.get('InvocationType') or 'RequestResponse'
        if invocation_type not in ('RequestResponse', 'Event'):
            raise ValueError("InvocationType must be RequestResponse or Event, not '{}'".format(
                invocation_type))
        payload, error = invoke(self.ipc, arn, kwargs.get('Payload', b''),
                                _checked_context(kwargs.get('ClientContext', b'')), invocation_type)
        if invocation_type == 'Event':
            return {'Payload': b'', 'FunctionError': ''}
        return {'Payload': payload if error else StreamingBody(payload), 'FunctionError': error}


def invoke(ipc, arn, payload, client_context, invocation_type):
    """(payload, function error) of an invocation of any ARN, those of the core included."""
    try:
        invocation_id = ipc.post_work(arn, payload, client_context, invocation_type)
        if invocation_type == 'Event':
            return b'', ''
        result = ipc.get_work_result(arn, invocation_id)
    except IPCException as error:
        raise InvocationException('Failed to invoke function due to ' + str(error))
    return result.payload, result.func_err


def _qualified(arguments):
    if not arguments.get('FunctionName'):
        raise ValueError('FunctionName is needed: the ARN of a function of the group')
    fields = FunctionArnFields(arguments['FunctionName'])
    qualifier = arguments.get('Qualifier')
    if fields.qualifier and qualifier and fields.qualifier != qualifier:
        raise ValueError("Qualifier '{}' is not that of FunctionName, '{}'".format(
            qualifier, fields.qualifier))
    return FunctionArnFields.build_function_arn(
        fields.unqualified_arn, fields.qualifier or qualifier)


def _checked_context(context):
    """Base64 of a JSON object, as bytes or text."""
    if not context:
        return ''
    text = context.decode('ascii') if isinstance(context, bytes) else context
    try:
        json.loads(base64.b64decode(text).decode('utf-8'))
    except ValueError:  # also binascii.Error
        raise ValueError('ClientContext must be base64 of JSON')
    return text
