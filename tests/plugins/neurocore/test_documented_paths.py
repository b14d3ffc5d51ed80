"""Every documented name by its documented path: the same object as its plugin's, and nothing heavy on the way."""

from __future__ import annotations

import importlib
import subprocess
import sys
import textwrap

import pytest

PATHS = {
    "sc_neurocore": {"StochasticLIFNeuron": "sc_neurocore.network"},
    "sc_neurocore._native.learning_bridge": {"RustOnlineO1Synapse": None},
    "sc_neurocore.benchmarks.online_o1_adaptation": {
        "build_online_o1_adaptation_benchmark": "sc_plugin_online_o1.adaptation",
        "write_online_o1_adaptation_benchmark": "sc_plugin_online_o1.adaptation",
    },
    "sc_neurocore.exceptions": {"SCDependencyError": None},
    "sc_neurocore.hdl_gen": {"OnlineO1LearningEmitter": "sc_plugin_online_o1.emitter"},
    "sc_neurocore.layers.sc_learning_layer": {"SCLearningLayer": "sc_plugin_ewc"},
    "sc_neurocore.learning.advanced": {
        "BPTTLearner": "sc_plugin_bptt",
        "EligibilityTrace": "sc_plugin_eprop",
        "HomeostaticPlasticity": "sc_plugin_homeostatic",
        "MetaLearner": "sc_plugin_maml",
        "RewardModulatedLearner": "sc_plugin_rstdp",
        "ShortTermPlasticity": "sc_plugin_short_term",
        "StructuralPlasticity": "sc_plugin_structural",
        "TBPTTLearner": "sc_plugin_tbptt",
        "_fast_sigmoid_surrogate": None,
    },
    "sc_neurocore.learning.callbacks": {
        "CSVCallback": "sc_plugin_csv.callback",
        "TensorBoardCallback": "sc_plugin_tensorboard.callback",
        "TrainingCallback": None,
        "WandBCallback": "sc_plugin_wandb.callback",
    },
    "sc_neurocore.learning.federated": {"FederatedAggregator": "sc_plugin_federated"},
    "sc_neurocore.learning.lifelong": {"EWC_SCLayer": "sc_plugin_ewc"},
    "sc_neurocore.learning.neuroevolution": {"SNNGeneticEvolver": "sc_plugin_neuroevolution"},
    "sc_neurocore.learning.online_o1": {
        "OnlineO1Config": "sc_plugin_online_o1",
        "OnlineO1Snapshot": "sc_plugin_online_o1",
        "OnlineO1Synapse": "sc_plugin_online_o1",
        "build_online_o1_memory_proof": "sc_plugin_online_o1",
    },
    "sc_neurocore.learning.schedulers": {
        "CosineScheduler": "sc_plugin_cosine.scheduler",
        "ExponentialScheduler": "sc_plugin_exponential.scheduler",
        "StepScheduler": "sc_plugin_step.scheduler",
        "WarmupCosineScheduler": "sc_plugin_warmup_cosine.scheduler",
    },
    "sc_neurocore.network.network": {"Network": None},
    "sc_neurocore.network.population": {"Population": None},
    "sc_neurocore.network.projection": {"Projection": None},
    "sc_neurocore.network.stimulus": {"PoissonInput": None},
}


@pytest.mark.parametrize(("module", "name"), [(module, name) for module in PATHS for name in PATHS[module]])
def test_each_name_is_where_it_is_documented(module, name):
    found = getattr(importlib.import_module(module), name)
    home = PATHS[module][name]
    if home is not None:
        assert found is getattr(importlib.import_module(home), name)
    assert name in dir(importlib.import_module(module))


def test_learning_hands_on_every_name_of_its_modules():
    import sc_neurocore.learning as learning

    modules = [module for module in PATHS if module.startswith("sc_neurocore.learning.")]
    documented = {name for module in modules for name in PATHS[module] if not name.startswith("_")}
    assert set(learning.__all__) == documented
    assert len(learning.__all__) == len(documented)
    for module in modules:
        assert importlib.import_module(module).__all__ == [
            name for name in PATHS[module] if not name.startswith("_")
        ]
    everything: dict[str, object] = {}
    exec("from sc_neurocore.learning import *", everything)  # noqa: S102 -- what a user writes
    assert documented <= set(everything)


@pytest.mark.parametrize(
    "module",
    ["sc_neurocore", "sc_neurocore.learning", "sc_neurocore.learning.advanced", "sc_neurocore.layers"],
)
def test_an_unknown_name_is_an_attribute_error(module):
    with pytest.raises((AttributeError, ImportError), match="Nonsense"):
        exec(f"from {module} import Nonsense")  # noqa: S102
    assert not hasattr(importlib.import_module(module), "Nonsense")


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", textwrap.dedent(program)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_importing_the_facade_imports_no_plugin():
    finished = run("""
        import sys
        import sc_neurocore, sc_neurocore.exceptions, sc_neurocore.learning
        for module in sc_neurocore.learning.__all__:
            pass
        packages = {name.partition(".")[0] for name in sys.modules}
        heavy = {"torch", "wandb", "matplotlib", "tensorboardX", "sklearn", "joblib", "cma", "sc_gradient", "sc_run"}
        print(sorted(name for name in packages if name in heavy or name.startswith("sc_plugin_")))
        print("sc_core.model" in sys.modules or "sc_core.simulation" in sys.modules)
    """)
    assert finished.stdout.split("\n")[:2] == ["[]", "False"], finished.stderr


def test_another_owner_of_the_package_is_named(tmp_path):
    """A distribution sc-neurocore, as pip would leave it."""
    information = tmp_path / "sc_neurocore-3.1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: sc-neurocore\nVersion: 3.1\n")
    finished = run(f"""
        import sys
        sys.path.insert(0, {str(tmp_path)!r})
        import sc_neurocore.learning
    """)
    assert finished.returncode == 1
    assert "belongs to the distribution sc-neurocore 3.1" in finished.stderr
    assert "pip uninstall sc-neurocore sc-plugin-neurocore" in finished.stderr
