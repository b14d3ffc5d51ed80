"""Short-term plasticity against NEST's ``tsodyks2_synapse``: x and u after every spike of random trains."""

import nest
import numpy as np
import pytest

from sc_core import LIF, Input, Population, Projection
from sc_plugin_short_term import ShortTermPlasticity

nest.verbosity = nest.VerbosityLevel.ERROR

N_SPIKES = 40


def in_nest(spike_steps, dt, tau_d, tau_f, u_se):
    """Return x and u after each spike: NEST keeps x before the release, u after its jump."""
    nest.ResetKernel()
    nest.resolution = dt
    generator, relay = nest.Create("spike_generator"), nest.Create("parrot_neuron")
    target = nest.Create("iaf_psc_delta")
    nest.Connect(generator, relay, syn_spec={"delay": dt})
    model = {"tau_rec": tau_d, "tau_fac": tau_f, "U": u_se, "x": 1.0, "u": u_se, "delay": dt}
    nest.Connect(relay, target, syn_spec={"synapse_model": "tsodyks2_synapse", "weight": 1.0, **model})
    synapse = nest.GetConnections(relay, target)
    generator.spike_times = np.asarray(spike_steps) * dt
    nest.Simulate(dt * (spike_steps[0] + 2))
    states, now = [], spike_steps[0]
    for step in [*spike_steps[1:], spike_steps[-1] + 1]:
        state = synapse.get(("x", "u"))
        states.append((state["x"] * (1 - state["u"]), state["u"]))
        nest.Simulate(dt * (step - now))
        now = step
    return np.array(states)


@pytest.mark.parametrize("dt", [0.1, 0.25, 1.0])
@pytest.mark.parametrize(
    ("tau_d", "tau_f", "u_se"),
    [(200.0, 600.0, 0.2), (800.0, 0.0, 0.5), (30.0, 1500.0, 0.05), (90.0, 12.5, 1.0)],
)
def test_resources_and_utilisation_after_every_spike(dt, tau_d, tau_f, u_se):
    rng = np.random.default_rng(int(10 * dt + tau_d))
    gaps = 1 + rng.geometric(dt / 25.0, N_SPIKES)
    spike_steps = np.cumsum(gaps)
    expected = in_nest(spike_steps.tolist(), dt, tau_d, tau_f, u_se)
    rule = ShortTermPlasticity(tau_d, tau_f, u_se)
    source, target = Population("source", 1, Input()), Population("target", 1, LIF())
    rule.bind(Projection(source, target, [[1.0]]), dt, np.random.default_rng(0))
    ours, fired = [], set(spike_steps.tolist())
    for step in range(spike_steps[-1] + 1):
        release = rule.scale(np.array([float(step in fired)]))
        if step in fired:
            ours.append((rule.x[0], rule.u[0]))
            assert release[0] > 0
    assert np.ptp(expected, axis=0).min() > 0 or tau_f == 0 or u_se == 1
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-9)
