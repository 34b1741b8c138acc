"""Package metadata of the runtime, a distribution of its own."""

from pathlib import Path

from setuptools import setup

HERE = Path(__file__).parent

setup(
    name="kseq2seq-runtime",
    version="0.1.0",
    description="Runs the TFLite files of kseq2seq, text to text, without TensorFlow or Keras.",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    packages=["kseq2seq_runtime"],
    package_data={"kseq2seq_runtime": ["py.typed"]},
    python_requires=">=3.11",
    install_requires=[
        "ai-edge-litert>=2.3",
        "numpy",
        "protobuf",
        "sentencepiece>=0.2.1,<0.3",
    ],
    extras_require={"image": ["pillow>=11"]},
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Developers",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: Text Processing :: Linguistic",
        "Typing :: Typed",
    ],
)
