"""POST /_evergrass/reset, for conformance suites: who may, what it empties and what stays."""

import http.client
import ssl
import urllib.parse

import pytest

from harness.group import Group, new_thing
from harness.system import System


def post(url, headers, context=None, path="/_evergrass/reset"):
    """(status, body); the Host header is the URL's unless `headers` has one."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(parts.netloc, context=context)
    else:
        connection = http.client.HTTPConnection(parts.netloc)
    connection.request("POST", path, body=b"", headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_it_empties_everything_but_keys_ca_region_and_account(service, tmp_path):
    endpoints = service.endpoints
    ca = open(endpoints.ca_file).read()
    new_thing(endpoints, tmp_path, "gone")
    Group(endpoints)
    assert post(endpoints.api_http, {"X-Evergrass-Reset": "1"}) == (200, b"{}")
    # The same keys go on signing, over both doors.
    assert endpoints.boto("greengrass").list_groups()["Groups"] == []
    assert endpoints.boto("iot", plain=False).list_things()["things"] == []
    assert endpoints.boto("iot").list_policies()["policies"] == []
    assert open(endpoints.ca_file).read() == ca
    made = endpoints.boto("iot").create_thing(thingName="gone")
    assert made["thingArn"].startswith(f"arn:aws:iot:{endpoints.region}:{endpoints.account}:")


def test_it_wants_its_header(service):
    Group(service.endpoints)
    for headers in ({}, {"X-Evergrass-Reset": "0"}):
        status, _ = post(service.endpoints.api_http, headers)
        assert 400 <= status < 500
    assert service.endpoints.boto("greengrass").list_groups()["Groups"]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example"])
def test_a_page_that_rebinds_its_name_to_loopback_is_refused(service, host):
    Group(service.endpoints)
    status, _ = post(service.endpoints.api_http, {"X-Evergrass-Reset": "1", "Host": host})
    assert 400 <= status < 500
    assert service.endpoints.boto("greengrass").list_groups()["Groups"]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_every_name_of_loopback_will_do(service, host):
    status, _ = post(service.endpoints.api_http, {"X-Evergrass-Reset": "1", "Host": host})
    assert status == 200


def test_it_is_served_on_the_plain_loopback_door_alone(service):
    context = ssl.create_default_context(cafile=service.endpoints.ca_file)
    status, _ = post(service.endpoints.api, {"X-Evergrass-Reset": "1"}, context)
    assert 400 <= status < 500


def test_everything_else_there_wants_a_signature(service):
    for path in ("/greengrass/groups", "/things/x", "/_evergrass/other"):
        status, _ = post(service.endpoints.api_http, {"X-Evergrass-Reset": "1"}, path=path)
        assert 400 <= status < 500, path


def test_it_is_off_unless_asked_for(tmp_path):
    with System(tmp_path, "--no-sample") as plain:
        status, _ = post(plain.endpoints.api_http, {"X-Evergrass-Reset": "1"})
        assert 400 <= status < 500
