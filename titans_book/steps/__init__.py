"""The learner's ladder: every function that the chapters ask for, in its smallest form.

    matrix      one token of a matrix memory             chapters 01-04
    deep        one token of a deep memory               chapter 05
    chunk       one chunk of a matrix memory             chapter 06
    layer       keys, values, queries, gates             chapter 07
    attention   masks, segments, persistent tokens       chapter 08
    blocks      MAC, MAG, MAL                            chapter 09

Each equals what the package runs; tests hold that.
"""
