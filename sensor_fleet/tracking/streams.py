"""The streams there are records for: Segment's events, and the two of a website that speaks to a door by itself."""

from collections.abc import Mapping
from typing import Final

from sensor_fleet.tracking import kinds
from sensor_fleet.tracking.subjects import SUBJECTS, Field, Subject, ways_of

_TOPICS: Final = ("example_cms.wizard.step.color_palette.set", "example_cms.page.published", "größe.geändert")
_MESSAGES: Final = (
    '{"isAffiliate":false,"language":"es","color":"#6d8d79","paletteIndex":"0"}',
    '{"language":"日本語","title":"\\"quoted\\" \\\\ 🛰"}',
    "",
)


_USER_EVENT: Final = (
    Field("/request_timestamp", kinds.stamp(lambda scene: scene.at.strftime("%Y-%m-%d %H:%M:%S.%f"))),
    Field("/cookie_id", kinds.uuid(lambda scene: scene.visitor)),
    Field("/topic", kinds.text(kinds.choice(*_TOPICS))),
    Field("/message", kinds.text(kinds.choice(*_MESSAGES), longest=2000)),
    Field("/environment", kinds.one_of("example_cms", "example_shop")),
    Field("/website_id", kinds.anything(kinds.choice(None, "w-17"))),
    Field("/user_account_id", kinds.uuid(kinds.new_uuid), required=False),
    Field("/location", kinds.text(kinds.always("https://cms.example.com/wizard/color-palette/"), longest=2000)),
    Field("/referrer", kinds.text(kinds.always("https://register.example.com/es/product"), longest=2000), False),
)
_USER_UTM: Final = (
    Field("/source", kinds.one_of("adwords", "newsletter", "direct")),
    Field("/medium", kinds.text(kinds.always("cpc"), longest=40)),
    Field("/campaign", kinds.text(kinds.choice("Campaign Brand FR", "Größer denken"))),
    Field("/content", kinds.anything(kinds.choice(None, "banner"))),
    Field("/term", kinds.text(kinds.always("data")), required=False),
    Field("/ad_id", kinds.digits(lambda scene: str(scene.rng.randrange(10**11)))),
    Field("/device", kinds.one_of("c", "m", "t")),
)


def _alone(name: str, fields: tuple[Field, ...]) -> tuple[Subject, ...]:
    return (Subject(name, "", fields, ways_of(fields), share=1, later=1, id="request_id"),)


STREAMS: Final[Mapping[str, tuple[Subject, ...]]] = {
    "segment": SUBJECTS,
    "user-events": _alone("user-events", _USER_EVENT),
    "user-utm": _alone("user-utm", _USER_UTM),
}
"""The subjects of each stream."""
