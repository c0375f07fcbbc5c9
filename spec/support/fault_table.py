"""The faults that a request can ask for, by name: FAULTS and EARLY.

A fault is a function of an `Exchange`. It returns True if the connection
may serve another request; else it has closed the connection.
"""

import gzip
import json
import threading
import time

import fault_bodies
import fault_echo
import fault_heads
from fault_exchange import Exchange

BLOCK = 65536


class Counters:
    """How often each key was seen."""

    def __init__(self):
        self.lock = threading.Lock()
        self.seen = {}

    def count(self, key):
        with self.lock:
            self.seen[key] = self.seen.get(key, 0) + 1
            return self.seen[key]


COUNTERS = Counters()


def ok(exchange):
    return exchange.answer(200, exchange.body("datastore"))


def status(exchange):
    code = int(exchange.argument("value"))
    time.sleep(min(exchange.number("delay", 0), 30))
    default = "empty" if code == 204 else \
        "datastore" if code < 300 else "envelope"
    body = exchange.body(default, code)
    if exchange.argument("chunked"):
        return send_chunked(exchange, code, body)
    return exchange.answer(code, body)


def send_chunked(exchange, code, body):
    """The body in chunks of at most 7 bytes, and a trailer."""
    exchange.send(exchange.head(code, [
        *exchange.headers(), ("content-type", "application/json"),
        ("transfer-encoding", "chunked")]))
    chunks = [body[at:at + 7] for at in range(0, len(body), 7)]
    exchange.send(b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk)
                           for chunk in chunks) + b"0\r\nx-end: 1\r\n\r\n")
    return True


def named_body(exchange):
    exchange.arguments["body"] = exchange.argument("value")
    return exchange.answer(200, exchange.body("datastore"))


def redirect(exchange):
    path = "/ok/datastore/redirected"
    target = exchange.argument("to", "same")
    locations = {
        "same": path,
        "loop": exchange.request.path,
        "other": exchange.urls["other"] + path,
        "http": exchange.urls["http"] + path,
        "file": "file:///dev/null",
        "empty": "",
    }
    code = int(exchange.argument("value"))
    return exchange.answer(code, exchange.body("envelope", code),
                           [("location", locations[target])])


def echo_token(exchange):
    """The token in every place that an answer has."""
    code = int(exchange.argument("value", 401))
    header = exchange.request.header("authorization") or ""
    token = header.split(" ")[-1]
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in token)
    texts = {
        "json": json.dumps({
            "statusCode": code, "error": "no " + token,
            "message": f"bad token {token} in '{header}'", token: token,
            "details": {"failures": [{"path": token, "message": header}]},
        }),
        "escaped": '{"statusCode":%d,"error":"Unauthorized",'
                   '"message":"bad token %s"}' % (code, escaped),
        "text": "bad token " + token,
        "html": "<p>" + header + "</p>",
    }
    body = texts[exchange.argument("as", "json")].encode("latin-1")
    return exchange.answer(code, body, [
        ("www-authenticate", 'Bearer realm="' + token + '"'),
        ("x-request-id", token)])


def echo_forms(exchange):
    """The body, as JSON quotes it, in every place that an answer has."""
    code, body, headers = fault_echo.answer(exchange)
    return exchange.answer(code, body, headers)


def fail_then_ok(exchange):
    """The first `times` requests of a path fail, by `status` or `fault`."""
    path = exchange.request.path
    if COUNTERS.count(path) > int(exchange.argument("times", 1)):
        exchange.arguments.pop("body", None)  # It was the failure's.
        return ok(exchange)
    exchange.arguments["value"] = exchange.argument("status", "503")
    return FAULTS[exchange.argument("fault", "status")](exchange)


def on_reuse(end):
    """Only the second request of a connection has the fault."""
    def fault(exchange):
        if exchange.connection.requests < 2:
            return ok(exchange)
        return end(exchange)
    return fault


def after_answer(end):
    """A sound answer that promises a kept connection, then the fault."""
    def fault(exchange):
        ok(exchange)
        return end(exchange)
    return fault


