"""How often Python looks for garbage."""

import gc


def collect_less_often() -> None:
    """Let Python look for garbage in circles less often; for a program's start.

    Records come and go by the hundred thousand and are in no circle, and each look goes through
    all that was ever imported: a fifth of a delivery's CPU.
    """
    gc.freeze()
    gc.set_threshold(50_000)
