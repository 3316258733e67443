"""A thing's rights at the service, and the service's HTTPS for devices, by the thing's certificate."""

import http.client
import json
import ssl

from . import waiting


def arn(endpoints, resource):
    return f"arn:aws:iot:{endpoints.region}:{endpoints.account}:{resource}"


def policy(*statements):
    """The document of statements (effect, action, resource)."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": effect, "Action": action, "Resource": resource}
            for effect, action, resource in statements
        ],
    }


def allow(*statements):
    """The document that allows (action, resource), and nothing else."""
    return policy(*(("Allow", *each) for each in statements))


def ask(endpoints, thing, method, path, payload=None):
    """(status, body) of a request to the service's data plane."""
    host, _, port = endpoints.iot_https.rpartition(":")
    context = ssl.create_default_context(cafile=endpoints.ca_file)
    context.load_cert_chain(thing.cert, thing.key)
    asked = http.client.HTTPSConnection(host, int(port), context=context, timeout=waiting.HANG)
    asked.request(method, path, payload)
    answer = asked.getresponse()
    return answer.status, json.loads(answer.read())
