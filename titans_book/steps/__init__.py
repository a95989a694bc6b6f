"""The learner's ladder: every function that the chapters ask for, in its smallest form.

    matrix      one token of a matrix memory             chapters 01-04
    deep        one token of a deep memory               chapter 05
    chunk       one chunk of a matrix memory             chapter 06
    layer       keys, values, queries, gates             chapter 07
    attention   masks, segments, persistent tokens       chapter 08
    blocks      MAC, MAG, MAL                            chapter 09
    miras       errors, and maps to the memory           chapter 10
    optimizers  DGD, delta momentum, Newton-Schulz       chapter 11
    continuum   levels with clocks, self-modification    chapter 12

Each equals what the package runs; tests hold that.
"""
