"""x"""
EXAMPLE=""
def demo() -> None:
    """x"""
