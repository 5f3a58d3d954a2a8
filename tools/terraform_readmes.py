"""The tables of inputs and outputs in deploy/terraform: `python -m tools.terraform_readmes` puts them there."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tools.readme_tables import between_markers

TERRAFORM = Path(__file__).parents[1] / "deploy" / "terraform"


class Value(NamedTuple):
    """A variable or an output, with its attributes as they are written."""

    name: str
    attributes: dict[str, str]


def readmes() -> Iterator[Path]:
    """Of the stage and of each module."""
    yield TERRAFORM / "README.md"
    yield from sorted(TERRAFORM.glob("modules/*/README.md"))


def with_tables(readme: Path) -> str:
    """Its text, with the tables of its folder between the markers."""
    tables = {"inputs": _inputs(readme.parent), "outputs": _outputs(readme.parent)}
    return between_markers(readme.read_text(), tables)


def values(file: Path, kind: str) -> list[Value]:
    """The blocks `variable` or `output` of a file in Terraform's standard form."""
    blocks = re.findall(rf'^{kind} "(\w+)" {{\n(.*?)^}}', file.read_text(), re.MULTILINE | re.DOTALL)
    return [Value(name, dict(_attributes(body))) for name, body in blocks]


def _attributes(body: str) -> Iterator[tuple[str, str]]:
    for name, value in re.findall(r"^  (\w+) += (.*?)(?=^  [a-z]|\Z)", body, re.MULTILINE | re.DOTALL):
        yield name, re.sub(r"\s+", " ", value.partition("\n\n")[0]).strip()


def _inputs(folder: Path) -> str:
    lines = ["| input | type | default | meaning |", "|---|---|---|---|"]
    for name, attributes in values(folder / "variables.tf", "variable"):
        default = f"`{attributes['default']}`" if "default" in attributes else "required"
        lines.append(f"| `{name}` | `{attributes['type']}` | {default} | {attributes['description'][1:-1]} |")
    return "\n".join(lines)


def _outputs(folder: Path) -> str:
    lines = ["| output | meaning |", "|---|---|"]
    for name, attributes in values(folder / "outputs.tf", "output"):
        lines.append(f"| `{name}` | {attributes['description'][1:-1]} |")
    return "\n".join(lines)


if __name__ == "__main__":
    for page in readmes():
        page.write_text(with_tables(page))
