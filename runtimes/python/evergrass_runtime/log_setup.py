"""Leads the root logger and what is printed to the core's log pipes.

The logging module takes longer to import than all that the runtime itself needs: the root logger
is set up when the function imports it, or something that does.
"""
import sys

from evergrass_runtime import log_lines

_NAME = 'logging'


def install():
    """Returns the pipes."""
    pipes = log_lines.Pipes()
    sys.stdout = log_lines.StdioLogWriter(log_lines.INFO, None, descriptor=1, pipes=pipes)
    sys.stderr = log_lines.StdioLogWriter(log_lines.ERROR, None, descriptor=2, pipes=pipes)
    printed = (sys.stdout, sys.stderr)
    if _NAME in sys.modules or sys.version_info[0] == 2:
        _set_up(pipes, printed)
    else:
        sys.meta_path.insert(0, _Finder(lambda: _set_up(pipes, printed)))
    return pipes


_handler = None
_logger = None
_root = None


def is_as_it_was():
    """Would an INFO record of the runtime's own be written by our handler alone, in its format?
    Then its line can be written without one, at a tenth of the time."""
    return (_handler is not None and _handler.is_as_it_was() and _root.handlers == [_handler] and
            not _logger.handlers and not _logger.filters and _logger.propagate and
            not _logger.disabled and _logger.isEnabledFor(log_lines.INFO))


def _set_up(pipes, printed):
    global _handler, _logger, _root
    import logging
    from evergrass_runtime.log_handler import LocalwatchLogHandler
    handler = LocalwatchLogHandler(pipes=pipes)
    logging.addLevelName(log_lines.TRACE, 'TRACE')
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(pipes.least_level or log_lines.TRACE)
    for writer in printed:
        writer.handler = handler
    _handler, _logger, _root = handler, logging.getLogger('lambda_runtime'), root


class _Finder(object):
    """Finds the logging module as the finders after it do, and sees when it is loaded."""

    def __init__(self, then):
        self._then = then
        self._found = False

    def find_spec(self, name, path=None, target=None):
        if name != _NAME or self._found:
            return None
        self._found = True
        for finder in sys.meta_path:
            find = getattr(finder, 'find_spec', None)
            spec = None if find is None else find(name, path, target)
            if spec is not None:
                if hasattr(spec.loader, 'exec_module'):
                    spec.loader = _Loader(spec.loader, self._loaded)
                return spec
        return None

    def _loaded(self):
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        self._then()


class _Loader(object):
    """Loads as `loader` does, leaves no trace of itself on the module, and calls `then`."""

    def __init__(self, loader, then):
        self._loader = loader
        self._then = then

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._then()
