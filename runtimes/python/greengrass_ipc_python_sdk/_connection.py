"""A small HTTP/1.1 client for the core's IPC: one kept connection per thread.

http.client parses headers with the e-mail package and sends head and body apart; this costs a
function several times what the core itself needs for a message.
"""
import os
import sys

try:
    from _thread import _local  # threading.local, without the rest of threading
except ImportError:
    from thread import _local

_MAX_HEAD = 256 * 1024
_LOCALHOST = '127.0.0.1'  # the core listens there when it says localhost


class HTTPError(Exception):
    """A status of 400 or more. `body` says why."""

    def __init__(self, status, reason, body):
        Exception.__init__(self, 'HTTP Error {}: {}'.format(status, reason))
        self.status = status
        self.body = body


class _Closed(Exception):
    """The core closed the connection before it answered."""


def _connect(host, port):
    """By the socket module when the function has loaded it: gevent and the like replace what is in
    it. It is large, and for an address of numbers there is all that is needed below it."""
    if host == 'localhost':
        host = _LOCALHOST
    if 'socket' in sys.modules or not host.replace('.', '').isdigit():
        import socket
        return socket, socket.create_connection((host, port))
    import _socket
    connection = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    try:
        connection.connect((host, port))
    except BaseException:
        connection.close()
        raise
    return _socket, connection


class _Connection(object):
    def __init__(self, host, port):
        self.process = os.getpid()
        module, self._socket = _connect(host, port)
        self._socket.setsockopt(module.IPPROTO_TCP, module.TCP_NODELAY, 1)
        self._received = b''
        self._ahead = b''  # what was sent and whose answer was not yet read

    def close(self):
        self._socket.close()

    def start(self, request, ahead):
        """Sends a request, and behind it the one that will be the next."""
        sent, self._ahead = self._ahead, ahead
        if not sent:
            self._socket.sendall(request + ahead)
        elif sent != request or ahead:
            raise _Closed('the core answers another request')

    def finish(self, wait):
        """(status, reason, headers by lower-case name, body)."""
        status, reason, headers = self._read_head(wait)
        return status, reason, headers, self._read_body(int(headers.get('content-length', '0')))

    def _receive(self):
        data = self._socket.recv(65536)
        if not data:
            if self._received:
                raise ValueError('the answer ends early')
            raise _Closed('the core closed the connection')
        self._received += data

    def _read_head(self, wait):
        while b'\r\n\r\n' not in self._received:
            if len(self._received) > _MAX_HEAD:
                raise ValueError('the head of the answer is too large')
            if wait is not None:
                wait(self._socket)
            self._receive()
        head, self._received = self._received.split(b'\r\n\r\n', 1)
        lines = head.decode('latin-1').split('\r\n')
        first = lines[0].split(' ', 2)
        if len(first) < 2 or not first[0].startswith('HTTP/1.') or not first[1].isdigit():
            raise ValueError('not an HTTP answer: {!r}'.format(lines[0]))
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(':')
            headers[name.strip().lower()] = value.strip()
        return int(first[1]), first[2] if len(first) > 2 else '', headers

    def _read_body(self, length):
        if len(self._received) == length:
            body, self._received = self._received, b''
            return body
        pieces = [self._received[:length]]
        self._received = self._received[length:]
        missing = length - len(pieces[0])
        while missing > 0:
            data = self._socket.recv(min(missing, 1024 * 1024))
            if not data:
                raise ValueError('the answer ends early')
            pieces.append(data)
            missing -= len(data)
        return b''.join(pieces)


_of_thread = _local()


def _open(address):
    """The thread's connection and whether it was used before. One that a forked child inherited is
    its parent's: it is left alone."""
    kept = getattr(_of_thread, 'connections', None)
    if kept is None:
        kept = _of_thread.connections = {}
    connection = kept.get(address)
    if connection is not None and connection.process == os.getpid():
        return connection, True
    connection = kept[address] = _Connection(*address)
    return connection, False


def _drop(address):
    connection = _of_thread.connections.pop(address, None)
    if connection is not None:
        connection.close()


def encode(method, host, path, headers, body=b''):
    lines = ['{} {} HTTP/1.1'.format(method, path), 'Host: ' + host]
    lines += ['{}: {}'.format(name, value) for name, value in headers]
    lines.append('Content-Length: {}'.format(len(body)))
    for line in lines:
        if '\r' in line or '\n' in line:
            raise ValueError('a line break in a header')
    return ('\r\n'.join(lines) + '\r\n\r\n').encode('utf-8') + body


def send(host, port, request, ahead=b'', meanwhile=None, wait=None):
    """(status, headers by lower-case name, body) of a request of encode(). HTTPError for a status
    of 400 or more, OSError or ValueError when there is no answer. Blocks for as long as the core
    takes.

    `ahead`: the request that will be sent next by this thread; it goes along. `meanwhile` is called
    once while the core answers. `wait` is called with the socket before the answer's head is read
    from it."""
    address = (host, port)
    while True:
        connection, used_before = _open(address)
        try:
            connection.start(request, ahead)
            if meanwhile is not None:
                call, meanwhile = meanwhile, None
                call()
            status, reason, answered, content = connection.finish(wait)
            break
        except (_Closed, OSError, IOError) as error:  # socket.error is one of them
            _drop(address)
            # The core closed a connection that lay idle: it never saw this request.
            if not used_before:
                raise OSError(str(error))
        except BaseException:  # half an answer may be on its way
            _drop(address)
            raise
    if answered.get('connection', '').lower() == 'close':
        _drop(address)
    if status >= 400:
        raise HTTPError(status, reason, content)
    return status, answered, content
