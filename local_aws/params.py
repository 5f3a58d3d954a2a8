"""What the services read alike of a request's parameters."""

from local_aws.errors import AwsError, Json


def wrong_type(value: object, expected: str) -> AwsError:
    """A parameter is of another JSON type than the service model says."""
    kinds = {bool: "boolean", int: "number", float: "number", str: "string", list: "list", dict: "structure"}
    message = f"A {kinds.get(type(value), 'null')} can not be converted to a {expected}."
    return AwsError("SerializationException", message, query_code="MalformedInput")


def string_map(params: Json, name: str) -> dict[str, str]:
    """A parameter that is a map of strings, empty when it is not there."""
    value = params.get(name) or {}
    if not isinstance(value, dict):
        raise wrong_type(value, "map")
    for item in value.values():
        if not isinstance(item, str):
            raise wrong_type(item, "String")
    return value
