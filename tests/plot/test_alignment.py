from __future__ import annotations

import sys
import warnings

import numpy as np
import pytest
from matplotlib import cbook, font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg

from kseq2seq import plot
from kseq2seq.plot.fonts import font_for

SOURCE = ["▁black", "▁cat", "s", "<end>"]
TARGET = ["▁chat", "s", "▁noirs", "<end>"]
MATRIX = np.array(
    [[0.1, 0.6, 0.3, 0.0], [0.1, 0.2, 0.6, 0.1], [0.7, 0.1, 0.1, 0.1], [0.0, 0.1, 0.1, 0.8]]
)
SERIF = cbook._get_data_path("fonts/ttf/DejaVuSerif-Bold.ttf")


@pytest.fixture
def bare(monkeypatch):
    """A machine with no fonts but Matplotlib's."""
    own = str(cbook._get_data_path("fonts"))
    fonts = [entry for entry in font_manager.fontManager.ttflist if entry.fname.startswith(own)]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", fonts)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [])


def labels(figure):
    axes = figure.axes[0]
    return (
        [label.get_text() for label in axes.get_xticklabels()],
        [label.get_text() for label in axes.get_yticklabels()],
    )


def values(figure):
    return np.asarray(figure.axes[0].collections[0].get_array())


def test_words_sum_over_the_source_and_average_over_the_target():
    figure = plot.alignment(SOURCE, TARGET, MATRIX)
    assert labels(figure) == (["black", "cats", "<end>"], ["chats", "noirs", "<end>"])
    expected = [[0.1, 0.85, 0.05], [0.7, 0.2, 0.1], [0.0, 0.2, 0.8]]
    np.testing.assert_allclose(values(figure), expected, atol=1e-12)


def test_tokens_are_kept_on_demand():
    figure = plot.alignment(SOURCE, TARGET, MATRIX.tolist(), words=False)
    assert labels(figure) == (SOURCE, TARGET)
    np.testing.assert_array_equal(values(figure), MATRIX)


def test_white_is_zero_and_black_the_highest():
    mesh = plot.alignment(SOURCE, TARGET, MATRIX).axes[0].collections[0]
    assert mesh.get_clim() == (0.0, pytest.approx(0.85))
    assert mesh.to_rgba([0.0])[0].tolist() == [1, 1, 1, 1]
    assert mesh.to_rgba([0.85])[0].tolist() == [0, 0, 0, 1]
    plot.alignment(SOURCE, TARGET, 0 * MATRIX)


@pytest.mark.parametrize("shape", [(1, 1), (2, 9), (30, 4)])
@pytest.mark.parametrize("colorbar", [False, True])
def test_cells_are_square_and_nothing_leaves_the_page(shape, colorbar):
    rows, columns = ([f"▁{'word' * (1 + i % 3)}" for i in range(size)] for size in shape)
    matrix = np.full(shape, 1 / shape[1])
    figure = plot.alignment(columns, rows, matrix, title="A title", colorbar=colorbar)
    assert len(figure.axes) == 1 + colorbar
    renderer = FigureCanvasAgg(figure).get_renderer()
    width, height = figure.get_size_inches()
    drawn = figure.get_tightbbox(renderer)
    assert drawn.x0 >= 0 and drawn.x1 <= width
    assert drawn.y0 >= 0 and drawn.y1 <= height
    box = figure.axes[0].get_window_extent(renderer)
    assert box.width / shape[1] == pytest.approx(box.height / shape[0])
    tops = [label.get_window_extent(renderer) for label in figure.axes[0].get_xticklabels()]
    assert all(label.y0 >= box.y1 for label in tops)  # above, and not below
    first = figure.axes[0].transData.transform([(0.5, 0.5)])[0]
    assert first[1] > box.y1 - box.height / shape[0]  # the first row is the topmost


def test_labels_are_turned_only_where_they_would_touch():
    long = plot.alignment(["▁international", "▁committee"], ["▁a"], [[0.5, 0.5]])
    assert {label.get_rotation() for label in long.axes[0].get_xticklabels()} == {45.0}
    short = plot.alignment(list("abc"), list("de"), np.full((2, 3), 1 / 3))
    assert {label.get_rotation() for label in short.axes[0].get_xticklabels()} == {0.0}


def test_labels_are_taken_as_they_are():
    tokens = ["$x$", "\n", " a", "e\u0301"]
    figure = plot.alignment(tokens, ["$\\frac"], [[0.25] * 4], words=False, title="$")
    assert labels(figure) == (["$x$", "\\n", "␣a", "é"], ["$\\frac"])
    FigureCanvasAgg(figure).draw()  # as formulas some would fail


