"""The mark of parameters whose values concern a person."""


class Personal:
    """`subscriber: Annotated[str, Personal]`: masked in logs, and on pages and in answers for who may not see it.

    The mark is on the name: a variable or an input that is called so is masked wherever it stands.
    """
