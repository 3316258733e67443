"""JSON as the json module reads and writes it, without importing it: that costs more than a small
function's whole run. It is asked when it is loaded already, whose defaults a function may have
changed, and for all faults, of which it has the texts."""
import sys

_SPACE = ' \t\n\r'
_CONSTANTS = {'NaN': float('nan'), 'Infinity': float('inf'), '-Infinity': -float('inf')}


class _Settings(object):
    """Those of json.loads without arguments."""
    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = _CONSTANTS.__getitem__
    memo = {}


def _refuse(value):
    raise TypeError(type(value).__name__)


try:
    import _json
    _scan = _json.make_scanner(_Settings)

    def _encoder():
        return _json.make_encoder({}, _refuse, _json.encode_basestring_ascii, None, ': ', ', ',
                                  False, False, True)

    if (_scan('[1]', 0), ''.join(_encoder()({'a': None}, 0))) != (([1], 3), '{"a": null}'):
        raise ValueError
except Exception:  # an interpreter whose json is made otherwise
    _json = None


def _has_own():
    return _json is not None and 'json' not in sys.modules


def loads(text):
    """ValueError, json's own, for what is no JSON."""
    if _has_own():
        begin = len(text) - len(text.lstrip(_SPACE))
        try:
            value, end = _scan(text, begin)
            if not text[end:].strip(_SPACE):
                return value
        except (StopIteration, ValueError):
            pass
    import json
    return json.loads(text)


def dumps(value):
    """TypeError, json's own, for what cannot be JSON."""
    if _has_own():
        try:
            return ''.join(_encoder()(value, 0))
        except (TypeError, ValueError, AttributeError):
            pass
    import json
    return json.dumps(value)
