"""The core's IPC end as a native function sees it, with every answer in the test's hands."""

import queue
import socket
import threading
from dataclasses import dataclass, field

from harness import waiting

TOKEN = "Basic dG9rZW4gb2YgdGhlIHRlc3Q="
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:native:3"
ROUTER = "arn:aws:lambda:::function:GGRouter"
SHADOW = "arn:aws:lambda:::function:GGShadowService"
SECRETS = "arn:aws:lambda:::function:GGSecretManager:1"
BASE = "/2016-11-01/functions/"
INVOCATION = "7c0ffee0-0000-4000-8000-000000000001"


@dataclass
class Request:
    method: str
    path: str
    headers: dict  # by lower-case name
    body: bytes
    connection: int

    @property
    def context(self):
        return self.headers.get("x-amz-client-context")


@dataclass
class Work:
    payload: bytes = b""
    context: str | None = None  # as it stands in the header
    invocation: str = INVOCATION


def answer(status=200, body=b"", headers=(), reason="Reason"):
    """The bytes of a good response."""
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers)]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Close:
    """These bytes, and the connection is closed. The client is not told of it before."""

    data: bytes = b""


@dataclass
class Result:
    """What an invocation of a function ends with."""

    body: bytes = b""
    error: str | None = ""  # None: no header at all
    accepted: bytes = field(
        default_factory=lambda: answer(200, headers=[("X-Amz-InvocationId", INVOCATION)])
    )


class FakeCore:
    """Listens on a free port of 127.0.0.1. A connection is a thread; `with` closes them all."""

    def __init__(self):
        self.requests = []  # but those for work
        self.results = queue.Queue()  # POST work
        self.asked = threading.Semaphore(0)  # GET work that came
        self.work = queue.Queue()  # Work, bytes or Close: the answers to GET work
        self.publish = lambda request: answer(202)
        self.functions = {}  # Result by ARN
        self.post_result = lambda request: answer()
        self.connections = 0
        self._open = []
        self._closed = False
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """No connection is left, and none comes in."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._listener.shutdown(socket.SHUT_RDWR)
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        self.work.put(Close())
        for thread in self._threads:
            thread.join(waiting.HANG)
        self._listener.close()

    def environment(self):
        return {
            "GG_DAEMON_PORT": str(self.port),
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": TOKEN,
            "MY_FUNCTION_ARN": FUNCTION,
            "ROUTER_FUNCTION_ARN": ROUTER,
            "SHADOW_FUNCTION_ARN": SHADOW,
            "SECRETS_MANAGER_FUNCTION_ARN": SECRETS,
            "ENCODING_TYPE": "binary",
            "LOG_LEVEL": "INFO",
        }

    def run(self, *work):
        """Gives each work and returns the requests that brought the results."""
        done = []
        for item in work:
            self.work.put(item)
            done.append(self.results.get(timeout=waiting.HANG))
        return done

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if self._closed:
                    connection.close()
                    return
                self.connections += 1
                self._open.append(connection)
                thread = threading.Thread(target=self._serve, args=(connection, self.connections))
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection, number):
        with connection, connection.makefile("rb") as stream:
            try:
                while request := self._read(stream, number):
                    response = self._answer(request)
                    if isinstance(response, Close):
                        connection.sendall(response.data)
                        return
                    connection.sendall(response)
            except OSError:
                pass
            finally:
                with self._lock:
                    self._open.remove(connection)

    @staticmethod
    def _read(stream, number):
        first = stream.readline()
        if not first:
            return None
        method, path, _ = first.decode().split()
        headers = {}
        while line := stream.readline().strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers["content-length"]))
        return Request(method, path, headers, body, number)

    def _answer(self, request):
        if request.path == BASE + FUNCTION + "/work":
            return self._answer_work(request)
        with self._lock:
            self.requests.append(request)
        arn = request.path.removeprefix(BASE)
        if arn == ROUTER:
            return self.publish(request)
        result = self.functions.get(arn)
        if result is None:
            return answer(404, b"no such function")
        if request.method == "POST":
            return result.accepted
        if isinstance(result.body, Close):
            return result.body
        error = [] if result.error is None else [("X-Amz-Function-Error", result.error)]
        return answer(200, result.body, error)

    def _answer_work(self, request):
        if request.method == "POST":
            response = self.post_result(request)
            self.results.put(request)
            return response
        self.asked.release()
        item = self.work.get()
        if not isinstance(item, Work):
            return item
        headers = [("X-Amz-InvocationId", item.invocation)]
        if item.context is not None:
            headers.append(("X-Amz-Client-Context", item.context))
        return answer(200, item.payload, headers)
