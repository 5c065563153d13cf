"""A worker over HTTP that needs nothing but Python: it claims jobs of a queue, many at a time, says how far they are, and ends them.

`python3 worker.py`, with ANNEX_URL, ANNEX_EMAIL and ANNEX_PASSWORD of an account with the role `worker`, and ANNEX_QUEUE.
"""

import json
import os
import signal
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

URL = os.environ.get("ANNEX_URL", "http://127.0.0.1:8080")
QUEUE = os.environ.get("ANNEX_QUEUE", "default")
LEASE_SECONDS = 30
MOST = 10


class Problem(Exception):
    """What Annex answered instead."""

    def __init__(self, problem):
        super().__init__(problem.get("detail"))
        self.code, self.status = problem.get("code"), problem.get("status")


class Permanent(Exception):
    """A failure that another attempt would not mend."""


class Cancelled(Exception):
    """Somebody wants the job to stop, or another worker has it."""


def call(path, body, token=None):
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(URL + path, json.dumps(body).encode(), headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise Problem(json.load(error)) from None


class Account:
    """Signs in, and again where the token has run out."""

    def __init__(self):
        self.lock, self.tokens = threading.Lock(), None

    def renew(self, used):
        with self.lock:
            if self.tokens and self.tokens["access_token"] != used:
                return
            if self.tokens:
                refresh, self.tokens = self.tokens["refresh_token"], None
                self.tokens = call("/v1/auth/refresh", {"refresh_token": refresh})
            else:
                who = {"email": os.environ["ANNEX_EMAIL"], "password": os.environ["ANNEX_PASSWORD"]}
                self.tokens = call("/v1/auth/login", who)

    def post(self, path, body):
        for is_last in (False, True):
            token = self.tokens and self.tokens["access_token"]
            try:
                if token:
                    return call(path, body, token)
            except Problem as problem:
                if problem.status != 401 or is_last:
                    raise
            self.renew(token)
        return call(path, body, self.tokens["access_token"])


account = Account()


class Job:
    def __init__(self, claimed):
        self.id, self.kind, self.args = claimed["id"], claimed["kind"], claimed["args"]
        self.token, self.stopped, self.ended = claimed["lease_token"], threading.Event(), threading.Event()

    def say(self, what, **body):
        return account.post(f"/v1/jobs/{self.id}/{what}", {"lease_token": self.token, **body})

    def progress(self, share, message=None):
        """Says how far the job is: 0 to 1, and in words."""
        if self.say("progress", progress=share, message=message)["cancel_requested"] or self.stopped.is_set():
            raise Cancelled("cancelled")

    def beat(self):
        """As long as it is heard of it keeps the job; where somebody wants the job to stop it is told so here."""
        while not self.ended.wait(LEASE_SECONDS / 3):
            try:
                if self.say("heartbeat", lease_seconds=LEASE_SECONDS)["cancel_requested"]:
                    self.stopped.set()
            except Problem as problem:
                if problem.code == "stale_lease":
                    self.stopped.set()
            except OSError:
                pass

    def work(self):
        threading.Thread(target=self.beat, daemon=True).start()
        try:
            handler = HANDLERS.get(self.kind)
            if handler is None:
                raise LookupError(f"nobody here does {self.kind}")
            self.say("complete", **handler(self))
        except Exception as error:
            # Another worker has it by now: what this one did counts nothing.
            if getattr(error, "code", None) != "stale_lease":
                self.say("fail", error={"message": str(error)}, retry=not isinstance(error, Permanent))
        finally:
            self.ended.set()


def count(job):
    text = job.args.get("text")
    if not isinstance(text, str):
        raise Permanent("`text` must be a string")
    job.progress(0.5, "counting")
    words = len(text.split())
    body = {"text": text, "words": words}
    return {"result": {"words": words}, "operations": [{"method": "create", "collection": "counts", "body": body}]}


# What this worker knows how to do. A job runs at least once: what `operations` write is written once, with the end of the job.
HANDLERS = {"text.count": count}


def main():
    going = threading.Event()
    going.set()
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: going.clear())
    running = set()
    with ThreadPoolExecutor(MOST) as pool:
        while going.is_set():
            try:
                wanted = {"max": MOST - len(running), "wait_seconds": 5, "lease_seconds": LEASE_SECONDS, "worker": "worker.py"}
                for claimed in account.post(f"/v1/queues/{QUEUE}/claim", wanted)["jobs"]:
                    running.add(pool.submit(Job(claimed).work))
                if len(running) >= MOST:
                    wait(running, return_when=FIRST_COMPLETED)
                running = {one for one in running if not one.done()}
            except (OSError, Problem) as error:
                print(error, flush=True)
                time.sleep(1)


if __name__ == "__main__":
    main()
