"""A worker's end of the pipe: when to train, when to wait, and what to answer meanwhile.

Standard library alone, since it is imported in every environment. A worker calls its `Pace` before
each step. While the time it was given lasts, the call returns at once; then it reports, and waits
for one JSON object a line, {"do": name, ...}: "train" lets it go on `until` so many seconds of
training in all, any other name is a function of the worker's. One line goes out for each: its
result, or {"error": text}. Nothing runs while it waits.
"""

import json
import os
import sys
import time
import traceback


class Pace:
    """Tells a worker when to take its next step.

    Args:
        progress: returns counts since the start, such as steps and tokens.
        answers: what else can be asked of the worker.
    """

    def __init__(self, progress, **answers):
        self.progress, self.answers = progress, answers
        self.seconds = self.until = 0.0  # of training
        self.processors = self.idle = 0.0  # seconds of this process's: training, waiting
        self.pipe = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)  # what libraries print is not for the pipe
        self.wait()

    def __call__(self):
        """Returns at once, or when there is time to train again."""
        spent = time.perf_counter() - self.began
        if spent >= self.until - self.seconds:
            self.seconds += spent
            self.processors += time.process_time() - self.processors_began
            self.wait()

    def wait(self):
        """Reports, and answers requests till one gives time to train."""
        self.reply(self.report())
        while self.seconds >= self.until:
            before = time.process_time()
            line = sys.stdin.readline()
            self.idle += time.process_time() - before
            if not line:
                os._exit(0)  # in the midst of a training loop that knows of no end
            request = json.loads(line)
            name = request.pop("do")
            if name != "train":
                self.reply(self.answer(name, request))
                continue
            self.until = request["until"]
            if self.seconds >= self.until:
                self.reply(self.report())
        self.began, self.processors_began = time.perf_counter(), time.process_time()

    def report(self):
        """Returns what has been done so far."""
        names = ("seconds", "processors", "idle")
        return {**{name: getattr(self, name) for name in names}, **self.progress()}

    def answer(self, name, request):
        """Returns what a function of the worker's returns, or its error."""
        try:
            return self.answers[name](**request)
        except Exception as error:  # the other end raises it
            traceback.print_exc()
            return {"error": f"{type(error).__name__}: {error}"}

    def reply(self, record):
        """Writes one line."""
        self.pipe.write(json.dumps(record) + "\n")
        self.pipe.flush()
