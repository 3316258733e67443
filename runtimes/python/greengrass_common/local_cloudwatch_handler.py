"""The log handler under the name that the SDKs 1.0 and 1.1 gave it."""
from greengrass_common.common_log_appender import LocalwatchLogHandler


class LocalCloudwatchLogHandler(LocalwatchLogHandler):
    def __init__(self, component_type, component_name):
        LocalwatchLogHandler.__init__(self, component_type, component_name)
