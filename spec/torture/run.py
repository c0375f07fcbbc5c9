"""Runs torture programs against the fault server, then checks its log.

    run.py PROGRAM:STRIDE_HTTP:STRIDE_HTTPS ...

Two programs at a time. A stride of k takes every k-th allocation; 0 leaves
that scheme out. For each request that the server read: it has all its parts,
and the call that sent it did not report "not_sent"; a call that succeeded
sent exactly one.
"""

import collections
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
SERVER = os.path.join(HERE, "..", "support", "fault_server.py")
LONGEST = 900  # seconds that one program may take

BODY = {
    "label": "torture",
    "config": {"bucket": "exports", "port": 6333, "list": [1, 0.5, True],
               "secret_access_key": "torture-secret-value"},
}
HEADERS = {
    "authorization": "Bearer torture-token",
    "content-type": "application/json",
    "accept": "application/json",
    "x-torture": "header-value",
}
# What lua-cjson 2.1.0 leaks when Lua's memory ends inside its decode.
SUPPRESSIONS = "leak:cjson.so\n"


def start_server(folder):
    os.mkdir(folder)
    read, write = os.pipe()
    script = f'exec python3 -B "$0" "$1" 3>&{write}'
    server = subprocess.Popen(["sh", "-c", script, SERVER, folder],
                              stdin=subprocess.PIPE, pass_fds=[write])
    os.close(write)
    with os.fdopen(read) as pipe:
        line = pipe.readline()
    if not line:
        sys.exit("the fault server did not start")
    return server, json.loads(line)


def run(job, facts, folder):
    """One program against one listener; returns whether it ended well."""
    suppressions = os.path.join(folder, "suppressions")
    with open(suppressions, "w", encoding="ascii") as file:
        file.write(SUPPRESSIONS)
    # 127.0.0.1 needs no resolver, whose thread would make the order of
    # allocations a matter of chance.
    url = f"{job.scheme}://127.0.0.1:{facts['ports'][job.scheme]}"
    done = subprocess.run(
        [job.program, url, job.tag, facts["files"]["ca"],
         os.path.join(folder, job.tag), str(job.stride)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        timeout=LONGEST, text=True, errors="replace",
        env={**os.environ, "TORTURE_SECRET": "torture-secret-value",
             "LSAN_OPTIONS": "suppressions=" + suppressions})
    print(job.tag + (f", every {job.stride}." if job.stride > 1 else ""))
    print(done.stdout, end="", flush=True)
    if done.returncode != 0:
        print(f"  ended with {done.returncode}")
    return done.returncode == 0


def problem_of(request):
    """What a request that the server read lacks, or None."""
    headers = {name.lower(): value for name, value in request["headers"]}
    if len(headers) != len(request["headers"]):
        return "a header twice"
    host = headers.pop("host", "")
    length = headers.pop("content-length", "")
    if request["method"] != "PATCH":
        return "method " + request["method"]
    if not host.startswith("127.0.0.1:"):
        return "Host " + host
    if not headers.pop("user-agent", "").startswith("torture"):
        return "another User-Agent"
    if headers != HEADERS:
        return "headers " + json.dumps(headers)
    if length != str(len(request["body"])):
        return "Content-Length " + length
    try:
        return None if json.loads(request["body"]) == BODY else "body"
    except ValueError:
        return "body is not JSON"


def read_requests(path):
    with open(path, encoding="ascii") as file:
        for line in file:
            entry = json.loads(line)
            if entry.get("event") == "crash":
                print(entry["trace"])
            if "event" not in entry:
                yield entry


def count_requests(log, problems):
    """How many requests each call sent, by (tag, id)."""
    counts = collections.Counter()
    for request in read_requests(log):
        parts = request["path"].split("/")
        call = parts[-3], parts[-1]
        counts[call] += 1
        lack = problem_of(request)
        if lack:
            problems.append(f"{call}: the server read {lack}")
    return counts


# How many requests a report allows.
ALLOWED = {"ok": {1}, "rejected": {1}, "not_sent": {0}, "unknown": {0, 1},
           "raised": {0, 1}}


def compare_calls(jobs, folder, counts, problems):
    """Returns how often each outcome and code was reported."""
    reports = collections.Counter()
    for job in jobs:
        with open(os.path.join(folder, job.tag), encoding="utf-8") as file:
            for line in file:
                call, outcome, code, *where = line.rstrip("\n").split("\t")
                count = counts[job.tag, call]
                reports[outcome, code] += 1
                if count not in ALLOWED.get(outcome, set()):
                    problems.append(
                        f"{job.tag} {call} ({', '.join(where)}) reported "
                        f"{outcome} {code}, but sent {count} requests")
    return reports


Job = collections.namedtuple("Job", "program scheme stride tag")


def make_jobs(arguments):
    for argument in arguments:
        program, *strides = argument.split(":")
        name = os.path.basename(program)
        for scheme, stride in zip(("http", "https"), strides):
            if stride != "0":
                yield Job(program, scheme, int(stride), f"{name}-{scheme}")


def main(arguments):
    jobs, problems = list(make_jobs(arguments)), []
    with tempfile.TemporaryDirectory() as folder:
        server, facts = start_server(os.path.join(folder, "server"))
        with ThreadPoolExecutor(2) as pool:
            passed = all(list(pool.map(
                lambda job: run(job, facts, folder), jobs)))
        counts = count_requests(facts["log"], problems)
        reports = compare_calls(jobs, folder, counts, problems)
        server.communicate(b"quit\n")
    print(f"{sum(reports.values())} calls, {sum(counts.values())} requests")
    for (outcome, code), count in reports.most_common():
        print(f"  {count:7} {outcome} {code}")
    for problem in problems[:20]:
        print("PROBLEM " + problem)
    print(f"{len(problems)} problems at the server")
    return 0 if passed and not problems else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
