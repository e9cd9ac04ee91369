"""Huawei USB sticks: chatter, packed USSD, bare OK for an empty slot, ^RESET."""

from dataclasses import replace

from modemgw.virtual.personalities.personality import Chatter, Cnmi, Personality, UssdCoding

HUAWEI_E173 = Personality(
    name="huawei-e173",
    manufacturer="huawei",
    model="E173",
    revision="11.126.85.00.209",
    type_allocation="86100000",
    ati=(
        "Manufacturer: huawei",
        "Model: E173",
        "Revision: 11.126.85.00.209",
        "IMEI: {imei}",
        "+GCAP: +CGSM,+DS,+ES",
    ),
    iccid_commands=(("^ICCID", "^ICCID: {swapped}"),),
    hold_in_prompt=False,
    cmgs_blank_lines=1,
    unknown_command="COMMAND NOT SUPPORT",
    boot_seconds=9.0,
    wake_seconds=1.0,
    boot_lines=((5.0, "^SIMST:1"), (7.0, "^SRVST:2")),
    initialising="+CMS ERROR: 314",
    reset_commands=("^RESET",),
    cfun_resets=False,
    reset_unplugs=True,
    chatter=(
        Chatter("^RSSI:20", 5.0, silenced_by="^CURC=0"),
        Chatter("^DSFLOWRPT:00000010,00000000,00000000,0,0,0,0", 2.0, silenced_by="^CURC=0"),
    ),
    cnmi=Cnmi(bm=(0, 2, 3)),
    csms_answer="+CSMS: 1,1,1",
    acknowledge_with_pdu=False,
    stores={"SM": 20, "ME": 23},
    full_line='^SMMEMFULL:"{name}"',
    cmms=(0, 1),
    registration_unquoted=True,
    technology=2,
    eps=False,
    charset="IRA",
    ussd=UssdCoding.PACKED,
    pin_counter=("^CPIN", "^CPIN: {state},,{puk},{pin},10,3"),
    answers={
        "^CURC=0": (),
        "^CURC=1": (),
        "^PORTSEL=0": (),
        "^PORTSEL=1": (),
        "^CVOICE=0": (),
        "^CVOICE?": ("^CVOICE:0,8000,16,20",),
        "^U2DIAG?": ("^U2DIAG: 0",),
        "^SYSINFO": ("^SYSINFO:2,3,0,5,1,,4",),
    },
)

HUAWEI_E3372 = replace(
    HUAWEI_E173,
    name="huawei-e3372",
    model="E3372",
    revision="21.200.07.00.26",
    type_allocation="86300000",
    ati=(
        "Manufacturer: huawei",
        "Model: E3372",
        "Revision: 21.200.07.00.26",
        "IMEI: {imei}",
        "+GCAP: +CGSM,+DS,+ES",
    ),
    chatter=(Chatter('^HCSQ:"LTE",53,46,171,30', 5.0, silenced_by="^CURC=0"),),
    stores={"SM": 20, "ME": 255},
    report_store="SM",
    cmgs_blank_lines=0,
    resume_after_delete=False,
    technology=7,
    eps=True,
    answers={
        **HUAWEI_E173.answers,
        "^HCSQ?": ('^HCSQ:"LTE",53,46,171,30',),
        "^SYSINFOEX": ('^SYSINFOEX:2,3,0,1,,6,"LTE",101,"LTE"',),
    },
)
