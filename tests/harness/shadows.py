"""What is written into a device shadow."""

import json


def state(desired=None, reported=None, **more):
    """The text of an update; a section that is None is left out."""
    sections = {"desired": desired, "reported": reported}
    return json.dumps({"state": {k: v for k, v in sections.items() if v is not None}, **more})
