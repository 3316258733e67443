"""Publishes messages and reads and writes shadows."""
import base64
import json

from greengrass_common.env_vars import ROUTER_FUNCTION_ARN, SHADOW_FUNCTION_ARN
from greengrass_ipc_python_sdk.ipc_client import IPCClient

from greengrasssdk.Lambda import invoke

_POLICIES = {None: '', 'BestEffort': 'BestEffort', 'AllOrException': 'AllOrError'}


class ShadowError(Exception):
    """The shadow service refused a request; the text is its JSON."""


def _context(custom):
    return base64.b64encode(json.dumps({'custom': custom}).encode('utf-8')).decode('ascii')


class Client(object):
    def __init__(self, endpoint='localhost', port=None):
        self.ipc = IPCClient(endpoint=endpoint, port=port)

    def publish(self, **kwargs):
        """publish(topic=, payload=, queueFullPolicy='BestEffort'|'AllOrException')

        Other arguments, such as qos, are taken and have no effect: local messages are QoS 0."""
        topic = _needed(kwargs, 'topic')
        payload = _needed(kwargs, 'payload')
        policy = kwargs.get('queueFullPolicy')
        if policy not in _POLICIES:
            raise ValueError("queueFullPolicy must be BestEffort or AllOrException, not '{}'"
                             .format(policy))
        context = _context({'subject': topic, 'queueFullPolicy': _POLICIES[policy]})
        invoke(self.ipc, ROUTER_FUNCTION_ARN, payload, context, 'Event')

    def get_thing_shadow(self, **kwargs):
        """get_thing_shadow(thingName=) -> {'payload': bytes}"""
        return self._shadow(kwargs, 'get', b'')

    def update_thing_shadow(self, **kwargs):
        """update_thing_shadow(thingName=, payload=) -> {'payload': bytes}"""
        return self._shadow(kwargs, 'update', _needed(kwargs, 'payload'))

    def delete_thing_shadow(self, **kwargs):
        """delete_thing_shadow(thingName=) -> {'payload': bytes}"""
        return self._shadow(kwargs, 'delete', b'')

    def _shadow(self, arguments, operation, payload):
        topic = '$aws/things/{}/shadow/{}'.format(_needed(arguments, 'thingName'), operation)
        answer, error = invoke(self.ipc, SHADOW_FUNCTION_ARN, payload,
                               _context({'subject': topic}), 'RequestResponse')
        text = answer.decode('utf-8')
        if error:
            raise ShadowError('Request for shadow state returned error ' + text)
        fields = json.loads(text)
        if isinstance(fields, dict) and 'code' in fields and 'message' in fields:
            raise ShadowError('Request for shadow state returned error ' + text)
        return {'payload': answer}


def _needed(arguments, name):
    if arguments.get(name) is None:
        raise ValueError(name + ' is needed')
    return arguments[name]
