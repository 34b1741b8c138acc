"""Whole models in forms that need no kseq2seq to run."""

from kseq2seq.export.onnx import export_onnx
from kseq2seq.export.parity import Parity, ParityError
from kseq2seq.export.saved_model import export_saved_model
from kseq2seq.export.tflite import export_tflite

__all__ = ["Parity", "ParityError", "export_onnx", "export_saved_model", "export_tflite"]
