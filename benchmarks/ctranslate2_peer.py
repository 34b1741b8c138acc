"""CTranslate2 as a peer in benchmarks: our Transformers' weights in its format, and its process.

It lives in an environment of its own in the cache folder, made on first use with `pip`; what
travels there are arrays (`.npz`, no pickles) and JSON lines; see `ctranslate2_server.py`.

What means the same on both sides, and what can't:

- The limit: both make at most `max_length` tokens, the end included. At the limit we force the end
  and CTranslate2 stops without one; `translate` puts it there.
- `Greedy()` is `beam_size` 1: the end is allowed at once, nothing else is held back. (We forbid
  padding and start, too, which a trained model never prefers.)
- `Beam(4, alpha)` is `beam_size` 4, but CTranslate2 divides log p by n^a where we divide by
  ((5 + n) / 6)^alpha; with a = alpha n / (n + 5) the two weigh one token more or less the same at
  targets of n tokens. CTranslate2 ends a source once 4 hypotheses are finished, we once no live one
  could still win: we search on a little longer.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from ctranslate2_weights import encoder_blocks, weights

import kseq2seq as ks
from kseq2seq.data.cache import cache_folder

SERVER = Path(__file__).with_name("ctranslate2_server.py")
ACTIVATIONS = {"relu": "RELU", "gelu": "GELU", "swiglu": "SWISH"}
SAME = {
    "architecture": ("transformer",),
    "norm": ("pre", "post"),
    "position_scheme": ("sinusoidal", "learned"),
    "attention": ("full", "chunked"),
    "dtype": ("float32",),
}


def interpreter() -> Path:
    """Returns the Python of CTranslate2's environment, made if it isn't there."""
    home = cache_folder() / "peers" / "ctranslate2"
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        print(f"Installing CTranslate2 in {home}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "ctranslate2", "numpy"], check=True)
        (home / "ready").touch()
    return python


class CTranslate2:
    """CTranslate2 in a process of its own.

    As a context manager it ends the process. Nothing runs there between two calls, but for OpenMP's
    threads, which wait busily for some milliseconds after one.
    """

    def __init__(self):
        self.process = subprocess.Popen(
            [interpreter(), SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.stdin.close()
        self.process.wait()

    def ask(self, do: str, **request) -> dict:
        """Has the server do something; returns its answer."""
        self.process.stdin.write(json.dumps({"do": do, **request}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"CTranslate2's process ended with status {self.process.wait()}.")
        reply = json.loads(line)
        if "error" in reply:
            raise RuntimeError(f"CTranslate2 could not {do}: {reply['error']}")
        return reply

    def write_model(self, model: ks.Seq2Seq, directory: Path) -> None:
        """Writes a model directory with a Transformer's weights.

        Raises:
            ValueError: if the model is of a kind that is not the same in CTranslate2.
        """
        config = model.get_config()
        for name, known in SAME.items():
            if config[name] not in known:
                raise ValueError(
                    f"The model has `{name}`={config[name]!r}; the comparison with CTranslate2 "
                    f"takes {' or '.join(map(repr, known))}."
                )
        special = ks.SpecialTokens()
        with tempfile.NamedTemporaryFile(suffix=".npz") as file:
            np.savez(file.name, **weights(model, config))
            self.ask(
                "write_model",
                weights=file.name,
                directory=str(directory),
                sizes={
                    "num_layers": (len(encoder_blocks(model)), len(model.decoder.blocks)),
                    "num_heads": config["num_heads"],
                    "pre_norm": config["norm"] == "pre",
                    "activation": ACTIVATIONS[config["activation"]],
                    "ffn_glu": config["activation"] == "swiglu",
                    "target": config["target"],
                },
                config={
                    "layer_norm_epsilon": encoder_blocks(model)[0].fed.normalize.epsilon,
                    "bos_token": str(special.start),
                    "decoder_start_token": str(special.start),
                    "eos_token": str(special.end),
                    "unk_token": str(special.unknown),
                },
            )

    def load(self, directory: Path, compute_type: str, threads: tuple[int, int]) -> tuple[int, str]:
        """Loads a model for `threads` (inter, intra); returns its number and real compute type."""
        inter, intra = threads
        request = {"compute_type": compute_type, "inter_threads": inter, "intra_threads": intra}
        made = self.ask("load", directory=str(directory), **request)
        return made["translator"], made["compute_type"]

    def translate(self, translator: int, sources: list, width: int, max_length: int, **options):
        """Returns targets (lists of ids, the end included), their scores if asked, and seconds."""
        limits = {"beam_size": width, "max_decoding_length": max_length}
        made = self.ask("translate", translator=translator, sources=sources, **limits, **options)
        for ids in made["ids"]:
            if len(ids) == max_length:
                ids[-1] = ks.SpecialTokens().end
        return made["ids"], made["scores"], made["seconds"]
