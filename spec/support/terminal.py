"""Runs a command with a terminal of its own and types into it.

    python3 terminal.py TYPED COMMAND...

Prints what the command printed to the terminal, then a line "left" with what
of TYPED nobody has read. Ends the command after 30 seconds.
"""

import os
import pty
import select
import signal
import sys
import time


def read_until_end(master, pid):
    seen, limit = b"", time.monotonic() + 30
    while time.monotonic() < limit:
        if not select.select([master], [], [], 0.05)[0]:
            continue
        try:
            data = os.read(master, 65536)
        except OSError:
            return seen  # Nobody has the terminal any more.
        if not data:
            return seen
        seen += data
    os.kill(pid, signal.SIGKILL)
    return seen + b"(killed)"


def main():
    typed, command = sys.argv[1], sys.argv[2:]
    pid, master = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    os.write(master, typed.encode() + b"\n")
    sys.stdout.write(read_until_end(master, pid).decode(errors="replace"))
    os.waitpid(pid, 0)


main()
