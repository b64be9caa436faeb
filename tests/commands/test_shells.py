"""What shells complete, and the man page: by the real shells, and the real groff."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from icalsyncd.commands.arguments import parser
from icalsyncd.commands.completion import SHELLS, completion
from icalsyncd.commands.man_page import man_page
from icalsyncd.commands.said import program
from tests.commands.program import icalsyncd

PROGRAM = program(parser())
COMMANDS = {command.name for command in PROGRAM.commands}
WANTED = [
    ("icalsyncd pau", {"pause"}),
    ("icalsyncd print co", {"completion"}),
    ("icalsyncd print completion z", {"zsh"}),
    ("icalsyncd pause --k", {"--keep"}),
    ("icalsyncd run --log-format lo", {"logfmt"}),
    ("icalsyncd restore pack", {"packed"}),
    ("icalsyncd --config confi", {"config.yaml"}),
    ("icalsyncd --config config.yaml unbl", {"unblock"}),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for shell in SHELLS:
        (tmp_path / f"completion.{shell}").write_text(completion(shell, PROGRAM), encoding="utf-8")
    (tmp_path / "config.yaml").touch()
    (tmp_path / "packed").touch()
    return tmp_path


def said(folder: Path, *command: str) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, env={**os.environ, "HOME": str(folder)}
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.slow
@pytest.mark.needs("bash")
def test_bash_completes(folder: Path) -> None:
    lines = [
        f'COMP_WORDS=({line}); COMP_CWORD={len(line.split()) - 1}; COMPREPLY=(); _icalsyncd; echo "${{COMPREPLY[*]}}"'
        for line, _ in WANTED
    ]
    script = "source completion.bash\n" + "\n".join(lines)
    script += "\nCOMP_WORDS=(icalsyncd ''); COMP_CWORD=1; _icalsyncd; echo \"${COMPREPLY[*]}\""
    *found, every = said(folder, "bash", "--norc", "-c", script).splitlines()
    assert [set(line.split()) for line in found] == [words for _, words in WANTED]
    assert set(every.split()) >= COMMANDS


@pytest.mark.slow
@pytest.mark.needs("fish")
def test_fish_completes(folder: Path) -> None:
    lines = [f"complete -C '{line}'; echo ==" for line, _ in (*WANTED, ("icalsyncd ", set()))]
    script = "source completion.fish\n" + "\n".join(lines)
    *found, every = said(folder, "fish", "-c", script).split("==\n")[:-1]
    assert [{line.partition("\t")[0] for line in each.splitlines()} for each in found] == [words for _, words in WANTED]
    assert {line.partition("\t")[0] for line in every.splitlines()} >= COMMANDS


@pytest.mark.slow
@pytest.mark.needs("zsh")
def test_zsh_completes(folder: Path) -> None:
    ask = "\n".join(
        f"zpty -w -n z $'{line}\\t'; zpty -r -m z got $'*{next(iter(words))}*' && print -- ok; zpty -w z $'\\C-u'"
        for line, words in WANTED
    )
    script = (
        "zmodload zsh/zpty\nzpty -b z zsh -f -i\n"
        "zpty -w z 'PS1=; autoload -U compinit; compinit -u -D; source ./completion.zsh; print read''y'\n"
        "zpty -r -m z got '*ready*'\n" + ask + "\nzpty -d z\n"
    )
    assert said(folder, "zsh", "-f", "-c", script).splitlines() == ["ok"] * len(WANTED)


@pytest.mark.slow
@pytest.mark.needs("groff")
def test_the_man_page_has_every_command_and_option_and_groff_warns_of_nothing(folder: Path) -> None:
    (folder / "icalsyncd.1").write_text(man_page(PROGRAM), encoding="utf-8")
    # lines are filled with blanks
    page = " ".join(said(folder, "groff", "-ww", "-man", "-Tascii", "-P-cbou", "icalsyncd.1").split())
    for command in PROGRAM.commands:
        assert f"icalsyncd {command.name}" in page
        for option in command.options:
            assert all(name in page for name in option.options)
    assert "78" in page


@pytest.mark.slow
async def test_they_are_printed_and_a_shell_must_be_named() -> None:
    assert (await icalsyncd("print", "completion", "fish")).out == completion("fish", PROGRAM)
    assert (await icalsyncd("print", "man")).out == man_page(PROGRAM)
    for arguments in (("completion",), ("man", "bash")):
        done = await icalsyncd("print", *arguments)
        assert done.code == 2
        assert "completion bash|zsh|fish" in done.err
    assert (await icalsyncd()).code == 2
