"""Any sequence of movements gives the same balances as a model in plain Python."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from api.errors import DomainError
from tests.factories import TenantFactory
from wallet.ledger import ledger
from wallet.models import Hold, LedgerEntry, Wallet

AMOUNTS = st.integers(0, 5_000_000).map(lambda units: Decimal(units).scaleb(-6))
SUBJECTS = st.sampled_from(["a", "b", "c"])
REVISIONS = st.integers(1, 2)
REFERENCES = st.sampled_from([f"r{n}" for n in range(12)])


class Model:
    """A model of the ledger: two sums, the holds, and the movement of each reference."""

    def __init__(self, credit_line: Decimal) -> None:
        self.credit_line = credit_line
        self.balance = self.held = Decimal(0)
        self.holds: dict[tuple[str, int], list[Decimal]] = {}
        self.done: dict[str, Any] = {}

    def add(self, reference: str, amount: Decimal) -> bool:
        if amount == 0:
            return False
        if reference in self.done:
            return bool(self.done[reference] == amount)
        self.done[reference] = amount
        self.balance += amount
        return True

    def hold(self, subject: str, revision: int, amount: Decimal) -> bool:
        if amount == 0:
            return True
        earlier = self.holds.get((subject, revision))
        if earlier is not None:
            return earlier[0] == amount
        if self.balance - self.held - amount < -self.credit_line:
            return False
        self.holds[subject, revision] = [amount, Decimal(0), Decimal(0), Decimal(0)]
        self.held += amount
        return True

    def settle(
        self, key: tuple[str, int], reference: str, moves: tuple[Decimal, Decimal, Decimal]
    ) -> bool:
        """`moves` is (captured, released, refunded); each has a reference of its own."""
        lines = {
            f"{reference}:{kind}": (kind, amount, key[0])
            for kind, amount in zip(("capture", "release", "refund"), moves, strict=True)
            if amount
        }
        if not lines:
            return True
        if any(name in self.done for name in lines):
            return all(self.done.get(name) == line for name, line in lines.items())
        hold = self.holds.get(key)
        if hold is None:
            return False
        captured, released, refunded = (was + new for was, new in zip(hold[1:], moves, strict=True))
        if captured + released > hold[0] or refunded > captured:
            return False
        self.done |= lines
        self.holds[key] = [hold[0], captured, released, refunded]
        self.balance += moves[2] - moves[0]
        self.held -= moves[0] + moves[1]
        return True


class LedgerMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.tenant = TenantFactory.create()
        self.model = Model(Decimal(1))
        wallet = ledger.wallet_of(self.tenant)
        Wallet.objects.filter(pk=wallet.pk).update(credit_line=1)

    @rule(reference=REFERENCES, amount=AMOUNTS)
    def top_up(self, reference: str, amount: Decimal) -> None:
        expected = self.model.add(f"top-up:{reference}", amount)
        assert expected == self._succeeds(
            ledger.top_up,
            tenant=self.tenant,
            amount=amount,
            reference=f"top-up:{reference}",
            reason="",
        )

    @rule(subject=SUBJECTS, revision=REVISIONS, amount=AMOUNTS)
    def hold(self, subject: str, revision: int, amount: Decimal) -> None:
        expected = self.model.hold(subject, revision, amount)
        assert expected == self._succeeds(
            ledger.hold, tenant=self.tenant, subject=subject, revision=revision, amount=amount
        )

    @rule(
        subject=SUBJECTS,
        revision=REVISIONS,
        reference=REFERENCES,
        captured=AMOUNTS,
        released=AMOUNTS,
        refunded=AMOUNTS | st.just(Decimal(0)),
    )
    def settle(
        self,
        subject: str,
        revision: int,
        reference: str,
        captured: Decimal,
        released: Decimal,
        refunded: Decimal,
    ) -> None:
        moves = (captured, released, refunded)
        expected = self.model.settle((subject, revision), reference, moves)
        assert expected == self._succeeds(
            ledger.move_hold,
            tenant_id=self.tenant.pk,
            subject=subject,
            revision=revision,
            captured=captured,
            released=released,
            refunded=refunded,
            reference=reference,
        )

    @invariant()
    def the_wallet_is_the_model_s(self) -> None:
        wallet = Wallet.objects.get(tenant=self.tenant)
        assert (wallet.balance, wallet.held) == (self.model.balance, self.model.held)
        sums = LedgerEntry.objects.filter(wallet=wallet).aggregate(
            balance=Sum("balance_delta", default=0), held=Sum("held_delta", default=0)
        )
        assert (wallet.balance, wallet.held) == (sums["balance"], sums["held"])
        holds = {
            (hold.reference, hold.revision): [
                hold.amount,
                hold.captured,
                hold.released,
                hold.refunded,
            ]
            for hold in Hold.objects.filter(wallet=wallet)
        }
        assert holds == self.model.holds

    def _succeeds(self, movement: Any, **arguments: Any) -> bool:
        try:
            with transaction.atomic():
                movement(**arguments, actor="t", now=timezone.now())
        except DomainError:
            return False
        return True


@pytest.mark.timeout(600)
@pytest.mark.django_db
def test_any_sequence_of_movements() -> None:
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=15,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
