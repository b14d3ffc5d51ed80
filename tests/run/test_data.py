"""Data sets: what they hold, and how bad ones are refused."""

from __future__ import annotations

import gzip
import random
import struct
import sys
import types

import numpy as np
import pytest
from sklearn import datasets

from sc_core.errors import ConfigurationError, MissingDependency, ShapeError
from sc_run.data import Dataset, dataset_from_arrays, load

INPUTS = np.arange(12.0).reshape(4, 3)
LABELS = np.array([0, 1, 2, 1])


def test_digits_are_those_of_scikit_learn():
    digits = load("digits")
    reference = datasets.load_digits()
    np.testing.assert_array_equal(digits.inputs * 16, reference.data)
    np.testing.assert_array_equal(digits.targets, reference.target)
    assert (digits.n_classes, digits.n_test, digits.is_temporal) == (10, 0, False)
    assert (digits.inputs.min(), digits.inputs.max()) == (0.0, 1.0)


# Arrays


def test_arrays_become_a_dataset_of_fixed_types():
    dataset = dataset_from_arrays("mine", INPUTS, LABELS.astype(np.uint8))
    assert (dataset.inputs.dtype, dataset.targets.dtype) == (np.float32, np.int64)
    assert (dataset.n_classes, dataset.n_samples, dataset.n_test) == (3, 4, 0)
    temporal = dataset_from_arrays("mine", np.zeros((4, 5, 2), bool), np.zeros((4, 5, 1)))
    assert (temporal.targets.dtype, temporal.n_classes, temporal.is_temporal) == (np.float32, None, True)


def test_a_test_part_stands_at_the_end():
    dataset = dataset_from_arrays("mine", INPUTS, LABELS, INPUTS[:2] + 100, np.array([5, 0]))
    np.testing.assert_array_equal(dataset.inputs[-2:], INPUTS[:2] + 100)
    np.testing.assert_array_equal(dataset.targets, [0, 1, 2, 1, 5, 0])
    assert (dataset.n_test, dataset.n_classes) == (2, 6)


def with_one(value):
    spoilt = INPUTS.copy()
    spoilt[2, 1] = value
    return spoilt


BAD_ARRAYS = [
    ({"inputs": with_one(np.nan)}, ConfigurationError, "inputs hold NaN or infinity, first in sample 2"),
    ({"inputs": with_one(1e300)}, ConfigurationError, "first in sample 2"),
    ({"inputs": INPUTS.astype(str)}, ConfigurationError, "inputs must hold real numbers, not <U"),
    ({"inputs": INPUTS.astype(complex)}, ConfigurationError, "not complex128"),
    ({"inputs": INPUTS[0]}, ShapeError, r"inputs must have the shape .* not \(3,\)"),
    ({"inputs": INPUTS[:0]}, ShapeError, r"inputs of shape \(0, 3\) are empty"),
    ({"inputs": INPUTS[:3]}, ShapeError, r"inputs and targets .* \(3,\) and \(4,\)"),
    ({"targets": LABELS.astype(float)}, ConfigurationError, "integers, not float64"),
    ({"targets": LABELS - 1}, ConfigurationError, "labels from 0 on, found -1"),
    ({"targets": LABELS[:, np.newaxis]}, ShapeError, r"not \(4, 1\)"),
    ({"targets": np.full((4, 2, 1), np.inf)}, ConfigurationError, "targets hold NaN"),
    ({"test_inputs": INPUTS}, ConfigurationError, "test_targets is missing"),
    ({"test_targets": LABELS}, ConfigurationError, "test_inputs is missing"),
    ({"test_inputs": INPUTS[:, :2], "test_targets": LABELS}, ShapeError, r"\(3,\) and \(2,\)"),
    ({"test_inputs": INPUTS[:2], "test_targets": LABELS}, ShapeError, r"test_inputs and test_targets"),
    ({"test_inputs": with_one(np.nan), "test_targets": LABELS}, ConfigurationError, "test_inputs hold NaN"),
    ({"test_inputs": INPUTS, "test_targets": np.zeros((4, 2, 1))}, ShapeError, "targets and test_targets"),
]


