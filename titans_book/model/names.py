"""Which variants there are, and where the block of each is written; readable without PyTorch.

A new variant is one class (see `titans_book.model.block.Block`) and one entry here.
"""

VARIANTS = {
    "lmm": "titans_book.model.blocks.LMMBlock",
    "mac": "titans_book.model.blocks.MACBlock",
    "mag": "titans_book.model.blocks.MAGBlock",
    "mal": "titans_book.model.blocks.MALBlock",
    "hope": "titans_book.model.hope_block.HopeBlock",
    "attention": "titans_book.model.blocks.AttentionBlock",
}
