"""Settings are searched for by KerasTuner; what the documentation shows is run here."""

import keras
import pytest

from kseq2seq import TokenCrossEntropy, build_model
from kseq2seq.runs import Record, read_runs

keras_tuner = pytest.importorskip("keras_tuner")


def test_settings_of_build_model_can_be_searched_for_and_each_try_recorded(runs, tmp_path):
    source = target = 9
    batches, validation = runs.sentences(), runs.sentences().take(1)

    class Search(keras_tuner.HyperModel):
        def build(self, hp):
            model = build_model(
                "transformer", source=source, target=target,
                hidden_dim=hp.Choice("hidden_dim", [2, 4]), num_heads=1, num_layers=1,
                dropout=hp.Float("dropout", 0.0, 0.2, step=0.1),
            )  # fmt: skip
            rate = hp.Float("rate", 1e-4, 1e-2, sampling="log")
            model.compile(keras.optimizers.Adam(rate), TokenCrossEntropy(), run_eagerly=True)
            return model

        def fit(self, hp, model, *args, callbacks=(), **options):
            name = "-".join(f"{value:.3g}" for value in hp.values.values())
            record = Record(tmp_path / "runs" / name, settings=hp.values)
            return model.fit(*args, callbacks=[*callbacks, record], **options)

    tuner = keras_tuner.RandomSearch(
        Search(), "val_loss", max_trials=2, seed=4, directory=tmp_path, project_name="search"
    )
    tuner.search(
        batches, validation_data=validation, epochs=1, steps_per_epoch=2, shuffle=False, verbose=0
    )
    best = tuner.get_best_hyperparameters()[0].values
    assert best.keys() == {"hidden_dim", "dropout", "rate"}
    model = tuner.get_best_models()[0]
    assert model.get_config()["hidden_dim"] == best["hidden_dim"]
    tried, skipped = read_runs([tmp_path / "runs"])
    assert (len(tried), skipped) == (2, [])
    assert best in [run.record["settings"] for run in tried]
    losses = [run.record["logs"]["val_loss"]["least"] for run in tried]
    chosen = next(run for run in tried if run.record["settings"] == best)
    assert chosen.record["logs"]["val_loss"]["least"] == min(losses)
