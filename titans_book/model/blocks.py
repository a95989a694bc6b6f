"""The blocks of a Titans model: mix along time, then think about each token.

    x = x + mix(norm(x))
    x = x + mlp(norm(x))          mlp(x) = (silu(x W_1) * x W_2) W_3

    block            mix, with z = norm(x)                                     Titans
    LMMBlock         memory(z)                                                 section 4, "LMM"
    AttentionBlock   attention(z)                                              eq. 2
    MACBlock         y = norm(attention(P || h || z)), h = M*(z);              eqs. 21-25, Fig. 3a
                     (y * sigmoid(norm(memory(y)))) W_O
    MAGBlock         (norm(attention(P || z)) * sigmoid(norm(memory(P || z)))) W_O    eqs. 26-28
    MALBlock         memory(P || z), and behind a residual of its own          eqs. 29-31
                     attention(P || norm(x))

P are persistent tokens, one set a layer (eq. 19), h is what the memory recalls. Residuals in all
blocks, and normalisation and a gate before the output projection W_O, are the paper's section 4.4.
The paper leaves open how the branches are gated ("any non-linear gating"): ours is above. Each
block is y, state = block(x, state), and one call equals any split into calls. Taught in chapters
09 and 13.
"""

from typing import Any

import torch
from torch import nn

from titans_book.attention import Attention, AttentionState
from titans_book.check import choose
from titans_book.memory import LayerState, NeuralMemory
from titans_book.memory.pieces import lengths_of
from titans_book.model.block import Block, BlockState, GatedMLP, Stream
from titans_book.values import fetched


class LMMBlock(Block):
    """Memory alone: a NeuralMemory and a gated MLP, each behind its own norm and residual.

    >>> import torch
    >>> block = LMMBlock(dim=16, hidden=32, memory=NeuralMemory(16))
    >>> y, state = block(torch.randn(2, 5, 16))
    >>> y.shape
    torch.Size([2, 5, 16])
    """

    fields = {"memory": {}}
    state = LayerState

    def __init__(self, dim: int, hidden: int, memory: NeuralMemory) -> None:
        super().__init__()
        self.memory_norm, self.memory = nn.RMSNorm(dim), memory
        self.mlp_norm, self.mlp = nn.RMSNorm(dim), GatedMLP(dim, hidden)

    def outputs(self) -> tuple[nn.Linear, ...]:
        """The maps that write into the stream, one for each residual."""
        return self.memory.out, self.mlp.down

    def forward(self, x: Stream, state: LayerState | None = None) -> tuple[Stream, LayerState]:
        y, state = self.memory(self.memory_norm(x), state)
        x = x + y
        return x + self.mlp(self.mlp_norm(x)), state


class AttentionBlock(Block):
    """Attention alone: with full attention, the block of a plain transformer.

    conv, in `config.options`: taps of a causal convolution on q, k and v, as memories have it (4 of
    them); 1, the default, for none.
    """

    fields = {"segment": None, "window": None, "persistent": 0, "axial": None, "conv": 1}
    later = {"conv": 1}
    state = AttentionState

    def __init__(self, dim: int, hidden: int, attention: Attention) -> None:
        super().__init__()
        self.attention_norm, self.attention = nn.RMSNorm(dim), attention
        self.mlp_norm, self.mlp = nn.RMSNorm(dim), GatedMLP(dim, hidden)

    def outputs(self) -> tuple[nn.Linear, ...]:
        """The maps that write into the stream, one for each residual."""
        return self.attention.out, self.mlp.down

    def forward(
        self, x: Stream, state: AttentionState | None = None
    ) -> tuple[Stream, AttentionState]:
        y, state = self.attention(self.attention_norm(x), state)
        x = x + y
        return x + self.mlp(self.mlp_norm(x)), state


class GatedBlock(Block):
    """What MAC and MAG share: attention and memory, one gating the other, and the MLP."""

    state = BlockState

    def __init__(self, dim: int, hidden: int, attention: Attention, memory: NeuralMemory) -> None:
        super().__init__()
        self.norm, self.attention, self.memory = nn.RMSNorm(dim), attention, memory
        self.attention_norm, self.memory_norm = nn.RMSNorm(dim), nn.RMSNorm(dim)
        self.out = nn.Linear(dim, dim, bias=False)
        self.mlp_norm, self.mlp = nn.RMSNorm(dim), GatedMLP(dim, hidden)

    def outputs(self) -> tuple[nn.Linear, ...]:
        """The maps that write into the stream, one for each residual."""
        return self.out, self.mlp.down

    def gated(self, y: Stream, m: Stream) -> Stream:
        """(y * sigmoid(norm(m))) W_O: the memory says how much of y goes on (eqs. 25, 28)."""
        return self.out(y * torch.sigmoid(self.memory_norm(m)))


