"""A server that records what reaches it and answers with faults.

    python3 fault_server.py FOLDER

makes its certificates and its log in FOLDER, writes one line of JSON (what
listens where) to descriptor 3, and serves until its standard input ends or
says "quit". Every listener is on 127.0.0.1, on a port of the system's
choice. FOLDER is removed at the end.
"""

import json
import os
import select
import shutil
import signal
import socket
import ssl
import sys
import threading
import traceback
import warnings

import certificates
from fault_exchange import Exchange
from fault_table import EARLY, FAULTS, unknown
from fault_wire import Connection, Log, PeerGone

READY = 3
# Seconds after which the server ends whatever happens.
LONGEST_LIFE = 7200
HANDSHAKE = 20

REFUSED_407 = (b"HTTP/1.1 407 Proxy Authentication Required\r\n"
               b'Proxy-Authenticate: Basic realm="specs"\r\n'
               b"Content-Length: 0\r\n\r\n")
REFUSED_502 = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"


# What a listener does with a connection.

def http(connection, server):
    """Requests, each answered as its path asks."""
    keep = True
    while keep:
        request = connection.read_head()
        exchange = Exchange(connection, request, server.urls)
        fault = EARLY.get(exchange.name)
        if fault:
            connection.event("head", **request.entry())
        else:
            fault = FAULTS.get(exchange.name, unknown)
            connection.read_body(request)
            connection.log_request(request)
        keep = fault(exchange)


def close_at_once(connection, _server):
    connection.cut()


def reset_at_once(connection, _server):
    connection.reset()


def never_answer(connection, _server):
    connection.wait_closed()


