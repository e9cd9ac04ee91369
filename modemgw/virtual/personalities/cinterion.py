"""Siemens/Cinterion modules: no direct reports on 2G parts, bfr 1 only, ^SYSSTART."""

from dataclasses import replace

from modemgw.virtual.personalities.personality import Cnmi, EmptySlot, Personality, TypedAhead

BGS2 = Personality(
    name="cinterion-bgs2",
    manufacturer="Cinterion",
    model="BGS2-W",
    revision="REVISION 01.301",
    type_allocation="35700000",
    ati=("Cinterion", "BGS2-W", "REVISION 01.301"),
    iccid_commands=(("^SCID", "^SCID: {iccid}"), ("+CCID", "+CCID: {iccid}")),
    line_limit=391,
    boot_seconds=6.0,
    wake_seconds=1.0,
    sim_seconds=2.0,
    boot_lines=((1.0, "^SYSSTART"), (6.0, "+PBREADY")),
    initialising="+CMS ERROR: 535",
    off_commands=("^SMSO",),
    off_line="^SHUTDOWN",
    cnmi=Cnmi(modes=(0, 1, 2, 3), mt=(0, 1), bm=(0, 2, 3), ds=(0, 2), bfr=(1,)),
    cnmi_default=(0, 0, 0, 0, 1),
    cnmi_omitted_is_zero=True,
    stores={"SM": 20, "ME": 25, "SR": 20},
    report_store="SR",
    index_base=1,
    empty_slot=EmptySlot.ZERO,
    class_0_direct=False,
    typed_while_sending=TypedAhead.ABORTS,
    sim_removed_line="^SCKS: 0",
    sim_inserted_line="^SCKS: 1",
    technology=0,
    eps=False,
    pin_counter=("^SPIC", "^SPIC: {pin}"),
    answers={"^SCKS=1": (), "^SCKS?": ("^SCKS: 1,1",), "^SSDA=0": ()},
    refused=frozenset({"+CEREG", "+CESQ"}),
)

EHS6 = replace(
    BGS2,
    name="cinterion-ehs6",
    model="EHS6",
    revision="REVISION 03.001",
    ati=("Cinterion", "EHS6", "REVISION 03.001", "A-REVISION 00.000.51"),
    type_allocation="35700001",
    cnmi=Cnmi(modes=(0, 1, 2)),
    cnmi_default=(0, 0, 0, 0, 0),
    direct_needs_csms1=True,
    technology=2,
)
