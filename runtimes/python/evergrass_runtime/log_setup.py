"""Leads the root logger and what is printed to the core's log pipes."""
import logging
import sys

from greengrass_common import common_log_appender


def install():
    handler = common_log_appender.LocalwatchLogHandler()
    logging.addLevelName(common_log_appender.TRACE, 'TRACE')
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(common_log_appender.least_level() or common_log_appender.TRACE)
    sys.stdout = common_log_appender.StdioLogWriter(logging.INFO, handler, descriptor=1)
    sys.stderr = common_log_appender.StdioLogWriter(logging.ERROR, handler, descriptor=2)
