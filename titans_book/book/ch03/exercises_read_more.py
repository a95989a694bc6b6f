"""More wrong versions of chapter 03's reading loop: slips in the line that calls the step."""

from titans_book.book.ch03.exercises_read import read_all_exercise, recorded
from titans_book.steps.matrix import momentum_step, surprise_grad


@read_all_exercise.wrong("`momentum_step` returns the whole new S. What does `S +=` make of it?")
def adds_the_new_past_to_the_old(k, v, theta, eta):
    """You add the new S to the old one (`S += momentum_step(...)`), so the past counts twice."""

    def step(M, S, k, v, theta, eta):
        S = S + momentum_step(S, surprise_grad(M, k, v), theta, eta)
        return M + S, S

    return recorded(k, v, theta, eta, step)


@read_all_exercise.wrong("How often do you call `momentum_step` for one token?")
def takes_the_step_twice(k, v, theta, eta):
    """You call `momentum_step` twice for one token, the second time with the S that is already
    new."""

    def step(M, S, k, v, theta, eta):
        u = surprise_grad(M, k, v)
        S = momentum_step(S, u, theta, eta)
        return M + momentum_step(S, u, theta, eta), S

    return recorded(k, v, theta, eta, step)


@read_all_exercise.wrong("Does `momentum_step` change the S that you give it, or return another?")
def drops_the_new_past(k, v, theta, eta):
    """The result of `momentum_step` is dropped, so S stays 0 and nothing is ever written."""
    return tuple(0 * one for one in recorded(k, v, theta, eta, lambda M, S, *_: (M, S)))


@read_all_exercise.wrong("In which order does `momentum_step` take S and u?")
def swaps_past_and_present(k, v, theta, eta):
    """S and u are swapped on the way into `momentum_step`: the gradient fades, and the past is
    subtracted."""

    def step(M, S, k, v, theta, eta):
        S = momentum_step(surprise_grad(M, k, v), S, theta, eta)
        return M + S, S

    return recorded(k, v, theta, eta, step)


@read_all_exercise.wrong("What does the memory of token 3 know of tokens 1 and 2?")
def writes_the_surprise_alone(k, v, theta, eta):
    """You write -theta u into the memory and keep S only for the record. What is written is S."""

    def step(M, S, k, v, theta, eta):
        u = surprise_grad(M, k, v)
        return M - theta * u, momentum_step(S, u, theta, eta)

    return recorded(k, v, theta, eta, step)


@read_all_exercise.wrong("Is u in your second line the surprise before the write, or after it?")
def is_surprised_after_the_write(k, v, theta, eta):
    """You write the last S first, and measure the surprise at the memory after that."""

    def step(M, S, k, v, theta, eta):
        M = M + S
        return M, momentum_step(S, surprise_grad(M, k, v), theta, eta)

    return recorded(k, v, theta, eta, step)
