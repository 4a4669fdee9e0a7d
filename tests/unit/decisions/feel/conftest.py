"""Property tests are not timed: other work shares the machine, and what must be quick has tests of its own."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
