"""The second argument of a handler."""
import base64
import json
import logging
import os
import time

from greengrass_common.env_vars import MY_FUNCTION_ARN

_log = logging.getLogger('lambda_runtime')


class ClientContext(object):
    """What the invoker sent along; for a routed message custom['subject'] is its topic."""

    def __init__(self, fields):
        self.client = fields.get('client') or {}
        self.custom = fields.get('custom') or {}
        self.env = fields.get('env') or {}


def decode_client_context(text):
    fields = {}
    if text:
        try:
            fields = json.loads(base64.b64decode(text).decode('utf-8'))
        except ValueError as error:
            _log.warning('The client context cannot be read: %s', error)
    return ClientContext(fields if isinstance(fields, dict) else {})


def _name_and_version(arn):
    parts = (arn or '').split(':')
    return (parts[6] if len(parts) > 6 else '', parts[7] if len(parts) > 7 else '$LATEST')


class Context(object):
    log_group_name = None
    log_stream_name = None
    identity = None

    def __init__(self, invocation_id, client_context):
        self.aws_request_id = invocation_id
        self.invoked_function_arn = MY_FUNCTION_ARN
        self.function_name, self.function_version = _name_and_version(MY_FUNCTION_ARN)
        self.client_context = decode_client_context(client_context)
        self.memory_limit_in_mb = int(os.getenv('EVERGRASS_FUNCTION_MEMORY_KB', '0')) // 1024
        self._deadline = time.time() + float(os.getenv('EVERGRASS_FUNCTION_TIMEOUT', '3'))

    def get_remaining_time_in_millis(self):
        return max(0, int((self._deadline - time.time()) * 1000))
