"""OpenNMT-tf's worker of `train.py`: its `Trainer` over its own training dataset.

Runs in an environment that has OpenNMT-tf and nothing of ours. What its `Runner` would do is done
here in the same order, so that the vocabulary, the sizes and the schedule can be given, and so that
its batches can be held back: the trainer takes any iterable of them.
"""

import json
import sys
from pathlib import Path

import numpy as np
import opennmt
import tensorflow as tf
from train_pace import Pace

SPECIAL = ("<blank>", "<s>", "</s>")  # 0, 1 and 2 are padding, start and end, as on our side
UNKNOWN = "<unk>"  # what it calls the id that follows those of its file: here the last one


def build(settings, vocabulary):
    """Returns a model with the sizes, the optimizer and the schedule of all sides."""

    def embedder():
        return opennmt.inputters.WordEmbedder(embedding_size=settings["dim"])

    model = opennmt.models.Transformer(
        source_inputter=embedder(),
        target_inputter=embedder(),
        num_layers=settings["layers"],
        num_units=settings["dim"],
        num_heads=settings["heads"],
        ffn_inner_dim=settings["inner"],
        dropout=0.0,
        attention_dropout=0.0,
        ffn_dropout=0.0,
        mha_bias=False,
        share_embeddings=opennmt.models.EmbeddingsSharingLevel.ALL,
        pre_norm=True,
        output_layer_bias=False,
    )
    model.initialize(
        {
            "source_vocabulary": str(vocabulary),
            "target_vocabulary": str(vocabulary),
            "source_sequence_controls": {"start": False, "end": True},
        },
        {
            "label_smoothing": settings["label_smoothing"],
            "average_loss_in_time": True,
            "optimizer": "Adam",
            "optimizer_params": {
                "beta_2": settings["beta_2"],
                "global_clipnorm": settings["clip_norm"],
            },
            "learning_rate": settings["peak"],
            "decay_type": "InvSqrtDecay",
            "decay_params": {"warmup_steps": settings["warmup_steps"]},
            "beam_width": 1,
            "maximum_decoding_length": settings["longest"],
        },
    )
    model.set_jit_compile(settings["jit"])
    return model


def dataset(model, settings):
    """Returns its training batches, as its `Runner` makes them from a configuration."""
    folder, multiple = Path(settings["folder"]), 8 if settings["jit"] else 1
    return model.examples_inputter.make_training_dataset(
        str(folder / "train.source"),
        str(folder / "train.target"),
        settings["batch_tokens"],
        batch_type="tokens",
        batch_size_multiple=multiple,
        shuffle_buffer_size=-1,  # the whole corpus
        length_bucket_width=max(2, multiple),
        pad_to_bucket_boundary=settings["jit"],
        maximum_features_length=settings["longest"],
        maximum_labels_length=settings["longest"],
    )


class Averaging(opennmt.training.Trainer):
    """Its trainer, whose moving average can be looked at between two steps."""

    average = None

    def _update_moving_average(self, moving_average):
        self.average = moving_average
        super()._update_moving_average(moving_average)


class Paced:
    """A dataset whose iterator keeps time and counts target tokens, the ends included."""

    def __init__(self, batches, pace, counted):
        self.batches, self.pace, self.counted = batches, pace, counted
        self.element_spec = batches.element_spec

    def __iter__(self):
        for batch in self.batches:
            self.pace()
            self.counted.append(batch[1]["length"])
            yield batch


def features(rows, start=()):
    """Returns what its inputters make of ids: padded, with lengths."""
    rows = [[*start, *row] for row in rows]
    ids = np.zeros((len(rows), max(map(len, rows))), "int64")
    for place, row in zip(ids, rows, strict=True):
        place[: len(row)] = row
    return {"ids": tf.constant(ids), "length": tf.constant([len(row) for row in rows])}


def main():
    settings = json.loads(sys.argv[1])
    tf.config.threading.set_intra_op_parallelism_threads(settings["threads"])
    tf.config.threading.set_inter_op_parallelism_threads(settings["threads"])
    tf.keras.utils.set_random_seed(settings["seed"])
    vocabulary = Path(settings["folder"], "opennmt.vocabulary")
    names = [*SPECIAL, *map(str, range(len(SPECIAL), settings["ids"] - 1))]
    vocabulary.write_text("\n".join(names) + "\n")
    numbers = {name: number for number, name in enumerate([*names, UNKNOWN])}
    model = build(settings, vocabulary)
    model.create_variables()
    optimizer = model.get_optimizer()
    trainer = Averaging(model, optimizer)
    counted, seen = [], 0

    def progress():
        nonlocal seen
        seen += sum(int(tf.reduce_sum(lengths)) for lengths in counted)
        counted.clear()
        return {"steps": int(optimizer.iterations), "tokens": seen}

    def about():
        version = f"OpenNMT-tf {opennmt.__version__}, TensorFlow {tf.__version__}"
        return {"parameters": model.count_params(), "version": version}

    def check(sources, targets):
        labels, ends = features(targets, start=(1,)), features(targets)
        labels["ids"] = labels["ids"][:, :-1] * tf.cast(ends["ids"] != 0, tf.int64)
        labels.update(ids_out=ends["ids"], length=ends["length"])
        loss, count = model.compute_training_loss(features(sources), labels)
        return {"loss": float(loss) / float(count)}

    @tf.function(reduce_retracing=True)
    def infer(ids, length):
        return model.infer({"ids": ids, "length": length})

    def greedy(sources):
        order, found = sorted(range(len(sources)), key=lambda row: len(sources[row])), {}
        with trainer.average.shadow_variables():
            for first in range(0, len(order), 64):
                rows = order[first : first + 64]
                made = infer(**features([sources[row] for row in rows]))
                tokens, lengths = made["tokens"].numpy()[:, 0], made["length"].numpy()[:, 0]
                for row, words, length in zip(rows, tokens, lengths, strict=True):
                    found[row] = [numbers[word.decode()] for word in words[:length]]
        return {"ids": [found[row] for row in range(len(sources))]}

    pace = Pace(progress, about=about, check=check, greedy=greedy)
    trainer(
        lambda _: Paced(dataset(model, settings), pace, counted),
        save_steps=None,
        eval_steps=None,
        moving_average_decay=settings["average"],
    )


if __name__ == "__main__":
    main()
