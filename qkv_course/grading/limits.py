"""How much of the machine one submission may use."""

from dataclasses import dataclass, fields

from qkv_course.errors import BadAnswer

MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What a submission may use, beyond what its process starts with.

    seconds: for the whole submission. cell_seconds: for one cell. exercise_seconds: for all calls
    of one exercise, as in the notebook. memory, temporary and file_size: in bytes.
    Raises BadAnswer for a limit that is not above 0.
    """

    seconds: float = 120.0
    cell_seconds: float = 10.0
    exercise_seconds: float = 10.0
    memory: int = 1024 * MIB
    temporary: int = 64 * MIB
    file_size: int = 8 * MIB

    def __post_init__(self) -> None:
        for field in fields(self):
            if not getattr(self, field.name) > 0:
                raise BadAnswer(f"The limit {field.name} has to be above 0.")
