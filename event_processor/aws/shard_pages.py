"""All shards of a stream, page by page (ListShards)."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeVar

from event_processor.aws.answer_fields import MalformedAnswer, maybe_text, objects
from event_processor.aws.calls import Calls
from event_processor.aws.client_protocols import ReadingClient, StreamClient

_MOST_PAGES: Final = 1000  # of as many shards each; no stream has so many
S = TypeVar("S")


def list_shards(
    calls: Calls, client: StreamClient | ReadingClient, request: Mapping[str, Any], shard_of: Callable[[Any], S | None]
) -> list[S]:
    """What `shard_of` makes of each; it is None for those that are left out. Raises CallFailed."""
    found: list[S] = []
    tokens: list[str] = []
    page: Any = request
    while page:
        shards, token = calls.make("list_shards", partial(_page, client, page, tokens, shard_of))
        found += shards
        tokens += [token] if token else []
        page = {"NextToken": token} if token else None
    return found


def _page(
    client: StreamClient | ReadingClient, page: Any, tokens: Sequence[str], shard_of: Callable[[Any], S | None]
) -> tuple[list[S], str | None]:
    answer = client.list_shards(**page)
    token = maybe_text(answer, "NextToken")
    if token in tokens:
        raise MalformedAnswer("NextToken leads back to a page that was read already")
    if len(tokens) >= _MOST_PAGES:
        raise MalformedAnswer(f"the list of shards has more than {_MOST_PAGES} pages")
    return [made for shard in objects(answer, "Shards") if (made := shard_of(shard)) is not None], token
