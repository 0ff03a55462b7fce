"""Write docs/cli.md, the page of commands, from the commands' own help.

Run `python docs/make_cli.py`, or `make docs`, after changing a command; a test compares the page with the commands.
"""

from collections.abc import Iterator
from pathlib import Path

import click

from analytics.cli import main

PAGE = Path(__file__).with_name("cli.md")

INTRODUCTION = """\
# The command line

What `--help` says of every command, put together by `make docs`; edit the commands, not this page.
"""

WIDTH = 100


def contexts(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[click.Context]:
    """A context for *command* and each command below it, in the order in which help lists them."""
    settings = command.context_settings | {"terminal_width": WIDTH}
    context = click.Context(command, info_name=name, parent=parent, color=False, **settings)
    yield context
    if isinstance(command, click.Group):
        for child_name in command.list_commands(context):
            child = command.get_command(context, child_name)
            if child is not None and not child.hidden:
                yield from contexts(child, child_name, context)


def section(context: click.Context) -> str:
    """One command's heading and help."""
    level = "##" if context.parent is None else "###"
    text = "\n".join(line.rstrip() for line in context.get_help().splitlines())
    return f"{level} `{context.command_path}`\n\n```text\n{text}\n```\n"


def cli_page(root: click.Command = main) -> str:
    """The whole page: an introduction and one section per command."""
    return "\n".join([INTRODUCTION, *(section(context) for context in contexts(root, "incidents"))])


if __name__ == "__main__":
    PAGE.write_text(cli_page(), encoding="utf-8", newline="\n")
    print(f"wrote {PAGE.name}")
