"""The bodies that an answer can have, by name."""

import http.client
import json
import urllib.parse

ID = b'"id":"ds_1"'


def reason(status):
    return http.client.responses.get(status, "Unknown")


def encode(value):
    return json.dumps(value).encode()


def sent_json(request):
    """What the client sent, decoded, if that is a JSON object."""
    try:
        value = json.loads(request.body)
    except (TypeError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def datastore(exchange, _status):
    segment = exchange.request.path.split("?")[0].rsplit("/", 1)[-1]
    return encode({
        "id": urllib.parse.unquote(segment),
        "type": "s3",
        "label": sent_json(exchange.request).get("label", "exports"),
        "config": {"region": "eu-west-1", "bucket": "exports"},
        "environment_id": "env_1",
        "created_at": "2024-09-01 10:00:00",
        "updated_at": "2026-01-02T03:04:05.678Z",
    })


def echo(exchange, _status):
    request = exchange.request
    return encode({
        "id": "echo",
        "method": request.method,
        "path": request.path,
        "headers": {k.lower(): v for k, v in request.headers},
        "sent": sent_json(request),
    })


def envelope(_exchange, status):
    return encode({
        "statusCode": status,
        "error": reason(status),
        "message": "the fault server says " + str(status),
    })


def failures(_exchange, status):
    return encode({
        "statusCode": status,
        "error": reason(status),
        "message": "the config is not valid",
        "details": {"failures": [
            {"path": "config.port", "message": "must be integer"},
            {"path": "config.base_url", "message": "must be a URL"},
        ]},
    })


def nested(depth):
    """An object whose innermost value stands `depth` containers deep."""
    inner = depth - 1
    return b'{"a":' + b"[" * inner + b"]" * inner + b"}"


def large(exchange, _status):
    """A whole datastore of `size` bytes."""
    frame = b"{" + ID + b',"label":""}'
    size = int(exchange.argument("size", 2 << 20))
    return frame[:-2] + b"a" * (size - len(frame)) + b'"}'


# A function gets the exchange and the status; bytes are sent as they are.
BODIES = {
    "datastore": datastore,
    "echo": echo,
    "envelope": envelope,
    "failures": failures,
    "large": large,
    "empty": b"",
    "spaces": b" \r\n\t ",
    "html": b"<html><body><h1>502 Bad Gateway</h1></body></html>",
    "text": b"no healthy upstream",
    "broken-json": b'{"statusCode":500,"error":"Internal',
    "unclosed": b"{" + ID + b',"config":{"a":1}',
    "trailing-comma": b"{" + ID + b",}",
    "single-quotes": b"{'id':'ds_1'}",
    "array": b"[{" + ID + b"}]",
    "empty-array": b"[]",
    "empty-object": b"{}",
    "string": b'"ds_1"',
    "number": b"42",
    "true": b"true",
    "null": b"null",
    "two-values": b"{" + ID + b"}{" + ID + b"}",
    "trailing-bytes": b"{" + ID + b"} tail",
    "trailing-nul": b"{" + ID + b"}\0",
    "bom": b"\xef\xbb\xbf{" + ID + b"}",
    "utf16": ("{" + ID.decode() + "}").encode("utf-16"),
    "comments": b"{" + ID + b"/* here */}",
    "line-comment": b"{" + ID + b"} // here",
    "nan": b"{" + ID + b',"n":NaN}',
    "infinity": b"{" + ID + b',"n":-Infinity}',
    "hex-number": b"{" + ID + b',"n":0x10}',
    "leading-zero": b"{" + ID + b',"n":010}',
    "plus-number": b"{" + ID + b',"n":+1}',
    "huge-number": b"{" + ID + b',"n":1e999}',
    "negative-huge-number": b"{" + ID + b',"n":-1e999}',
    "inner-huge-number": b"{" + ID + b',"config":{"a":[1,{"n":1e999}]}}',
    "long-number": b"{" + ID + b',"n":' + b"9" * 10000 + b"}",
    "duplicate-keys": b"{" + ID + b',"id":"ds_2","label":"a","label":"b"}',
    "lone-surrogate": b"{" + ID + b',"label":"a\\ud800b"}',
    "half-surrogate": b"{" + ID + b',"label":"a\\ud800\\u0041"}',
    "surrogate-pair": b"{" + ID + b',"label":"\\ud83d\\ude00"}',
    "invalid-utf8": b"{" + ID + b',"label":"\xff\xfe"}',
    "overlong-utf8": b"{" + ID + b',"label":"\xc0\xaf"}',
    "raw-control": b"{" + ID + b',"label":"a\nb\x00c"}',
    "escaped-nul": b"{" + ID + b',"label":"a\\u0000b"}',
    "big-int": b"{" + ID + b',"a":9007199254740993,"b":1234567890123456,'
               b'"c":-9223372036854775808,"d":9223372036854775807,'
               b'"e":9223372036854775808,"f":18446744073709551616}',
    "numbers": b"{" + ID + b',"port":6333,"half":0.5,"float":1.0,'
               b'"exponent":1e3,"negative_zero":-0.0,"tiny":5e-324}',
    "null-members": b"{" + ID + b',"label":null,"config":{"a":null,"b":1},'
                    b'"list":[1,null,3]}',
    "unknown-type": b"{" + ID + b',"type":"postgresql","config":{"host":'
                    b'"db","ssl":true,"pools":[{"size":4}]},"extra":[]}',
    "null-message": b'{"statusCode":null,"error":null,"message":null}',
    "message-object": b'{"statusCode":"x","error":[],"message":{"a":1}}',
    "control-message": b'{"statusCode":400,"error":"Bad Request",'
                       b'"message":"a\\u001b[31mred\\r\\nline\\u0000end"}',
    "long-message": b'{"statusCode":400,"error":"Bad Request","message":"'
                    + b"m" * 100000 + b'"}',
}


def body(name, exchange, status):
    """The bytes of the body `name`, or None if there is none of it.

    `nested-65` is nested 65 deep, and so for any number.
    """
    if name.startswith("nested-"):
        return nested(int(name[len("nested-"):]))
    found = BODIES.get(name)
    return found(exchange, status) if callable(found) else found
