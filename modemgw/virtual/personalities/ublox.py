"""u-blox modules: mode 1 CNMI by default, restart by AT+CFUN=16."""

from modemgw.virtual.personalities.personality import EmptySlot, Personality

SARA_U201 = Personality(
    name="ublox-sara-u201",
    manufacturer="u-blox",
    model="SARA-U201",
    revision="23.60",
    type_allocation="35760000",
    ati=("SARA-U201-03B-00",),
    line_limit=1024,
    boot_seconds=8.0,
    wake_seconds=3.0,
    sim_seconds=4.0,
    boot_lines=((3.0, "+AT: READY"), (8.0, "+PBREADY")),
    initialising="+CMS ERROR: 302",
    reset_commands=("+CFUN=16", "+CFUN=15"),
    reset_unplugs=True,
    off_commands=("+CPWROFF",),
    cnmi_default=(1, 0, 0, 0, 0),
    stores={"SM": 30, "ME": 350},
    default_store="ME",
    index_base=1,
    empty_slot=EmptySlot.INVALID_INDEX,
    technology=2,
    eps=False,
    pin_counter=("+UPINCNT", "+UPINCNT: {pin},3,{puk},10"),
    answers={"+UPSV=0": (), "+UPSV?": ("+UPSV: 0",)},
    refused=frozenset({"+CEREG"}),
)