@pytest.mark.parametrize(("arrays", "error", "message"), BAD_ARRAYS)
def test_bad_arrays_are_refused_by_name(arrays, error, message):
    with pytest.raises(error, match=message) as caught:
        dataset_from_arrays("mine", **{"inputs": INPUTS, "targets": LABELS, **arrays})
    assert "mine" in str(caught.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("inputs", INPUTS),
        ("inputs", with_one(np.nan).astype(np.float32)),
        ("targets", LABELS.astype(np.int32)),
        ("targets", LABELS[:3]),
        ("n_classes", None),
        ("n_classes", 2),
        ("n_test", 4),
    ],
)
def test_a_dataset_made_by_hand_is_checked(field, value):
    fields = {"inputs": INPUTS.astype(np.float32), "targets": LABELS, "n_classes": 3, "n_test": 1}
    Dataset("mine", **fields)
    with pytest.raises((ConfigurationError, ShapeError), match="mine"):
        Dataset("mine", **{**fields, field: value})


# Names


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(
        ConfigurationError, match=r"'digit'.*Did you mean 'digits'\?.*fashion-mnist.*\.npz"
    ) as caught:
        load("digit")
    assert caught.value.path == "data.name"


@pytest.mark.parametrize("name", ["digits", "fashion-mnist", "data.npz"])
def test_an_unknown_option_is_named(name):
    with pytest.raises(ConfigurationError, match="no such option") as caught:
        load(name, foldr="x")
    assert caught.value.path == "data.foldr"


# .npz


def test_npz_is_found_relative_to_the_base_folder(tmp_path):
    (tmp_path / "inner").mkdir()
    np.savez(tmp_path / "inner" / "mine.npz", inputs=INPUTS, targets=LABELS)
    dataset = load("inner/mine.npz", base_folder=tmp_path)
    np.testing.assert_array_equal(dataset.inputs, INPUTS)
    assert load(str(tmp_path / "inner" / "mine.npz"), base_folder="elsewhere").n_classes == 3


def test_npz_may_hold_a_test_part(tmp_path):
    np.savez_compressed(
        tmp_path / "mine.npz", inputs=INPUTS, targets=LABELS, test_inputs=INPUTS[:1], test_targets=LABELS[:1]
    )
    assert load("mine.npz", base_folder=tmp_path).n_test == 1


def refused_npz(path):
    with pytest.raises(ConfigurationError) as caught:
        load(str(path))
    assert caught.value.path == "data.name"
    assert path.name in str(caught.value)
    return str(caught.value)


def test_bad_npz_files_are_refused_by_name(tmp_path):
    path = tmp_path / "mine.npz"
    assert "no file" in refused_npz(path)
    np.savez(path, inputs=INPUTS, labels=LABELS)
    assert "holds the arrays inputs, labels; it needs inputs, targets" in refused_npz(path)
    np.savez(path, inputs=INPUTS, targets=np.array([object()] * 4), allow_pickle=True)
    assert "cannot be read" in refused_npz(path)
    np.savez(path, inputs=INPUTS, targets=LABELS)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert "cannot be read" in refused_npz(path)
    at = content.index(INPUTS.tobytes()) + 20
    path.write_bytes(content[:at] + b"\x55" + content[at + 1 :])
    assert "cannot be read" in refused_npz(path)
    with path.open("wb") as file:
        np.save(file, INPUTS)
    assert "cannot be read" in refused_npz(path)
    path.write_bytes(b"")
    assert "cannot be read" in refused_npz(path)


# module:attribute


@pytest.fixture
def module(tmp_path):
    """Write a module of a name that no other test uses, and forget it afterwards."""
    name = f"user_data_of_{tmp_path.name}"

    def write(source):
        (tmp_path / f"{name}.py").write_text("import numpy as np\n" + source)
        return name

    yield write
    sys.modules.pop(name, None)


ARRAYS = "inputs, targets = np.zeros((4, 3)), np.array([0, 1, 0, 1])\n"


@pytest.mark.parametrize(
    ("source", "attribute", "n_test"),
    [
        (ARRAYS + "data = inputs, targets", "data", 0),
        (ARRAYS + "data = inputs, targets, inputs, targets", "data", 4),
        (ARRAYS + "def make(): return inputs, targets", "make", 0),
        (
            ARRAYS + "from sc_run.data import dataset_from_arrays as d\ndata = d('mine', inputs, targets)",
            "data",
            0,
        ),
        (
            ARRAYS
            + "from sc_run.data import dataset_from_arrays as d\ndef f(): return d('x', inputs, targets)",
            "f",
            0,
        ),
    ],
)
def test_data_from_the_users_code(module, tmp_path, source, attribute, n_test):
    path_before = list(sys.path)
    dataset = load(f"{module(source)}:{attribute}", base_folder=tmp_path)
    assert (dataset.inputs.shape[1:], dataset.n_classes, dataset.n_test) == ((3,), 2, n_test)
    assert sys.path == path_before


