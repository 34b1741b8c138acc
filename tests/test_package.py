"""What a user meets first: the import, the names, the wheel's data."""

import ast
import graphlib
import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest

import kseq2seq
from kseq2seq import hints


def run(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )


def test_import_is_lazy_and_quiet():
    done = run(
        "import sys, kseq2seq; print(sorted({'tensorflow', 'keras', 'numpy'} & set(sys.modules)))"
    )
    assert done.stdout.strip() == "[]"
    assert done.stderr == ""


def test_loading_tensorflow_is_quiet():
    done = run(
        "import kseq2seq as ks\nfrom kseq2seq import data\nimport tensorflow as tf\n"
        "print(tf.constant(1).numpy(), ks.build_model.__name__)"
    )
    assert done.stdout.strip() == "1 build_model"
    assert done.stderr == ""


def test_tensorflow_is_quiet_whoever_imports_it():
    done = run("import kseq2seq, tensorflow; print(tensorflow.__name__)")
    assert done.stdout.strip() == "tensorflow"
    assert done.stderr == ""


def test_other_lines_come_through(tmp_path):
    done = run(
        "import os, re\nfrom kseq2seq.quiet import without_lines\n"
        "with without_lines(re.compile(b'noise')):\n"
        "    os.write(2, b'noise 1\\nwarning: noise 2\\n')\n"
    )
    assert done.stderr == "warning: noise 2\n"


def test_packages_are_reachable_without_an_import_of_their_own():
    done = run(
        "import sys, kseq2seq as ks\n"
        "print(ks.runs.read_runs.__name__, 'keras' in sys.modules, ks.pipeline.Pipeline.__name__)"
    )
    assert done.stdout.strip() == "read_runs False Pipeline"
    assert done.stderr == ""


def test_all_public_names_resolve():
    for name in kseq2seq.__all__:
        assert getattr(kseq2seq, name) is not None


def test_unknown_name_lists_the_known():
    with pytest.raises(AttributeError, match="build_model"):
        kseq2seq.build_modle  # noqa: B018
    with pytest.raises(AttributeError, match=r"It has Beam, .*build_model"):
        kseq2seq.xyzzy  # noqa: B018


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("generate", "kseq2seq.Pipeline for texts, or kseq2seq.decode for a model"),
        ("Transformer", r'kseq2seq\.build_model\("transformer", \.\.\.\)'),
        ("LSTM", r'kseq2seq\.build_model\("lstm"'),
        ("Tokenizer", r"kseq2seq\.text\.SentencePieceTokenizer\.train"),
        ("Model", r"kseq2seq\.build_model"),
        ("load", r"kseq2seq\.Pipeline\.load"),
        ("load_model", r"keras\.saving\.load_model"),
        ("train", r"compile and fit of the model itself"),
        ("Run", r"kseq2seq\.runs\.Run to keep and resume a run"),
        ("BeamSearch", r"kseq2seq\.Beam"),
    ],
)
def test_names_that_a_keras_user_tries_say_what_to_use(name, use):
    with pytest.raises(AttributeError, match=rf"no attribute '{name}'\. Use .*{use}"):
        getattr(kseq2seq, name)


def test_what_a_hint_names_is_there():
    for hint in set(hints._INSTEAD.values()):
        for path in re.findall(r"kseq2seq[\w.]*\w", hint):
            found = kseq2seq
            for part in path.split(".")[1:]:
                found = getattr(found, part)
    assert set(hints._ARCHITECTURES) == set(kseq2seq.models.ARCHITECTURES)
    assert not any(name in hints._INSTEAD for name in map(str.lower, kseq2seq.__all__))


def test_a_compiled_model_reloads_after_the_import_alone(tmp_path):
    path = str(tmp_path / "model.keras")
    run(
        "import kseq2seq as ks, keras\n"
        "from kseq2seq.metrics import TokenAccuracy\n"
        "model = ks.build_model('gru', source=9, target=9, hidden_dim=4)\n"
        "model.compile('adam', ks.TokenCrossEntropy(0.1), metrics=[TokenAccuracy()])\n"
        f"model.save({path!r})"
    )
    done = run(
        "import importlib.util, kseq2seq\n"
        "importlib.util.find_spec('keras')  # asking does not disarm\n"
        f"import keras\nprint(keras.saving.load_model({path!r}).loss.label_smoothing)"
    )
    assert done.stdout.strip() == "0.1"


@pytest.mark.parametrize("first", ["layers", "metrics"])
def test_any_part_may_be_imported_first(first):
    """Keras is then imported by a module that is not whole yet."""
    script = (
        f"import kseq2seq.{first}, keras\n"
        "assert keras.saving.get_registered_object('kseq2seq>Seq2Seq') is not None"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-1500:]


def test_no_one_but_text_asks_a_source_for_its_tokenizer():
    package = Path(kseq2seq.__file__).parent
    asks = re.compile(r"(?<!options)\.tokenizer\b(?!s? import)")
    found = [
        f"{path.relative_to(package)}:{number}"
        for path in sorted(package.rglob("*.py"))
        if path.parent.name != "text"
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if asks.search(line) and not line.strip().startswith((">>>", "...", "from ", "import "))
    ]
    assert found == []


PACKAGE = Path(kseq2seq.__file__).parent
TREES = {path: ast.parse(path.read_text("utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}


def dotted(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(tree, inside):
    """Yields modules that are imported inside of functions, or when the module is."""
    stack = [(tree, False)]
    while stack:
        node, within = stack.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue  # never run
        if isinstance(node, ast.Import | ast.ImportFrom) and within == inside:
            module = getattr(node, "module", None)
            for name in (alias.name for alias in node.names):
                whole = f"{module}.{name}" if module else name
                yield whole if whole in MODULES or not module else module
        within = within or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        stack.extend((child, within) for child in ast.iter_child_nodes(node))


MODULES = {dotted(path): tree for path, tree in TREES.items()}
EXTRAS = {
    re.match(r"[\w-]+", line)[0]
    for line in importlib.metadata.requires("kseq2seq")
    if "extra ==" in line
}


def test_functions_import_no_part_of_the_package():
    """But one that needs a library of an extra as soon as it is imported."""
    hidden = {
        f"{name} imports {module}"
        for name, tree in MODULES.items()
        for module in imports(tree, inside=True)
        if module.split(".")[0] == "kseq2seq"
        and not {other.split(".")[0] for other in imports(MODULES[module], inside=False)} & EXTRAS
    }
    assert hidden == set()


def test_imports_go_in_one_direction():
    """Sorting the modules so that each follows what it imports raises where there is a circle."""
    graph = {
        name: {module for module in imports(tree, inside=False) if module in MODULES}
        for name, tree in MODULES.items()
    }
    assert graph["kseq2seq.models.build"] >= {"kseq2seq.models.table", "kseq2seq.checks"}
    order = [*graphlib.TopologicalSorter(graph).static_order()]
    assert order.index("kseq2seq.models.build") < order.index("kseq2seq.models.transformer")
