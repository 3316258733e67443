"""Counts how often this worker was invoked. Each worker has a count of its own."""

import json
import os
import time

import greengrasssdk

client = greengrasssdk.client("iot-data")
count = 0


def function_handler(event, context):
    global count
    count += 1
    answer = {
        "message": "Invoked by {}".format(context.client_context.custom["subject"]),
        "Invocation Count": count,
    }
    client.publish(topic="hello/world/counter", payload=json.dumps(answer))
    # Work that takes a while: until the file that the event names is there.
    while not os.path.exists(event["until"]):
        time.sleep(0.05)
