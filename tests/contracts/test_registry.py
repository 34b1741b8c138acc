"""Tables that users add to."""

import pytest

from kseq2seq.registry import Registry


@pytest.fixture
def shapes():
    return Registry("shape", "register_shape")


def test_a_class_is_found_by_its_name_and_may_be_defined_again(shapes):
    def define():
        @shapes.register("circle")
        class Circle:
            pass

        return Circle

    first, second = define(), define()
    assert first is not second
    assert shapes["circle"] is second and dict(shapes) == {"circle": second}
    assert shapes.named("circle", "file") is second
    assert shapes.name_of(second) == "circle"


def test_a_name_that_is_taken_or_no_word_is_refused(shapes):
    @shapes.register("circle")
    class Circle:
        pass

    with pytest.raises(ValueError, match=r"'circle' is .*Circle already, so .*Other can't"):

        @shapes.register("circle")
        class Other:
            pass

    for name in ("", "two words", 3, None, "../x"):
        with pytest.raises(ValueError, match="must be a word such as 'my_shape'"):
            shapes.register(name)


def test_a_subclass_is_not_its_base(shapes):
    @shapes.register("circle")
    class Circle:
        pass

    class RoundThing(Circle):
        pass

    with pytest.raises(ValueError, match=r"RoundThing is not registered.*register_shape\('round_t"):
        shapes.name_of(RoundThing)


@pytest.mark.parametrize("name", ["circel", "x" * 999, 7, None, ["circle"], {}])
def test_an_unknown_name_says_what_to_import(shapes, name):
    shapes.register("circle")(type("Circle", (), {}))
    with pytest.raises(
        ValueError, match=r"expected 'circle'.*shapes_of_mine.*import the module"
    ) as e:
        shapes.named(name, "shape.json", "shapes_of_mine.Circle")
    assert len(str(e.value)) < 500
    assert ("Did you mean 'circle'" in str(e.value)) == (name == "circel")
