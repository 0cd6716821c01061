"""Docs that name a file, a command or a sign-in name one that is there."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from servicedesk.demo.names import NORTHGATE, SOUTHGATE
from servicedesk.demo.people import PASSWORD

ROOT = Path(__file__).resolve().parents[2]
DOCS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/decisions.md")]
NAMED_FILE = re.compile(r"`((?:[\w.-]+/)+[\w.-]*)`|\]\(([\w./-]+)\)")


@pytest.mark.parametrize("doc", DOCS, ids=lambda doc: doc.name)
def test_every_file_that_a_doc_names_is_there(doc):
    named = {first or second for first, second in NAMED_FILE.findall(doc.read_text())}
    # A package's image and a licence's name look like paths.
    named -= {"valkey/valkey:9"}
    assert [
        name for name in sorted(named) if not ((ROOT / name).exists() or (doc.parent / name).exists())
    ] == []


def test_every_command_of_the_readme_exists():
    named = set(re.findall(r"manage\.py (\w+)", (ROOT / "README.md").read_text()))
    assert named - set(get_commands()) == set()


def test_every_make_target_of_the_docs_exists():
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {target for doc in DOCS for target in re.findall(r"`make (\w+)", doc.read_text())}
    assert named - targets == set()


def test_the_sign_ins_of_the_readme_are_the_demos():
    readme = (ROOT / "README.md").read_text()
    assert f"`{PASSWORD}`" in readme
    for name in NORTHGATE.people.values():
        assert f"`{name.split()[0].lower()}@northgate.example`" in readme
    for name in SOUTHGATE.people.values():
        assert f"{name.split()[0].lower()}@" in readme


def test_every_setting_read_from_the_environment_is_in_the_readme():
    settings = (ROOT / "servicedesk/settings.py").read_text()
    names = set(re.findall(r'env(?:\.\w+)?\(\s*"([A-Z_]+)"', settings))
    names |= set(re.findall(r'_database_at\("([A-Z_]+)"', settings))
    readme = (ROOT / "README.md").read_text()
    assert sorted(name for name in names if f"`{name}`" not in readme) == []
