"""Segment's six types of events, each with the fields that its contract asks for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, NamedTuple

from sensor_fleet.tracking import kinds
from sensor_fleet.tracking.kinds import Kind
from sensor_fleet.tracking.pointers import parent
from sensor_fleet.tracking.scene import Scene


class Field(NamedTuple):
    """One value of an event. Where it is not required, some events have none."""

    pointer: str
    kind: Kind
    required: bool = True

    def ways(self) -> Mapping[str, kinds.Way]:
        """All ways to break it. A missing value is a fault of the object that has it not, as JSON Schema has it."""
        if not self.required:
            return self.kind.ways
        return {**self.kind.ways, "missing": kinds.Way((), ((parent(self.pointer), "missing_field"),))}


@dataclass(frozen=True, slots=True)
class Subject:
    """One kind of events: its type, its title under the type's own key, and its fields in their order.

    `share` is its part of all events at the start, `later` when the mix has drifted. `ways` are all ways to break it,
    by pointer and name. What is not Segment's has neither type nor title in it, no release, and an `id` of its own.
    """

    type: str
    title: str
    fields: tuple[Field, ...]
    ways: Mapping[str, Mapping[str, kinds.Way]]
    share: int
    later: int
    id: str = "messageId"

    @property
    def is_segment(self) -> bool:
        """Whether it has Segment's form."""
        return self.id == "messageId"

    @property
    def name(self) -> str:
        """The subject of its contract."""
        return f"{self.type}/{self.title}" if self.title else self.type

    @property
    def title_key(self) -> str:
        """The key that its title stands under."""
        return "event" if self.type == "track" else "name"


_STATES: Final = ("", "CA", "NY", "TX", "WA")
_AGENTS: Final = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_6) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/71.0.3578.98",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:76.0) Gecko/20100101 Firefox/76.0",
    'Größe/1.0 (報告; "quoted" \\ 🛰)',
)
_PAGE: Final = "https://www.example.com/app/policy-type"
_HEALTH: Final = ("asthma", "diabetes", "migräne", "高血圧")


def _time(seconds: float) -> kinds.Make:
    return lambda scene: scene.time(timedelta(seconds=seconds))


def _address(scene: Scene) -> str:
    return f"192.0.2.{scene.rng.randrange(256)}"  # kept free for documents by RFC 5737


def _email(scene: Scene) -> str:
    return f"{scene.visitor[:8]}@example.com"


def _age(scene: Scene) -> str:
    return str(scene.rng.randint(18, 99))


def _revenue(scene: Scene) -> float:
    """An amount that drifts to four times of what it was."""
    return round(scene.rng.lognormvariate(4, 0.5) * (1 + 3 * scene.drift.get("revenue", 0)), 2)


def _gender(scene: Scene) -> str:
    """An answer that drifts to being left open, mostly."""
    answered = scene.rng.random() >= 0.2 + 0.7 * scene.drift.get("gender", 0)
    return scene.rng.choice(("female", "male", "other")) if answered else ""


def _products(scene: Scene) -> list[dict[str, Any]]:
    return [
        {"sku": f"sku-{scene.rng.randrange(1000)}", "price": _revenue(scene), "quantity": scene.rng.randint(1, 3)}
        for _ in range(scene.rng.randint(1, 3))
    ]


def _texts(scene: Scene) -> list[str]:
    return scene.rng.sample(_HEALTH, scene.rng.randint(0, 2))


def _user(scene: Scene) -> str:
    return scene.visitor[:8]


