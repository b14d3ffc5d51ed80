"""The five contracts by which a run or a simulation drives any plugin without knowing it."""

from sc_core.contracts.callback import Callback, Run
from sc_core.contracts.environment import Environment
from sc_core.contracts.experience import (
    Batch,
    ClientBatches,
    ClientRound,
    Episodes,
    Generation,
    Task,
    TaskBatch,
)
from sc_core.contracts.hdl import HDLBackend
from sc_core.contracts.learner import GradientLearner, Learner
from sc_core.contracts.opened_run import OpenedRun
from sc_core.contracts.plasticity import CompiledStep, Plasticity
from sc_core.contracts.scheduler import Scheduler
from sc_core.contracts.state import State, Stateful

__all__ = [
    "Batch",
    "Callback",
    "ClientBatches",
    "ClientRound",
    "CompiledStep",
    "Environment",
    "Episodes",
    "Generation",
    "GradientLearner",
    "HDLBackend",
    "Learner",
    "OpenedRun",
    "Plasticity",
    "Run",
    "Scheduler",
    "State",
    "Stateful",
    "Task",
    "TaskBatch",
]
