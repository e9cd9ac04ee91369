"""Quectel LTE modules: reports stored in SR but announced as SM, words wanted by +CMGL."""

from dataclasses import replace

from modemgw.virtual.personalities.personality import Personality

EC25 = Personality(
    name="quectel-ec25",
    manufacturer="Quectel",
    model="EC25",
    revision="EC25EFAR06A03M4G",
    type_allocation="86700000",
    ati=("Quectel", "EC25", "Revision: EC25EFAR06A03M4G"),
    iccid_commands=(("+QCCID", "+QCCID: {iccid}F"), ("+ICCID", "+ICCID: {iccid}F")),
    boot_seconds=10.0,
    wake_seconds=2.0,
    sim_seconds=5.0,
    boot_lines=(
        (2.0, "RDY"),
        (3.0, "+CFUN: 1"),
        (5.0, "+CPIN: {pin}"),
        (6.0, "+QUSIM: 1"),
        (9.0, "+QIND: SMS DONE"),
        (10.0, "+QIND: PB DONE"),
    ),
    initialising="+CMS ERROR: 500",
    reset_unplugs=True,
    off_commands=("+QPOWD=1", "+QPOWD"),
    off_line="POWERED DOWN",
    stores={"SM": 50, "ME": 255, "SR": 30},
    report_store="SR",
    report_announced_as="SM",
    charset="GSM",
    sim_removed_line="+CPIN: NOT READY",
    sim_inserted_line="+CPIN: {pin}",
    pin_counter=("+QPINC", '+QPINC: "SC",{pin},{puk}'),
    answers={
        '+QURCCFG="URCPORT"': ('+QURCCFG: "urcport","usbat"',),
        '+QURCCFG="URCPORT","USBAT"': (),
        "+QSCLK=0": (),
        '+QCFG="IMS"': ('+QCFG: "ims",0,0',),
    },
)

EP06 = replace(
    EC25,
    name="quectel-ep06",
    model="EP06",
    revision="EP06ELAR03A08M4G",
    ati=("Quectel", "EP06", "Revision: EP06ELAR03A08M4G"),
    type_allocation="86700001",
    list_needs_words=True,
)

EC200A = replace(
    EC25,
    name="quectel-ec200a",
    model="EC200A",
    revision="EC200AEUHAR01A04M16",
    ati=("Quectel", "EC200A", "Revision: EC200AEUHAR01A04M16"),
    type_allocation="86700002",
    lower_case_pdu=True,
    unlistable=frozenset({"ME"}),
    report_store=None,
    report_announced_as=None,
)
