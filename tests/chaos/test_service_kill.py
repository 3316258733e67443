"""kill -9 of the service at random points of a script of API calls loses nothing that was answered."""

import queue
import random
import threading

import botocore.exceptions
import pytest

from harness.cloud import Cloud


class Script:
    """Creates, changes and deletes things, policies and groups, and keeps what was answered.

    A call that got no answer may have happened or not: what it touched is `unsure` and not looked
    at, because nothing was promised about it.
    """

    def __init__(self, number, seed):
        self._chance = random.Random(seed)
        self._count = number * 1_000_000  # names of different scripts never meet
        self.things = {}  # name -> attributes
        self.groups = {}  # id -> name
        self.versions = {}  # group id -> versions, oldest first
        self.unsure = set()

    def run(self, endpoints, answered):
        """Calls until the service dies; tells the queue `answered` of each call that was."""
        iot, greengrass = endpoints.boto("iot"), endpoints.boto("greengrass")
        steps = [self._new_thing, self._change_thing, self._delete_thing, self._new_group,
                 self._rename_group, self._new_version]  # fmt: skip
        while True:
            step = self._chance.choice(steps)
            touched = set()
            try:
                step(iot, greengrass, touched)
            except botocore.exceptions.BotoCoreError:
                self.unsure |= touched
                answered.put(None)  # nobody waits for a dead service
                return
            answered.put(step)

    def _fresh(self, kind):
        self._count += 1
        return f"{kind}{self._count}"

    def _sure(self, names):
        return sorted(set(names) - self.unsure)

    def _new_thing(self, iot, _, touched):
        name = self._fresh("thing")
        touched.add(name)
        iot.create_thing(thingName=name)
        self.things[name] = {}

    def _change_thing(self, iot, _, touched):
        if known := self._sure(self.things):
            name, value = self._chance.choice(known), self._fresh("value")
            touched.add(name)
            iot.update_thing(thingName=name, attributePayload={"attributes": {"a": value}})
            self.things[name] = {"a": value}

    def _delete_thing(self, iot, _, touched):
        if len(known := self._sure(self.things)) > 3:
            name = self._chance.choice(known)
            touched.add(name)
            iot.delete_thing(thingName=name)
            del self.things[name]

    def _new_group(self, _, greengrass, touched):
        name = self._fresh("group")
        made = greengrass.create_group(Name=name)
        self.groups[made["Id"]] = name
        self.versions[made["Id"]] = [made["LatestVersion"]]  # a group begins with an empty one

    def _rename_group(self, _, greengrass, touched):
        if known := self._sure(self.groups):
            group, name = self._chance.choice(known), self._fresh("group")
            touched.add(group)
            greengrass.update_group(GroupId=group, Name=name)
            self.groups[group] = name

    def _new_version(self, _, greengrass, touched):
        if known := self._sure(self.groups):
            group = self._chance.choice(known)
            cores = greengrass.create_core_definition(InitialVersion={"Cores": []})
            touched.add(group)
            made = greengrass.create_group_version(
                GroupId=group, CoreDefinitionVersionArn=cores["LatestVersionArn"]
            )
            self.versions[group].append(made["Version"])

    def check(self, endpoints):
        iot, greengrass = endpoints.boto("iot"), endpoints.boto("greengrass")
        for name in self._sure(self.things):
            assert iot.describe_thing(thingName=name)["attributes"] == self.things[name], name
        for group in self._sure(self.groups):
            found = greengrass.get_group(GroupId=group)
            assert found["Name"] == self.groups[group]
            listed = greengrass.list_group_versions(GroupId=group)["Versions"]
            assert {v["Version"] for v in listed} == set(self.versions[group])


@pytest.mark.parametrize("writers", [1, 4])
def test_nothing_answered_is_lost(tmp_path, chance, rounds, writers):
    scripts = [Script(number, chance.random()) for number in range(writers)]
    with Cloud(tmp_path / "cloud") as cloud:
        for _ in range(rounds(5, 60)):
            answered = queue.Queue()
            threads = [
                threading.Thread(target=script.run, args=(cloud.endpoints, answered))
                for script in scripts
            ]
            for thread in threads:
                thread.start()
            # After so many answers, which is in the middle of the calls that follow.
            for _ in range(chance.randint(1, 60)):
                assert answered.get() is not None, "the service died by itself"
            cloud.kill()
            for thread in threads:
                thread.join()
            cloud.start()
            for script in scripts:
                script.check(cloud.endpoints)