def test_options_go_to_the_users_function(module, tmp_path):
    name = module("def make(n): return np.zeros((n, 3)), np.arange(n)")
    assert load(f"{name}:make", base_folder=tmp_path, n=5).n_samples == 5


def test_an_installed_module_is_found_too():
    """This one is not data: it is imported, and refused for what it holds."""
    with pytest.raises(ConfigurationError, match=r"must be or return a Dataset.*not float"):
        load("math:pi")


@pytest.mark.parametrize(
    ("source", "attribute", "message"),
    [
        ("data = 3", "data", "not int"),
        ("data = (1, 2, 3)", "data", "not tuple"),
        ("def make_data(): pass", "make_dat", "no 'make_dat'; did you mean 'make_data'"),
        ("def make(): raise KeyError('spoilt')", "make", "raised KeyError: 'spoilt'"),
        ("import module_that_is_absent", "data", "needs a module that is absent.*module_that_is_absent"),
        ("1 / 0", "data", "raised ZeroDivisionError"),
        ("data = np.zeros((4, 3)), np.full(4, np.nan)", "data", "integers, not float64"),
    ],
)
def test_bad_user_code_is_refused_by_name(module, tmp_path, source, attribute, message):
    name = module(source)
    with pytest.raises(ConfigurationError, match=message) as caught:
        load(f"{name}:{attribute}", base_folder=tmp_path)
    assert caught.value.path == "data.name"
    assert name in str(caught.value)


def test_bad_names_of_user_code_are_refused(module, tmp_path):
    for name in ("module_that_is_absent:data", "module:", ":data", "https://example.org/data", "a b:c"):
        with pytest.raises(ConfigurationError) as caught:
            load(name, base_folder=tmp_path)
        assert caught.value.path == "data.name"
    with pytest.raises(ConfigurationError, match="takes no options") as caught:
        load(f"{module(ARRAYS + 'data = inputs, targets')}:data", base_folder=tmp_path, n=3)
    assert caught.value.path == "data.n"


# mnist1d


def fake_mnist1d(monkeypatch):
    """Stand in for the package: the same functions, which use the global generators as it does."""

    def make_dataset(arguments):
        random.seed(arguments["seed"])
        np.random.seed(arguments["seed"])  # noqa: NPY002
        x = np.random.normal(size=(10, 6))  # noqa: NPY002
        y = np.arange(10) % 3
        return {"x": x[:8], "y": y[:8], "x_test": x[8:], "y_test": y[8:], "t": np.arange(6)}

    package, data = types.ModuleType("mnist1d"), types.ModuleType("mnist1d.data")
    data.make_dataset, data.get_dataset_args = make_dataset, lambda: {"seed": 42}
    monkeypatch.setitem(sys.modules, "mnist1d", package)
    monkeypatch.setitem(sys.modules, "mnist1d.data", data)


def test_mnist1d_is_temporal_and_leaves_the_global_generators_alone(monkeypatch):
    fake_mnist1d(monkeypatch)
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    expected = random.random(), np.random.random()  # noqa: NPY002, S311
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    dataset = load("mnist1d")
    assert (random.random(), np.random.random()) == expected  # noqa: NPY002, S311
    assert dataset.inputs.shape == (10, 6, 1)
    np.testing.assert_array_equal(dataset.targets, np.arange(10) % 3)
    assert dataset.n_test == 2


def test_mnist1d_without_its_package_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "mnist1d", None)
    monkeypatch.delitem(sys.modules, "mnist1d.data", raising=False)
    with pytest.raises(MissingDependency, match=r"pip install 'sc-run\[mnist1d\]'"):
        load("mnist1d")


def test_the_real_mnist1d():
    pytest.importorskip("mnist1d", reason="needs the package mnist1d: pip install 'sc-run[mnist1d]'")
    dataset = load("mnist1d")
    assert dataset.inputs.shape == (5000, 40, 1)
    assert (dataset.n_classes, dataset.n_test) == (10, 1000)
    np.testing.assert_array_equal(np.bincount(dataset.targets), np.full(10, 500))
    assert dataset.inputs.mean(dtype=np.float64) == pytest.approx(0, abs=1e-6)
    assert dataset.inputs.std(dtype=np.float64) == pytest.approx(1, abs=1e-6)


