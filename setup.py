"""Package metadata; tool settings live in pyproject.toml."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

setup(
    name="kseq2seq",
    version="0.1.0",
    description="Sequence-to-sequence models for Keras 3: built, trained, decoded, exported whole.",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=[
        "LICENSE",
        "kseq2seq/data/samples/NOTICE.md",
        "kseq2seq/data/samples/licences/*",
    ],
    packages=find_packages(include=["kseq2seq", "kseq2seq.*"]),
    package_dir={"kseq2seq.recipes": "recipes"},  # which lie beside the package in a checkout
    package_data={
        "kseq2seq": ["py.typed"],
        "kseq2seq.data": ["samples/*", "samples/licences/*"],
        "kseq2seq.recipes": ["README.md"],
    },
    python_requires=">=3.11",
    install_requires=[
        "ai-edge-litert>=2.3",
        "jiwer>=4,<5",
        "tensorflow>=2.21,<2.22",
        "keras>=3.15.1,<3.16",
        "keras-hub>=0.32,<0.33",
        "tensorflow-text>=2.21.1,<2.22; platform_system != 'Windows'",
        "rouge-score>=0.1.2",
        "sacrebleu>=2.5,<3",
        "sentencepiece>=0.2.2,<0.3",
    ],
    extras_require={
        "gpu": ["tensorflow[and-cuda]>=2.21,<2.22"],
        "image": ["pillow>=11"],
        "labels": ["seqeval>=1.2.2,<2"],
        "mobile": ["kseq2seq-runtime"],
        "onnx": ["tf2onnx>=1.17", "onnx>=1.20"],
        "plot": ["matplotlib>=3.9", "pydot>=3"],
        "tensorboard": ["matplotlib>=3.9", "tensorboard>=2.20"],
        "dev": [
            "hypothesis>=6",
            "import-linter>=2.5",
            "jax>=0.10,<0.11",
            "jaxlib>=0.10,<0.11",
            "keras-tuner>=1.4.8",
            "matplotlib>=3.9",
            "mypy>=1.15",
            "onnx>=1.20",
            "onnxruntime>=1.23",
            "pillow>=11",
            "pydot>=3",
            "pytest>=8",
            "pytest-xdist>=3.6",
            "ruff>=0.11",
            "seqeval>=1.2.2,<2",
            "tensorboard>=2.20",
            "tf2onnx>=1.17",
        ],
    },
    entry_points={"console_scripts": ["kseq2seq-runs = kseq2seq.runs:main"]},
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: Text Processing :: Linguistic",
        "Typing :: Typed",
    ],
)
