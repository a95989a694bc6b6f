"""The lab: what a learner sees and touches. Pictures, live views, the environment's doctor.

    style      role colours, light and dark; the look of every picture
    pixels     numbers to small palette PNGs
    text       tokens to words, words shaded by surprise
    traces     gates and losses as lines, in SVG
    picture    a figure that can be heard: how pictures and their words reach the page
    figures    still pictures, each with a description in words (text_figures: shaded text)
    controls   sliders with a name, panels that look right
    widgets    pictures that change: heatmap, surprise strip, gate traces
    player     a replay that needs no kernel (player.js, player.css)
    over_text  numbers over a text: blocks side by side, heads as lines
    memory_figures, attention_figures, relevance_figures   what every block and head did with a text
    reading    one passage, made ready to be watched (attention_reading: by attention)
    recorded   five small models, one a variant, trained beforehand
    history    what a training run leaves behind
    runner     moves a training generator on beside the notebook
    stage      plays a passage in the page, without the kernel (stage.js)
    dashboard  the face of the live board
    board      training, live

The lab stands on top of the package; nothing in the package knows that it is there.
"""
