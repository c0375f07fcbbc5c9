"""A throw-away authority and its certificates, made by the openssl command.

One EC P-256 key serves all of them: they end with the spec run.
"""

import os
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

LOCAL = "DNS:localhost,IP:127.0.0.1"

# name: (issuer, common name, alternative names, days until it expires)
CERTIFICATES = {
    "good": ("ca", "truto specs", LOCAL, 2),
    "renewed": ("ca", "truto specs, renewed", LOCAL, 2),
    "wrong_host": ("ca", "elsewhere.example", "DNS:elsewhere.example", 2),
    "expired": ("ca", "truto specs", LOCAL, -1),
    "unknown_ca": ("other_ca", "truto specs", LOCAL, 2),
    "cn_only": ("ca", "localhost", None, 2),
    "client": ("ca", "truto spec client", None, 2),
    "renewed_client": ("ca", "truto spec client, renewed", None, 2),
}


def openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], capture_output=True,
                          check=False)
    if done.returncode != 0:
        raise RuntimeError("openssl " + arguments[0] + ": "
                           + done.stderr.decode(errors="replace"))


def path(folder, name):
    return os.path.join(folder, name + ".pem")


def make_authority(folder, name):
    openssl("req", "-x509", "-new", "-key", path(folder, "key"), "-days", "2",
            "-subj", "/CN=truto spec " + name, "-out", path(folder, name))


# `openssl x509` refuses to make an expired certificate since OpenSSL 3.5, and
# takes dates since 3.4 only; `openssl ca` has always taken dates. It insists
# on books, which are not kept.
AUTHORITY = """\
[ca]
default_ca = spec
[spec]
database = {books}/index
serial = {books}/serial
new_certs_dir = {books}
default_md = sha256
policy = names
x509_extensions = extensions
[names]
commonName = supplied
[extensions]
basicConstraints = CA:FALSE
"""


def day(days):
    when = datetime.now(timezone.utc) + timedelta(days=days)
    return when.strftime("%Y%m%d%H%M%SZ")


def write(name, text):
    with open(name, "w", encoding="ascii") as file:
        file.write(text)


def write_books(books, serial, alternatives):
    settings = AUTHORITY.format(books=books)
    if alternatives:
        settings += "subjectAltName = " + alternatives + "\n"
    write(os.path.join(books, "settings"), settings)
    write(os.path.join(books, "index"), "")
    write(os.path.join(books, "serial"), "%02X\n" % serial)


def make_certificate(folder, serial, name):
    issuer, common_name, alternatives, days = CERTIFICATES[name]
    with tempfile.TemporaryDirectory(dir=folder) as books:
        request = os.path.join(books, "request")
        write_books(books, serial, alternatives)
        openssl("req", "-new", "-key", path(folder, "key"),
                "-subj", "/CN=" + common_name, "-out", request)
        openssl("ca", "-batch", "-notext", "-in", request,
                "-config", os.path.join(books, "settings"),
                "-cert", path(folder, issuer), "-keyfile", path(folder, "key"),
                "-startdate", day(min(0, days - 1)), "-enddate", day(days),
                "-out", path(folder, name))


# Forms of the key that need a pass phrase, by the command that writes them.
ENCRYPTED_KEYS = {
    "key_pkcs8": ("pkcs8", "-topk8", "-v2", "aes-256-cbc"),
    "key_traditional": ("ec", "-aes-256-cbc"),
}
PASS_PHRASE = "canary-pass-phrase"


def make_encrypted_keys(folder):
    for name, command in ENCRYPTED_KEYS.items():
        openssl(*command, "-in", path(folder, "key"), "-passout",
                "pass:" + PASS_PHRASE, "-out", path(folder, name))
    with open(path(folder, "client_and_key"), "wb") as whole:
        for name in ("client", "key_pkcs8"):
            with open(path(folder, name), "rb") as part:
                whole.write(part.read())


def make(folder):
    """Writes key.pem, ca.pem, other_ca.pem, one PEM a certificate, the key
    encrypted, and client_and_key.pem."""
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout",
            "-out", path(folder, "key"))
    make_authority(folder, "ca")
    make_authority(folder, "other_ca")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # list() raises what any of them raised.
        list(pool.map(make_certificate, [folder] * len(CERTIFICATES),
                      range(2, 2 + len(CERTIFICATES)), CERTIFICATES))
    make_encrypted_keys(folder)
