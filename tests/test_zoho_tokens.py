"""One access token for all processes: shared, renewed once, never more than ten in ten minutes."""

from __future__ import annotations

import json
import multiprocessing
import stat
from pathlib import Path

import pytest
from zoho_readers import Clock, source

from errors import ConfigError, Unavailable
from zoho_auth import ZohoCredentials
from zoho_tokens import TokenSource


@pytest.fixture
def clock(zoho):
    zoho.clock = Clock()
    return zoho.clock


def test_a_token_is_fetched_once_and_shared_through_the_file(zoho, tmp_path):
    first = source(zoho, tmp_path).current()
    assert first.api_domain == zoho.url
    assert source(zoho, tmp_path).current() == first
    assert len(zoho.calls) == 1


def test_the_file_is_ours_alone_and_named_without_secrets(zoho, tmp_path):
    source(zoho, tmp_path).current()
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert zoho.refresh_token not in path.name
        assert zoho.client_id not in path.name
    content = next(tmp_path.glob("*.json")).read_text()
    assert zoho.refresh_token not in content
    assert zoho.client_secret not in content


def test_a_dying_token_is_replaced_in_time(zoho, tmp_path, clock):
    tokens = source(zoho, tmp_path, clock)
    first = tokens.current()
    clock.now += 3600 - 61
    assert tokens.current() == first
    clock.now += 2  # less than a minute to live
    assert tokens.current() != first


def test_a_rejected_token_is_renewed_once_for_everybody(zoho, tmp_path):
    one, other = source(zoho, tmp_path), source(zoho, tmp_path)
    rejected = one.current()
    assert other.current() == rejected
    renewed = one.renewed(rejected)
    assert renewed != rejected
    assert other.renewed(rejected) == renewed  # what the other process has fetched meanwhile
    assert len(zoho.calls) == 2


def test_other_credentials_never_see_the_token(zoho, tmp_path):
    source(zoho, tmp_path).current()
    with pytest.raises(ConfigError):
        source(zoho, tmp_path, refresh_token="1000.other").current()


def _fetch(url, folder, queue):
    known = ZohoCredentials("1000.CLIENT", "s3cret-of-client", "1000.refresh.tok", url)
    queue.put(TokenSource(known, Path(folder)).current().value)


def test_eight_processes_at_once_ask_for_one_token(zoho, tmp_path):
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    processes = [context.Process(target=_fetch, args=(zoho.url, str(tmp_path), queue)) for _ in range(8)]
    for process in processes:
        process.start()
    values = {queue.get(timeout=60) for _ in processes}
    for process in processes:
        process.join()
    assert len(values) == 1
    assert len(zoho.calls) == 1


def test_ten_tokens_in_ten_minutes_are_never_exceeded(zoho, tmp_path, clock):
    tokens = source(zoho, tmp_path, clock)
    token = tokens.current()
    for _ in range(9):
        token = tokens.renewed(token)
    with pytest.raises(Unavailable, match="ten were fetched"):
        tokens.renewed(token)
    assert len(zoho.calls) == 10  # the eleventh was not even asked for
    clock.now += 601
    assert source(zoho, tmp_path, clock).renewed(token) != token


def test_a_broken_cache_file_is_replaced(zoho, tmp_path):
    tokens = source(zoho, tmp_path)
    tokens.current()
    path = next(tmp_path.glob("*.json"))
    for content in ("{", "[]", json.dumps({"fetched": 1, "token": {}}), ""):
        path.write_text(content)
        assert source(zoho, tmp_path).current().value


def test_a_folder_that_cannot_be_made_is_a_sentence(zoho, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        source(zoho, tmp_path / "file").current()
