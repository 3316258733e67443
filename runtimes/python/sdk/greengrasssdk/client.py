"""Clients by the names that boto3 gives them."""
from greengrasssdk import IoTDataPlane, Lambda, SecretsManager

_CLIENTS = {
    'iot-data': IoTDataPlane.Client,
    'lambda': Lambda.Client,
    'secretsmanager': SecretsManager.Client,
}


def client(client_type, *args):
    try:
        make = _CLIENTS[client_type]
    except KeyError:
        raise ValueError("unknown client '{}': this SDK has {}".format(
            client_type, ', '.join(sorted(_CLIENTS))))
    return make(*args)
