#!/usr/bin/env python3
"""A device of a Greengrass group: finds its core, connects to it and publishes.

Needs python3 and python3-paho-mqtt of Debian. Everything else lies beside this file: device.json says who the
device is and where it asks for its core.

    python3 device.py                               a message each 5 seconds to THING/data, until Ctrl-C
    python3 device.py --topic pump/1 --message on --once
    python3 device.py --subscribe 'pump/#'          prints what arrives
"""

import argparse
import http.client
import json
import pathlib
import ssl
import sys
import threading

import paho.mqtt.client as mqtt

HERE = pathlib.Path(__file__).resolve().parent
KNOWN_CORES = HERE / "cores.json"  # what discovery said last: the core is found without the service too


def own_context(settings, ca_pem=None):
    """TLS with the device's own certificate; trusts the service's CA, or the given ones."""
    context = ssl.create_default_context(cafile=None if ca_pem else HERE / settings["serviceCa"], cadata=ca_pem)
    context.load_cert_chain(HERE / settings["certificate"], HERE / settings["key"])
    return context


def discover(settings):
    """The groups that have this device, each with its core's addresses and the CAs to trust there."""
    context = own_context(settings)
    if settings["discoveryPort"] == 443:
        context.set_alpn_protocols(["x-amzn-http-ca"])
    service = http.client.HTTPSConnection(
        settings["discoveryHost"], settings["discoveryPort"], context=context, timeout=10
    )
    service.request("GET", "/greengrass/discover/thing/" + settings["thing"])
    answer = service.getresponse()
    body = answer.read().decode()
    if answer.status != 200:
        sys.exit(f"Discovery answered {answer.status}: {body}")
    return json.loads(body)["GGGroups"]


def find_cores(settings):
    """From the service; when it cannot be reached, what it said last."""
    try:
        groups = discover(settings)
    except OSError as failed:
        if not KNOWN_CORES.exists():
            sys.exit(f"The service cannot be reached, and no core is known yet: {failed}")
        print(f"The service cannot be reached ({failed}); the last known core is tried.", file=sys.stderr)
        return json.loads(KNOWN_CORES.read_text())
    KNOWN_CORES.write_text(json.dumps(groups))
    return groups


def new_client(settings, ca_pem):
    name = settings["thing"]
    if hasattr(mqtt, "CallbackAPIVersion"):  # paho 2
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION1, client_id=name)
    else:
        client = mqtt.Client(client_id=name)
    client.tls_set_context(own_context(settings, ca_pem))
    return client


def connect(settings, groups):
    """A client that is connected to the first address that answers. Its loop runs."""
    for group in groups:
        for core in group["Cores"]:
            for place in core["Connectivity"]:
                client = new_client(settings, "\n".join(group["CAs"]))
                admitted = threading.Event()
                client.on_connect = lambda _client, _data, _flags, code, event=admitted: code == 0 and event.set()
                try:
                    client.connect(place["HostAddress"], place["PortNumber"], keepalive=60)
                except OSError as failed:
                    print(f"{place['HostAddress']}:{place['PortNumber']}: {failed}", file=sys.stderr)
                    continue
                client.loop_start()
                if admitted.wait(10):
                    print(f"connected to {place['HostAddress']}:{place['PortNumber']}", flush=True)
                    return client
                client.loop_stop()
                print(f"{place['HostAddress']}:{place['PortNumber']}: the core does not admit us", file=sys.stderr)
    sys.exit("No core of the group could be reached.")


def main():
    settings = json.loads((HERE / "device.json").read_text())
    parser = argparse.ArgumentParser(description="A device of a Greengrass group.")
    parser.add_argument("--topic", default=settings["thing"] + "/data")
    parser.add_argument("--message", help="default: a number that counts up")
    parser.add_argument("--once", action="store_true", help="one message, and end when the core has it")
    parser.add_argument("--subscribe", metavar="FILTER", help="print what arrives; publish nothing")
    asked = parser.parse_args()

    client = connect(settings, find_cores(settings))
    done = threading.Event()
    try:
        if asked.subscribe:
            client.on_message = lambda _client, _data, m: print(m.topic, m.payload.decode(errors="replace"), flush=True)
            client.subscribe(asked.subscribe, qos=1)
            done.wait()
        count = 0
        while not done.is_set():
            count += 1
            payload = asked.message or json.dumps({"device": settings["thing"], "count": count})
            sent = client.publish(asked.topic, payload, qos=1)
            sent.wait_for_publish()
            print(f"published to {asked.topic}: {payload}", flush=True)
            if asked.once:
                break
            done.wait(5)
    except KeyboardInterrupt:
        pass
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    main()
