"""The demo's output on the terminal: a line per step, two live bars, tables at the end."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from demo.reconciling import Comparison, Money

FIGURES = ("sent", "delivered", "read", "clicked", "failed", "unknown", "suppressed")
OPEN = ("pending", "sending")
WIDTH = 100  # columns, if the output is no terminal
NAMES = {"WHATSAPP": "WhatsApp", "TELEGRAM": "Telegram"}


class Screen:
    def __init__(self) -> None:
        self.console = Console(highlight=False)
        if not self.console.is_terminal:
            self.console = Console(highlight=False, width=WIDTH)
        self._step = 0

    def title(self, text: str, below: str) -> None:
        self.console.print()
        self.console.print(Panel(Text(below), title=f"[bold]{text}[/]", box=box.ROUNDED))

    def step(self, text: str) -> None:
        self._step += 1
        self.console.print(f"\n[bold cyan]{self._step}[/] [bold]{text}[/]")

    def done(self, text: str) -> None:
        self.console.print(f"  [green]✓[/] {text}")

    def note(self, text: str) -> None:
        self.console.print(f"  [dim]{text}[/]")

    def failed(self, text: str) -> None:
        self.console.print(f"  [bold red]✗[/] {text}")

    def warn(self, text: str) -> None:
        self.console.print(Text(f"  ! {text}", style="yellow"))

    @contextmanager
    def bars(self) -> Iterator["Bars"]:
        columns = (
            TextColumn("  [bold]{task.description:<8}[/]"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TextColumn("[dim]{task.fields[counts]}[/]"),
        )
        with Progress(*columns, console=self.console) as progress:
            yield Bars(progress)

    def dashboard(self, rows: Sequence[Mapping[str, Any]]) -> None:
        table = _table("", "Total", *(name.replace("_", " ").capitalize() for name in FIGURES))
        table.add_column("Cost", justify="right", no_wrap=True)
        for row in rows:
            figures = ["–" if row[name] is None else str(row[name]) for name in FIGURES]
            money = f"{Decimal(row['cost']):.2f} {row['currency']}"
            table.add_row(NAMES[row["platform"]], str(row["total"]), *figures, money)
        self.console.print(table)
        self.note("–: not reported by the provider; Telegram reports nothing after accepting.")

    def comparison(self, platforms: Sequence[str], comparisons: Sequence[Comparison]) -> None:
        table = _table(
            "", "Sandbox accepted", "Sent", "Delivered", "Read", "Failed later", "Never accepted"
        )
        table.add_column("Our rows agree")
        for platform, comparison in zip(platforms, comparisons, strict=True):
            ends = [str(comparison.theirs[end]) for end in ("SENT", "DELIVERED", "READ", "FAILED")]
            total = sum(comparison.ours.values())
            never = total - comparison.accepted
            wrong = len(comparison.wrong)
            agree = f"[red]{wrong} differ[/]" if wrong else f"[green]all {total}[/]"
            table.add_row(platform, str(comparison.accepted), *ends, str(never), agree)
        self.console.print(table)

    def money(self, money: Money, *, currency: str) -> None:
        if money.wrong:
            return
        charged = sum(money.charged.values(), Decimal(0))
        self.done(f"{money.entries} ledger entries sum to the wallet's balance and what it holds:")
        self.note(f"{money.balance:.2f} {currency}, and {money.held:.2f} {currency} held")
        self.done(f"{charged:.2f} {currency} charged in this run: the price of each message that")
        self.note("was accepted and did not fail later, by message, by ledger and on the dashboard")

    def places(self, places: Mapping[str, str]) -> None:
        table = Table.grid(padding=(0, 2))
        for name, where in places.items():
            table.add_row(f"[bold]{name}[/]", where)
        self.console.print()
        self.console.print(Panel(table, title="[bold]The stack keeps running[/]", box=box.ROUNDED))


def _table(first: str, *figures: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, collapse_padding=True)
    table.add_column(first, no_wrap=True)
    for figure in figures:
        table.add_column(figure, justify="right")
    return table


class Bars:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def show(self, broadcasts: Sequence[Mapping[str, Any]]) -> None:
        for broadcast in broadcasts:
            counts = broadcast["counts"]
            left = sum(counts[name] for name in OPEN)
            shown = "  ".join(
                f"{name} {number}"
                for name, number in counts.items()
                if number and name not in ("pending",)
            )
            if broadcast["id"] not in self._tasks:
                self._tasks[broadcast["id"]] = self._progress.add_task(
                    NAMES[broadcast["platform"]], total=broadcast["total"] or None, counts=""
                )
            self._progress.update(
                self._tasks[broadcast["id"]],
                total=broadcast["total"] or None,
                completed=broadcast["total"] - left,
                counts=shown,
            )
