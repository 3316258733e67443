"""kill -9 of the service while shadows are written over HTTP and MQTT: what was answered is there afterwards."""

import json
import queue
import threading

import botocore.exceptions

from harness.cloud import Cloud
from harness.group import new_thing
from harness.hub import HubClient
from harness.mqtt import Refused


class Writer:
    """The only writer of one shadow. Update n sets `reported` to n, and makes version n, unless one got no answer."""

    def __init__(self, name):
        self.name = name
        self.answered = 0  # the last update that was

    def run(self, endpoints, answers):
        """Updates until the service dies; tells the queue `answers` of each that was answered."""
        try:
            write = self.connect(endpoints)
            while True:
                update = {"state": {"reported": {"n": self.answered + 1}}, "version": self.answered}
                write(json.dumps(update))
                self.answered += 1
                answers.put(self.answered)
        except (botocore.exceptions.BotoCoreError, Refused, OSError):
            answers.put(None)  # nobody waits for a dead service

    def check(self, data):
        """What is there is what was answered, or the one update after it that was under way."""
        try:
            found = json.loads(data.get_thing_shadow(thingName=self.name)["payload"].read())
        except data.exceptions.ResourceNotFoundException:
            assert self.answered == 0, self.name
            return
        version = found["version"]
        assert version in (self.answered, self.answered + 1), self.name
        assert found["state"] == {"reported": {"n": version}}
        assert set(found["metadata"]["reported"]) == {"n"}
        self.answered = version


class HttpWriter(Writer):
    def connect(self, endpoints):
        data = endpoints.boto("iot-data")
        return lambda payload: data.update_thing_shadow(thingName=self.name, payload=payload)


class MqttWriter(Writer):
    """Its answer is PUBACK."""

    def __init__(self, name, thing):
        super().__init__(name)
        self._thing = thing

    def connect(self, endpoints):
        self._client = HubClient(endpoints, self.name, self._thing)
        return lambda payload: self._client.publish(f"$aws/things/{self.name}/shadow/update", payload)

    def run(self, endpoints, answers):
        self._client = None
        super().run(endpoints, answers)
        if self._client:
            self._client.close()


def test_answered_updates_survive(tmp_path, chance, rounds):
    with Cloud(tmp_path / "cloud") as cloud:
        writers = [HttpWriter("http-0"), HttpWriter("http-1")]
        for n in range(2):
            thing = new_thing(cloud.endpoints, tmp_path, f"mqtt-{n}")
            writers.append(MqttWriter(thing.name, thing))
        for _ in range(rounds(5, 100)):
            answers = queue.Queue()
            threads = [
                threading.Thread(target=writer.run, args=(cloud.endpoints, answers))
                for writer in writers
            ]
            for thread in threads:
                thread.start()
            # After so many answers, which is in the middle of the updates that follow.
            for _ in range(chance.randint(1, 80)):
                assert answers.get() is not None, "the service died by itself"
            cloud.kill()
            for thread in threads:
                thread.join()
            cloud.start()
            for writer in writers:
                writer.check(cloud.endpoints.boto("iot-data"))
        assert all(writer.answered > 0 for writer in writers)
