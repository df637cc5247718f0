"""What an environment holds on to is counted, and what it only points to in the program is not."""

import sys

import numpy as np

from quantgym.envs.check.reach import reached_bytes


class Holder:
    shared: list = []  # noqa: RUF012 (a container of the class counts too)

    def __init__(self):
        self.kept = []
        self.module, self.make = np, sorted
        self.itself = self


def test_one_more_number_is_the_number_and_its_place():
    holder = Holder()
    holder.kept = [1.5] * 8
    before, eight = reached_bytes(holder), sys.getsizeof(holder.kept)
    holder.kept = [*holder.kept, 2.5]
    assert reached_bytes(holder) - before == sys.getsizeof(2.5) + sys.getsizeof(holder.kept) - eight


def test_arrays_count_with_what_they_are_views_of_and_what_they_hold():
    holder, whole = Holder(), np.zeros(1_000)
    before = reached_bytes(holder)
    holder.kept = whole[:1]
    assert reached_bytes(holder) - before > 8_000
    holder.kept = np.array([None, "x" * 5_000], object)
    assert reached_bytes(holder) - before > 5_000


def test_containers_of_the_class_count_and_modules_do_not():
    holder = Holder()
    before = reached_bytes(holder)
    assert before < 10_000  # NumPy is not in it
    Holder.shared.append("y" * 3_000)
    try:
        assert reached_bytes(holder) - before > 3_000
    finally:
        Holder.shared.clear()
