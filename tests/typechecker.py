"""The type checker that the tests hang on every annotated function of the package.

As Python's own rules have it, a whole number will do where a float is asked for.
"""

from beartype import BeartypeConf, beartype

check = beartype(conf=BeartypeConf(is_pep484_tower=True))
