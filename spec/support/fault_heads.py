"""Whole answers by name, for what their heads say.

`/head=two-lengths/datastore/ds_1` answers with these bytes and keeps the
connection; a client that finds no end in them must leave it.
"""

BODY = b'{"id":"ds_1"}'
LENGTH = b"content-length: 13"
CHUNKED = b"transfer-encoding: chunked"
CHUNKS = b"d\r\n" + BODY + b"\r\n0\r\n\r\n"
OK = b"HTTP/1.1 200 OK"


def head(*lines):
    return b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def answer(*fields, first=OK, body=BODY):
    return head(first, *fields) + body


def early(*fields):
    """A sound answer behind an informational one with these fields."""
    return head(b"HTTP/1.1 103 Early Hints", *fields) + answer(LENGTH)


def coded(*values, first=OK):
    return answer(*[b"transfer-encoding: " + value for value in values],
                  first=first, body=CHUNKS)


def status(code, *fields, body=b""):
    return answer(*fields, first=b"HTTP/1.1 " + code, body=body)


HEADS = {
    # Nobody knows where these end.
    "two-lengths": answer(LENGTH, b"content-length: 99"),
    "two-lengths-swapped": answer(b"content-length: 99", LENGTH),
    "list-of-lengths": answer(b"content-length: 13, 99"),
    "length-beside-chunked": answer(LENGTH, CHUNKED, body=CHUNKS),
    "chunked-beside-length": answer(CHUNKED, LENGTH, body=CHUNKS),
    "negative-length": answer(b"content-length: -1"),
    "plus-length": answer(b"content-length: +13"),
    "hexadecimal-length": answer(b"content-length: 0xd"),
    "fraction-length": answer(b"content-length: 13.0"),
    "word-length": answer(b"content-length: thirteen"),
    "empty-length": answer(b"content-length:"),
    "length-and-more": answer(b"content-length: 13 99"),
    "open-list-of-lengths": answer(b"content-length: 13,"),
    "folded-length": answer(b"content-length: 1", b" 3"),
    "huge-length": answer(b"content-length: " + b"9" * 40),
    "blank-after-length": answer(b"content-length : 13", b"content-length: 5"),
    "blank-after-coding": answer(b"transfer-encoding : chunked", LENGTH),
    "gzip-coding": coded(b"gzip"),
    "gzip-and-chunked": coded(b"gzip, chunked"),
    "chunked-twice": coded(b"chunked, chunked"),
    "chunked-in-two-lines": coded(b"chunked", b"chunked"),
    "chunked-then-gzip": coded(b"chunked", b"gzip"),
    "identity-coding": answer(b"transfer-encoding: identity", LENGTH),
    "chunked-in-http-1.0": coded(b"chunked", first=b"HTTP/1.0 200 OK"),
    "early-length": early(b"content-length: 5"),
    "early-chunked": early(CHUNKED),
    "no-content-with-length": status(b"204 No Content", LENGTH, body=BODY),
    "limited-two-lengths": status(b"429 Too Many Requests", LENGTH,
                                  b"content-length: 99", body=BODY),
    # Odd, but clear.
    "equal-lengths": answer(LENGTH, LENGTH),
    "list-of-equal-lengths": answer(b"content-length: 13, 013"),
    "loud-chunked": coded(b"CHUNKED"),
    "folded-chunked": answer(CHUNKED, b"x-a: b", b" c", body=CHUNKS),
    "early-hints": early(b"link: </a>"),
    "trailers": answer(
        CHUNKED, body=CHUNKS[:-2] + head(
            b"content-length: 99", b"HTTP/1.1 500: x", b"retry-after: 9",
            b"x-trailer: 1")),
    "no-content": status(b"204 No Content", b"content-length: 0"),
    # Fields that are more than they seem.
    "folded-wait": status(b"429 Too Many Requests", b"retry-after:", b"\t 7",
                          b"content-length: 0"),
    "folded-value": answer(b"x-one: a  ", b"\tx-fake: b", b"   ", b"  c",
                           b"x-two: d", LENGTH),
    "name-of-http": answer(b"x-one: a", b"HTTP/1.1 500 x: b", b"x-two: d",
                           LENGTH),
    "reason-with-colon": answer(LENGTH, first=b"HTTP/1.1 200 fine: really"),
    # Not HTTP.
    "folded-first": answer(b" x-fake: a", b"x-two: d", LENGTH),
    "without-colon": answer(b"this is not a field", LENGTH),
    "with-nul": answer(b"x-a: b\0c", LENGTH),
    "with-carriage-return": answer(b"x-a: b\rx-c: d", LENGTH),
    # Statuses that are no answer to an update.
    "not-modified": status(b"304 Not Modified", LENGTH),
    "use-proxy": status(b"305 Use Proxy", b"content-length: 0"),
    "switching": status(b"101 Switching Protocols", b"upgrade: h2c",
                        b"connection: upgrade"),
    "beyond": status(b"600 Beyond", b"content-length: 0"),
}


def send(exchange):
    exchange.send(HEADS[exchange.argument("value")])
    return True


def send_and_close(exchange):
    """As when an informational answer is all that comes."""
    exchange.send(head(b"HTTP/1.1 103 Early Hints", b"link: </a>"))
    return exchange.close()


FAULTS = {"head": send, "early-hints-only": send_and_close}
