import importlib.util
import warnings

import pytest

from kseq2seq.metrics import references as module
from kseq2seq.metrics import tokenizer_for

JAPANESE = ["吾輩は猫である。", "名前はまだ無い。"]


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        (["The cat sat.", "C'est l'été."], "13a"),
        (["오늘 날씨가 좋다", "大韓民國의 헌법 제1조 는 이렇다"], "13a"),
        (["می‌خواهم", "мир"], "13a"),
        (["He said 你好 to everyone in the room"], "13a"),
        (["", "1 2 3", "..."], "13a"),
        (["今天天气很好。"], "zh"),
        (["安装 numpy 和 TensorFlow 2.0", "重启"], "zh"),
        (["我愛臺灣", "《の》是日文"], "zh"),
        ([["天氣好", "今天天氣好"], "好"], "zh"),
        (["สวัสดีชาวโลก"], "char"),
        (["ສະບາຍດີ"], "char"),
        (["សួស្តី ពិភពលោក"], "char"),
        (["မြန်မာ နိုင်ငံ"], "char"),
        (["今天天气很好。", "สวัสดีชาวโลก"], "char"),
    ],
)
def test_the_script_says_which(texts, name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert tokenizer_for(texts) == name


def test_japanese_without_its_packages_is_of_characters_and_says_so(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.warns(UserWarning, match=r"tok:char.*sacrebleu\[ja\]"):
        assert tokenizer_for(JAPANESE) == "char"
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: name)
    assert tokenizer_for(JAPANESE) == "ja-mecab"
