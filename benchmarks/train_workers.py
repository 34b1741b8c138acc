"""The systems of `train.py`, each a process that works only when it is asked to."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from train_environments import interpreter

HERE = Path(__file__).parent
FLOAT32 = {"dtype": "float32", "jit": True}
BFLOAT16 = {"dtype": "mixed_bfloat16", "jit": False}  # XLA has no such products for CPUs

# name: (script, environment or None for ours, settings of its own)
SYSTEMS = {
    "ours": ("train_ours", None, {**FLOAT32, "batches": "bucketed"}),
    "ours-graph": ("train_ours", None, {**FLOAT32, "jit": False, "batches": "bucketed_finely"}),
    "ours-packed": ("train_ours", None, {**FLOAT32, "batches": "packed"}),
    "ours-bf16": ("train_ours", None, {**BFLOAT16, "batches": "bucketed"}),
    "ours-bf16-packed": ("train_ours", None, {**BFLOAT16, "batches": "packed"}),
    "opennmt": ("train_opennmt", "opennmt", {"jit": False}),
    "opennmt-xla": ("train_opennmt", "opennmt", {"jit": True}),
    "torch": ("train_torch", "torch", {"compile": False, "batches": "sorted"}),
    "torch-compile": (
        "train_torch",
        "torch",
        {"compile": True, "dynamic": True, "batches": "sorted"},
    ),
    "torch-compile-static": (
        "train_torch",
        "torch",
        {"compile": True, "dynamic": False, "batches": "bucketed"},
    ),
}


class Halts(threading.Thread):
    """Notes when the whole machine stood still, as a virtual one may: that is no training."""

    def __init__(self):
        super().__init__(daemon=True)
        self.found: list[tuple[float, float]] = []  # (when it was over, seconds)
        self.start()

    def run(self):
        """Looks at the clock."""
        before = time.perf_counter()
        while True:
            time.sleep(0.5)
            now = time.perf_counter()
            if now - before > 3:
                self.found.append((now, now - before - 0.5))
            before = now

    def since(self, when: float) -> float:
        """Returns the seconds of the halts that were over after `when`."""
        time.sleep(0.6)  # so that one which has just ended is noted
        return sum(seconds for over, seconds in self.found if over > when)


class Worker:
    """A process that trains a model. As a context manager it ends the process."""

    def __init__(self, name: str, settings: dict, halts: Halts):
        script, environment, own = SYSTEMS[name]
        self.name, self.halts, self.halted = name, halts, 0.0
        self.log = Path(settings["folder"], f"{name}.log")
        python = interpreter(environment) if environment else sys.executable
        # Compiled code that is kept from one run to the next would make the second one's minutes
        # longer than the first one's.
        kept = {"TORCHINDUCTOR_CACHE_DIR": str(Path(settings["folder"], f"{name}-compiled"))}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [python, HERE / f"{script}.py", json.dumps({**settings, **own})],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, **kept},
            )
        self.done = self.read()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.process.stdin.close()
        if kind:  # it may be in the midst of a slice
            self.process.kill()
        self.process.wait()

    @property
    def seconds(self) -> float:
        """How long it has trained, halts left out."""
        return self.done["seconds"] - self.halted

    def train(self, until: float) -> dict:
        """Lets it train till it has done so for `until` seconds in all; returns what it did."""
        before, halted, seconds = self.done, self.halted, self.seconds
        while self.seconds < until:
            began = time.perf_counter()
            self.done = self.ask("train", until=until + self.halted)
            self.halted += self.halts.since(began)
        did = {name: self.done[name] - before[name] for name in self.done}
        return {**did, "seconds": self.seconds - seconds, "halted": self.halted - halted}

    def ask(self, do: str, **request) -> dict:
        """Has the worker do something; returns its answer."""
        self.process.stdin.write(json.dumps({"do": do, **request}) + "\n")
        self.process.stdin.flush()
        return self.read()

    def read(self) -> dict:
        """Returns the next answer; raises with the end of the worker's log where there is none."""
        line = self.process.stdout.readline()
        reply = json.loads(line) if line else {"error": f"ended with {self.process.wait()}"}
        if "error" in reply:
            end = self.log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{self.name}: {reply['error']}; its log ends with:\n{end}")
        return reply
