"""The core as a language runtime sees it: work over HTTP, and one log pipe for each level."""

import base64
import json
import os
import queue
import signal
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness import processes, waiting

ARN = "arn:aws:lambda:eu-north-1:111122223333:function:f:7"
ROUTER = "arn:aws:lambda:::function:GGRouter"
SHADOW = "arn:aws:lambda:::function:GGShadowService"
SECRETS = "arn:aws:lambda:::function:GGSecretManager:1"
TOKEN = "Basic a+token/of=the-test"
LEVELS = ("INFO", "ERROR", "DEBUG", "WARN", "FATAL", "TRACE")


class Answer:
    """What the runtime posted for an invocation."""

    def __init__(self, headers, body):
        self.id = headers["X-Amz-InvocationId"]
        self.error = headers["X-Amz-Function-Error"]
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)


class _Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are sent apart: the body would wait 40 ms

    def _body(self):
        return self.rfile.read(int(self.headers["Content-Length"] or 0))

    def _send(self, status=200, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header("X-Amz-" + name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.server.core._get(self)

    def do_POST(self):
        self.server.core._post(self)

    def setup(self):
        super().setup()
        self.server.core._opened(self.connection)

    def log_message(self, *unused):
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, address):
        pass  # the runtime was killed, or the test closed its connections


class FakeCore:
    """`with` stops it. Services are answered by what the test put into `services`, by ARN."""

    def __init__(self):
        self._work = queue.Queue()
        self._answers = queue.Queue()
        self._connections = []
        self._lock = threading.Lock()
        self.published = queue.Queue()  # (context, payload)
        self.services = {}  # ARN -> function(context, payload) -> bytes or (error kind, bytes)
        self.refusals = {}  # what is posted -> [status, ...] that come before the true answer
        self._results = {}
        self._server = _Server(("127.0.0.1", 0), _Requests)
        self._server.core = self
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def port(self):
        return self._server.server_address[1]

    # What the test does.

    def give(self, payload=b"", context=None, invocation="1-2-3"):
        text = "" if context is None else base64.b64encode(json.dumps(context).encode()).decode()
        if not isinstance(payload, bytes):
            payload = json.dumps(payload).encode()
        self._work.put((invocation, text, payload))

    def answer(self):
        return self._answers.get(timeout=waiting.HANG)

    def call(self, payload=b"", context=None, invocation="1-2-3"):
        self.give(payload, context, invocation)
        answer = self.answer()
        assert answer.id == invocation
        return answer

    def drop_connections(self):
        """As a core that starts its endpoint anew; whoever waits for work has to ask again."""
        with self._lock:
            dropped, self._connections = self._connections, []
        for connection in dropped:
            try:
                connection.shutdown(2)
            except OSError:
                pass  # the other side was faster
        self._work.put(None)  # wakes the request that waited

    @property
    def connections(self):
        with self._lock:
            return len(self._connections)

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self.drop_connections()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()

    # What the runtime asks.

    def _opened(self, connection):
        with self._lock:
            self._connections.append(connection)

    def _refused(self, request, what):
        body = request._body()
        if request.headers["Authorization"] != TOKEN:
            request._send(403, b"wrong token\n")
            return None
        if self.refusals.get(what):
            request._send(self.refusals[what].pop(0), b"refused by the test\n")
            return None
        return body

    def _get(self, request):
        if request.path == f"/2016-11-01/functions/{ARN}/work":
            if self._refused(request, "get work") is None:
                return
            work = self._work.get()
            with self._lock:
                dropped = request.connection not in self._connections
            if work is not None and dropped:  # it came just before the end: work isn't for the dead
                self._work.put(work)
            if work is None or dropped:
                request.close_connection = True
                return
            headers = {"InvocationId": work[0]}
            if work[1]:
                headers["Client_Context"] = work[1]
            request._send(200, work[2], **headers)
            return
        if self._refused(request, "get result") is not None:
            kind, body = self._results.pop(request.headers["X-Amz-InvocationId"])
            request._send(200, body, Function_Error=kind)

    def _post(self, request):
        if request.path == f"/2016-11-01/functions/{ARN}/work":
            what = "error" if request.headers["X-Amz-Function-Error"] else "result"
            if (body := self._refused(request, what)) is not None:
                self._answers.put(Answer(request.headers, body))
                request._send()
            return
        if (body := self._refused(request, "invoke")) is None:
            return
        target = request.path.rpartition("/functions/")[2]
        context = json.loads(base64.b64decode(request.headers["X-Amz-Client-Context"]) or "null")
        if target == ROUTER:
            self.published.put((context, body))
            request._send(202, InvocationId="published")
            return
        if target not in self.services:
            request._send(404, b"no such function\n")
            return
        result = self.services[target](context, body)
        self._results["invoked"] = result if isinstance(result, tuple) else ("", result)
        event = request.headers["X-Amz-Invocation-Type"] == "Event"
        request._send(202 if event else 200, InvocationId="invoked")


class Worker:
    """One process of a runtime. `with` ends it; its log is (level, line) in the order of each pipe.

    `waits`: the command of one that is started for no function, and then given this one by its
    standard input (edge/isolation/jail_order.hpp)."""

    def __init__(self, core, command, folder, encoding="json", waits=None, **variables):
        self._log = []
        self._more = threading.Condition()
        self._open = len(LEVELS)
        env = processes.clean_env(
            AWS_CONTAINER_AUTHORIZATION_TOKEN=TOKEN,
            AWS_CONTAINER_CREDENTIALS_FULL_URI=f"http://localhost:{core.port}/2016-11-01/credentialprovider/",
            GG_DAEMON_PORT=str(core.port),
            MY_FUNCTION_ARN=ARN,
            ROUTER_FUNCTION_ARN=ROUTER,
            SHADOW_FUNCTION_ARN=SHADOW,
            SECRETS_MANAGER_FUNCTION_ARN=SECRETS,
            ENCODING_TYPE=encoding,
            GGC_MAX_INTERFACE_VERSION="1.5",
            LOG_LEVEL="DEBUG",
        )
        env.update(variables)
        ends = [os.pipe() for _ in LEVELS]
        for level, (_, writer) in zip(LEVELS, ends):
            env[f"_GG_LOG_FD_{level}"] = str(writer)
        env = {name: value for name, value in env.items() if value is not None}
        self._child = subprocess.Popen(
            [str(part) for part in waits or command],
            cwd="/" if waits else folder,
            env=processes.clean_env(PYTHONDONTWRITEBYTECODE="1") if waits else env,
            stdin=subprocess.PIPE if waits else subprocess.DEVNULL,
            stdout=ends[0][1],
            stderr=ends[1][1],
            pass_fds=[writer for _, writer in ends],
        )
        if waits:
            words = [command[0], folder, len(command), *command, *(f"{k}={v}" for k, v in env.items())]
            with self._child.stdin as told:
                told.write("".join(f"{word}\0" for word in words).encode())
        for level, (reader, writer) in zip(LEVELS, ends):
            os.close(writer)
            threading.Thread(target=self._read, args=(level, reader), daemon=True).start()

    @property
    def pid(self):
        return self._child.pid

    def _read(self, level, descriptor):
        with open(descriptor, errors="replace") as lines:
            for line in lines:
                with self._more:
                    self._log.append((level, line.rstrip("\n")))
                    self._more.notify_all()
        with self._more:
            self._open -= 1
            self._more.notify_all()

    def wait_for_log(self, level, words):
        """The first line of the level that has the words."""

        def found():
            return next((text for of, text in self._log if of == level and words in text), None)

        with self._more:
            self._more.wait_for(lambda: found() or self._open == 0, waiting.HANG)
            assert found(), f"no {level} line has {words!r}; the log: {self._log}"
            return found()

    def lines(self, level):
        with self._more:
            return [text for of, text in self._log if of == level]

    def terminate(self):
        self._child.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self):
        """The exit status, after the last line of its log."""
        status = self._child.wait(waiting.HANG)
        with self._more:
            assert self._more.wait_for(lambda: self._open == 0, waiting.HANG)
        return status

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self._child.poll() is None:
            self._child.kill()
        self._child.wait()
