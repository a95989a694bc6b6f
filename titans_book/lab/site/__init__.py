"""The book as a web site that needs no kernel and no network: `make site`.

Widgets are frozen while the solved edition is built (freezing.py); publishing.py makes the pages.
"""
