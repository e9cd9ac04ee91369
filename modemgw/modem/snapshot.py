"""Everything that is known of one modem at this moment, as others see it."""

from __future__ import annotations

from .identify import SimIdentity
from .registration import Registration
from .states import Machine, ModemState
from .status import Counters, ModemStatus
from .supervisor import Supervisor


def snapshot(
    id: str,
    supervisor: Supervisor,
    *,
    machine: Machine,
    counters: Counters,
    sim: SimIdentity | None,
) -> ModemStatus:
    """What its parts know. `sim`: the one that was last read in it."""
    session = supervisor.session
    network = session.network if session is not None else None
    recovering = machine.state in (ModemState.RECOVERING, ModemState.QUARANTINED)
    if session is not None and session.channel.last_answer is not None:
        counters.last_answer = session.channel.last_answer
    return ModemStatus(
        id=id,
        state=machine.state,
        step=supervisor.step if recovering else None,
        reason=machine.reason or (session.channel.flooding if session is not None else None),
        device=supervisor.device,
        manufacturer=counters.identity.manufacturer,
        model=counters.identity.model,
        revision=counters.identity.revision,
        imei=counters.identity.imei,
        sim=sim,
        operator=network.operator if network else None,
        registration=network.registration if network else Registration.UNKNOWN,
        signal_dbm=network.signal_dbm if network else None,
        since=machine.since,
        profile=session.profile.name if session else None,
        sent=counters.sent,
        refused=counters.refused,
        ambiguous=counters.ambiguous,
        timeouts=counters.timeouts,
        resets=counters.resets,
        recoveries=counters.recoveries,
        received=counters.received,
        last_answer=counters.last_answer,
        ready_since=counters.ready_since,
        storage=counters.storage,
        alarm=counters.alarm,
    )
