"""The rules of the house that a machine can check."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APPS = (
    "tenancy", "customers", "messaging", "cases", "contracts", "recommendations", "visits", "portal",
    "imports", "servicedesk",
)  # fmt: skip
DRAWERS = {"utils.py", "helpers.py", "common.py", "misc.py", "services.py"}
SQL_WORDS = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\b")


def tracked(*patterns):
    listed = subprocess.run(
        ["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name]


SOURCES = [path for app in APPS for path in (ROOT / app).rglob("*.py")]
OURS = [path for path in SOURCES if "migrations" not in path.parts]


def test_no_drawer_instead_of_a_rules_name():
    assert [path for path in OURS if path.name in DRAWERS] == []


def test_no_module_is_longer_than_400_lines():
    long = {path.relative_to(ROOT): len(path.read_text().splitlines()) for path in OURS}
    assert {path: lines for path, lines in long.items() if lines > 400} == {}


def test_nothing_in_pages_or_rules_calls_the_broker():
    calls = [path for path in OURS if re.search(r"\.(delay|apply_async)\(", path.read_text())]
    assert [path.relative_to(ROOT) for path in calls] == [Path("tenancy/tasks.py")]


def test_zone_arithmetic_stands_in_one_module():
    """`ZoneInfo` and `astimezone` in tenancy.calendars only; a desk's zone is checked where it is set."""
    allowed = {Path("tenancy/calendars.py"), Path("tenancy/models/desk.py")}
    found = {
        path.relative_to(ROOT)
        for path in OURS
        if re.search(r"\bZoneInfo\(|\.astimezone\(", path.read_text()) and "embedded" not in path.parts
    }
    assert found - allowed == set()


def test_rules_are_told_the_time():
    """Only pages, commands, tasks and the supervisor ask the clock; rules take `now=`."""
    asking = {"timezone.now()", "datetime.now(", "date.today("}
    rules = [path for path in OURS if path.parts[len(ROOT.parts)] not in ("servicedesk", "portal", "imports")]
    found = {
        path.relative_to(ROOT).as_posix()
        for path in rules
        if any(word in path.read_text() for word in asking) and "commands" not in path.parts
    }
    pages = {name for name in found if "pages" in name or name in ("tenancy/files.py",)}
    assert found - pages == set()


def test_no_sql_is_put_together_from_values():
    """A query in an f-string may name tables and columns, never hold a value: those are parameters."""
    found = []
    for path in OURS:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                text = "".join(part.value for part in node.values if isinstance(part, ast.Constant))
                if SQL_WORDS.search(text):
                    found.append(path.relative_to(ROOT).as_posix())
    # The owner's commands, over names that the catalogue gives.
    assert set(found) <= {"servicedesk/demo/building.py", "tenancy/walls.py"}


def test_no_template_trusts_data():
    unsafe = [
        path
        for path in (ROOT / "templates").rglob("*.html")
        if re.search(r"\|\s*safe\b|autoescape off", path.read_text())
    ]
    assert unsafe == []


def test_no_import_inside_a_function():
    for path in OURS:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                inner = [each for each in ast.walk(node) if isinstance(each, (ast.Import, ast.ImportFrom))]
                assert inner == [], path


def test_no_signals_between_our_apps():
    """Celery's own worker signal is not between our apps."""
    found = [
        path for path in OURS if "django.dispatch" in path.read_text() or "models.signals" in path.read_text()
    ]
    assert found == []


def test_every_public_function_says_what_it_means():
    """Module, class and public function of the rules have a docstring."""
    silent = []
    for path in OURS:
        if path.name == "__init__.py" or path.name == "apps.py":
            continue
        tree = ast.parse(path.read_text())
        if not ast.get_docstring(tree):
            silent.append(path.relative_to(ROOT).as_posix())
        for node in tree.body:
            is_public = isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_")
            if is_public and not ast.get_docstring(node) and node.name not in ("Command", "Migration"):
                silent.append(f"{path.relative_to(ROOT)}:{node.name}")
    assert silent == []


@pytest.mark.parametrize("path", tracked("requirements/*"), ids=lambda path: path.name)
def test_locks_name_no_host(path):
    assert "://" not in path.read_text()
