"""The core's log pipes, and what is printed. Needs no logging module: many functions have none.

The core puts time and level in front of each line and writes it to the function's log file.
"""
import io
import os
import sys

try:
    from _thread import _local  # threading.local, without the rest of threading
except ImportError:
    from thread import _local

TRACE = 5
INFO = 20
ERROR = 40

# The numbers of the logging module.
_LEVELS = {
    'NOTSET': 0,
    'TRACE': TRACE,
    'DEBUG': 10,
    'INFO': INFO,
    'WARN': 30,
    'WARNING': 30,
    'ERROR': ERROR,
    'FATAL': 50,
    'CRITICAL': 50,
}
# The pipe of the highest of these that a record reaches.
_PIPES = ((50, 'FATAL'), (ERROR, 'ERROR'), (30, 'WARN'), (INFO, 'INFO'), (10, 'DEBUG'),
          (0, 'TRACE'))
_STDERR = 2


def least_level():
    """The level of LOG_LEVEL. The function may have set the variable for itself: a word that is
    no level counts as INFO."""
    return _LEVELS.get(os.getenv('LOG_LEVEL', 'INFO').upper(), INFO)


def _descriptor(name):
    value = os.getenv('_GG_LOG_FD_' + name, '')
    return int(value) if value.isdigit() else _STDERR


class Pipes(object):
    """Of this process's environment as it is now."""

    def __init__(self):
        self.least_level = least_level()
        self._descriptors = [(level, _descriptor(name)) for level, name in _PIPES]

    def write(self, level, line):
        """One line, text or bytes, without its end. OSError when the core is gone."""
        if not isinstance(line, bytes):
            line = line.encode('utf-8', 'backslashreplace')
        data = line + b'\n'
        for least, descriptor in self._descriptors:
            if level >= least:
                while data:
                    data = data[os.write(descriptor, data):]
                return

    def say(self, level, file_name, line_number, text):
        """What a record of that place would write (LOCALWATCH_FORMAT), if its level counts."""
        if level < self.least_level:
            return
        try:
            self.write(level, '{}:{},{}'.format(os.path.basename(file_name), line_number, text))
        except Exception:  # a log line must never end the function
            pass


class StdioLogWriter(object):
    """Stands for sys.stdout or sys.stderr: makes a record of each line that is written, with the
    file and line of the code that completed it. Each thread has its own unfinished line.

    Without a `handler`, which has what the function may have set for its records, lines go to
    `pipes`."""

    encoding = 'utf-8'
    errors = 'backslashreplace'
    mode = 'w'
    closed = False
    newlines = None

    def __init__(self, default_level, handler, descriptor=_STDERR, pipes=None):
        self.handler = handler
        self._level = default_level
        self._pipes = pipes
        self._descriptor = descriptor
        self._unfinished = _local()

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
        if not line:
            return
        frame = _caller()
        place = frame.f_code.co_filename, frame.f_lineno
        if self.handler is None:
            self._pipes.say(self._level, place[0], place[1], line)
        elif self._level >= self.handler.level:
            record = sys.modules['logging'].LogRecord
            self.handler.handle(record('stdio', self._level, place[0], place[1], line, (), None))


def _source(module):
    return module.__file__.replace('.pyc', '.py')


_OWN = __file__.replace('.pyc', '.py')


def _caller():
    """The nearest frame that is neither ours nor of the logging module."""
    logging = sys.modules.get('logging')
    own = (_OWN, _source(logging)) if logging is not None else (_OWN,)
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_code.co_filename in own:
        frame = frame.f_back
    return frame
