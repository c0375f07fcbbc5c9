"""Runs a command at a terminal of its own, and types.

    terminal_session.py STEPS COMMAND...

STEPS is JSON: a list of [what to wait for in the output, what to type]. What
is typed may be {"signal": "TSTP"}, sent to the command's process. Prints JSON:
what came out, whether the terminal showed what was typed at each step and at
the end, how the command ended.
"""

import json
import os
import pty
import select
import signal
import sys
import termios


def echoes(terminal):
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


def lead(command, reports):
    """Leads the terminal's session, as a shell does: a job that stops has to
    have somebody who continues it, or it does not stop."""
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.execvp(command[0], command)
    os.write(reports, f"{job}\n".encode())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    status = 0x7f
    while os.WIFSTOPPED(status):
        _, status = os.waitpid(job, os.WUNTRACED)
        os.write(reports, f"{status}\n".encode())
    os._exit(0)


class Session:
    def __init__(self, command):
        self.output, self.shown, self.ended = b"", [], None
        reports, theirs = os.pipe()
        leader, self.terminal = pty.fork()
        if leader == 0:
            lead(command, theirs)
        os.close(theirs)
        self.reports = os.fdopen(reports)
        self.job = int(self.reports.readline())

    def read(self):
        """More output; False when there will be none."""
        ready, _, _ = select.select([self.terminal], [], [], 20)
        try:
            more = os.read(self.terminal, 4096) if ready else b""
        except OSError:  # The command has closed it.
            more = b""
        self.output += more
        return more != b""

    def wait_for(self, text):
        while text.encode() not in self.output[self.seen:]:
            if not self.read():
                raise SystemExit(f"no {text!r} in {self.output!r}")
        self.seen = self.output.index(text.encode(), self.seen) + len(text)

    def send(self, name):
        """Sends a signal; continues the job once that has stopped it."""
        os.kill(self.job, getattr(signal, "SIG" + name))
        status = int(self.reports.readline())
        if os.WIFSTOPPED(status):
            self.shown.append(echoes(self.terminal))
            os.kill(self.job, signal.SIGCONT)
        else:
            self.ended = status

    def run(self, steps):
        self.seen = 0
        for text, typed in steps:
            self.wait_for(text)
            self.shown.append(echoes(self.terminal))
            if isinstance(typed, dict):
                self.send(typed["signal"])
            else:
                os.write(self.terminal, typed.encode())
        while self.read():
            pass
        if self.ended is None:
            self.ended = int(self.reports.readline())


def main():
    signal.alarm(60)  # Whatever hangs.
    session = Session(sys.argv[2:])
    session.run(json.loads(sys.argv[1]))
    ended = session.ended
    print(json.dumps({
        "output": session.output.decode(), "echo": session.shown,
        "echo_after": echoes(session.terminal),
        "signal": os.WTERMSIG(ended) if os.WIFSIGNALED(ended) else 0,
        "code": os.WEXITSTATUS(ended) if os.WIFEXITED(ended) else -1,
    }))


main()
