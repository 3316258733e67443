#!/usr/bin/env python3
"""Finds the core of a group on the local network, without the service.

The device knows one thing: its group's CA, from the last time that it asked discovery. Each core that announces itself
serves a document of the discovery API, signed with the certificate of its MQTT server; whoever the group's CA did not
sign for is refused.

    find_core.py group-ca.pem                              asks the network (avahi-browse, of avahi-utils)
    find_core.py group-ca.pem http://10.0.0.7:8885         asks this core

Prints the document when one is right. Needs python3 and openssl.
"""

import json
import subprocess
import sys
import urllib.request

PATH = "/greengrass/discovery"
SERVICE = "_evergrass-core._tcp"


def announced():
    """The addresses of all cores that announce themselves: http://ADDRESS:PORT."""
    listed = subprocess.run(
        ["avahi-browse", "--parsable", "--resolve", "--terminate", SERVICE], capture_output=True, text=True, check=True
    )
    for line in listed.stdout.splitlines():
        fields = line.split(";")
        if fields[0] == "=":
            address, port = fields[7], fields[8]
            yield f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"


def checked(signed, group_ca):
    """The document, or None when it is not of a core of the group whose CA this is."""
    verify = subprocess.run(
        ["openssl", "cms", "-verify", "-inform", "PEM", "-binary", "-purpose", "sslserver", "-CAfile", group_ca,
         "-no-CApath", "-no-CAstore"],
        input=signed, capture_output=True, check=False,
    )  # fmt: skip
    if verify.returncode != 0:
        print(verify.stderr.decode(errors="replace"), file=sys.stderr)
        return None
    return json.loads(verify.stdout)


def main():
    group_ca, places = sys.argv[1], sys.argv[2:]
    for place in places or announced():
        try:
            with urllib.request.urlopen(place + PATH, timeout=10) as answer:
                document = checked(answer.read(1_000_000), group_ca)
        except OSError as failed:
            print(f"{place}: {failed}", file=sys.stderr)
            continue
        if document is None:
            print(f"{place}: refused, the group's CA has not signed for it", file=sys.stderr)
            continue
        print(json.dumps(document, indent=2))
        return 0
    print("No core of the group was found.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
