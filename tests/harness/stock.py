"""Stock clients as tests meet them: what boto3 was refused, and which packages of Node.js are there."""

import pytest
from botocore.exceptions import ClientError

from .processes import ROOT


def refused(call, **members):
    """The code of the error that the call ends in."""
    with pytest.raises(ClientError) as caught:
        call(**members)
    return caught.value.response["Error"]["Code"]


def needs_sdk(package):
    there = (ROOT / "tests/interop/node_modules" / package).exists()
    return pytest.mark.skipif(not there, reason="npm ci in tests/interop")
