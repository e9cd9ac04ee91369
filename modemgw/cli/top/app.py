"""The screen of `modemgw top`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar, Literal

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.events import Resize
from textual.widgets import DataTable, Footer, RichLog, Static

from modemgw.cli.top import cells
from modemgw.cli.top.dialogs import Confirm, Keys, TraceView
from modemgw.cli.top.watcher import Watcher
from modemgw.client import Client, ClientError
from modemgw.clock import Clock
from modemgw.plain import printable

WIDE, HIGH = 140, 36
"""From so many columns and lines on all panes are shown at once."""
PANES = ("sims", "queue", "events")
Verb = Literal["pause", "resume", "restart"]
QUESTIONS: dict[Verb, str] = {
    "pause": "Send nothing more through {}?",
    "resume": "Let {} send again?",
    "restart": "Reset {} and initialise it anew?",
}

_BEHIND = ("control", "trace", "next_pane", "pane", "keys")
"""Actions that a dialog keeps from happening."""

CSS = """
Screen { layout: vertical; }
#head, #title { height: 1; background: $panel; }
#head.old { background: $error; }
#modems { height: 1fr; overflow-x: hidden; }
#about { height: 2; color: $text-muted; padding: 0 1; }
#panes { height: 9; layout: vertical; border-top: solid $panel; }
#panes > * { display: none; height: 1fr; }
#panes > .shown { display: block; }
#queue { layout: horizontal; }
#queues { width: 42; }
#alerts { width: 1fr; padding: 0 1; }
.wide #panes { height: 1fr; layout: grid; grid-size: 2 2; grid-rows: 1fr 1fr; border: none; }
.wide #panes > * { display: block; border-top: solid $panel; height: 1fr; }
.wide #events { column-span: 2; }
Confirm, Keys { align: center middle; }
.box { width: auto; max-width: 90%; height: auto; border: round $primary; padding: 1 2;
       background: $surface; }