def plain_answer(connection, _server):
    """HTTP in the clear, whatever was said."""
    connection.fill()
    connection.event("bytes", raw=connection.buffer.decode("latin-1"))
    connection.send(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
    connection.close()


def record_bytes(connection, _server):
    """Nothing should come here; what comes is in the log."""
    connection.fill()
    connection.event("bytes", raw=connection.buffer.decode("latin-1"))
    connection.cut()


def proxy(answer):
    """An HTTP proxy that logs each head and gives `answer` to it."""
    def serve(connection, _server):
        head = connection.take_line(b"\r\n\r\n", 1 << 20)
        connection.event("proxy", raw=head.decode("latin-1"))
        if answer is None:
            connection.wait_closed()
        connection.send(answer)
        connection.close()
    return serve


def tunnel(connection, _server):
    """A proxy that connects, though only to this machine."""
    head = connection.take_line(b"\r\n\r\n", 1 << 20).decode("latin-1")
    connection.event("proxy", raw=head)
    method, target = (head.split(" ") + [""])[:2]
    port = target.rpartition(":")[2]
    peer = socket.socket()
    if method != "CONNECT" or not port.isdigit() \
            or peer.connect_ex(("127.0.0.1", int(port))) != 0:
        peer.close()
        connection.send(REFUSED_502)
        connection.close()
        return
    with peer:
        connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        peer.sendall(connection.buffer)
        relay(connection.sock, peer)
    connection.end(by="server")


def relay(client, peer):
    """Bytes in both directions, in one thread since TLS is not for two."""
    other = {client: peer, peer: client}
    try:
        while True:
            waiting = getattr(client, "pending", int)()
            ready = [client] if waiting else select.select(
                [client, peer], [], [])[0]
            for source in ready:
                data = source.recv(65536)
                if not data:
                    return
                other[source].sendall(data)
    except OSError:
        pass  # Either side is gone: so is the tunnel.


# Listeners by name: what serves a connection, and the certificate if it
# speaks TLS. "scheme" is what a client believes to find there.
LISTENERS = {
    "http": {"serve": http},
    "https": {"serve": http, "certificate": "good"},
    "other": {"serve": http, "certificate": "good"},
    "wrong_host": {"serve": http, "certificate": "wrong_host"},
    "expired": {"serve": http, "certificate": "expired"},
    "unknown_ca": {"serve": http, "certificate": "unknown_ca"},
    "cn_only": {"serve": http, "certificate": "cn_only"},
    "tls11": {"serve": http, "certificate": "good",
              "version": ssl.TLSVersion.TLSv1_1},
    "tls12": {"serve": http, "certificate": "good",
              "version": ssl.TLSVersion.TLSv1_2},
    "client_cert": {"serve": http, "certificate": "good",
                    "asks_certificate": True},
    "rotating": {"serve": http, "certificate": "good"},
    "offers_http2": {"serve": http, "certificate": "good",
                     "alpn": ["h2", "http/1.1"]},
    "close_before_read": {"serve": close_at_once},
    "reset_before_read": {"serve": reset_at_once},
    "https_close_before_read": {"serve": close_at_once,
                                "certificate": "good"},
    "https_reset_before_read": {"serve": reset_at_once,
                                "certificate": "good"},
    "stalled_handshake": {"serve": never_answer, "scheme": "https"},
    "reset_handshake": {"serve": reset_at_once, "scheme": "https"},
    "close_handshake": {"serve": close_at_once, "scheme": "https"},
    "plain_answer": {"serve": plain_answer, "scheme": "https"},
    "backlog_full": {"accepts": "never"},
    "refused": {"accepts": "refuses"},
    "proxy": {"serve": tunnel},
    "https_proxy": {"serve": tunnel, "certificate": "good"},
    "https_proxy_unknown": {"serve": tunnel, "certificate": "unknown_ca"},
    "https_proxy_refuses": {"serve": proxy(REFUSED_502),
                            "certificate": "good"},
    "proxy_407": {"serve": proxy(REFUSED_407)},
    "proxy_502": {"serve": proxy(REFUSED_502)},
    "proxy_silent": {"serve": proxy(None)},
    "recorder": {"serve": record_bytes},
    # One port that a client can know for life: the command "turn" makes it
    # serve as any of the others.
    "turning": {"serve": http, "certificate": "good"},
}


class Server:
    """All listeners, their log and the commands of whoever started them."""

    def __init__(self, folder):
        self.folder = folder
        self.log = Log(os.path.join(folder, "log"))
        self.lock = threading.Lock()
        self.connections = 0
        self.sockets = {}
        self.contexts = {}
        self.urls = {}
        self.held = []

    def start(self):
        certificates.make(self.folder)
        for name, listener in LISTENERS.items():
            self.listen(name, listener)

    def listen(self, name, listener):
        sock = socket.socket()
        sock.bind(("127.0.0.1", 0))
        tls = "certificate" in listener
        scheme = listener.get("scheme", "https" if tls else "http")
        host = "localhost" if tls else "127.0.0.1"
        self.sockets[name] = sock
        self.urls[name] = f"{scheme}://{host}:{sock.getsockname()[1]}"
        self.begin(name, listener)

    def begin(self, name, listener):
        if "certificate" in listener:
            self.contexts[name] = self.context(listener)
        sock, accepts = self.sockets[name], listener.get("accepts")
        if accepts != "refuses":
            sock.listen(0 if accepts else 1024)
        if accepts == "never":
            self.fill_backlog(sock)
        if not accepts:
            threading.Thread(target=self.accept, daemon=True,
                             args=(name, listener, sock)).start()

    def fill_backlog(self, sock):
        """Connections that stand in the queue, so that no other can."""
        for _ in range(4):
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex(sock.getsockname())
            self.held.append(waiting)

    def context(self, listener):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        version = listener.get("version")
        if version:
            context.minimum_version = context.maximum_version = version
            context.set_ciphers("ALL:@SECLEVEL=0")
        context.set_alpn_protocols(listener.get("alpn", ["http/1.1"]))
        context.load_cert_chain(
            certificates.path(self.folder, listener["certificate"]),
            certificates.path(self.folder, "key"))
        if listener.get("asks_certificate"):
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(
                certificates.path(self.folder, "ca"))
        context.sni_callback = note_server_name
        return context

    def accept(self, name, listener, listening):
        while True:
            try:
                sock, _ = listening.accept()
            except OSError:
                return  # The command "stop-accept" or "turn".
            with self.lock:
                self.connections += 1
                connection = Connection(sock, self.log, self.connections,
                                        name)
            threading.Thread(target=self.serve, daemon=True,
                             args=(connection, name, listener)).start()

    def serve(self, connection, name, listener):
        connection.event("accept")
        try:
            if name in self.contexts:
                self.handshake(connection, self.contexts[name])
            listener["serve"](connection, self)
        except PeerGone as gone:
            connection.end(by="peer", peer=gone.how)
        except Exception:  # A bug here must be seen, not end in silence.
            traceback.print_exc()
            connection.event("crash", trace=traceback.format_exc())
            connection.end(by="server")

    def handshake(self, connection, context):
        connection.sock.settimeout(HANDSHAKE)
        plain = connection.sock
        try:
            secure = context.wrap_socket(plain, server_side=True,
                                         do_handshake_on_connect=False)
            connection.sock = secure
            secure.do_handshake()
        except (OSError, ValueError) as failure:
            reason = getattr(failure, "reason", None) or str(failure)
            connection.event("handshake_failed", reason=reason,
                             sni=getattr(connection.sock, "sni", None))
            raise PeerGone("handshake") from None
        secure.settimeout(plain.gettimeout())
        facts = {
            "tls": secure.version(),
            "alpn": secure.selected_alpn_protocol(),
            "sni": getattr(secure, "sni", None),
            "session_reused": secure.session_reused or None,
        }
        connection.facts.update(
            {k: v for k, v in facts.items() if v is not None})
        connection.event("handshake", cipher=secure.cipher()[0],
                         client=client_name(secure))

    def ready(self):
        files = {name: certificates.path(self.folder, name)
                 for name in ("ca", "other_ca", "client", "renewed_client",
                              "key", "key_pkcs8", "key_traditional",
                              "client_and_key")}
        return {
            "pid": os.getpid(),
            "log": os.path.join(self.folder, "log"),
            "urls": self.urls,
            "ports": {name: sock.getsockname()[1]
                      for name, sock in self.sockets.items()},
            "files": files,
        }

    # Commands of standard input; each is logged once it took effect.

    def use_certificate(self, name, certificate):
        """New connections of the listener get another certificate."""
        listener = {**LISTENERS[name], "certificate": certificate}
        self.contexts[name] = self.context(listener)

    def stop_accept(self, name):
        """Closes the listener: from then on it refuses."""
        # shutdown wakes the thread that sits in accept; close would not.
        self.sockets[name].shutdown(socket.SHUT_RDWR)
        self.sockets[name].close()

    def turn(self, name, other):
        """New connections of the listener meet what another one does."""
        old, sock = self.sockets[name], socket.socket()
        for each in (old, sock):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            old.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # It was not listening.
        sock.bind(old.getsockname())
        old.close()
        self.sockets[name] = sock
        self.contexts.pop(name, None)
        self.begin(name, LISTENERS[other])

    def command(self, line):
        name, *arguments = line.split()
        {"certificate": self.use_certificate,
         "stop-accept": self.stop_accept,
         "turn": self.turn}[name](*arguments)
        self.log.write({"event": "command", "command": line.strip()})


def note_server_name(sock, name, _context):
    sock.sni = name


def client_name(sock):
    subject = (sock.getpeercert() or {}).get("subject", ())
    for ((key, value),) in subject:
        if key == "commonName":
            return value
    return None


def end(folder):
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)  # Threads that hold connections are not waited for.


def main():
    folder = sys.argv[1]
    # Ctrl-C is for whoever started this; the end of stdin follows.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: end(folder))
    warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.1 is meant
    clock = threading.Timer(LONGEST_LIFE, end, [folder])
    clock.daemon = True
    clock.start()
    server = Server(folder)
    server.start()
    with os.fdopen(READY, "w") as ready:
        ready.write(json.dumps(server.ready()) + "\n")
    for line in sys.stdin:
        if line.strip() == "quit":
            break
        server.command(line)
    end(folder)


if __name__ == "__main__":
    main()
