"""The handler of log records, for the root logger and for those that a function sets up itself."""
import logging

from evergrass_runtime.log_lines import Pipes

LOCALWATCH_FORMAT = '%(filename)s:%(lineno)d,%(message)s'


class LocalwatchLogHandler(logging.Handler):
    """Writes each record as one line to the pipe of its level."""

    def __init__(self, component_type=None, component_name=None, pipes=None):
        self._pipes = pipes or Pipes()
        logging.Handler.__init__(self, self._pipes.least_level)
        self._formatter = logging.Formatter(LOCALWATCH_FORMAT)
        self.setFormatter(self._formatter)

    def is_as_it_was(self):
        return (self.formatter is self._formatter and not self.filters and
                self.level == self._pipes.least_level)

    def emit(self, record):
        try:
            self._pipes.write(record.levelno, self.format(record))
        except (KeyboardInterrupt, SystemExit):
            raise
        except Exception:  # a log line must never end the function
            pass
