"""A modem that does what the standards say and nothing else."""

from modemgw.virtual.personalities.personality import Personality

GENERIC = Personality(
    name="generic",
    manufacturer="Virtual",
    model="VM-1",
    revision="VM1-1.0.0",
    stores={"SM": 30, "ME": 100, "SR": 30},
    report_store="SR",
    sim_removed_line="+CPIN: NOT INSERTED",
    sim_inserted_line="+CPIN: {pin}",
    sim_seconds=2.0,
    boot_lines=((0.5, "RDY"), (1.0, "+CFUN: 1"), (2.0, "+CPIN: {pin}"), (4.0, "SMS Ready")),
)
