"""ZTE USB sticks: the +ZUSIMR flood, a comma before the report's length, direct reports ignored."""

from modemgw.virtual.personalities.personality import Chatter, Cnmi, Personality

MF190 = Personality(
    name="zte-mf190",
    manufacturer="ZTE CORPORATION",
    model="MF190",
    revision="BD_3GHAP673A4V1.0.0B02",
    type_allocation="86400000",
    ati=(
        "Manufacturer: ZTE CORPORATION",
        "Model: MF190",
        "Revision: BD_3GHAP673A4V1.0.0B02",
        "IMEI: {imei}",
        "+GCAP: +CGSM,+DS,+ES",
    ),
    iccid_commands=(("+ZGETICCID", "+ZGETICCID: {iccid}"),),
    report_header="+CDS: ,{length}",
    boot_seconds=8.0,
    wake_seconds=2.0,
    sim_seconds=4.0,
    boot_lines=((6.0, '+ZDONR: "Virtual",1,1,"CS_PS","ROAM_OFF"'), (7.0, '+ZPASR: "UMTS"')),
    initialising="+CMS ERROR: 302",
    cfun_resets=False,
    chatter=(Chatter("+ZUSIMR:2", 2.0, silenced_by="+CPMS?"),),
    cnmi_advertised="(0,1,2),(0,1,2,3),(0,2),(0,1,2),(0,1)",
    cnmi=Cnmi(modes=(0, 1)),
    acknowledge_with_pdu=False,
    stores={"SM": 25, "ME": 100},
    read_header="+CMGR: ,,{length}",
    registration_unquoted=True,
    technology=2,
    eps=False,
    answers={
        "+ZOPRT=5": (),
        "+ZCDRUN=8": (),
        "+ZSNT=0,0,0": (),
        "+ZPAS?": ('+ZPAS: "UMTS","CS_PS"',),
    },
    refused=frozenset({"+CEREG", "+CCID"}),
)
