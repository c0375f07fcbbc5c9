"""A request in every form that an answer can have it in."""

import json


def strings(value):
    """All strings in a decoded body, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from strings(member)
    elif isinstance(value, list):
        for element in value:
            yield from strings(element)


def html_safe(text):
    """JSON as it is put into pages: ASCII, and no sign of HTML."""
    return "".join(c if c not in "<>&'/" else f"\\u{ord(c):04X}"
                   for c in json.dumps(text))


def reencoded(text):
    """What becomes of a text that is quoted in JSON, and that again."""
    once = json.dumps(text)
    unicode = json.dumps(text, ensure_ascii=False)
    yield from (text, once, unicode, unicode.replace("/", "\\/"),
                html_safe(text), json.dumps(once),
                json.dumps(unicode, ensure_ascii=False),
                json.dumps(json.dumps(once)))


def pieces(text):
    """A text trimmed, line by line, with other line ends, and cut off."""
    lines = text.split("\n")
    yield from (text.strip(), "incorrect key: " + text.strip() + ".",
                *lines, " ".join(lines), "\r\n".join(lines))
    if len(text) > 40:
        yield from (text[:40] + "...", text[:20])


def forms(body):
    """Of the whole body, of each string in it, of its parts."""
    value = json.loads(body)
    yield from reencoded(body)
    for text in (json.dumps(value), json.dumps(value, indent=2)):
        yield from reencoded("Invalid body: " + text)
    for text in strings(value):
        yield from reencoded(text)
        for piece in pieces(text):
            yield from reencoded(piece)


def answer(exchange):
    """Status and answer of an error that has all of them."""
    code = int(exchange.argument("value", 400))
    body = exchange.request.body.decode()
    echoes = list(forms(body))
    shown = " ".join(text.encode("ascii", "ignore").decode()
                     for text in map(json.dumps, echoes[:40]))
    return code, json.dumps({
        "statusCode": code, "error": "Bad Request",
        "message": "Invalid body: " + " | ".join(echoes),
        "details": {"failures": [{"path": text, "message": text}
                                 for text in echoes],
                    "received": json.loads(body)},
    }, ensure_ascii=code == 400).encode(), [("x-echo", shown[:30000])]
