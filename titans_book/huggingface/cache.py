"""What a model has read, in the place where transformers keeps keys and values."""

from jaxtyping import Int
from torch import Tensor

from titans_book.model import ModelState


class Remembered:
    """A ModelState where transformers expects a cache. Reading on makes a new one."""

    is_compileable = False
    is_linear = (False,)  # generate shall give only the tokens that have not been read yet

    def __init__(self, state: ModelState) -> None:
        self.state = state

    def get_seq_length(self, layer: int = 0) -> int:
        """Tokens read so far."""
        return self.state.position

    def reorder_cache(self, beams: Int[Tensor, " batch"]) -> None:
        """Row i becomes what row beams[i] was: beam search goes on with its best rows."""
        self.state = self.state.rows(beams)


def given_state(past_key_values: object, cache: object) -> ModelState | None:
    """The state of a call: transformers hands it on as past_key_values before 5.24, then as cache.

    Raises ValueError for two different ones, TypeError for what is not a state of this model.
    """
    given = {"past_key_values": past_key_values, "cache": cache}
    given = {name: value for name, value in given.items() if value is not None}
    for name, value in given.items():
        if not isinstance(value, Remembered):
            raise TypeError(
                f"{name} must be what an earlier call of this model returned, "
                f"got {type(value).__name__}"
            )
    if len(given) == 2 and past_key_values is not cache:
        raise ValueError("past_key_values and cache are two names of one thing: give only one")
    return next((value.state for value in given.values()), None)
