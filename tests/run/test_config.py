import attrs
import pytest
import tomli_w

from sc_core import registry
from sc_core.errors import ConfigurationError, UnknownPlugin
from sc_core.model import LI
from sc_run.config import config_table, parse_config, read_toml


def parse(table, folder):
    return parse_config(table, folder)


def test_names_and_tables_are_the_same_choice(config, tmp_path):
    parsed = parse(config, tmp_path)
    readout = parsed.network.populations[2].neuron.model
    assert readout.name == "LI"
    assert readout.options == LI(tau=20.0)
    config["network"]["populations"][2]["neuron"] = {"name": "LI"}
    assert parse(config, tmp_path) == parsed


def test_defaults(config, tmp_path):
    del config["training"], config["scheduler"], config["seed"]
    config["callbacks"] = []
    parsed = parse(config, tmp_path)
    assert (parsed.seed, parsed.scheduler, parsed.callbacks) == (0, None, [])
    assert (parsed.training.epochs, parsed.training.batch_size) == (20, 32)
    assert (parsed.data.test_fraction, parsed.data.validation_fraction) == (0.25, 0.15)
    assert parsed.learner.options.momentum == 0.5


def test_the_resolved_table_means_the_same_from_any_folder(config, tmp_path):
    config["network"]["projections"][0].update(plasticity="hebbian", in_degree=2, delay=1)
    config["network"]["projections"][1]["topology"] = "dense"
    parsed = parse(config, tmp_path)
    (tmp_path / "resolved.toml").write_text(tomli_w.dumps(config_table(parsed)))
    table = read_toml(tmp_path / "resolved.toml")
    assert table["learner"] == {"name": "delta", "lr": 0.1, "momentum": 0.5, "poison_at": 0, "pause": 0.0}
    assert parse(table, tmp_path / "elsewhere") == parsed


def test_data_that_is_no_file_needs_no_folder(config, tmp_path):
    config["data"] = {"name": "digits"}
    assert "base_folder" not in config_table(parse(config, tmp_path))["data"]


def set_at(table, keys, value):
    *ahead, last = keys
    for key in ahead:
        table = table[key]
    table[last] = value


@pytest.mark.parametrize(
    ("keys", "value", "path", "words"),
    [
        (["lerner"], {}, "lerner", ["learner", "training"]),
        (["seed"], -1, "seed", [">= 0", "-1"]),
        (["seed"], 1.5, "seed", ["integer"]),
        (["training", "epochs"], 0, "training.epochs", ["> 0"]),
        (["training", "batchsize"], 8, "training.batchsize", ["batch_size"]),
        (["training", "select"], "acuracy", "training.select", ["'accuracy'", "'loss'"]),
        (["learner", "lr"], -1.0, "learner.lr", ["> 0", "-1.0"]),
        (["learner", "lrr"], 0.1, "learner.lrr", ["'lr'"]),
        (["learner"], 3, "learner", ["name"]),
        (["scheduler", "every"], "often", "scheduler.every", ["integer", "often"]),
        (["callbacks"], "lines", "callbacks", ["list"]),
        (["callbacks"], [{"name": "lines", "pth": "x"}], "callbacks[0].pth", ["path"]),
        (["data", "encoder"], "raet", "data.encoder", ["'rate'", "current"]),
        (["data", "encoder"], {"name": "rate", "max_rate": -1.0}, "data.encoder.max_rate", ["> 0"]),
        (["network", "populations", 1, "neuron"], "LIFF", "network.populations[1].neuron", ["'LIF'"]),
        (
            ["network", "populations", 1, "neuron"],
            {"name": "LIF", "tau": -1.0},
            "network.populations[1].neuron.tau",
            ["> 0"],
        ),
        (["network", "populations", 0, "n"], 0, "network.populations[0].n", ["> 0"]),
        (["network", "projections", 0, "densty"], 0.5, "network.projections[0].densty", ["density"]),
        (["network", "projections", 0, "topology"], "rnig", "network.projections[0].topology", ["'ring'"]),
        (
            ["network", "projections", 0, "plasticity"],
            {"name": "hebbian", "rate": "fast"},
            "network.projections[0].plasticity.rate",
            ["number"],
        ),
    ],
)
def test_what_is_wrong_is_named_by_its_path(config, tmp_path, keys, value, path, words):
    set_at(config, keys, value)
    with pytest.raises(ConfigurationError) as caught:
        parse(config, tmp_path)
    assert caught.value.path == path
    for word in words:
        assert word in caught.value.problem


def test_unknown_plugin(config, tmp_path):
    config["learner"] = "dleta"
    with pytest.raises(UnknownPlugin, match="Did you mean 'delta'"):
        parse(config, tmp_path)


def test_a_plugin_without_options_takes_none(config, tmp_path):
    class Plain:
        lr = 0.1

        def step(self):
            return 0.1

        @classmethod
        def from_run(cls, learner, total_steps):
            return cls()

        def state_dict(self):
            return {}

        def load_state_dict(self, state):
            pass

    registry.register("scheduler", "plain", Plain)
    try:
        config["scheduler"] = "plain"
        assert parse(config, tmp_path).scheduler.options is None
        config["scheduler"] = {"name": "plain", "speed": 2}
        with pytest.raises(ConfigurationError, match=r"^scheduler\.speed: .*'plain' takes no options"):
            parse(config, tmp_path)
    finally:
        registry.unregister("scheduler", "plain")


def test_something_must_learn(config, tmp_path):
    del config["learner"]
    with pytest.raises(ConfigurationError, match=r"^scheduler: "):
        parse(config, tmp_path)
    del config["scheduler"]
    with pytest.raises(ConfigurationError, match=r"^learner: is missing"):
        parse(config, tmp_path)
    config["network"]["projections"][0]["plasticity"] = "hebbian"
    assert parse(config, tmp_path).learner is None


def test_two_ways_to_connect_are_refused(config, tmp_path):
    config["network"]["projections"][0].update(density=0.5, in_degree=2)
    with pytest.raises(ConfigurationError, match=r"^network\.projections\[0\]\.in_degree: .*density"):
        parse(config, tmp_path)
    config["network"]["projections"][0].update(density=0.5, in_degree=None, gain=1.0, weight=2.0)
    del config["network"]["projections"][0]["in_degree"]
    with pytest.raises(ConfigurationError, match=r"^network\.projections\[0\]\.gain: "):
        parse(config, tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no such file"),
        (b"seed = 7\nlearner = {", "line 2"),
        (b"seed = '\xff'", "UTF-8"),
    ],
)
def test_files_that_are_no_toml(tmp_path, content, words):
    path = tmp_path / "run.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        read_toml(path)
    assert str(path) in str(caught.value)
    assert words in str(caught.value)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_toml(tmp_path)


def test_options_reach_the_plugin_as_keywords(config, tmp_path):
    config["learner"] = {"name": "delta", "lr": 1}
    choice = parse(config, tmp_path).learner
    assert attrs.asdict(choice.options) == choice.keywords()
    assert choice.keywords()["lr"] == 1.0


def test_csv_is_the_default_callback_where_it_is_installed(config, tmp_path, monkeypatch):
    del config["callbacks"]
    get, lines = registry.get, registry.get("callback", "lines")
    monkeypatch.setattr(registry, "names", lambda kind: ("lines",))
    assert parse(config, tmp_path).callbacks == []
    monkeypatch.setattr(registry, "names", lambda kind: ("csv", "lines"))
    monkeypatch.setattr(registry, "get", lambda kind, name: lines if name == "csv" else get(kind, name))
    assert [choice.name for choice in parse(config, tmp_path).callbacks] == ["csv"]
