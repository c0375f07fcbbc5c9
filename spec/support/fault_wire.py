"""What the fault server reads and writes: its log, and one connection.

All bytes of requests are logged as text, one character a byte (latin-1).
"""

import json
import os
import socket
import ssl
import struct
import threading
import time

LONGEST_HEAD = 32 << 20
LONGEST_BODY = 64 << 20
LONGEST_LOGGED = 2 << 20
# Seconds that a connection may be idle; specs end long before.
PATIENCE = 60
# Seconds that a closing connection waits for the peer to close as well.
DRAIN = 5


class PeerGone(Exception):
    """The peer closed, reset or went silent; `how` says which."""

    def __init__(self, how):
        super().__init__(how)
        self.how = how


class Log:
    """One JSON object a line, in the file before the call returns."""

    def __init__(self, path):
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self.descriptor = os.open(path, flags, 0o600)
        self.lock = threading.Lock()
        self.requests = 0

    def write(self, entry):
        entry = {k: v for k, v in entry.items() if v is not None}
        entry["at"] = round(time.monotonic(), 4)
        with self.lock:
            if "event" not in entry:
                self.requests += 1
                entry["n"] = self.requests
            line = memoryview(json.dumps(entry).encode() + b"\n")
            while line:
                line = line[os.write(self.descriptor, line):]


class Request:
    """The head of a request, and its body once that was read."""

    def __init__(self, head):
        lines = head.split(b"\r\n")
        words = lines[0].decode("latin-1").split(" ", 2)
        self.method, self.path, self.version = (words + ["", ""])[:3]
        self.headers = []
        for line in lines[1:]:
            name, _, value = line.decode("latin-1").partition(":")
            self.headers.append([name, value.strip(" \t")])
        self.body = None

    def header(self, name):
        for key, value in self.headers:
            if key.lower() == name:
                return value
        return None

    def entry(self):
        body = self.body
        text = None
        if body is not None:
            text = body[:LONGEST_LOGGED].decode("latin-1")
        return {
            "method": self.method,
            "path": self.path,
            "http_version": self.version,
            "headers": self.headers,
            "body": text,
            "body_bytes": None if body is None else len(body),
        }


class Connection:
    """A socket, perhaps with TLS, that buffers, counts and logs."""

    def __init__(self, sock, log, number, listener):
        self.sock = sock
        self.log = log
        self.facts = {"connection": number, "listener": listener}
        self.buffer = bytearray()
        self.requests = 0
        sock.settimeout(PATIENCE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def event(self, name, **more):
        self.log.write({"event": name, **self.facts, **more})

    def fill(self):
        try:
            data = self.sock.recv(65536)
        except socket.timeout:
            raise PeerGone("idle") from None
        except (OSError, ValueError):
            raise PeerGone("reset") from None
        if not data:
            raise PeerGone("closed")
        self.buffer += data

    def take(self, count):
        """The next `count` bytes."""
        while len(self.buffer) < count:
            self.fill()
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        return data

    def take_line(self, end, limit):
        """The bytes up to `end`, without it."""
        start = 0
        while True:
            at = self.buffer.find(end, start)
            if at >= 0:
                return self.take(at + len(end))[:at]
            if len(self.buffer) > limit:
                raise PeerGone("too long")
            start = max(0, len(self.buffer) - len(end))
            self.fill()

    def read_head(self):
        try:
            return Request(self.take_line(b"\r\n\r\n", LONGEST_HEAD))
        except PeerGone:
            if self.buffer:
                self.event("incomplete", bytes=len(self.buffer))
            raise

    def read_body(self, request):
        try:
            if (request.header("transfer-encoding") or "").lower() \
                    == "chunked":
                request.body = self.take_chunks()
            else:
                length = int(request.header("content-length") or 0)
                request.body = self.take(min(length, LONGEST_BODY))
        except PeerGone:
            self.event("incomplete", path=request.path,
                       bytes=len(self.buffer))
            raise

    def take_chunks(self):
        parts = []
        while True:
            size = int(self.take_line(b"\r\n", 1024).split(b";")[0], 16)
            parts.append(self.take(size))
            self.take_line(b"\r\n", 1024)
            if size == 0:
                return b"".join(parts)

    def log_request(self, request):
        self.requests += 1
        self.log.write({**self.facts, **request.entry()})

    def send(self, data):
        try:
            self.sock.sendall(data)
        except (OSError, ValueError):
            raise PeerGone("reset") from None

    def wait_closed(self):
        """Reads and counts until the peer is gone."""
        while True:
            self.fill()

    def close(self):
        """A clean end: close_notify where there is TLS, then FIN."""
        if isinstance(self.sock, ssl.SSLSocket):
            self.sock.settimeout(0)
            try:
                self.sock.unwrap()
            except (OSError, ValueError):
                pass  # The peer's own close_notify is not waited for.
        self.cut()

    def cut(self):
        """FIN and nothing more, as when a process dies.

        What the peer still sends is read first: a close with unread bytes
        would be a reset.
        """
        try:
            self.sock.shutdown(socket.SHUT_WR)
            self.event("ended", how="fin")
            self.sock.settimeout(DRAIN)
            self.wait_closed()
        except PeerGone as gone:
            how = gone.how
        except (OSError, ValueError):
            how = "reset"
        self.end(by="server", peer=how)

    def reset(self):
        """RST."""
        linger = struct.pack("ii", 1, 0)
        try:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        except OSError:
            pass  # The peer was faster.
        self.end(by="server", reset=True)
        self.event("ended", how="reset")

    def end(self, **how):
        # Logged first: a peer that sees the end finds it in the log.
        self.event("closed", unread=len(self.buffer) or None, **how)
        try:
            self.sock.close()
        except OSError:
            pass  # Gone already.