def answer_bytes(exchange, body, length):
    headers = [("content-type", "application/json")]
    if length is not None:
        headers.append(("content-length", length))
    return exchange.head(200, [*headers, *exchange.headers()]) + body


def stall_head(exchange):
    exchange.send(b"HTTP/1.1 200 OK\r\ncontent-type: appli")
    return exchange.hold()


def stall_body(exchange):
    body = exchange.body("datastore")
    half = body[:len(body) // 2]
    exchange.send(answer_bytes(exchange, half, len(body)))
    return exchange.hold()


def short_body(end):
    """A whole object, but the length promised more."""
    def fault(exchange):
        body = exchange.body("datastore")
        exchange.send(answer_bytes(exchange, body, len(body) + 100))
        return end(exchange)
    return fault


def short_chunk(exchange):
    """A chunked body whose last chunk never comes."""
    body = exchange.body("datastore")
    exchange.send(exchange.head(200, [("transfer-encoding", "chunked")])
                  + b"%x\r\n%s\r\n" % (len(body), body))
    return exchange.cut()


def until_close(version):
    """No length: the end of the connection is the end of the body."""
    def fault(exchange):
        headers = [("content-type", "application/json"),
                   ("connection", "close")]
        exchange.send(exchange.head(200, headers, version)
                      + exchange.body("datastore"))
        return exchange.close()
    return fault


def slow(exchange):
    """One byte at a time, `interval` seconds apart."""
    body = exchange.body("datastore")
    head = answer_bytes(exchange, b"", len(body))
    interval = exchange.number("interval", 0.05)
    data = head + body if exchange.argument("as") == "head" else body
    if data is body:
        exchange.send(head)
    for at in range(len(data)):
        exchange.send(data[at:at + 1])
        time.sleep(interval)
    return True


def send_counted(exchange, block, size):
    """Sends `block` over and over; logs how much went out."""
    written = 0
    try:
        while written < size:
            exchange.send(block)
            written += len(block)
    finally:
        exchange.connection.event("written", bytes=written,
                                  path=exchange.request.path)


def chunked_huge(exchange):
    size = exchange.number("size", 100_000_000)
    exchange.send(exchange.head(200, [("transfer-encoding", "chunked")])
                  + b'b\r\n{"label": "\r\n')
    chunk = b"%x\r\n%s\r\n" % (BLOCK, b"a" * BLOCK)
    send_counted(exchange, chunk, size)
    exchange.send(b'2\r\n"}\r\n0\r\n\r\n')
    return True


def endless(exchange):
    """The same without chunks and without a length."""
    exchange.send(answer_bytes(exchange, b'{"label": "', None))
    send_counted(exchange, b"a" * BLOCK,
                 exchange.number("size", 100_000_000))
    return exchange.close()


def announced_huge(exchange):
    """A length beyond every limit, and bytes to match."""
    size = int(exchange.number("size", 100_000_000))
    exchange.send(answer_bytes(exchange, b"", size))
    send_counted(exchange, b" " * BLOCK, size)
    return exchange.close()


def gzip_bomb(exchange):
    """Small on the wire, `size` bytes inflated; nobody asked for it."""
    size = int(exchange.number("size", 100_000_000))
    body = gzip.compress(b'{"label":"' + b"a" * size + b'"}', 6)
    return exchange.answer(200, body, [("content-encoding", "gzip")])


def many_headers(exchange):
    count = int(exchange.number("count", 10_000))
    return exchange.answer(200, exchange.body("datastore"),
                           [(f"x-many-{n}", n) for n in range(count)])


def big_headers(exchange):
    """`size` bytes of headers, each of them a modest one."""
    size = int(exchange.number("size", 3_000_000))
    return exchange.answer(200, exchange.body("datastore"), [
        (f"x-big-{n}", "a" * 8000) for n in range(size // 8000 + 1)])


def long_header(exchange):
    size = int(exchange.number("size", 200_000))
    return exchange.answer(200, exchange.body("datastore"),
                           [("x-long", "a" * size)])


def informational(exchange):
    """`count` answers 103, then a sound one."""
    count = int(exchange.number("count", 1))
    exchange.send(exchange.head(103, [("link", "</a>; rel=preload")]) * count)
    return ok(exchange)


def continue_unasked(exchange):
    exchange.send(exchange.head(100))
    return ok(exchange)


def switching(exchange):
    exchange.send(exchange.head(101, [("upgrade", "h2c"),
                                      ("connection", "upgrade")]))
    return exchange.hold()


def two_answers(exchange):
    """Bytes of an answer that nobody asked for follow the answer."""
    body = b'{"id":"smuggled"}'
    good = exchange.body("datastore")
    exchange.send(answer_bytes(exchange, good, len(good))
                  + answer_bytes(exchange, body, len(body)))
    return True


def early_response(exchange):
    """The answer comes although the body was not read."""
    exchange.answer(413, exchange.body("envelope", 413),
                    [("connection", "close")])
    return exchange.close()


def raw(data):
    """These bytes, then the end."""
    def fault(exchange):
        exchange.send(data)
        return exchange.close()
    return fault


FAULTS = {
    **fault_heads.FAULTS,
    "ok": ok,
    "record": ok,
    "status": status,
    "body": named_body,
    "redirect": redirect,
    "echo-token": echo_token,
    "echo-forms": echo_forms,
    "fail-then-ok": fail_then_ok,
    # The connection ends or hangs.
    "close-after-read": Exchange.cut,
    "reset-after-read": Exchange.reset,
    "silent": Exchange.hold,
    "reuse-close": on_reuse(Exchange.cut),
    "reuse-reset": on_reuse(Exchange.reset),
    "reuse-silent": on_reuse(Exchange.hold),
    "reuse-stall-head": on_reuse(stall_head),
    "reuse-stall-body": on_reuse(stall_body),
    "reuse-slow": on_reuse(slow),
    "idle-close": after_answer(Exchange.cut),
    "idle-reset": after_answer(Exchange.reset),
    # Half an answer.
    "stall-head": stall_head,
    "stall-body": stall_body,
    "short-body": short_body(Exchange.cut),
    "short-body-reset": short_body(Exchange.reset),
    "short-chunk": short_chunk,
    "status-line-only": raw(b"HTTP/1.1 200 OK\r\n"),
    "slow": slow,
    # Too much of an answer.
    "chunked-huge": chunked_huge,
    "endless": endless,
    "announced-huge": announced_huge,
    "gzip-bomb": gzip_bomb,
    "many-headers": many_headers,
    "big-headers": big_headers,
    "long-header": long_header,
    # Odd, but HTTP.
    "http10": until_close("HTTP/1.0"),
    "until-close": until_close("HTTP/1.1"),
    "informational": informational,
    "continue-unasked": continue_unasked,
    "switching": switching,
    "two-answers": two_answers,
    # Not HTTP.
    "garbage-status-line": raw(b"BANANA SPLIT\r\n\r\n"),
    "bad-status": raw(b"HTTP/1.1 2OO OK\r\ncontent-length: 0\r\n\r\n"),
    "bad-version": raw(b"HTTP/7.3 200 OK\r\ncontent-length: 0\r\n\r\n"),
    "http09": raw(b'{"id":"ds_1"}'),
    "nothing-but-newlines": raw(b"\r\n" * 1000),
    "bad-chunk": raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n"
                     b"\r\nzz\r\n{}\r\n0\r\n\r\n"),
    "huge-chunk": raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n"
                      b"\r\nffffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
}

# These act when the head was read and the body was not; the log has an
# event "head" for them in place of a request.
EARLY = {
    "close-before-body": Exchange.cut,
    "reset-before-body": Exchange.reset,
    "silent-before-body": Exchange.hold,
    "early-response": early_response,
}


def unknown(exchange):
    exchange.connection.event("unknown_fault", fault=exchange.name)
    return exchange.answer(501, fault_bodies.encode({
        "statusCode": 501, "error": "Not Implemented",
        "message": "the fault server knows no fault " + exchange.name}))
