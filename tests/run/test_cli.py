import importlib.metadata
import json
import os
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from sc_run import cli


@pytest.fixture
def scn(workplace):
    """A function that runs ``scn`` in this process."""

    def run(*arguments):
        return CliRunner().invoke(cli.main, [str(argument) for argument in arguments], prog_name="scn")

    return run


def assert_one_line(result, code, *words):
    assert result.exit_code == code, result.output
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr


def test_train_and_resume(scn, config, write_toml, workplace):
    result = scn("train", write_toml(config), "--output", "mine")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert "kernels" in lines[0]
    assert lines[1].startswith("network: pixels 6 Input, hidden 8 LIF, class 3 LI; 72 synapses")
    assert lines[2] == "data: small.npz, 45 samples to train on, 9 to validate, 18 to test"
    assert [line.split(":")[0] for line in lines[4:7]] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
    assert lines[7].startswith("test: accuracy ")
    assert lines[8] == "run folder: mine"
    assert (workplace / "mine" / "config.toml").exists()
    again = scn("resume", "mine")
    assert again.exit_code == 0
    assert "finished already" in again.stdout


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"learner": {"name": "delta", "lr": -1.0}}, ["learner.lr: must be > 0"]),
        ({"learner": "dleta"}, ["Did you mean 'delta'", "pip install"]),
        ({"learner": {"name": "delta", "poison_at": 2}}, ["loss is nan after step 2", "of step 0"]),
        ({"data": {"name": "absent.npz"}}, ["data.name", "absent.npz"]),
        ({"data": {"name": "digits"}}, ["network.populations[0].n", "6 neurons", "64 features"]),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(scn, config, write_toml, change, words):
    assert_one_line(scn("train", write_toml({**config, **change})), 2, *words)


def test_files_that_cannot_be_read(scn, workplace):
    assert_one_line(scn("train", "absent.toml"), 2, "absent.toml", "no such file")
    (workplace / "bad.toml").write_text("[data]\nname = \n")
    assert_one_line(scn("train", "bad.toml"), 2, "bad.toml", "line 2")
    assert_one_line(scn("resume", "absent"), 2, "absent", "config.toml")


def test_a_damaged_checkpoint_is_bad_input(scn, config, write_toml, workplace):
    scn("train", write_toml(config), "--output", "mine")
    path = workplace / "mine" / "checkpoint" / "latest.json"
    path.write_bytes(path.read_bytes()[:-20])
    assert_one_line(scn("resume", "mine"), 2, "latest.json", "truncated")


def test_debug_shows_the_traceback(scn):
    result = scn("--debug", "train", "absent.toml")
    assert result.exit_code == 2
    assert "Traceback (most recent call last)" in result.stderr
    assert result.stderr.splitlines()[-1].startswith("Error: ")


def test_the_unexpected_points_to_debug(scn, config, write_toml, monkeypatch):
    def fail(*arguments):
        raise ZeroDivisionError("by nought")

    monkeypatch.setattr("sc_run.run.assemble", fail)
    assert_one_line(scn("train", write_toml(config)), 1, "ZeroDivisionError: by nought", "--debug")


def test_plugins_list(scn):
    result = scn("plugins", "list", "--kind", "learner")
    assert result.exit_code == 0
    assert any(line.split()[:2] == ["learner", "delta"] for line in result.stdout.splitlines())
    records = json.loads(scn("plugins", "list", "--json").stdout)
    assert {("learner", "delta"), ("plasticity", "hebbian")} <= {
        (record["kind"], record["name"]) for record in records
    }
    assert_one_line(scn("plugins", "list", "--kind", "learners"), 2, "learner, scheduler, callback")


def test_plugins_check_reports_what_is_broken(scn, tmp_path, monkeypatch):
    info = tmp_path / "site" / "sc_plugin_broken-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sc-plugin-broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[sc.learner]\nbroken = sc_plugin_broken.hooks\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    listed = subprocess.run(
        [sys.executable, "-m", "sc_run", "plugins", "list", "--kind", "learner"],
        capture_output=True,
        text=True,
    )
    assert listed.returncode == 0, listed.stderr
    assert "broken" in listed.stdout
    assert "ERROR" not in listed.stdout
    checked = subprocess.run(
        [sys.executable, "-m", "sc_run", "plugins", "list", "--kind", "learner", "--check"],
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 1
    assert any("broken" in line and "ERROR" in line for line in checked.stdout.splitlines())


class _FakeEntryPoint:
    def __init__(self, name, loaded):
        self.name, self.value, self.dist, self._loaded = name, f"elsewhere:{name}", None, loaded

    def load(self):
        if isinstance(self._loaded, Exception):
            raise self._loaded
        return self._loaded


@pytest.fixture
def commands_of_others(monkeypatch):
    @click.command()
    def greet():
        """Say hello."""
        click.echo("hello")

    @click.command()
    @click.argument("run")
    @click.pass_context
    def count(context, run):
        """Count a run's test samples that its best network gets right."""
        opened = context.obj(run)
        right = sum(
            int((opened.network.run(batch.inputs).sum(axis=0).argmax(axis=1) == batch.targets).sum())
            for batch in opened.batches("test")
        )
        click.echo(right)

    points = [
        _FakeEntryPoint("greet", greet),
        _FakeEntryPoint("count", count),
        _FakeEntryPoint("broken", ImportError("no module named teapot")),
        _FakeEntryPoint("odd", 7),
    ]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points if group == "sc.cli" else [])


def test_other_distributions_bring_commands(scn, commands_of_others):
    assert scn("greet").output == "hello\n"
    assert "Say hello." in scn("greet", "--help").output
    assert_one_line(scn("broken"), 2, "'broken'", "elsewhere:broken", "teapot")
    assert_one_line(scn("odd"), 2, "'odd'", "not a click command")
    listing = scn("--help").output
    assert all(name in listing for name in ("greet", "broken", "odd", "train", "resume", "plugins"))
    assert scn("gret").exit_code == 2


def test_a_command_of_others_opens_a_run_and_finds_what_the_run_reports(
    scn, commands_of_others, config, write_toml, workplace
):
    scn("train", write_toml(config), "--output", "out")
    rows = [json.loads(line) for line in (workplace / "out/metrics.jsonl").read_text().splitlines()]
    (reported,) = [row["test_accuracy"] for row in rows if "test_accuracy" in row]
    assert float(scn("count", "out").output) == pytest.approx(reported * 18)
    assert_one_line(scn("count", "."), 2, "not the folder of a run")


def test_help_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['scn', '--help']\n"
        "from sc_run.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('heavy:', [m for m in ('numpy', 'scipy', 'sklearn', 'rich', 'cattrs') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ)
    assert "heavy: []" in result.stdout, result.stdout + result.stderr


def test_version(scn):
    import sc_run

    assert scn("--version").output == f"scn {sc_run.__version__}\n"


def test_a_terminal_gets_a_progress_bar(config, write_toml, scn_program):
    import pty

    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, scn_program, "train", write_toml(config), "--output", "run"],
        stdout=child,
        stderr=child,
    )
    os.close(child)
    shown = b""
    while True:
        try:
            part = os.read(parent, 4096)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(parent)
    assert process.wait(timeout=30) == 0
    assert b"epoch 3/3" in shown
    assert "━".encode() in shown
    assert b"18/18" in shown
    assert b"validation accuracy" in shown
