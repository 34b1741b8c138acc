"""Runs the TFLite files that kseq2seq exports, text to text, without TensorFlow or Keras.

Example:
    ::

        from kseq2seq_runtime import Beam, Pipeline

        pipeline = Pipeline("model.tflite")
        pipeline.texts(["A raw text.", "Another."])
        pipeline("A raw text.", search=Beam(8, n_best=3))[0].alternatives
        for written in pipeline.stream("A raw text."):
            print(written)

A target that was cut at the model's limit says so: `finished` is False.
"""

from kseq2seq_runtime.beam import Beam
from kseq2seq_runtime.greedy import Greedy
from kseq2seq_runtime.model import Model
from kseq2seq_runtime.pipeline import Pipeline
from kseq2seq_runtime.prediction import Alternative, Prediction, Stream
from kseq2seq_runtime.sample import Sample
from kseq2seq_runtime.search import Hypothesis

__all__ = [
    "Alternative",
    "Beam",
    "Greedy",
    "Hypothesis",
    "Model",
    "Pipeline",
    "Prediction",
    "Sample",
    "Stream",
]
