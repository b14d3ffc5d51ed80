"""The learner against plain means, the union of the batches, and the wrapped learner alone."""

import attrs
import numpy as np
import pytest

from sc_core import Batch, registry
from sc_core.contracts import ClientBatches, ClientRound, Learner
from sc_core.errors import ConfigurationError
from sc_core.options import structure, unstructure
from sc_plugin_federated import FederatedLearner
from sc_plugin_federated.averaging import secure_weighted_sum, weighted_mean, weighted_sum
from sc_plugin_federated.options import FederatedOptions

WRAPPED = {"name": "least_squares", "lr": 0.2, "momentum": 0.5}


@pytest.fixture(autouse=True)
def _learners(regression):
    pass


@pytest.fixture
def make(regression):
    """Return a function that makes a learner around least squares, all with the same weights."""

    def make(**options):
        return FederatedLearner(regression.network(), **({"learner": WRAPPED} | options))

    return make


def a_round(regression, *sizes, seed=0):
    """Clients with batches of these sizes: a number for each, or a tuple for several of one client."""
    return ClientRound(
        ClientBatches(
            k,
            [regression.batch(n, seed=(seed, k, place)) for place, n in enumerate(size)]
            if isinstance(size, tuple)
            else [regression.batch(size, seed=(seed, k, 0))],
        )
        for k, size in enumerate(sizes)
    )


def union(clients):
    batches = [batch for client in clients.clients for batch in client.batches]
    return Batch(
        np.concatenate([batch.inputs for batch in batches], axis=1),
        np.concatenate([batch.targets for batch in batches], axis=1),
    )


def parameters(learner):
    return [parameter.copy() for parameter in learner._learner.parameters]


def alone(regression):
    return regression.LeastSquares(regression.network(), lr=0.2, momentum=0.5)


