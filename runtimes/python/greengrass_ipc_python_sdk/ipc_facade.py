"""Calls to services that run as functions, as the machine learning SDK makes them."""
from collections import namedtuple

from greengrass_ipc_python_sdk.ipc_client import IPCClient, IPCException

GreengrassServiceMessage = namedtuple('GreengrassServiceMessage', ['context', 'payload'])
GreengrassServiceCallOutput = namedtuple(
    'GreengrassServiceCallOutput', ['response', 'error_response'])
GreengrassServiceRegistryEntry = namedtuple(
    'GreengrassServiceRegistryEntry', ['service_client', 'resolved_addr'])


class GreengrassRuntimeException(Exception):
    """The service could not be called, or ended without an answer of its own."""


class GreengrassServiceClient(object):
    def __init__(self):
        self._ipc = IPCClient()

    def call(self, address, message):
        """Invokes the function `address` and waits. An error that the service itself answered is
        the error_response."""
        try:
            invocation_id = self._ipc.post_work(address, message.payload, message.context)
            result = self._ipc.get_work_result(address, invocation_id)
        except IPCException as error:
            raise GreengrassRuntimeException(str(error))
        if not result.func_err:
            return GreengrassServiceCallOutput(response=result.payload, error_response=None)
        if result.func_err == 'Handled':
            return GreengrassServiceCallOutput(response=None, error_response=result.payload)
        raise GreengrassRuntimeException(
            '{}: {}'.format(result.func_err, result.payload.decode('utf-8', 'replace')))
