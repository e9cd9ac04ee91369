"""Telit modules: no banner, deaf for long after power-up, readiness by #QSS."""

from modemgw.virtual.personalities.personality import Cnmi, Personality, TypedAhead

LE910 = Personality(
    name="telit-le910",
    manufacturer="Telit",
    model="LE910C1-EU",
    revision="25.30.224",
    type_allocation="35160000",
    ati=("332",),
    iccid_commands=(("#CCID", "#CCID: {iccid}"), ("+ICCID", "+ICCID: {iccid}")),
    boot_seconds=12.0,
    wake_seconds=6.0,
    sim_seconds=8.0,
    boot_lines=((12.0, "#QSS: 3"),),
    initialising="+CMS ERROR: 302",
    reset_commands=("#REBOOT", "#ENHRST=1,0"),
    reset_unplugs=True,
    cnmi=Cnmi(modes=(0, 1, 2, 3), bm=(0, 2, 3)),
    stores={"SM": 30, "ME": 100, "SR": 20},
    report_store="SR",
    index_base=1,
    unregistered_code=41,
    typed_while_sending=TypedAhead.ABORTS,
    sim_removed_line="#QSS: 0",
    sim_inserted_line="#QSS: 3",
    pin_counter=("#PCT", "#PCT: {pin}"),
    answers={
        "#QSS=2": (),
        "#QSS?": ("#QSS: 2,3",),
        "#SMSMODE=0": (),
        "#SMSMODE=1": (),
    },
)
