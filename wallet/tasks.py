"""Celery tasks of the wallet app."""

from celery import shared_task

from postgres import clock
from wallet.ledger.low_balance import notify_low_balances


# Safe twice: each wallet is marked by compare-and-set before its mail goes out.
@shared_task
def low_balances() -> None:
    notify_low_balances(now=clock.now())
