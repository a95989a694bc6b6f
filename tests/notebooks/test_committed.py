"""What is committed is what the masters build. (make test also runs every notebook, with nbval.)"""

import titans_book.book  # noqa: F401  (whose exercises the assignment marks)
from titans_book.lab.editions import committed


def test_the_committed_notebooks_are_what_the_masters_build():
    assert committed.differences() == [], "to build them: python -m titans_book notebooks"
