# The function of the sample group: a long-lived one, in the style of greengrassHelloWorld.
#
# The core calls function_handler for each message that a subscription routes here; what the handler
# publishes goes on by subscriptions too. State outside the handler lives as long as the process.
import json
import logging
import sys
from collections import deque

import greengrasssdk

logger = logging.getLogger(__name__)
logging.basicConfig(stream=sys.stdout, level=logging.INFO)

client = greengrasssdk.client("iot-data")
recent = deque(maxlen=10)

CLOUD_TOPIC = "evergrass/sample/average"


def function_handler(event, context):
    """Takes one reading of the sensor, publishes it with the average of the last ten."""
    recent.append(event["temperature"])
    report = dict(event, average=round(sum(recent) / len(recent), 2), readings=len(recent))
    client.publish(topic=CLOUD_TOPIC, payload=json.dumps(report))


logger.info("sensor_average is up; publishing to %s", CLOUD_TOPIC)