class MACBlock(GatedBlock):
    """Memory as a context: attention over the segment and what the memory recalls of it.

    For each segment of C tokens, with M the memory before it: h = M*(z) has one column a token, row
    i sees h_j and z_j for j <= i (the paper's figure shows all of h, which would leak the future);
    the memory then reads the answers y, and token by token its own answer gates them.

    The memory has nothing but y to learn from. While attention spreads over the segment, all y are
    about alike, and so are the keys that are written. So attention starts with its mind on the
    token itself: W_K = W_Q, of a size that gives it some three quarters of its own row.

    remembers, in `config.options`: what the memory reads and answers in eqs. 24 and 25. "answers"
    (the default): y, as printed. "tokens": z, as in MAG.
    """

    fields = {
        "memory": {}, "segment": 32, "persistent": 4, "axial": None, "remembers": "answers",
    }  # fmt: skip
    later = {"remembers": "answers"}

    def __init__(
        self,
        dim: int,
        hidden: int,
        attention: Attention,
        memory: NeuralMemory,
        remembers: str = "answers",
    ) -> None:
        super().__init__(dim, hidden, attention, memory)
        choose("remembers", remembers, ("answers", "tokens"))
        self.remembers = remembers
        if attention.segment is None:
            raise ValueError("attention must have a segment: MAC reads by segments, got None")
        attention.start_on_itself()

    @classmethod
    def build(cls, config: Any) -> "MACBlock":
        """The memory is damped by half a chunk unless the config says otherwise.

        It reads what attention answers, and within a segment that is much the same: without damping
        its chunks of alike keys cross the border of stability (chapter 06). At a learning rate of
        1e-2 its gradients then have spikes; damped, they have none.
        """
        memory = config.new_memory()
        if not {"damping", "rule"} & set(config.memory) and memory.rule.objective.overshoots:
            memory.rule = memory.rule.but(damping=memory.rule.chunk / 2)
        return cls(config.dim, config.hidden, config.new_attention(), memory, **config.options)

    def reset_parameters(self) -> None:
        """Draw all weights afresh, whatever they were; attention with its mind on the token."""
        super().reset_parameters()
        self.attention.start_on_itself()

    def forward(self, x: Stream, state: BlockState | None = None) -> tuple[Stream, BlockState]:
        position, mixed = 0 if state is None else state.position, []
        parts = lengths_of(x.shape[1], self.attention.segment, position) or [0]
        for z in self.norm(x).split(parts, dim=1):
            y, state = self._read_part(z, state)
            mixed.append(y)
        x = x + torch.cat(mixed, dim=1)
        return x + self.mlp(self.mlp_norm(x)), state

    def _read_part(self, z: Stream, state: BlockState | None) -> tuple[Stream, BlockState]:
        """Some tokens of one segment."""
        attention, layer, before = (
            (None, None, None) if state is None else (state.attention, state.layer, state.before)
        )
        h, before = self.memory.recall(z, before)  # eq. 21
        y, attention = self.attend(z, h, attention)  # eqs. 22, 23
        y = self.attention_norm(y)
        m, layer = self.memory(y if self.remembers == "answers" else z, layer)  # eq. 24
        if attention.position % self.attention.segment == 0:  # the next segment asks what is now
            before = LayerState(layer.memory, before.tail)
        return self.gated(y, m), BlockState(attention, layer, before)  # eq. 25

    def attend(
        self, z: Stream, h: Stream, state: AttentionState | None
    ) -> tuple[Stream, AttentionState]:
        """Attention over P || h || z, the tokens of one segment: row i sees h_j for j <= i."""
        return self.attention(z, state, beside=h)


class MAGBlock(GatedBlock):
    """Memory as a gate: a window and the memory read the same tokens side by side."""

    fields = {"memory": {}, "window": 32, "persistent": 4, "axial": None}

    def forward(self, x: Stream, state: BlockState | None = None) -> tuple[Stream, BlockState]:
        state = state or begin(self.attention, self.memory, x)
        z = self.norm(x)
        y, attention = self.attention(z, state.attention)  # eq. 27
        m, layer = self.memory(z, state.layer)
        x = x + self.gated(self.attention_norm(y), m)  # eq. 28
        return x + self.mlp(self.mlp_norm(x)), BlockState(attention, layer)


class MALBlock(Block):
    """Memory as a layer: the memory reads first, a window looks at what it has made of the text."""

    fields = {"memory": {}, "window": 32, "persistent": 4, "axial": None}
    state = BlockState

    def __init__(self, dim: int, hidden: int, attention: Attention, memory: NeuralMemory) -> None:
        super().__init__()
        self.memory_norm, self.memory = nn.RMSNorm(dim), memory
        self.attention_norm, self.attention = nn.RMSNorm(dim), attention
        self.mlp_norm, self.mlp = nn.RMSNorm(dim), GatedMLP(dim, hidden)

    def outputs(self) -> tuple[nn.Linear, ...]:
        """The maps that write into the stream, one for each residual."""
        return self.memory.out, self.attention.out, self.mlp.down

    def forward(self, x: Stream, state: BlockState | None = None) -> tuple[Stream, BlockState]:
        state = state or begin(self.attention, self.memory, x)
        y, layer = self.memory(self.memory_norm(x), state.layer)  # eq. 30
        x = x + y
        y, attention = self.attention(self.attention_norm(x), state.attention)  # eq. 31
        x = x + y
        return x + self.mlp(self.mlp_norm(x)), BlockState(attention, layer)


def begin(attention: Attention, memory: NeuralMemory, x: Stream) -> BlockState:
    """The state of MAG and MAL before the text: the memory has read the persistent tokens.

    P || x goes into both branches (eqs. 26, 29); what the memory answers to P is dropped.
    """
    P = attention.persistent
    P = x.new_zeros(0, attention.dim) if P is None else P
    fetched(x, persistent=P)
    _, layer = memory(P.expand(len(x), *P.shape))
    return BlockState(attention.begin(x), layer)
