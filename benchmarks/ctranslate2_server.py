"""CTranslate2's end of the pipe: writes models, loads them and translates ids.

Runs in an environment that has `ctranslate2` and `numpy` and nothing of ours; `ctranslate2_peer.py`
starts it and is the other end. One JSON object a line comes in, {"do": name, ...}, and one goes
out: what the function of that name returns, or {"error": text}.
"""

import json
import sys
import time

import ctranslate2
import numpy as np
from ctranslate2 import specs
from ctranslate2.specs.model_spec import index_spec

translators: list[ctranslate2.Translator] = []


def write_model(weights: str, directory: str, sizes: dict, config: dict) -> dict:
    """Fills a specification with arrays named by their place in it, and saves it as float32.

    Tokens are the ids themselves, written as decimals.
    """
    layers, target = sizes.pop("num_layers"), sizes.pop("target")
    spec = specs.TransformerSpec.from_config(
        layers, **{**sizes, "activation": specs.Activation[sizes["activation"]]}
    )
    with np.load(weights, allow_pickle=False) as arrays:
        for place, array in arrays.items():
            layer, _, name = place.rpartition("/")
            setattr(index_spec(spec, layer), name, array)
    for name, value in config.items():
        setattr(spec.config, name, value)
    spec.register_source_vocabulary([str(i) for i in range(len(spec.encoder.embeddings[0].weight))])
    spec.register_target_vocabulary([str(i) for i in range(target)])
    spec.validate()
    spec.optimize(quantization="float32")
    spec.save(directory)
    return {}


def compute_types() -> dict:
    """Returns the types that this machine's CPU has kernels for."""
    return {"compute_types": sorted(ctranslate2.get_supported_compute_types("cpu"))}


def load(directory: str, compute_type: str, inter_threads: int, intra_threads: int) -> dict:
    """Loads a model; returns its number, and the compute type it really has."""
    translators.append(
        ctranslate2.Translator(
            directory,
            compute_type=compute_type,
            inter_threads=inter_threads,
            intra_threads=intra_threads,
        )
    )
    return {"translator": len(translators) - 1, "compute_type": translators[-1].compute_type}


def translate(
    translator: int, sources: list, batch_size: int, scores: bool = False, **options
) -> dict:
    """Returns the best target of each source, its end included, and the seconds spent.

    Batches of one sentence are translated one after the other, each when the one before is done;
    larger ones are handed over all at once, so that `inter_threads` can work on two together.
    """
    model = translators[translator]
    sources = [[str(token) for token in source] for source in sources]
    options |= {"return_end_token": True, "min_decoding_length": 0, "return_scores": scores}
    began = time.perf_counter()
    if batch_size == 1:
        found = [model.translate_batch([source], **options)[0] for source in sources]
    else:
        found = model.translate_batch(sources, max_batch_size=batch_size, **options)
    seconds = time.perf_counter() - began
    return {
        "ids": [[int(token) for token in result.hypotheses[0]] for result in found],
        "scores": [result.scores[0] for result in found] if scores else None,
        "seconds": seconds,
    }


def main() -> None:
    functions = {
        function.__name__: function for function in (write_model, compute_types, load, translate)
    }
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = functions[request.pop("do")](**request)
        except Exception as error:  # the other end reports it
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
