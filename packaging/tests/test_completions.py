"""Completions as a user meets them: lines that are typed into bash, zsh and fish, with a container to be named."""

import json
import os
import pty
import re
import select
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import fixture
import systems

# Keys that the shells are told to bind: insert all completions; show the line.
ALL, SHOW = b"\x18a", b"\x18s"
BASH = r"""
PS1= PS2=; unset HISTFILE; bind 'set enable-bracketed-paste off'
shown() { printf '<<%s>>' "$READLINE_LINE"; READLINE_LINE= READLINE_POINT=0; }
bind '"\C-xa": insert-completions'; bind -x '"\C-xs": shown'
source "$COMPLETIONS/bash-completion/completions/wherry"; printf '<<%s>>' ready
"""
ZSH = r"""
PROMPT=; RPROMPT=; unsetopt zle_bracketed_paste prompt_sp prompt_cr 2>/dev/null; unset zle_bracketed_paste
fpath=("$COMPLETIONS/zsh/site-functions" $fpath); autoload -U compinit; compinit -u -D
zle -C all-matches complete-word _generic; bindkey '^Xa' all-matches
zstyle ':completion:all-matches::::' completer _all_matches _complete
zstyle ':completion:all-matches:*' insert true; zstyle ':completion:*' list-ambiguous false; setopt no_list_beep
shown() { printf '<<%s>>' "$BUFFER"; BUFFER=; zle redisplay }
zle -N shown; bindkey '^Xs' shown; printf '<<%s>>' ready
"""


class Terminal:
    """A shell on a terminal of its own."""

    def __init__(self, command, setup, environment):
        self.process, self.master = pty.fork()
        if self.process == 0:
            os.execvpe(command[0], command, environment)
        self.read = b""
        os.write(self.master, f" source {setup}\n".encode())
        assert self.answer() == "ready"

    def answer(self):
        """What stands between the next marks. The terminal echoes what is typed, but no marks."""
        while not (found := re.search(rb"<<(.*?)>>", self.read, re.S)):
            if not select.select([self.master], [], [], 20)[0]:
                raise AssertionError(f"no answer; the terminal shows {self.read!r}")
            self.read += os.read(self.master, 4096)
        self.read = self.read[found.end():]
        return found[1].decode()

    def complete(self, line):
        os.write(self.master, line.encode() + ALL + SHOW)
        return self.answer()

    def close(self):
        os.close(self.master)
        os.waitpid(self.process, 0)


def completed(line, shown):
    """The words that a shell has put into the place of the last one, or of what follows "=" in it."""
    value = re.split(r"[ =]", line)[-1]
    head = line[:len(line) - len(value)]
    assert shown.startswith(head), f"{line!r} became {shown!r}"
    words = shown[len(head):].split()
    return set() if words == [value] and not shown.endswith(" ") else set(words)


