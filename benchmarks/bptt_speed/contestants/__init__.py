"""One file per contestant: ``prepare(task)`` returns what `bptt_speed.serve` drives, a `bptt_speed.task.Contestant`.

The module constant `CONVENTION` says how the contestant's neurons differ from sc-core's, `DISTRIBUTIONS` which
distributions' versions a result names.
"""
