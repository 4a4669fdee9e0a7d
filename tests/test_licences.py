"""What servers run stands under licences that were agreed to."""

import pytest

from tests.licences import licence_of, run_by_servers, will_do


def test_every_package_that_servers_run_has_a_licence_that_will_do() -> None:
    found = {package: licence_of(package) for package in run_by_servers()}
    assert len(found) > 50
    assert {package: licence for package, licence in found.items() if not will_do(package, licence)} == {}


@pytest.mark.parametrize(
    "licence", ["AGPL-3.0-only", "LGPL-3.0-only", "MIT AND GPL-2.0-only", "(GPL-2.0-only OR AGPL-3.0-only)", "none named"]
)
def test_what_was_not_agreed_to_will_not_do(licence: str) -> None:
    assert not will_do("flask", licence)


def test_one_of_several_alternatives_is_enough() -> None:
    assert will_do("orjson", "MPL-2.0 AND (Apache-2.0 OR GPL-2.0-only)")
