import doctest
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "codec.md"


def test_the_examples_of_the_manual_page_run() -> None:
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert tried >= 10
    assert failed == 0
