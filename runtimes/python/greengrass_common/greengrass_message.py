"""The envelope of early SDKs; no longer on the wire, still imported by packages."""
import base64
import json


class GreengrassMessage(object):
    def __init__(self, payload=b'', **extension_map):
        self.payload = payload
        self.extension_map = extension_map

    def encode(self):
        return json.dumps({
            'Payload': base64.b64encode(self.payload).decode('ascii'),
            'ExtensionMap_': self.extension_map,
        })

    @classmethod
    def decode(cls, text):
        fields = json.loads(text)
        return cls(base64.b64decode(fields['Payload']), **(fields.get('ExtensionMap_') or {}))
