"""The kill test, longer: the laboratory's 896 free ports, nearly all of them."""

from pathlib import Path

import pytest

from tests.integration.test_kill import kill_again_and_again


@pytest.mark.soak
def test_nothing_accepted_is_lost_over_forty_kills(tmp_path: Path) -> None:
    kill_again_and_again(tmp_path, instances=800, kills=40)
