"""Values as text, which is how they travel and how they are compared."""


def text(value: object) -> str:
    """Give a value as the plan's SQL has it; nothing is empty."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
