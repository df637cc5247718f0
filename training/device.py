"""Where networks learn."""

from ..configs.job import TrainingSettings
from ..market.errors import ConfigError

__all__ = ["torch_device"]


def torch_device(settings: TrainingSettings) -> str:
    """Return `cpu` or `cuda`, as the job asks or as the machine has it.

    Raises:
        ConfigError: The job asks for a GPU that is not there.
    """
    import torch

    there = torch.cuda.is_available()
    if settings.device == "cuda" and not there:
        raise ConfigError("training.device cuda needs a GPU that torch can see; take auto or cpu")
    return "cuda" if settings.device != "cpu" and there else "cpu"