@pytest.mark.parametrize(
    ("suffix", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("PDF", b"%PDF")]
)
def test_saved_in_the_format_of_the_suffix(tmp_path, suffix, start):
    path = tmp_path / f"정렬.{suffix}"
    plot.alignment(SOURCE, TARGET, MATRIX, str(path))
    assert path.read_bytes().startswith(start)


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"`path` must end in \.png, \.svg or \.pdf.*a\.jpg"):
        plot.alignment(SOURCE, TARGET, MATRIX, tmp_path / "a.jpg")


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (None, r"alignments=True.*'lstm'.*'bahdanau'"),
        (MATRIX[:3], r"here \(4, 4\); got \(3, 4\)\.$"),
        (MATRIX[None], r"got \(1, 4, 4\)"),
        (MATRIX - 0.5, "negative"),
        (MATRIX * np.nan, "NaN"),
        (np.full((4, 4), np.inf), "infinities"),
    ],
)
def test_bad_matrices_are_refused(matrix, message):
    with pytest.raises(ValueError, match=message):
        plot.alignment(SOURCE, TARGET, matrix)


def test_a_transposed_matrix_is_recognized():
    with pytest.raises(ValueError, match=r"here \(2, 4\); got \(4, 2\)\. It seems to be transp"):
        plot.alignment(SOURCE, TARGET[:2], MATRIX[:, :2])


def test_bad_tokens_are_refused():
    with pytest.raises(TypeError, match="`source_tokens` must be a list of strings"):
        plot.alignment("cats", TARGET, MATRIX)
    with pytest.raises(TypeError, match="`target_tokens` must be a list of strings"):
        plot.alignment(SOURCE, [1, 2, 3, 4], MATRIX)
    with pytest.raises(ValueError, match="`target_tokens` must have at least one"):
        plot.alignment(SOURCE, [], np.zeros((0, 4)))


def test_without_matplotlib_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install 'kseq2seq\[plot\]'"):
        plot.alignment(SOURCE, TARGET, MATRIX)


def test_characters_that_no_font_has_are_told_once(bare, tmp_path):
    with pytest.warns(UserWarning) as told:
        plot.alignment(["▁a"], ["▁번역"], [[1.0]], tmp_path / "a.png")
    (warning,) = told
    assert str(warning.message).startswith("No installed font has 번 역, drawn as boxes.")
    assert "NanumGothic" in str(warning.message)
    assert warning.filename == __file__  # it points to who called


def test_what_the_first_font_has_needs_no_other(bare):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert font_for("né Привет κόσμε \u200d\n").get_family() == ["DejaVu Sans"]


def test_what_the_first_font_lacks_comes_from_another(bare):
    lacking = "\ue000"  # private use, only in Matplotlib's STIX fonts
    families = font_for(f"a{lacking}").get_family()
    assert families[0] == "DejaVu Sans"
    assert len(families) == 2 and families[1].startswith("STIX")


def test_fonts_installed_since_are_found(bare, monkeypatch):
    kept = [x for x in font_manager.fontManager.ttflist if not x.name.startswith("STIX")]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", kept)
    path = str(cbook._get_data_path("fonts/ttf/STIXNonUni.ttf"))
    broken = str(cbook._get_data_path("matplotlibrc"))
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [broken, path])
    assert font_for("\ue000").get_family() == ["DejaVu Sans", "STIXNonUnicode"]


def test_a_font_of_choice_comes_first(bare):
    assert font_for("abc", "DejaVu Serif").get_family() == ["DejaVu Serif", "DejaVu Sans"]
    chosen = font_for("abc", SERIF)
    assert chosen.get_family() == ["DejaVu Serif", "DejaVu Sans"]
    assert font_manager.findfont(chosen) == str(SERIF)  # the bold file that was given
    figure = plot.alignment(SOURCE, TARGET, MATRIX, font=SERIF)
    font = figure.axes[0].get_xticklabels()[0].get_fontproperties()
    assert font.get_family() == chosen.get_family()


@pytest.mark.parametrize("name", ["No Such Font", "missing.ttf"])
def test_unknown_fonts_are_refused(name):
    with pytest.raises(ValueError, match=f"name of an installed family.*{name}"):
        plot.alignment(SOURCE, TARGET, MATRIX, font=name)


def test_files_that_are_no_fonts_are_refused(tmp_path):
    path = tmp_path / "font.ttf"
    path.write_text("no font")
    with pytest.raises(ValueError, match="must be a font file that Matplotlib can draw"):
        plot.alignment(SOURCE, TARGET, MATRIX, font=path)
