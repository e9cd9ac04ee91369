"""Wavecom and what grew from it: no OK after AT+CPIN?, one-store +CPMS, +WIND, error 515."""

from modemgw.virtual.personalities.personality import EmptySlot, Personality

FASTRACK = Personality(
    name="wavecom-fastrack",
    manufacturer="WAVECOM MODEM",
    model="MULTIBAND  900E  1800",
    revision="657e09gg.Q2406A 1370380 062806 14:50",
    type_allocation="33200000",
    ati=("WAVECOM MODEM", "MULTIBAND  900E  1800"),
    iccid_commands=(("+CCID", '+CCID: "{iccid}"'),),
    pin_query_without_ok=True,
    boot_seconds=6.0,
    wake_seconds=0.5,
    boot_lines=((1.0, "+WIND: 1"), (2.0, "+WIND: 3"), (3.0, "+WIND: 7"), (6.0, "+WIND: 4")),
    initialising="+CMS ERROR: 515",
    cfun_resets=True,
    stores={"SM": 15, "BM": 10, "SR": 10},
    combined_store=False,
    report_store="SR",
    cpms_arguments=1,
    cpms_nested=True,
    index_base=1,
    empty_slot=EmptySlot.INVALID_INDEX,
    unregistered_code=514,
    sim_removed_line="+WIND: 0",
    sim_inserted_line="+WIND: 1",
    pad_reports_to=156,
    technology=0,
    eps=False,
    answers={"+WIND?": ("+WIND: 63",), "+WIND=0": (), "+WIND=50": (), "+WOPEN=0": ()},
    refused=frozenset({"+CLAC", "+CEREG", "+CESQ", "+CVHU"}),
)
