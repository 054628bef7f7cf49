"""The demo on the terminal: a line a step, two live bars, the tables at the end."""

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

OPEN = ("pending", "sending")
WIDTH = 100  # where there is no terminal


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
        self.console.print(f"  [bold red]✗[/] {text}", markup=True)

    def supervisor_says(self, text: str) -> None:
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
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        names = ("handed_over", "delivered", "read", "clicked", "failed", "unknown", "suppressed")
        table.add_column("Broadcast")
        table.add_column("Status")
        for name in ("total", *names, "cost"):
            table.add_column(name.replace("_", " ").capitalize(), justify="right")
        for row in rows:
            figures = ["–" if row[name] is None else str(row[name]) for name in names]
            money = f"{Decimal(row['cost']):.2f} {row['currency']}"
            table.add_row(
                row["platform"].capitalize(), row["ui_status"], str(row["total"]), *figures, money
            )
        self.console.print(table)
        self.note("– is what a provider does not report: Telegram tells nothing after accepting.")

    def comparison(self, platforms: Sequence[str], compared: Sequence[Comparison]) -> None:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for name in ("", "Sandbox accepted", "Sent", "Delivered", "Read", "Failed later"):
            table.add_column(name, justify="right" if name else "left")
        table.add_column("Never accepted", justify="right")
        table.add_column("Agree")
        for platform, each in zip(platforms, compared, strict=True):
            ends = [str(each.theirs[end]) for end in ("SENT", "DELIVERED", "READ", "FAILED")]
            never = sum(each.ours.values()) - each.accepted
            agree = f"[red]{len(each.wrong)} differ[/]" if each.wrong else "[green]all[/]"
            table.add_row(platform, str(each.accepted), *ends, str(never), agree)
        self.console.print(table)

    def money(self, money: Money, *, currency: str) -> None:
        charged = sum(money.charged.values(), Decimal(0))
        self.done(
            f"{money.entries} ledger entries sum to the wallet: "
            f"balance {money.balance:.2f} {currency}, held {money.held:.2f} {currency}"
        ) if not money.wrong else None
        if not money.wrong:
            self.done(
                f"{charged:.2f} {currency} charged for this run: the prices of exactly those "
                "messages that were accepted and did not fail"
            )

    def places(self, places: Mapping[str, str]) -> None:
        table = Table.grid(padding=(0, 2))
        for name, where in places.items():
            table.add_row(f"[bold]{name}[/]", where)
        self.console.print()
        self.console.print(Panel(table, title="[bold]It goes on running[/]", box=box.ROUNDED))


class Bars:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def show(self, broadcasts: Sequence[Mapping[str, Any]]) -> None:
        for each in broadcasts:
            counts = each["counts"]
            left = sum(counts[name] for name in OPEN)
            told = "  ".join(
                f"{name} {number}"
                for name, number in counts.items()
                if number and name not in ("pending",)
            )
            if each["id"] not in self._tasks:
                self._tasks[each["id"]] = self._progress.add_task(
                    each["platform"].capitalize(), total=each["total"] or None, counts=""
                )
            self._progress.update(
                self._tasks[each["id"]],
                total=each["total"] or None,
                completed=each["total"] - left,
                counts=told,
            )
