"""Says hello on hello/world every few seconds, as long as it lives. For a pinned function."""

import json
import platform
from threading import Timer

import greengrasssdk

PERIOD = 5  # seconds

client = greengrasssdk.client("iot-data")


def say_hello():
    greeting = {"message": "Hello from Greengrass Core", "platform": platform.platform()}
    client.publish(topic="hello/world", payload=json.dumps(greeting))
    Timer(PERIOD, say_hello).start()


def function_handler(event, context):
    """Nothing invokes this function; all of its work starts with it."""


say_hello()