# fashion-mnist


def idx(array):
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


IMAGES = np.random.default_rng(3).integers(256, size=(5, 4, 3))
CLASSES = np.array([9, 0, 3, 3, 1])


def write_fashion_mnist(folder, *, compressed):
    files = {
        "train-images-idx3-ubyte": IMAGES,
        "train-labels-idx1-ubyte": CLASSES,
        "t10k-images-idx3-ubyte": IMAGES[:2],
        "t10k-labels-idx1-ubyte": CLASSES[:2],
    }
    for name, array in files.items():
        content = idx(array)
        if compressed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)


@pytest.mark.parametrize("compressed", [True, False])
def test_fashion_mnist_from_idx_files(tmp_path, compressed):
    write_fashion_mnist(tmp_path, compressed=compressed)
    dataset = load("fashion-mnist", folder=str(tmp_path))
    np.testing.assert_allclose(dataset.inputs[:5] * 255, IMAGES.reshape(5, 12), rtol=1e-6)
    np.testing.assert_allclose(dataset.inputs[5:] * 255, IMAGES[:2].reshape(2, 12), rtol=1e-6)
    np.testing.assert_array_equal(dataset.targets, [9, 0, 3, 3, 1, 9, 0])
    assert (dataset.n_classes, dataset.n_test) == (10, 2)
    assert load("fashion-mnist", base_folder=tmp_path.parent, folder=tmp_path.name).n_samples == 7


def test_absent_fashion_mnist_says_how_to_get_it(tmp_path):
    with pytest.raises(ConfigurationError, match=r"apt-get install dataset-fashion-mnist.*folder") as caught:
        load("fashion-mnist", folder=tmp_path / "absent")
    assert caught.value.path == "data.folder"
    with pytest.raises(ConfigurationError, match=r"neither train-images-idx3-ubyte nor .*\.gz"):
        load("fashion-mnist", folder=tmp_path)
    with pytest.raises(ConfigurationError, match="must be a path, got 3"):
        load("fashion-mnist", folder=3)


BAD_IDX = [
    (
        "train-images-idx3-ubyte",
        idx(IMAGES)[:-1],
        ConfigurationError,
        "has 75 bytes; 76 belong to .* 5 x 4 x 3",
    ),
    ("train-images-idx3-ubyte", idx(IMAGES) + b"x", ConfigurationError, "has 77 bytes; 76 belong"),
    ("train-images-idx3-ubyte", idx(IMAGES)[:10], ConfigurationError, "is truncated: 10 bytes"),
    ("train-images-idx3-ubyte", b"", ConfigurationError, "is not an IDX file of bytes in 3 dimensions"),
    ("train-images-idx3-ubyte", idx(CLASSES), ConfigurationError, "starts with 0x00000801, not 0x00000803"),
    ("train-images-idx3-ubyte", idx(IMAGES[:4]), ShapeError, "train has 4 images, but 5 labels"),
    ("t10k-images-idx3-ubyte", idx(IMAGES[:2, :3]), ShapeError, r"\(4, 3\), test images \(3, 3\)"),
    ("t10k-labels-idx1-ubyte", idx(np.array([1, 10])), ConfigurationError, "from 0 to 9, found 10"),
]


@pytest.mark.parametrize(("name", "content", "error", "message"), BAD_IDX)
def test_bad_idx_files_are_refused_by_name(tmp_path, name, content, error, message):
    write_fashion_mnist(tmp_path, compressed=False)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=message) as caught:
        load("fashion-mnist", folder=tmp_path)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.95])
def test_truncated_gzip_files_are_refused_by_name(tmp_path, keep):
    write_fashion_mnist(tmp_path, compressed=True)
    path = tmp_path / "train-images-idx3-ubyte.gz"
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content))])
    with pytest.raises(ConfigurationError, match=r"train-images-idx3-ubyte\.gz is "):
        load("fashion-mnist", folder=tmp_path)
    path.write_bytes(b"not compressed at all")
    with pytest.raises(ConfigurationError, match=r"train-images-idx3-ubyte\.gz is truncated or damaged"):
        load("fashion-mnist", folder=tmp_path)
