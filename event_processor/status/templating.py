"""Templates of pages: everything is escaped, and nothing is invisible."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template


def read_template(package: str, name: str) -> Template:
    """The template of that name in the folder `templates` of a package."""
    environment = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def _visible(value: Any) -> Any:
    """Text without invisible characters: control characters, changes of writing direction, lone surrogates.

    Text that Jinja escaped already, such as a macro's, had this done to it.
    """
    if type(value) is not str or value.isprintable():
        return value
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in value)
