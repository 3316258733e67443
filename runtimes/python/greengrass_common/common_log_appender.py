"""Where a function's log records and prints go: one pipe to the core for each level.

The core puts time and level in front of each line and writes it to the function's log file.
"""
import io
import logging
import os
import sys
import threading

TRACE = 5
LOCALWATCH_FORMAT = '%(filename)s:%(lineno)d,%(message)s'
LOCAL_CLOUDWATCH_FORMAT = LOCALWATCH_FORMAT  # its name in the SDKs 1.0 and 1.1

_LEVELS = {
    'NOTSET': logging.NOTSET,
    'TRACE': TRACE,
    'DEBUG': logging.DEBUG,
    'INFO': logging.INFO,
    'WARN': logging.WARNING,
    'WARNING': logging.WARNING,
    'ERROR': logging.ERROR,
    'FATAL': logging.CRITICAL,
    'CRITICAL': logging.CRITICAL,
}
# The pipe of the highest of these that a record reaches.
_PIPES = (
    (logging.CRITICAL, 'FATAL'),
    (logging.ERROR, 'ERROR'),
    (logging.WARNING, 'WARN'),
    (logging.INFO, 'INFO'),
    (logging.DEBUG, 'DEBUG'),
    (logging.NOTSET, 'TRACE'),
)
_STDERR = 2


def least_level():
    """The level of LOG_LEVEL. The function may have set the variable for itself: a word that is
    no level counts as INFO."""
    return _LEVELS.get(os.getenv('LOG_LEVEL', 'INFO').upper(), logging.INFO)


def _descriptor(name):
    value = os.getenv('_GG_LOG_FD_' + name, '')
    return int(value) if value.isdigit() else _STDERR


def _write_all(descriptor, data):
    while data:
        data = data[os.write(descriptor, data):]


class LocalwatchLogHandler(logging.Handler):
    """Writes each record as one line to the pipe of its level."""

    def __init__(self, component_type=None, component_name=None):
        logging.Handler.__init__(self, least_level())
        self._descriptors = [(level, _descriptor(name)) for level, name in _PIPES]
        self.setFormatter(logging.Formatter(LOCALWATCH_FORMAT))

    def emit(self, record):
        try:
            line = self.format(record)
            if not isinstance(line, bytes):
                line = line.encode('utf-8', 'backslashreplace')
            for level, descriptor in self._descriptors:
                if record.levelno >= level:
                    _write_all(descriptor, line + b'\n')
                    return
        except (KeyboardInterrupt, SystemExit):
            raise
        except Exception:  # a log line must never end the function
            pass


class StdioLogWriter(object):
    """Stands for sys.stdout or sys.stderr: makes a record of each line that is written, with the
    file and line of the code that completed it. Each thread has its own unfinished line."""

    encoding = 'utf-8'
    errors = 'backslashreplace'
    mode = 'w'
    closed = False
    newlines = None

    def __init__(self, default_level, handler, descriptor=_STDERR):
        self._level = default_level
        self._handler = handler
        self._descriptor = descriptor
        self._unfinished = threading.local()

    def write(self, text):
        if isinstance(text, bytes):
            text = text.decode('utf-8', 'replace')
        rest = getattr(self._unfinished, 'text', '') + text
        if '\n' in text:
            lines = rest.split('\n')
            rest = lines.pop()
            for line in lines:
                self._emit(line)
        self._unfinished.text = rest
        return len(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        rest = getattr(self._unfinished, 'text', '')
        self._unfinished.text = ''
        self._emit(rest)

    def isatty(self):
        return False

    def readable(self):
        return False

    def writable(self):
        return True

    def seekable(self):
        return False

    def fileno(self):
        return self._descriptor

    def close(self):
        self.flush()

    @property
    def buffer(self):
        """For code that writes bytes: they go to the pipe as they are."""
        return io.FileIO(self._descriptor, 'w', closefd=False)

    def _emit(self, line):
        line = line.rstrip('\r')
        if not line or self._level < self._handler.level:
            return
        frame = _caller()
        self._handler.handle(logging.LogRecord(
            'stdio', self._level, frame.f_code.co_filename, frame.f_lineno, line, (), None))


def _caller():
    """The nearest frame that is neither ours nor of the logging module."""
    own = (__file__.replace('.pyc', '.py'), logging.__file__.replace('.pyc', '.py'))
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_code.co_filename in own:
        frame = frame.f_back
    return frame


local_cloudwatch_handler = LocalwatchLogHandler  # its name in the SDKs 1.0 and 1.1
