"""Where a function's log records and prints go: one pipe to the core for each level."""
import logging  # noqa: F401  (first: it imports the handler itself)

from evergrass_runtime.log_handler import LOCALWATCH_FORMAT, LocalwatchLogHandler
from evergrass_runtime.log_lines import TRACE, StdioLogWriter, least_level  # noqa: F401

# Their names in the SDKs 1.0 and 1.1.
LOCAL_CLOUDWATCH_FORMAT = LOCALWATCH_FORMAT
local_cloudwatch_handler = LocalwatchLogHandler
