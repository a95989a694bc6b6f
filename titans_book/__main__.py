"""`python -m titans_book`: see cli.py."""

import sys

from titans_book.cli import main

if __name__ == "__main__":
    sys.exit(main())
