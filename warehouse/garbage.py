"""How often Python looks for garbage."""

import gc


def collect_less_often() -> None:
    """Let Python look for garbage in circles less often; for a program's start.

    Each look goes through all that was ever imported, and what comes and goes by the hundred
    thousand, such as records, is in no circle: a fifth of a delivery's CPU, and a tenth of a
    build's by dbt, which holds a large manifest besides.
    """
    gc.freeze()
    gc.set_threshold(50_000)
