"""Names that bite, paths that hurt, prompts of every size and way."""

from __future__ import annotations

import json

import pytest

from tests.support.e2e_world import World
from tests.support.terminals import wait_until

pytestmark = pytest.mark.e2e

BAD = [
    "-x",
    "a b",
    "#(touch x)",
    "$(id)",
    "x;",
    "../../x",
    "",
    ".",
    "..",
    "x" * 300,
    "a\nb",
    "x.lock",
    "a/b",
    "é\u0301x",
]
COUNT = "wc -c | tr -d ' '"


def test_bad_names_are_refused_and_change_nothing(stand: World) -> None:
    stand.declare("", "good")
    for name in BAD:
        refused = stand.autod("new", "--json", "--", name)
        assert refused.returncode == 2, refused
        assert json.loads(refused.stdout)["error"]["message"], name
    assert stand.git("status", "--short") == ""
    assert sorted(path.name for path in (stand.root / "workstreams").iterdir()) == ["good"]


def test_a_bad_directory_is_named(stand: World) -> None:
    stand.declare("", "good", "#(touch x)", "a b", commit=False)
    refused = stand.autod("status", "--json")
    assert refused.returncode == 2
    assert "a b" in refused.stdout
    assert "#(touch x)" in refused.stdout
    assert not (stand.root / "x").exists()


def test_one_name_within_another(stand: World) -> None:
    stand.declare("", "ws", "ws-1")
    stand.ask("up")
    assert len({one["pane"] for one in stand.wait_up("ws", "ws-1").values()}) == 2
    stand.ask("down", "ws")
    stand.wait_states({"ws": ["stopped"], "ws-1": ["working", "starting", "idle"]})
    assert len(stand.processes(AUTOD_WORKSTREAM="ws-1")) == 1


def test_a_title_is_never_a_format(stand: World) -> None:
    stand.declare("", "a")
    stand.write("workstreams/a/workstream.toml", 'title = "#(touch pwned) #{pid} #[fg=red]x; kill-server"\n')
    stand.ask("up")
    assert stand.workstream("a")["title"] == "#(touch pwned) #{pid} #[fg=red]x; kill-server"
    stand.tmux("list-windows", "-a", "-F", "#{T:window_name} #{E:window_name} #{pane_title}")
    assert stand.wait_state("a", "working", "starting", "idle")
    assert not list(stand.directory.rglob("pwned"))


@pytest.mark.parametrize(
    ("mode", "agent"),
    [
        (
            "argument",
            [
                "sh",
                "-c",
                "wc -c < STARTUP.md | tr -d ' ' > size; printf %s \"$1\" > said; sleep 1000",
                "sh",
                "{prompt}",
            ],
        ),
        ("file", ["sh", "-c", f"cat {{prompt_file}} | {COUNT} > size; echo x > said; sleep 1000"]),
        ("file", ["sh", "-c", f'cat "$1" | {COUNT} > size; echo x > said; sleep 1000', "sh", "{prompt_file}"]),
        ("stdin", ["sh", "-c", f"{COUNT} > size; echo x > said; sleep 1000"]),
        (
            "keys",
            [
                "sh",
                "-c",
                "wc -c < STARTUP.md | tr -d ' ' > size; echo ready; read line; echo \"$line\" > said; sleep 1000",
            ],
        ),
    ],
)
def test_a_prompt_of_200_kb_arrives_by_each_way(stand: World, mode: str, agent: list[str]) -> None:
    prompt = "".join(f"line {number} with $(id) `id` '\" #(x)\n" for number in range(6000))
    stand.write("workstreams/a/STARTUP.md", prompt)
    settings = f'[project]\nagent = "it"\n[agents.it]\nprompt = "{mode}"\ncommand = {json.dumps(agent)}\n'
    stand.write("autod.toml", settings)
    stand.commit("declare")
    stand.ask("up")
    worktree = stand.worktree("a")
    wait_until(lambda: (worktree / "said").exists() and (worktree / "said").read_text().strip(), "the prompt")
    assert (worktree / "size").read_text().strip() == str(len(prompt.encode()))


def test_a_tracked_startup_never_shows_and_never_merges(stand: World) -> None:
    stand.write("STARTUP.md", "the repository's own\n")
    settings = '[[checkpoint]]\nname = "first"\nmerge = ["a"]\n'
    stand.declare(settings, "a")
    stand.ask("up")
    worktree = stand.worktree("a")
    assert (worktree / "STARTUP.md").read_text() == "# a\n"
    assert stand.git("status", "--short", cwd=worktree) == ""
    stand.write("progress.md", "Progress: 30%\n", worktree)
    stand.git("add", "-f", "progress.md", cwd=worktree)
    stand.commit(cwd=worktree, **{"a.txt": "a\n"})
    assert stand.workstream("a")["progress"]["percent"] == 30
    stand.ask("checkpoint", "merge", "first")
    listed = stand.git("ls-tree", "--name-only", "main").splitlines()
    assert "a.txt" in listed
    assert "progress.md" not in listed
    assert stand.git("show", "main:STARTUP.md") == "the repository's own"
    assert stand.git("status", "--short") == ""