.box > Static { width: auto; }
"""


class TopApp(App[None]):
    """Modems above, the rest below: one pane of it on a small screen, all on a large one."""

    CSS = CSS
    TITLE = "modemgw top"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        ("p", "control('pause')", "pause"),
        ("r", "control('resume')", "resume"),
        ("R", "control('restart')", "restart"),
        ("t", "trace", "trace"),
        Binding("tab", "next_pane", "pane", priority=True),
        Binding("2", "pane('sims')", "SIMs", show=False),
        Binding("3", "pane('queue')", "queue", show=False),
        Binding("4", "pane('events')", "events", show=False),
        ("question_mark", "keys", "help"),
        ("q", "quit", "quit"),
    ]

    def __init__(self, client: Client, *, clock: Clock, every_s: float = 1.0) -> None:
        super().__init__()
        self._client = client
        self.watcher = Watcher(client, self._show, clock=clock, every_s=every_s)
        self._pane = PANES[0]
        self._wide: bool | None = None
        self._written = 0

    def compose(self) -> ComposeResult:
        """See App."""
        yield Static(id="head")
        yield DataTable[Text](id="modems", cursor_type="row")
        yield Static(id="about")
        with Container(id="panes"):
            yield DataTable[Text](id="sims", cursor_type="none")
            with Container(id="queue"):
                yield DataTable[Text](id="queues", cursor_type="none")
                yield Static(id="alerts")
            yield RichLog(id="events", wrap=False, markup=False, highlight=False, max_lines=500)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """See App."""
        for pane in ("#sims", "#queues", "#events"):
            self.query_one(pane).can_focus = False
        self._shape(self.size.width, self.size.height)
        self.action_pane(self._pane)
        self.query_one("#modems").focus()
        self.run_worker(self.watcher.watch(), name="watch")
        self.run_worker(self.watcher.follow(), name="follow")
        self.set_interval(1, self._show_head)

    def on_resize(self, event: Resize) -> None:
        """See App."""
        self._shape(event.size.width, event.size.height)

    def _shape(self, width: int, height: int) -> None:
        wide = width >= WIDE and height >= HIGH
        if wide is self._wide or not self._up:
            return
        self._wide = wide
        chosen = self._table("modems").cursor_row
        self.screen_stack[0].set_class(wide, "wide")
        for name, columns in (
            ("modems", cells.MODEMS),
            ("sims", cells.SIMS),
            ("queues", cells.QUEUES),
        ):
            table = self._table(name)
            table.clear(columns=True)
            for column in columns:
                table.add_column(column, key=column)
        self._show()
        self._table("modems").move_cursor(row=chosen)

    def _table(self, name: str) -> DataTable[Text]:
        return self.screen_stack[0].query_one(f"#{name}", DataTable)

    def _static(self, name: str) -> Static:
        return self.screen_stack[0].query_one(f"#{name}", Static)

    # What is shown

    @property
    def _up(self) -> bool:
        """Whether the panes are there: while the screen is taken down, looks may still end."""
        return bool(self.screen_stack and self.screen_stack[0].query("#modems"))

    def _show(self) -> None:
        if not self._up:
            return
        picture = self.watcher.picture
        now = datetime.now(UTC)
        wide = bool(self._wide)
        _fill(
            self._table("modems"),
            {modem.id: cells.modem_row(modem, picture, wide=wide) for modem in picture.modems},
        )
        _fill(self._table("sims"), {sim.iccid: cells.sim_row(sim) for sim in picture.sims})
        _fill(
            self._table("queues"),
            {queue.type: cells.queue_row(queue, now) for queue in picture.queues},
        )
        alerts = picture.alerts if self.watcher.answered_at is not None else []
        shown = Text("\n").join(Text(f"! {printable(alert)}", style="red") for alert in alerts)
        self._static("alerts").update(shown or Text("no alerts", style="green"))
        self._show_happenings()
        self._show_about()
        self._show_head()

    def _show_head(self) -> None:
        if not self._up:
            return
        watcher, picture = self.watcher, self.watcher.picture
        head = self._static("head")
        head.set_class(watcher.trouble is not None, "old")
        url = printable(self._client.base_url)
        if watcher.trouble is not None:
            since = "" if watcher.answered_at is None else f" for {cells.age(watcher.silent_s)}"
            told = f" STALE{since}, trying again: {printable(watcher.trouble)}"
            head.update(Text(told, no_wrap=True, overflow="ellipsis"))
            return
        if watcher.answered_at is None:
            head.update(Text(f" asking {url} …"))
            return
        can = sum(modem.state in ("ready", "sending") for modem in picture.modems)
        waiting = sum(queue.count for queue in picture.queues)
        more = "+" if any(queue.more for queue in picture.queues) else ""
        pace = sum(pace or 0 for pace in picture.paces.values())
        alerts = len(picture.alerts)
        told = f"{can}/{len(picture.modems)} modems  {waiting}{more} waiting  {pace:.0f}/min"
        head.update(
            Text.assemble(
                f" {datetime.now():%H:%M:%S}  {told}",  # noqa: DTZ005 - for who sits before it
                (f"  {alerts} alert{'s' * (alerts != 1)}", "bold red" if alerts else "dim"),
                f"  {url}",
                no_wrap=True,
                overflow="ellipsis",
            )
        )

    def _show_happenings(self) -> None:
        watcher = self.watcher
        new = min(watcher.happened - self._written, len(watcher.happenings))
        if not new:
            return
        log = self.screen_stack[0].query_one("#events", RichLog)
        for happening in list(watcher.happenings)[-new:]:
            log.write(cells.happening_line(happening))
        self._written = watcher.happened

    def on_data_table_row_highlighted(self) -> None:
        """See DataTable."""
        self._show_about()

    def _show_about(self) -> None:
        if not self._up:
            return
        chosen = self.chosen
        found = [modem for modem in self.watcher.picture.modems if modem.id == chosen]
        self._static("about").update(cells.about(found[0]) if found else "")

    @property
    def chosen(self) -> str | None:
        """The modem under the cursor."""
        table = self._table("modems")
        if not table.row_count:
            return None
        return table.coordinate_to_cell_key(table.cursor_coordinate).row_key.value

    # What the keys do

    def action_pane(self, name: str) -> None:
        """Show this one, where there is room for one."""
        self._pane = name
        for pane in PANES:
            self.screen_stack[0].query_one(f"#{pane}").set_class(pane == name, "shown")

    def action_next_pane(self) -> None:
        """Show the next one."""
        self.action_pane(PANES[(PANES.index(self._pane) + 1) % len(PANES)])

    def action_keys(self) -> None:
        """Show what the keys do."""
        self.push_screen(Keys())

    def action_trace(self) -> None:
        """Follow the trace of the chosen modem."""
        if self.chosen is not None:
            self.push_screen(TraceView(self._client, self.chosen))

    def action_control(self, verb: Verb) -> None:
        """Pause, resume or restart the chosen modem, if that is meant."""
        modem = self.chosen
        if modem is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.run_worker(self._control(modem, verb), name=verb)

        self.push_screen(Confirm(QUESTIONS[verb].format(modem)), answered)

    async def _control(self, modem: str, verb: Verb) -> None:
        try:
            await self._client.control_modem(modem, verb)
        except ClientError as error:
            self.notify(printable(str(error)), severity="error", markup=False)
        else:
            self.watcher.look_soon()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """See App: behind a dialog the keys are the dialog's."""
        return len(self.screen_stack) == 1 or action not in _BEHIND


def _fill(table: DataTable[Text], rows: dict[str, Sequence[Text]] | dict[str, list[Text]]) -> None:
    """Show `rows`: what has not changed is left alone, so that nothing flickers or jumps."""
    if [key.value for key in table.rows] != list(rows):
        chosen = table.cursor_row
        table.clear()
        for key, row in rows.items():
            table.add_row(*row, key=key)
        table.move_cursor(row=chosen)
        return
    columns = list(table.columns)
    for key, row in rows.items():
        for column, value in zip(columns, row, strict=True):
            if table.get_cell(key, column) != value:
                table.update_cell(key, column, value, update_width=True)