class Completions(unittest.TestCase):
    SHELLS = ("bash", "zsh", "fish")
    # What comes before the command of fish.
    fish_place = []

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="wherry-completions-")
        cls.addClassCleanup(cls.folder.cleanup)
        folder = Path(cls.folder.name)
        (folder / "bin").mkdir()
        shutil.copy(fixture.PROGRAM, folder / "bin/wherry")
        fixture.pages(folder / "share")
        fixture.bundle(folder / "bundle")
        (folder / "bunch").touch()
        cls.state = folder / "state"
        subprocess.run([fixture.PROGRAM, "--root", cls.state, "create", "--bundle", folder / "bundle", "web"],
                       check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        cls.addClassCleanup(subprocess.run, [fixture.PROGRAM, "--root", cls.state, "delete", "--force", "web"], check=True)
        cls.environment = os.environ | {
            "PATH": f"{folder}/bin:{os.environ['PATH']}", "COMPLETIONS": f"{folder}/share", "TERM": "dumb", "HOME": str(folder),
            "COLUMNS": "500", "LC_ALL": "C.UTF-8"}
        (folder / "setup.bash").write_text(BASH)
        (folder / "setup.zsh").write_text(ZSH)
        cls.bash = Terminal(["bash", "--norc", "--noprofile", "-i"], folder / "setup.bash", cls.environment)
        cls.addClassCleanup(cls.bash.close)
        cls.zsh = Terminal(["zsh", "-f", "-i"], folder / "setup.zsh", cls.environment)
        cls.addClassCleanup(cls.zsh.close)

    def fish(self, line):
        source = 'source "$COMPLETIONS/fish/vendor_completions.d/wherry.fish"; complete -C "$LINE"'
        said = subprocess.run([*self.fish_place, "fish", "--no-config", "-c", source], env=self.environment | {"LINE": line}, check=True,
                              capture_output=True, text=True).stdout
        # fish 4 also names words that have the same letters elsewhere, which it shows only if none begins with them.
        words = [found.split("\t")[0] for found in said.splitlines() if found.startswith(line.split(" ")[-1])]
        return {re.sub(r"^--?[\w-]+=", "", word) for word in words}

    def check(self, line, expected, shells=SHELLS):
        found = {}
        shells = [shell for shell in shells if shell in self.SHELLS]
        for shell in shells:
            words = self.fish(line) if shell == "fish" else completed(line, getattr(self, shell).complete(line))
            # bash adds the slash of a directory only when it completes a single word.
            found[shell] = {word.rstrip("/") for word in words}
        self.assertEqual(found, {shell: set(expected) for shell in shells}, line)

    def test_completes_commands(self):
        self.check("wherry cre", ["create"])
        self.check("wherry --debug --log /dev/null st", ["start", "state"])
        self.check("wherry help re", ["restore", "resume"])
        self.check("wherry seccomp ", ["explain"])
        self.check("wherry seccomp explain ", [])

    def test_completes_options_of_the_place(self):
        self.check("wherry --sys", ["--systemd-cgroup"])
        self.check("wherry exec --no", ["--no-new-privs"])
        self.check("wherry create new --no-p", ["--no-pivot"])
        self.check("wherry create --sys", [])

    def test_completes_words_of_options(self):
        self.check("wherry --log-format ", ["text", "json"])
        self.check("wherry --log-format=j", ["json"])
        self.check("wherry list -f ", ["table", "json"])
        self.check("wherry checkpoint --network-lock n", ["nftables"])

    def test_completes_capabilities_that_the_program_knows(self):
        known = json.loads(subprocess.run([fixture.PROGRAM, "features"], check=True, capture_output=True).stdout)
        network = [name for name in known["linux"]["capabilities"] if name.startswith("CAP_NET_")]
        self.assertIn("CAP_NET_ADMIN", network)
        self.check("wherry exec --cap CAP_NET_", network)

    def test_names_containers_of_the_state_directory_on_the_line(self):
        self.check(f"wherry --root {self.state} start ", ["web"])
        self.check(f"wherry --root={self.state} kill w", ["web"])
        self.check(f"wherry --debug --root {self.state} exec --tty --env A=B ", ["web"])
        self.check(f"wherry --root {self.state} delete -f ", ["web"])
        self.check(f"wherry --root {self.state}/other state ", [])
        self.check(f"wherry -root {self.state} start ", ["web"], ["bash", "fish"])

    def test_names_no_container_where_a_new_one_is_named(self):
        self.check(f"wherry --root {self.state} create ", [])

    def test_completes_signals_that_the_program_knows(self):
        self.check(f"wherry --root {self.state} kill web US", ["USR1", "USR2"])
        self.check(f"wherry --root {self.state} kill web SIGUS", ["SIGUSR1", "SIGUSR2"])
        for name in self.fish("wherry kill web "):
            said = subprocess.run([fixture.PROGRAM, "--root", self.state, "kill", "other", name], capture_output=True, text=True)
            self.assertIn("container does not exist", said.stderr, name)

    def test_completes_files_and_directories(self):
        self.check(f"wherry create --bundle {self.folder.name}/bun", [f"{self.folder.name}/bundle"])
        self.check(f"wherry update --resources {self.folder.name}/bun",
                   [f"{self.folder.name}/bundle", f"{self.folder.name}/bunch"])

    def test_leaves_the_line_of_another_program_alone(self):
        self.check(f"wherry --root {self.state} exec web --n", [])
        self.check(f"wherry --root {self.state} ps web --f", [])

    def test_takes_two_dashes_for_the_end_of_options(self):
        self.check(f"wherry --root {self.state} kill -- w", ["web"])
        self.check(f"wherry --root {self.state} kill -- --a", [])


class FishOfDebian13(Completions):
    """The same lines in fish 4, which reads patterns in another way than fish 3."""

    SHELLS = ("fish",)

    @classmethod
    def setUpClass(cls):
        system = systems.system(cls, "trixie", "debian")
        super().setUpClass()
        folder = system.root / cls.folder.name.lstrip("/")
        folder.mkdir(parents=True)
        subprocess.run(["mount", "--bind", cls.folder.name, folder], check=True)
        # Before the folder is removed: what is mounted can't be.
        cls.addClassCleanup(subprocess.run, ["umount", folder], check=True)
        cls.fish_place = ["chroot", str(system.root)]
        assert subprocess.run([*cls.fish_place, "fish", "--version"], capture_output=True, text=True).stdout.startswith("fish, version 4.")
