import pytest

from autod_tui.core.errors import RefusedError
from autod_tui.demo.sample import make_sample
from tests.support.demo import gate, git, make_repository

START_COMMIT = "751dadc4222928b6b75e4694b829badbf0acee3c"


def test_the_start_is_a_constant(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Somebody Else")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    first = make_repository(tmp_path / "one")
    second = make_repository(tmp_path / "two")
    assert git(first, "rev-parse", "main") == git(second, "rev-parse", "main")
    assert git(first, "rev-parse", "main^") == START_COMMIT
    assert git(first, "rev-parse", "main^{tree}") == git(second, "rev-parse", "main^{tree}")


def test_the_repository_is_clean_and_on_main(tmp_path):
    repository = make_repository(tmp_path)
    assert git(repository, "status", "--porcelain", "--branch") == "## main"
    assert git(repository, "log", "--format=%an <%ae>") == "\n".join(["Demo <demo@example.invalid>"] * 2)
    assert git(repository, "ls-files", "*-tpl") == ""


def test_a_directory_with_something_in_it_is_refused(tmp_path):
    (tmp_path / "mine").write_text("x")
    with pytest.raises(RefusedError, match="not empty"):
        make_sample(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_the_gates_start_green_or_red_as_they_should(tmp_path):
    repository = make_repository(tmp_path)
    assert gate(repository, "tests") == (0, None)
    status, covered = gate(repository, "coverage")
    assert status == 0
    assert covered < 60
    assert gate(repository, "success-rate") == (1, None)
    assert gate(repository, "documents") == (1, None)


def test_a_broken_line_turns_tests_and_coverage_red(tmp_path):
    repository = make_repository(tmp_path)
    settings = repository / "src" / "paperflow" / "settings.py"
    settings.write_text(settings.read_text().replace("batch_size: int = 10", "batch_size: int = 0"))
    assert gate(repository, "tests")[0] == 1
    assert gate(repository, "coverage")[0] == 1
    assert "__pycache__" not in git(repository, "status", "--porcelain")