_SENDER: Final = (
    Field("/anonymousId", kinds.uuid(lambda scene: scene.visitor)),
    Field("/channel", kinds.one_of("client", "server", "mobile", make=kinds.always("client"))),
    Field("/context/app/name", kinds.text(kinds.always("example-web"))),
    Field("/context/app/version", kinds.text(lambda scene: scene.release, longest=40)),
    Field("/context/ip", kinds.address(_address).private()),
    Field("/context/library/name", kinds.text(kinds.always("analytics.js"))),
    Field("/context/library/version", kinds.text(kinds.always("3.7.2"), longest=40)),
    Field("/context/userAgent", kinds.text(kinds.choice(*_AGENTS), longest=500), required=False),
    Field("/integrations", kinds.anything(kinds.choice({}, {"All": True}, {"Amplitude": {"session": [1, None]}}))),
    Field("/originalTimestamp", kinds.time(_time(0))),
    Field("/receivedAt", kinds.time(_time(0.106))),
    Field("/sentAt", kinds.time(_time(0.024))),
    Field("/timestamp", kinds.time(_time(0.082))),
    Field("/userId", kinds.text(_user).private(), required=False),
    Field("/version", kinds.anything(kinds.always("2"))),
)
_ON_A_PAGE: Final = (
    Field("/context/page/path", kinds.text(kinds.always("/app/policy-type"))),
    Field(
        "/context/page/title", kinds.text(kinds.choice("Example Finance - Estimate", "Beispiel: Größe 🛰", "")), False
    ),
    Field("/context/page/url", kinds.text(kinds.always(_PAGE), longest=2000)),
)
_POLICY: Final = (
    Field("/properties/additional_health_status", kinds.texts(_texts)),
    Field("/properties/age", kinds.digits(_age)),
    Field("/properties/email", kinds.text(_email).private()),
    Field("/properties/funnel", kinds.one_of("app", "quote", "partner")),
    Field("/properties/gender", kinds.one_of("", "female", "male", "other", make=_gender)),
    Field("/properties/landingPage", kinds.flag()),
    Field("/properties/name", kinds.text(kinds.always("Policy Type"))),
    Field("/properties/policy_face_value", kinds.digits(kinds.choice("", "90000000", "250000"))),
    Field("/properties/previousPage", kinds.text(kinds.choice("/app/policy-size", ""), longest=2000), required=False),
    Field("/properties/state", kinds.one_of(*_STATES)),
    Field("/properties/visitorUUID", kinds.uuid(kinds.new_uuid)),
    Field("/properties/widget_traffic", kinds.flag()),
)
_ORDER: Final = (
    Field("/properties/coupon", kinds.text(kinds.choice("", "WELCOME", "größer"), longest=20), required=False),
    Field("/properties/currency", kinds.one_of("EUR", "USD", "CHF")),
    Field("/properties/order_id", kinds.uuid(kinds.new_uuid)),
    Field("/properties/products", kinds.products(_products)),
    Field("/properties/revenue", kinds.amount(_revenue)),
)
_QUOTE: Final = (
    Field("/properties/amount", kinds.integer(1_000, 5_000_000)),
    Field("/properties/quote_id", kinds.uuid(kinds.new_uuid)),
    Field("/properties/valid_until", kinds.time(_time(86_400))),
    Field("/properties/utm~1source~0raw", kinds.one_of("adwords", "newsletter", "direct")),
)
_TRAITS: Final = (
    Field("/traits/age", kinds.integer(0, 120), required=False),
    Field("/traits/createdAt", kinds.time(_time(-86_400))),
    Field("/traits/email", kinds.email(_email).private()),
    Field("/traits/plan", kinds.one_of("free", "pro", "enterprise")),
)
_SCREEN: Final = (
    Field("/properties/build", kinds.integer(1, 9_999)),
    Field("/properties/orientation", kinds.one_of("portrait", "landscape")),
)
_GROUP: Final = (
    Field("/groupId", kinds.uuid(kinds.new_uuid)),
    Field("/traits/employees", kinds.integer(1, 1_000_000)),
    Field("/traits/name", kinds.text(kinds.choice("Example AG", "例 株式会社"))),
)
_ALIAS: Final = (
    Field("/previousId", kinds.text(kinds.new_uuid)),
    Field("/properties/merged", kinds.flag(), required=False),
)


def ways_of(fields: Iterable[Field]) -> Mapping[str, Mapping[str, kinds.Way]]:
    """All ways to break these, by pointer and name."""
    return {field.pointer: field.ways() for field in fields if field.ways()}


def _subject(kind: str, title: str, share: int, later: int, *groups: tuple[Field, ...]) -> Subject:
    fields = tuple(field for group in groups for field in group)
    return Subject(kind, title, fields, ways_of(fields), share, later)


SUBJECTS: Final = (
    _subject("page", "Policy Type", 40, 15, _SENDER, _ON_A_PAGE, _POLICY),
    _subject("page", "", 5, 5, _SENDER, _ON_A_PAGE),
    _subject("track", "Order Completed", 20, 20, _SENDER, _ON_A_PAGE, _ORDER),
    _subject("track", "Quote Requested", 10, 10, _SENDER, _QUOTE),
    _subject("identify", "", 12, 12, _SENDER, _TRAITS),
    _subject("screen", "Home", 7, 32, _SENDER, _SCREEN),
    _subject("group", "", 3, 3, _SENDER, _GROUP),
    _subject("alias", "", 3, 3, _SENDER, _ALIAS),
)
DRIFTS: Final = ("revenue", "gender", "mix")
"""What can change over time, while every event stays valid: amounts, an answer's share, and the kinds of events."""

WAYS: Final[Mapping[str, tuple[str, ...]]] = {
    pointer: tuple(dict.fromkeys(way for subject in SUBJECTS for way in subject.ways.get(pointer, {})))
    for pointer in dict.fromkeys(pointer for subject in SUBJECTS for pointer in subject.ways)
}
"""All fields that can be broken, and how."""
