"""The streams there are records for: Segment's events, and the two of a website that speaks to a door by itself."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from sensor_fleet import values
from sensor_fleet.tracking import kinds
from sensor_fleet.tracking.scene import Scene
from sensor_fleet.tracking.subjects import SUBJECTS, Field, Subject, ways_of

_TOPICS: Final = ("example_cms.wizard.step.color_palette.set", "example_cms.page.published", "größe.geändert")
_MESSAGES: Final = (
    '{"isAffiliate":false,"language":"es","color":"#6d8d79","paletteIndex":"0"}',
    '{"language":"日本語","title":"\\"quoted\\" \\\\ 🛰"}',
    "",
)


def _same(value: Any, _scene: Scene) -> Any:
    return value


def _choice(options: tuple[Any, ...], scene: Scene) -> Any:
    return scene.rng.choice(options)


def _id(scene: Scene) -> str:
    return values.uuid4(scene.rng)


_USER_EVENT: Final = (
    Field("/request_timestamp", kinds.stamp(lambda scene: scene.at.strftime("%Y-%m-%d %H:%M:%S.%f"))),
    Field("/cookie_id", kinds.uuid(lambda scene: scene.visitor)),
    Field("/topic", kinds.text(partial(_choice, _TOPICS))),
    Field("/message", kinds.text(partial(_choice, _MESSAGES), longest=2000)),
    Field("/environment", kinds.one_of("example_cms", "example_shop")),
    Field("/website_id", kinds.anything(partial(_choice, (None, "w-17")))),
    Field("/user_account_id", kinds.uuid(_id), required=False),
    Field("/location", kinds.text(partial(_same, "https://cms.example.com/wizard/color-palette/"), longest=2000)),
    Field("/referrer", kinds.text(partial(_same, "https://register.example.com/es/product"), longest=2000), False),
)
_USER_UTM: Final = (
    Field("/source", kinds.one_of("adwords", "newsletter", "direct")),
    Field("/medium", kinds.text(partial(_same, "cpc"), longest=40)),
    Field("/campaign", kinds.text(partial(_choice, ("Campaign Brand FR", "Größer denken")))),
    Field("/content", kinds.anything(partial(_choice, (None, "banner")))),
    Field("/term", kinds.text(partial(_same, "data")), required=False),
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
