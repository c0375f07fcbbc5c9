"""A throw-away authority and its certificates, made by the openssl command.

One EC P-256 key serves all of them: they end with the spec run.
"""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

LOCAL = "DNS:localhost,IP:127.0.0.1"

# name: (issuer, common name, alternative names, days it is valid)
CERTIFICATES = {
    "good": ("ca", "truto specs", LOCAL, 2),
    "renewed": ("ca", "truto specs, renewed", LOCAL, 2),
    "wrong_host": ("ca", "elsewhere.example", "DNS:elsewhere.example", 2),
    "expired": ("ca", "truto specs", LOCAL, -1),
    "unknown_ca": ("other_ca", "truto specs", LOCAL, 2),
    "cn_only": ("ca", "localhost", None, 2),
    "client": ("ca", "truto spec client", None, 2),
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


def make_certificate(folder, serial, name):
    issuer, common_name, alternatives, days = CERTIFICATES[name]
    request = os.path.join(folder, name + ".request")
    extensions = os.path.join(folder, name + ".extensions")
    openssl("req", "-new", "-key", path(folder, "key"),
            "-subj", "/CN=" + common_name, "-out", request)
    with open(extensions, "w", encoding="ascii") as file:
        file.write("basicConstraints = CA:FALSE\n")
        if alternatives:
            file.write("subjectAltName = " + alternatives + "\n")
    openssl("x509", "-req", "-in", request, "-CA", path(folder, issuer),
            "-CAkey", path(folder, "key"), "-set_serial", str(serial),
            "-days", str(days), "-extfile", extensions,
            "-out", path(folder, name))


def make(folder):
    """Writes key.pem, ca.pem, other_ca.pem and one PEM a certificate."""
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout",
            "-out", path(folder, "key"))
    make_authority(folder, "ca")
    make_authority(folder, "other_ca")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # list() raises what any of them raised.
        list(pool.map(make_certificate, [folder] * len(CERTIFICATES),
                      range(2, 2 + len(CERTIFICATES)), CERTIFICATES))
