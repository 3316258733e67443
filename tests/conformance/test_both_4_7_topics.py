"""4.7 Topic names and filters, the same numbers in both versions."""

import pytest

from harness import testbed
from harness.mqtt_packets import SUBACK, publish, subscribe

# (filter, matches, does not match); {0} is the test's own topic.
MATCHES = [
    ("{0}/a", ["{0}/a"], ["{0}/A", "{0}/a/", "{0}", "/{0}/a", "{0}/aa", "{0}/a/b"]),
    ("{0}/#", ["{0}", "{0}/", "{0}/a", "{0}/a/b/c", "{0}//"], ["{0}a", "x/{0}"]),
    ("{0}/+", ["{0}/a", "{0}/", "{0}/ "], ["{0}", "{0}/a/b", "{0}/a/", "{0}//"]),
    ("{0}/+/c", ["{0}/a/c", "{0}//c"], ["{0}/c", "{0}/a/b/c", "{0}/a/c/"]),
    ("{0}/+/#", ["{0}/a", "{0}/a/b", "{0}/"], ["{0}"]),
    ("+/{0}", ["a/{0}", "/{0}"], ["{0}", "a/b/{0}", "a/{0}/"]),
    ("+/+/{0}/+", ["//{0}/", "a/b/{0}/c"], ["a/{0}/b", "/{0}/"]),
    ("/{0}", ["/{0}"], ["{0}", "//{0}"]),
    ("/+/{0}", ["/a/{0}", "//{0}"], ["/{0}", "a/b/{0}"]),
    ("{0}/a/#", ["{0}/a", "{0}/a/b"], ["{0}/b", "{0}/ab"]),
    ("{0}/", ["{0}/"], ["{0}"]),
    ("{0}///", ["{0}///"], ["{0}//", "{0}////"]),
    ("{0}/+/+", ["{0}/a/b", "{0}//"], ["{0}/a", "{0}/a/b/c"]),
    ("{0}/a b/+", ["{0}/a b/c"], ["{0}/a/b/c"]),
]


@pytest.mark.parametrize("row", MATCHES, ids=[row[0] for row in MATCHES])
def test_a_filter_matches_what_it_should(client, topic, row):
    """[MQTT-4.7.1-2] [MQTT-4.7.1-3] [MQTT-4.7.3-4]; case, spaces and slashes make a difference (4.7.3)."""
    one = client()
    one.subscribe(row[0].format(topic))
    for other in row[2]:
        one.publish(other.format(topic), "no")
    for name in row[1]:
        one.publish(name.format(topic), "yes")
        one.message(name.format(topic), "yes")
    one.expect_nothing()


@pytest.mark.parametrize("wild", ["#", "+/{0}", "+/#", "+/+"])
@pytest.mark.parametrize("name", ["$other/{0}", "$x{0}/{0}", "$/{0}"])
def test_a_leading_wildcard_leaves_dollar_topics_alone(client, topic, wild, name):
    """[MQTT-4.7.2-1]"""
    watcher, one = client(), client()
    watcher.subscribe(wild.format(topic))
    one.send(publish(client.version, name.format(topic), "hidden"))
    answer_or_close = one.send(publish(client.version, f"a/{topic}", "marker"))
    assert answer_or_close
    while True:
        got = watcher.message()
        assert not got.topic.startswith("$"), got
        if got.topic == f"a/{topic}":
            return


@pytest.mark.parametrize("pattern", ["$other/#", "$other/+", "$other/{0}"])
def test_a_filter_that_begins_with_the_dollar_matches(client, topic, pattern):
    """4.7.2 (CVE-2018-12543: a topic of $ that is not $SYS): a server may refuse its clients such topics."""
    one = client()
    one.send(subscribe(client.version, 1, [(pattern.format(topic), 0)]))
    got = one.expect(SUBACK)
    if got.reasons[0] >= 0x80:
        return
    one.publish(f"$other/{topic}", "x")
    one.message(f"$other/{topic}", "x")


def test_a_dollar_within_a_topic_is_a_letter(client, topic):
    """4.7.2: only the first character counts."""
    one = client()
    one.subscribe(f"+/$/{topic}", f"{topic}/$SYS/#")
    one.publish(f"a/$/{topic}", "x")
    one.message(f"a/$/{topic}")
    one.publish(f"{topic}/$SYS/a", "x")
    one.message(f"{topic}/$SYS/a")


@pytest.mark.parametrize("levels", [2, 8, 32, 100])
def test_many_levels_match(client, topic, levels):
    """4.7.1, 4.7.3"""
    one = client()
    deep = topic + "/a" * levels
    one.subscribe(deep, f"{topic}" + "/+" * levels + "/#")
    one.publish(deep, "x")
    one.message(deep, "x")


@pytest.mark.parametrize("length", [200, 256])
def test_a_long_topic_passes(client, topic, length):
    """[MQTT-4.7.3-3]: AWS's limit of 256 bytes at the least (spec/core.md, message manager)."""
    name = topic + "/" + "x" * (length - len(topic) - 1)
    one = client()
    one.subscribe(name)
    one.publish(name, "x")
    one.message(name, "x")


@pytest.mark.parametrize("version", [4, 5])
def test_the_longest_topic_passes_when_the_limit_allows(limited, clients_of, topic, version):
    """[MQTT-4.7.3-3]: 65,535 bytes is the most that can be written."""
    if_testbed = ("--max-topic-bytes", 65_535) if not testbed.ON_MOSQUITTO else ()
    one = clients_of(limited(*if_testbed), version)()
    name = topic + "/" + "x" * (65_535 - len(topic) - 1)
    one.subscribe(name)
    one.publish(name, "x")
    one.message(name, "x")



def test_a_topic_over_the_limit_is_refused(v3, v5, topic):
    """[MQTT-4.7.3-3], 5.0 4.13: an implementation's limit ends the connection or is answered; not a crash."""
    name = topic + "/" + "x" * 65_000
    for clients in (v3, v5):
        one = clients()
        one.send(subscribe(clients.version, 1, [(name, 0)]))
        got = one.receive()
        assert got is None or got.kind in (SUBACK, 14), got
        clients().settle()


@pytest.mark.parametrize("pattern", ["#", "/#", "+/#", "+"])
def test_short_wildcards_are_filters(client, pattern):
    """4.7.1.2, 4.7.1.3"""
    assert client().subscribe(pattern).reasons == [0]
