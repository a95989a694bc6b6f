"""What a memory is tried on: the book's corpora, and synthetic tasks with known answers.

    module       what is asked                                                    gives
    streams      a value for every key, by a memory alone (chapters 01 to 06)     Stream
    births       the births of a day, by the calendar: real data                  Stream
    recall       the value of a key that was told: MQAR                           TaskBatch
    needle       the value of one key, told once in a long stretch of noise       TaskBatch
    copying      what was marked: selective copying, induction heads              TaskBatch
    arithmetic   the result of a sum modulo 5                                     TaskBatch
    tracking     the state of a small world, after every token                    TaskBatch
    languages    whether a word of a formal language may end here                 TaskBatch
    needles      the number or UUID in a sentence of a long text: S-NIAH          TextBatch
    stories      where somebody or something is, told in a long text              TextBatch
    continual    texts one after the other, and what is forgotten of each         Part

A TextBatch is a TaskBatch of bytes that can be read as well. `corpora` reads data/, `reader` a text
of one's own; batch, passages, haystack, draw and check are what the tasks share.
"""
