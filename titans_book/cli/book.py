"""The commands that look after the book: doctor, lab, data, notebooks, site."""

import argparse
import sys
from pathlib import Path


def add(commands: argparse._SubParsersAction) -> None:
    """Add these commands to the parser."""
    what = "say in plain words what is wrong with this environment"
    doctor = commands.add_parser("doctor", help=what, description=f"{what}; exit 1 if anything is")
    doctor.set_defaults(run=_doctor)

    what = "open JupyterLab at the first chapter"
    lab = commands.add_parser("lab", help=what, description=what)
    lab.add_argument("--no-browser", action="store_true", help="serve it, but open no browser")
    check = "start it, wait until it serves the chapter and has a kernel, then stop it"
    lab.add_argument("--check", action="store_true", help=check)
    lab.set_defaults(run=_lab)

    what = "list the texts and tables that come with the book, and check their hashes"
    data = commands.add_parser("data", help=what, description=what)
    data.set_defaults(run=_data)

    what = "build the notebooks from their masters in notebooks/source"
    books = commands.add_parser("notebooks", help=what, description=what)
    books.add_argument("chapters", nargs="*", help="such as 13 or 13_train_it; default: all")
    check = "write nothing; exit 1 if the notebooks are not what the masters build"
    books.add_argument("--check", action="store_true", help=check)
    skip = "leave out the editions that have to be executed"
    books.add_argument("--no-run", action="store_true", help=skip)
    where = "the project whose notebooks to build (default: the one that this program is from)"
    books.add_argument("--project", metavar="FOLDER", type=Path, help=where)
    books.set_defaults(run=_notebooks)

    what = "write the book as a web site that needs no kernel and no network"
    site = commands.add_parser("site", help=what, description=what)
    where = "a new folder, or that of an earlier site (default: build/site)"
    site.add_argument("--out", metavar="FOLDER", type=Path, default=Path("build/site"), help=where)
    site.set_defaults(run=_site)


def _doctor(_: argparse.Namespace) -> int:
    from titans_book.lab.desk.doctor import examine, report

    findings = examine()
    print(report(findings))
    return int(any(not finding.ok and finding.essential for finding in findings))


def _lab(options: argparse.Namespace) -> int:
    from titans_book.lab.desk import server

    if options.check:
        print(server.check())
        return 0
    return server.serve(*(["--no-browser"] if options.no_browser else []))


def _data(_: argparse.Namespace) -> int:
    from titans_book.tasks import corpora

    folder = corpora.data_folder()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        print(f"{path.stat().st_size:>10,} bytes  {path.relative_to(folder)}")
    problems = corpora.verify()
    for problem in problems:
        print(f"titans_book data: {problem}", file=sys.stderr)
    print(f"in {folder}: " + ("not as recorded" if problems else "every hash is as recorded"))
    return int(bool(problems))


def _notebooks(options: argparse.Namespace) -> int:
    from titans_book.book import bank  # noqa: F401  (the exercises that the editions mark)
    from titans_book.lab.editions import building, committed
    from titans_book.lab.project import ROOT

    root = options.project or ROOT
    if not options.check:
        for path in building.build(options.chapters, run=not options.no_run, root=root):
            print(path.relative_to(root), flush=True)
        return 0
    problems = committed.differences(options.chapters, root=root)
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        print("to build them: python -m titans_book notebooks", file=sys.stderr)
    else:
        print("the notebooks are what the masters build")
    return int(bool(problems))


def _site(options: argparse.Namespace) -> int:
    from titans_book.book import bank  # noqa: F401  (the questions that the quizzes show)
    from titans_book.lab.site.publishing import publish

    site = publish(options.out)
    sizes = [(options.out / page.address).stat().st_size for page in site.pages]
    largest = f"the largest {max(sizes) / 1000:,.0f} kB"
    print(f"{len(sizes)} pages, {largest}; open {options.out / 'index.html'}")
    return 0
