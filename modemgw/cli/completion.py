"""`modemgw completion`"""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from modemgw.cli.say import say_lines

PROGRAM = "modemgw"
VARIABLE = "_MODEMGW_COMPLETE"
"""By this click is asked what words may follow."""


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that teaches a shell to complete the commands and options.

    For bash: modemgw completion bash > ~/.local/share/bash-completion/completions/modemgw
    """
    found = get_completion_class(shell)
    assert found is not None, "click completes for all of these shells"
    script = found(context.find_root().command, {}, PROGRAM, VARIABLE)
    say_lines((script.source_template % script.source_vars()).strip())
