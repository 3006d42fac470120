"""What the wizard offers as branches."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from autod_tui.git.repository import open_repository


def git(directory: Path, *words: str, date: int = 0) -> None:
    stamp = f"@{date} +0000"
    names = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@b"}
    env = {**os.environ, **names, "GIT_COMMITTER_DATE": stamp, "GIT_AUTHOR_DATE": stamp}
    subprocess.run(["git", *words], cwd=directory, env=env, check=True, capture_output=True)


async def test_branches_come_newest_first(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "1", date=1_700_000_000)
    for age, name in ((3, "b/older"), (9, "a/newest"), (6, "c")):
        git(tmp_path, "checkout", "-q", "-b", name, "main")
        git(tmp_path, "commit", "-q", "--allow-empty", "-m", name, date=1_700_000_000 + age)
    assert await open_repository(tmp_path).recent_branches() == ["a/newest", "c", "b/older", "main"]
