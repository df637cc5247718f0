"""x"""
EXAMPLE=""
def deploy() -> None:
    """x"""
