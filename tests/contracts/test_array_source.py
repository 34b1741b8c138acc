"""Sources that are arrays."""

import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.contracts import ArraySource, Source, register_source


@register_source("test_readings")
class Readings(ArraySource):
    """Means of each `step` readings."""

    def __init__(self, width=3, step=2, max_length=4, too_long="error", dtype="float32"):
        super().__init__((width,), max_length, too_long, dtype)
        self.step = step
        self.spec = {"source": ((None, width), "float32"), "source_mask": ((None,), "int32")}

    def config(self):
        return {
            "width": self.shape[0],
            "step": self.step,
            "max_length": self.max_length,
            "too_long": self.too_long,
            "dtype": self.dtype.name,
        }

    def features(self, values, lengths):
        grouped = tf.reshape(values, [tf.shape(values)[0], -1, self.step, *self.shape])
        return tf.reduce_mean(tf.cast(grouped, tf.float32), axis=2)


def readings(*lengths):
    rng = np.random.default_rng(0)
    return [rng.normal(size=(length, 3)).astype("float32") for length in lengths]


def test_raws_of_any_length_become_one_batch():
    raws, source = readings(5, 0, 8), Readings()
    batch = source.batch(raws)
    assert batch["values"].shape == (3, 8, 3)
    assert batch["values_length"].numpy().tolist() == [5, 0, 8]
    for row, raw in zip(batch["values"].numpy(), raws, strict=True):
        np.testing.assert_array_equal(row[: len(raw)], raw)
        assert not row[len(raw) :].any()
    assert source.lengths(batch).numpy().tolist() == [3, 0, 4]
    assert source.empty(batch, source.lengths(batch)).numpy().tolist() == [False, True, False]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "uint8"])
def test_numbers_of_each_kind_come_back_as_they_were(dtype):
    values = np.array([[1, 2, 3], [250, 0, 7]], dtype)
    batch = Readings(dtype=dtype).batch([values])
    np.testing.assert_array_equal(batch["values"][0].numpy(), values)


def test_all_empty_is_a_batch_too():
    batch = Readings().batch(readings(0, 0))
    assert batch["values"].shape == (2, 0, 3)
    made = Readings()(batch)
    assert made["source"].shape == (2, 1, 3) and not made["source_mask"].numpy().any()


def test_what_stands_beyond_the_length_is_not_seen():
    source = Readings()
    batch = source.batch(readings(5, 8))
    spoilt = {
        **batch,
        "values": batch["values"] + 9 * (1 - tf.sequence_mask([5, 8], 8, tf.float32))[..., None],
    }
    np.testing.assert_array_equal(source(batch)["source"], source(spoilt)["source"])
    assert source(batch)["source_mask"].numpy().tolist() == [[1, 1, 1, 0], [1, 1, 1, 1]]


def test_a_cut_source_is_its_beginning():
    raws = readings(7, 3)
    cut, whole = Readings(max_length=2, too_long="cut"), Readings()
    made, expected = cut(cut.batch(raws)), whole(whole.batch([raws[0][:4], raws[1]]))
    for name in cut.spec:
        np.testing.assert_array_equal(made[name], expected[name])
    assert cut.lengths(cut.batch(raws)).numpy().tolist() == [4, 2]  # as they are, to be counted


def test_a_file_of_fixed_sizes_computes_the_same():
    for source in (Readings(), Readings(max_length=2, too_long="cut")):
        for raw in readings(1, 5, 8) if source.too_long == "cut" else readings(1, 4, 8):
            specs, inputs = source.fixed(source.max_length)
            fed = source.feed(raw, source.max_length)
            assert {name: tuple(spec.shape) for name, spec in specs.items()} == {
                name: value.shape for name, value in fed.items()
            }
            made = inputs(**{name: tf.constant(value) for name, value in fed.items()})
            expected = source(source.batch([raw]))
            units = expected["source"].shape[1]
            np.testing.assert_array_equal(made["source"][:, :units], expected["source"])
            assert not made["source"][:, units:].numpy().any()
            assert int(tf.reduce_sum(tf.cast(made["source_mask"], tf.int32))) == units


def test_it_is_loaded_by_its_type(tmp_path):
    Readings(step=3, too_long="cut").save(tmp_path)
    loaded = Source.load(tmp_path)
    assert (
        isinstance(loaded, Readings)
        and loaded.config() == Readings(step=3, too_long="cut").config()
    )
    with pytest.raises(ValueError, match="has type 'test_readings', expected 'test_other'"):
        register_source("test_other")(type("Other", (Readings,), {})).load(tmp_path)


def test_a_class_that_is_not_registered_is_not_saved(tmp_path):
    class Mine(Readings):
        pass

    with pytest.raises(ValueError, match=r"Mine is not registered.*register_source\('mine'\)"):
        Mine().save(tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.zeros((4, 2)), r"shape \(length, 3\); got \(4, 2\)"),
        (np.zeros(3), r"shape \(length, 3\)"),
        ([["a", "b", "c"]], "must hold numbers"),
        ([[np.nan, 0, 0]], "NaN or infinities"),
    ],
)
def test_what_is_no_such_array_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        Readings().batch([given])


@pytest.mark.parametrize(
    ("dtype", "number"), [("uint8", 300), ("uint8", -1), ("int16", 0.5), ("float32", 1e39)]
)
def test_a_number_that_the_dtype_does_not_hold_is_refused_and_not_changed(dtype, number):
    source = Readings(dtype=dtype)
    assert source.read([[1.0, 2.0, 3.0]]).dtype == dtype
    with pytest.raises(ValueError, match=f"numbers that {dtype} can't hold"):
        source.read([[1, 2, number]])


def test_a_file_is_read_or_named(tmp_path):
    np.save(tmp_path / "a.npy", readings(4)[0])
    np.testing.assert_array_equal(Readings().read(tmp_path / "a.npy"), readings(4)[0])
    with pytest.raises(FileNotFoundError, match=r"b\.npy is missing"):
        Readings().read(tmp_path / "b.npy")
    content = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "c.npy").write_bytes(content[:-5])
    np.save(tmp_path / "d.npy", np.array([{}]), allow_pickle=True)
    for name in ("c.npy", "d.npy"):
        with pytest.raises(ValueError, match=rf"{name} is no readable"):
            Readings().read(str(tmp_path / name))