def assert_same_bits(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("method", ["fedsgd", "fedavg"])
def test_one_client_is_the_wrapped_learner_bit_for_bit(make, regression, method):
    learner, single = make(method=method), alone(regression)
    for number in range(6):
        learner.lr = single.lr = 0.2 / (number + 1)
        clients = a_round(regression, 7, seed=number)
        assert learner.learn(clients) == single.learn(clients.clients[0].batches[0])
    assert_same_bits(parameters(learner), single.parameters)


def test_one_client_with_several_batches_of_fedavg_is_the_wrapped_learner_bit_for_bit(make, regression):
    learner, single = make(method="fedavg"), alone(regression)
    for number in range(5):
        clients = a_round(regression, (5, 5, 2), seed=number)
        metrics = learner.learn(clients)
        losses = [single.learn(batch)["loss"] for batch in clients.clients[0].batches]
        np.testing.assert_allclose(metrics["loss"], np.average(losses, weights=[5, 5, 2]), rtol=1e-12)
    assert_same_bits(parameters(learner), single.parameters)


@pytest.mark.parametrize("sizes", [(6, 6, 6), (1, 10, 4), ((3, 4), 2, (1, 1, 1))])
def test_fedsgd_is_the_gradient_of_the_union(make, regression, sizes):
    learner, single = make(), alone(regression)
    for number in range(4):
        clients = a_round(regression, *sizes, seed=number)
        loss = single.learn(union(clients))["loss"]
        assert learner.learn(clients)["loss"] == pytest.approx(loss, rel=1e-6)
    for ours, theirs in zip(parameters(learner), single.parameters, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)


def test_fedsgd_with_equal_weights_is_the_mean_of_the_clients_gradients(make, regression):
    learner, single = make(weights="equal", learner=WRAPPED | {"momentum": 0.0}), alone(regression)
    clients = a_round(regression, 1, 20, 5)
    gradients = [single.loss_and_gradient(client.batches[0])[1] for client in clients.clients]
    before = parameters(learner)
    learner.learn(clients)
    for place, (old, new) in enumerate(zip(before, parameters(learner), strict=True)):
        mean = np.mean([g[place] for g in gradients], axis=0)
        np.testing.assert_allclose(new, old - 0.2 * mean, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("weights", ["samples", "equal"])
def test_fedavg_is_the_weighted_mean_of_where_clients_end(make, regression, weights):
    sizes = ((4, 4), 9, (2, 2, 2))
    learner = make(method="fedavg", weights=weights)
    clients = a_round(regression, *sizes)
    ends = []
    for client in clients.clients:
        single = alone(regression)
        for batch in client.batches:
            single.learn(batch)
        ends.append([parameter.copy() for parameter in single.parameters])
    counts = [8, 9, 6] if weights == "samples" else [1, 1, 1]
    learner.learn(clients)
    for place, new in enumerate(parameters(learner)):
        expected = np.average([end[place].astype(float) for end in ends], axis=0, weights=counts)
        np.testing.assert_allclose(new, expected, rtol=1e-6, atol=1e-7)


def test_clients_of_fedavg_keep_their_own_momentum(make, regression):
    learner = make(method="fedavg")
    rounds = [a_round(regression, 5, 5, seed=number) for number in range(3)]
    for clients in rounds:
        learner.learn(clients)
    # The same by hand: two learners, whose parameters are set to their mean after each round.
    by_hand = [alone(regression) for _ in range(2)]
    for clients in rounds:
        for single, client in zip(by_hand, clients.clients, strict=True):
            single.learn(client.batches[0])
        means = [(a.astype(float) + b) / 2 for a, b in zip(*(s.parameters for s in by_hand), strict=True)]
        for single in by_hand:
            for parameter, mean in zip(single.parameters, means, strict=True):
                parameter[...] = mean
    for ours, theirs in zip(parameters(learner), by_hand[0].parameters, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("weights", ["equal", "samples"])
def test_the_vote_is_the_sign_of_the_sum_of_signs(make, regression, weights):
    learner = make(method="sign_majority", weights=weights, learner=WRAPPED | {"momentum": 0.0})
    clients = a_round(regression, 1, 5, 2, 3)
    single = alone(regression)
    gradients = [single.loss_and_gradient(client.batches[0])[1] for client in clients.clients]
    before = parameters(learner)
    learner.learn(clients)
    counts = [1, 1, 1, 1] if weights == "equal" else [1, 5, 2, 3]
    ties = 0
    for place, (old, new) in enumerate(zip(before, parameters(learner), strict=True)):
        votes = sum(count * np.sign(g[place]) for count, g in zip(counts, gradients, strict=True))
        np.testing.assert_allclose(new, old - 0.2 * np.sign(votes), rtol=1e-6)
        ties += np.count_nonzero(votes == 0)
        assert_same_bits([new[votes == 0]], [old[votes == 0]])
    # The frozen projection has zero gradients, which are no votes; with equal votes of four there are others.
    assert ties > 12 if weights == "equal" else ties == 12


def test_the_usual_weights_are_one_vote_each_or_samples():
    usual = {
        method: FederatedOptions(learner=WRAPPED, method=method).weights
        for method in ("fedsgd", "fedavg", "sign_majority")
    }
    assert usual == {"fedsgd": "samples", "fedavg": "samples", "sign_majority": "equal"}


@pytest.mark.parametrize("method", ["fedsgd", "fedavg", "sign_majority"])
def test_a_secure_sum_gives_the_same_within_its_rounding(make, regression, method):
    # A vote is of whole numbers: the very same bits.
    open_one, masked = make(method=method), make(method=method, secure_sum=True)
    for number in range(3):
        clients = a_round(regression, 3, (2, 2), 5, seed=number)
        assert open_one.learn(clients)["loss"] == pytest.approx(masked.learn(clients)["loss"], rel=1e-6)
    for ours, theirs in zip(parameters(masked), parameters(open_one), strict=True):
        if method == "sign_majority":
            np.testing.assert_array_equal(ours, theirs)
        else:
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-6)
    coarse = make(method=method, secure_sum=True, fractional_bits=4)
    coarse.learn(a_round(regression, 3, 3))
    fine = make(method=method)
    fine.learn(a_round(regression, 3, 3))
    worst = max(np.abs(a - b).max() for a, b in zip(parameters(coarse), parameters(fine), strict=True))
    assert (worst == 0) if method == "sign_majority" else (1e-4 < worst < 0.1)


@pytest.mark.parametrize("secure_sum", [False, True])
@pytest.mark.parametrize("method", ["fedsgd", "fedavg", "sign_majority"])
def test_clients_that_flip_signs_send_the_opposite(make, regression, method, secure_sum):
    """Two clients with the same samples, one of them flipping, take each other's updates away."""
    learner = make(method=method, sign_flipping=1, secure_sum=secure_sum)
    before = parameters(learner)
    same = [regression.batch(6)]
    learner.learn(ClientRound([ClientBatches(0, same), ClientBatches(1, same)]))
    for old, new in zip(before, parameters(learner), strict=True):
        np.testing.assert_allclose(new, old, atol=1e-7)
    all_flip, plain = make(method=method, sign_flipping=2, secure_sum=secure_sum), make(method=method)
    for each in (all_flip, plain):
        each.learn(a_round(regression, 4, 4))
    for old, flipped, right in zip(before, parameters(all_flip), parameters(plain), strict=True):
        np.testing.assert_allclose(flipped - old, old - right, atol=1e-6)


@pytest.mark.parametrize("method", ["fedsgd", "fedavg", "sign_majority"])
@pytest.mark.parametrize("secure_sum", [False, True])
def test_what_nobody_changes_keeps_its_bits(make, regression, method, secure_sum):
    learner = make(method=method, secure_sum=secure_sum)
    frozen = learner.network.projections[1].data.copy()
    for number in range(3):
        learner.learn(a_round(regression, 1, 2, 3, 5, 7, seed=number))
    np.testing.assert_array_equal(learner.network.projections[1].data, frozen)


@pytest.mark.parametrize("method", ["fedsgd", "fedavg", "sign_majority"])
def test_a_loaded_state_goes_on_with_the_same_bits(make, regression, method):
    rounds = [a_round(regression, 4, 2, 3, seed=number) for number in range(6)]
    partly = [
        ClientRound([r.clients[k] for k in ((0, 2), (1, 2), (0, 1))[i % 3]]) for i, r in enumerate(rounds)
    ]
    learner = make(method=method)
    for clients in partly[:3]:
        learner.learn(clients)
    state = _deep_copy(learner.state_dict())
    weights = parameters(learner)
    for clients in partly[3:]:
        learner.learn(clients)
    other = make(method=method)
    for parameter, values in zip(other._learner.parameters, weights, strict=True):
        parameter[...] = values
    other.load_state_dict(state)
    for clients in partly[3:]:
        other.learn(clients)
    assert_same_bits(parameters(other), parameters(learner))


def _deep_copy(state):
    if isinstance(state, dict):
        return {key: _deep_copy(value) for key, value in state.items()}
    if isinstance(state, list):
        return [_deep_copy(value) for value in state]
    return state.copy() if isinstance(state, np.ndarray) else state


def test_the_order_in_which_clients_come_makes_no_difference(make, regression):
    clients = a_round(regression, 3, 5, 2).clients
    learners = [make(method="fedavg"), make(method="fedavg")]
    for learner, order in zip(learners, (clients, clients[::-1]), strict=True):
        learner.learn(ClientRound(order))
    assert_same_bits(*(parameters(learner) for learner in learners))


def test_weighted_sums_are_numpys():
    rng = np.random.default_rng(0)
    clients = [[rng.normal(size=(3, 2)), rng.normal(size=5).astype(np.float32)] for _ in range(4)]
    counts = [3, 1, 4, 1]
    means = weighted_mean(clients, counts)
    sums, (masked, total) = weighted_sum(clients, counts), secure_weighted_sum(clients, counts, 30)
    assert total == 9
    for place in range(2):
        expected = np.average([arrays[place].astype(float) for arrays in clients], axis=0, weights=counts)
        assert means[place].dtype == clients[0][place].dtype
        np.testing.assert_allclose(means[place], expected, rtol=1e-6)
        np.testing.assert_allclose(sums[place], 9 * expected, rtol=1e-12)
        np.testing.assert_allclose(masked[place], 9 * expected, atol=4 * 2.0**-31)


def test_it_is_in_the_registry_and_a_learner_by_its_contract(regression):
    assert registry.get("learner", "federated") is FederatedLearner
    learner = registry.create("learner", "federated", regression.network(), learner="least_squares")
    assert isinstance(learner, Learner)
    assert learner.consumes is ClientRound
    assert not hasattr(learner, "evaluate")  # as the wrapped one
    learner.lr = 0.5
    assert learner._learner.lr == 0.5


def test_options_are_written_whole_and_read_back():
    options = structure(FederatedOptions, {"learner": "least_squares", "method": "sign_majority"}, "learner")
    table = unstructure(options)
    assert table["learner"] == {"name": "least_squares", "lr": 0.1, "momentum": 0.0}
    assert table["weights"] == "equal"
    assert structure(FederatedOptions, table, "learner") == options


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"learner": {"name": "least_squares", "rate": 1.0}}, r"learner.learner.rate: unknown key"),
        (
            {"learner": {"name": "federated", "learner": WRAPPED}},
            r"'federated' is no gradient learner: it lacks parameters",
        ),
        ({"learner": WRAPPED, "method": "median"}, r"learner.method"),
        ({"learner": WRAPPED, "weights": "loss"}, r"learner.weights"),
        ({"learner": WRAPPED, "fractional_bits": 50}, r"learner.fractional_bits"),
        ({"learner": WRAPPED, "sign_flipping": -1}, r"learner.sign_flipping"),
    ],
)
def test_options_that_are_not_allowed_are_refused_by_name(table, words):
    with pytest.raises(ConfigurationError, match=words):
        structure(FederatedOptions, table, "learner")


def test_a_round_has_clients_none_twice(regression):
    own = [regression.batch(2)]
    with pytest.raises(ValueError, match="clients must have no client twice"):
        ClientRound([ClientBatches(1, own), ClientBatches(1, own)])
    with pytest.raises(ValueError, match="clients"):
        ClientRound([])
    with pytest.raises(ValueError, match="batches"):
        ClientBatches(0, [])
    assert ClientBatches(0, [regression.batch(2), regression.batch(5)]).n_samples == 7
    assert attrs.fields(ClientRound).clients.name == "clients"
