"""The second argument of a handler."""
import binascii
import os
import time

from evergrass_runtime import codec


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
            fields = codec.loads(binascii.a2b_base64(text.encode('ascii')).decode('utf-8'))
        except ValueError as error:  # binascii.Error is one
            import logging
            logging.getLogger('lambda_runtime').warning(
                'The client context cannot be read: %s', error)
    return ClientContext(fields if isinstance(fields, dict) else {})


def _name_and_version(arn):
    parts = (arn or '').split(':')
    return (parts[6] if len(parts) > 6 else '', parts[7] if len(parts) > 7 else '$LATEST')


class Context(object):
    log_group_name = None
    log_stream_name = None
    identity = None

    def __init__(self, arn, invocation_id, client_context):
        self.aws_request_id = invocation_id
        self.invoked_function_arn = arn
        self.function_name, self.function_version = _name_and_version(arn)
        self.client_context = decode_client_context(client_context)
        self.memory_limit_in_mb = int(os.getenv('EVERGRASS_FUNCTION_MEMORY_KB', '0')) // 1024
        self._deadline = time.time() + float(os.getenv('EVERGRASS_FUNCTION_TIMEOUT', '3'))

    def get_remaining_time_in_millis(self):
        return max(0, int((self._deadline - time.time()) * 1000))
