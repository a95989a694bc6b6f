"""What stops a training."""


class TrainingError(RuntimeError):
    """Training cannot go on; the message says why and what to do."""
