"""A device in Python with paho; discovery is a plain HTTPS call with the device's certificate."""

import argparse
import http.client
import json
import ssl
import urllib.parse

import paho.mqtt.client as mqtt


def read_arguments():
    parser = argparse.ArgumentParser()
    for name in ("endpoint", "port", "rootCA", "cert", "key", "thingName", "topic"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--mode", choices=["publish", "subscribe"], required=True)
    parser.add_argument("--message", help="what to say once, with --mode publish")
    return parser.parse_args()


def discover(args):
    """The groups of this thing, as the service answers them."""
    context = ssl.create_default_context(cafile=args.rootCA)
    context.load_cert_chain(args.cert, args.key)
    connection = http.client.HTTPSConnection(args.endpoint, int(args.port), context=context)
    thing = urllib.parse.quote(args.thingName, safe="")
    connection.request("GET", f"/greengrass/discover/thing/{thing}")
    response = connection.getresponse()
    body = response.read().decode()
    if response.status != 200:
        raise SystemExit(f"discovery answered {response.status}: {body}")
    return json.loads(body)


def device(args, group, core):
    """A client that trusts the group's CA and, once connected, does what --mode says."""
    context = ssl.create_default_context(cadata="".join(group["CAs"]))
    context.load_cert_chain(args.cert, args.key)
    client = mqtt.Client(client_id=args.thingName)
    client.tls_set_context(context)

    def on_connect(client, userdata, flags, code):
        if code != 0:
            raise SystemExit(f"the core refused the connection with {code}")
        if args.mode == "subscribe":
            client.subscribe(args.topic)
        else:
            client.publish(args.topic, args.message, qos=1)

    def on_subscribe(client, userdata, mid, granted):
        print(f"Subscribed to {args.topic}", flush=True)

    def on_message(client, userdata, message):
        print(f"Received message on topic {message.topic}: {message.payload.decode()}", flush=True)
        client.disconnect()

    def on_publish(client, userdata, mid):
        print(f"Published topic {args.topic}: {args.message}", flush=True)
        client.disconnect()

    client.on_connect, client.on_subscribe = on_connect, on_subscribe
    client.on_message, client.on_publish = on_message, on_publish
    client.connect(core["HostAddress"], core["PortNumber"])
    return client


def main():
    args = read_arguments()
    group = discover(args)["GGGroups"][0]
    core = group["Cores"][0]["Connectivity"][0]
    print(f"Core at {core['HostAddress']}:{core['PortNumber']} in group {group['GGGroupId']}")
    device(args, group, core).loop_forever()


if __name__ == "__main__":
    main()
