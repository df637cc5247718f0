"""x"""
EXAMPLE=""
def evaluate() -> None:
    """x"""
