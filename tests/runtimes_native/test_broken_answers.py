"""What a broken or hostile server answers must never end a program, nor be taken for an answer."""

import base64
import json

from native_core import Close, Work, answer

GOOD = (
    b"HTTP/1.1 202 Accepted\r\nX-Amz-InvocationId: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5;name=value\r\nhello\r\n1\r\n!\r\n0\r\nTrailer: x\r\n\r\n"
)
HEAD = b"HTTP/1.1 200 OK\r\n"

BROKEN = [
    b"",
    b"\n",
    b"\r\n\r\n",
    b"\x00" * 100,
    b"\xff" * 100_000,
    b"HTTP/1.1",
    b"HTTP/1.1 200",
    b"HTTP/1.1 2\r\n\r\n",
    b"HTTP/1.1 -20 OK\r\n\r\n",
    b"HTTP/1.1 2000 OK\r\n\r\n",
    b"HTTP/1.1 999 OK\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"SSH-2.0-OpenSSH\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n" * 100 + answer(),
    HEAD + b"no colon\r\n\r\n",
    HEAD + b": no name\r\n\r\n",
    HEAD + b"Name : space\r\n\r\n",
    HEAD + b" folded: x\r\n\r\n",
    HEAD + b"A: b\r\n c\r\n\r\n",
    HEAD + b"A: \x00\r\n\r\n",
    HEAD + b"A: \x1b[31m\r\n\r\n",
    HEAD + b"A: b\rC: d\r\n\r\n",
    HEAD + b"A: " + b"a" * 300_000 + b"\r\n\r\n",
    HEAD + b"A: b\r\n" * 100_000 + b"\r\n",
    HEAD + b"Content-Length: -1\r\n\r\n",
    HEAD + b"Content-Length: +1\r\n\r\nx",
    HEAD + b"Content-Length: 1x\r\n\r\nx",
    HEAD + b"Content-Length:\r\n\r\n",
    HEAD + b"Content-Length: 5\r\n\r\nhell",
    HEAD + b"Content-Length: 1, 1\r\n\r\nx",
    HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
    HEAD + b"Content-Length: 9223372036854775807\r\n\r\n",
    HEAD + b"Content-Length: 18446744073709551617\r\n\r\nx",
    HEAD + b"Content-Length: " + b"9" * 1000 + b"\r\n\r\n",
    HEAD + b"Transfer-Encoding: gzip\r\n\r\n",
    HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n0x1\r\nx\r\n0\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n1ffffffffffffffff\r\nx",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n7fffffff\r\nx",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n" + b"0" * 300_000 + b"\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"T: x\r\n" * 100_000 + b"\r\n",
]

# Unusual, but whole.
USABLE = [
    GOOD,
    b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
    b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 200 OK\nContent-Length:0\n\n",
    b"HTTP/1.1 100 Continue\r\n\r\n" + answer(),
    answer() + b"bytes that nobody asked for",
    HEAD + b"content-LENGTH: \t 1 \t \r\n\r\nx",
    HEAD + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
    HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    HEAD + b"X-Empty:\r\nContent-Length: 0\r\n\r\n",
]


def publish_all(core, start, answers):
    """Publishes once for each answer; what the program printed, in their order."""

    def respond(request):
        subject = json.loads(base64.b64decode(request.context))["custom"]["subject"]
        return Close(answers[int(subject)])

    core.publish = respond
    code, out, err = start("calls", "publish_numbered", str(len(answers))).end()
    assert code == 0, err
    return out.splitlines()


def test_broken_answers_are_internal_failures(core, start):
    for data, line in zip(BROKEN, publish_all(core, start, BROKEN), strict=True):
        assert line == "4 3 (none)", data[:200]


def test_unusual_answers_are_understood(core, start):
    bodies = ["hello!", "until the end", "", "", "", "", "", "x", "x", "x", ""]
    # The router's answer to an event has no body for the program, whatever stands in it.
    assert publish_all(core, start, USABLE) == ["0 0 " for _ in bodies]


def test_unusual_refusals_show_their_text(core, start):
    refusals = [a.replace(b" 20", b" 50", 1) for a in USABLE if a[9:12] in (b"200", b"202")]
    bodies = ["hello!", "until the end", "", "", "", "x", "x", "x", ""]
    assert publish_all(core, start, refusals) == [f"0 3 {body}" for body in bodies]


def test_answer_cut_anywhere_is_an_internal_failure(core, start):
    cut = [GOOD[:size] for size in range(len(GOOD))]
    assert publish_all(core, start, cut) == ["4 3 (none)"] * len(cut)


def test_work_that_is_broken_is_asked_for_again(core, start):
    start("handler")
    for data in BROKEN[3:10]:
        core.work.put(Close(data))
    (result,) = core.run(Work(b"none"))
    assert result.body == b""
