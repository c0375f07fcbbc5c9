"""One request and the answer that is made for it.

The first segment of the path asks for a fault: in
`/status=429,retry-after=2/datastore/ds_1` it is `status` with the value 429
and the argument `retry-after`. Values are percent-decoded. An argument that
no fault knows becomes a header of the answer.
"""

import time
import urllib.parse
from email.utils import formatdate

import fault_bodies

# Arguments that are not headers of the answer.
CONTROL = {"value", "body", "size", "chunked", "delay", "interval", "count",
           "times", "status", "fault", "to", "as", "keep", "length",
           "retry-after-in"}


def parse(path):
    """The fault's name and its arguments."""
    words = path.lstrip("/").split("?")[0].split("/")[0].split(",")
    arguments = {}
    name, given, value = words[0].partition("=")
    if given:
        arguments["value"] = urllib.parse.unquote(value, "latin-1")
    for word in words[1:]:
        key, _, value = word.partition("=")
        arguments[key] = urllib.parse.unquote(value, "latin-1")
    return ("ok" if name in ("", "datastore") else name), arguments


class Exchange:
    """One request and what the answer is made from."""

    def __init__(self, connection, request, urls):
        self.connection = connection
        self.request = request
        self.urls = urls
        self.name, self.arguments = parse(request.path)

    def argument(self, name, default=None):
        return self.arguments.get(name, default)

    def number(self, name, default):
        return float(self.arguments.get(name, default))

    def send(self, data):
        self.connection.send(data)

    def headers(self):
        """The headers that the arguments ask for."""
        found = [(k, v) for k, v in self.arguments.items()
                 if k not in CONTROL]
        seconds = self.argument("retry-after-in")
        if seconds is not None:
            date = formatdate(time.time() + float(seconds), usegmt=True)
            found.append(("retry-after", date))
        return found

    def head(self, status, headers=(), version="HTTP/1.1"):
        lines = [f"{version} {status} {fault_bodies.reason(status)}"]
        lines += [f"{name}: {value}" for name, value in headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def answer(self, status, body, headers=()):
        """A sound answer with a length; the connection is kept."""
        headers = [*headers, *self.headers()]
        if not any(k.lower() == "content-type" for k, _ in headers):
            headers.append(("content-type", "application/json"))
        if status != 204 and status != 304:
            headers.append(("content-length", len(body)))
        self.send(self.head(status, headers) + body)
        return True

    def body(self, default, status=200):
        name = self.argument("body", default)
        body = fault_bodies.body(name, self, status)
        if body is None:
            raise KeyError("no body is called " + name)
        return body

    def close(self):
        self.connection.close()
        return False

    def cut(self):
        self.connection.cut()
        return False

    def reset(self):
        self.connection.reset()
        return False

    def hold(self):
        """Nothing more, until the peer goes away."""
        self.connection.wait_closed()
        return False
