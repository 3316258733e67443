"""Reads the secrets that were deployed with the group."""
import base64
import json
from datetime import datetime

from greengrass_common.env_vars import SECRETS_MANAGER_FUNCTION_ARN
from greengrass_ipc_python_sdk.ipc_client import IPCClient

from greengrasssdk.Lambda import invoke


class SecretsManagerError(Exception):
    """The secret cannot be had; the text is the service's."""


class Client(object):
    def __init__(self, endpoint='localhost', port=None):
        self.ipc = IPCClient(endpoint=endpoint, port=port)

    def get_secret_value(self, **kwargs):
        """get_secret_value(SecretId=, VersionStage=)

        Returns boto3's members; CreatedDate is a datetime, SecretBinary bytes."""
        if not kwargs.get('SecretId'):
            raise ValueError('SecretId is needed: the name or ARN of a secret')
        if 'VersionId' in kwargs:
            raise ValueError('VersionId is not supported: use VersionStage')
        request = {name: kwargs[name] for name in ('SecretId', 'VersionStage') if name in kwargs}
        answer, error = invoke(self.ipc, SECRETS_MANAGER_FUNCTION_ARN, json.dumps(request), '',
                               'RequestResponse')
        text = answer.decode('utf-8')
        if error:
            raise SecretsManagerError('Request for secret value returned error ' + text)
        fields = json.loads(text)
        if 'Status' in fields and 'Message' in fields:
            raise SecretsManagerError('Request for secret value returned error ' + text)
        fields['CreatedDate'] = datetime.fromtimestamp(fields['CreatedDate'] / 1000.0)
        if fields.get('SecretBinary') is not None:
            fields['SecretBinary'] = base64.b64decode(fields['SecretBinary'])
        return fields
