"""Counts copies of secrets in the memory of a process.

    canaries.py UPDATES COMMAND...

gives COMMAND a file of each secret in TRUTO_CANARY_TOKEN and
TRUTO_CANARY_KEY, waits for it to say that it has closed and collected, and
prints how many copies its memory has. As its parent it may look.
"""

import os
import secrets
import subprocess
import sys
import tempfile


def readable(pid):
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps:
        for line in maps:
            span, mode = line.split()[:2]
            if mode.startswith("rw"):
                yield [int(end, 16) for end in span.split("-")]


def count(pid, words):
    found = 0
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for start, end in readable(pid):
            try:
                memory.seek(start)
                data = memory.read(end - start)
            except (OSError, OverflowError, ValueError):
                continue  # The kernel's own pages.
            found += sum(data.count(word) for word in words)
    return found


def main():
    words, environment = [], {**os.environ, "UPDATES": sys.argv[1]}
    with tempfile.TemporaryDirectory() as folder:
        for name in ("TOKEN", "KEY"):
            path = os.path.join(folder, name)
            word = "canary-" + secrets.token_hex(16)
            with open(path, "w", encoding="ascii") as file:
                file.write(word + "\n")
            environment["TRUTO_CANARY_" + name] = path
            words.append(word.encode())
        with subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE,
                              env=environment) as child:
            said = child.stdout.readline().strip()
            print(said.decode(), count(child.pid, words))
            child.stdin.close()


main()
