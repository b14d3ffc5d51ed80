"""Data sets by name, from files and from the user's own code, and their splits."""

from __future__ import annotations

from sc_run.data.dataset import Dataset, dataset_from_arrays
from sc_run.data.loading import LOADERS, load
from sc_run.data.splits import Split, split, stratified_folds

__all__ = ["LOADERS", "Dataset", "Split", "dataset_from_arrays", "load", "split", "stratified_folds"]
