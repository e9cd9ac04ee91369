"""Sierra Wireless modules: more CNMI advertised than taken, radio late after AT+CFUN=1."""

from modemgw.virtual.personalities.personality import Cnmi, Personality

MC7304 = Personality(
    name="sierra-mc7304",
    manufacturer="Sierra Wireless, Incorporated",
    model="MC7304",
    revision="SWI9X15C_05.05.58.00 r27038 carmd-fwbuild1 2015/03/04 21:30:23",
    type_allocation="35909100",
    ati=(
        "Manufacturer: Sierra Wireless, Incorporated",
        "Model: MC7304",
        "Revision: SWI9X15C_05.05.58.00 r27038 carmd-fwbuild1 2015/03/04 21:30:23",
        "MEID: 35909100000001",
        "IMEI: {imei}",
        "IMEI SV: 19",
        "FSN: J8530000000000",
        "+GCAP: +CGSM",
    ),
    iccid_commands=(("!ICCID", "!ICCID: {iccid}"),),
    boot_seconds=12.0,
    wake_seconds=4.0,
    sim_seconds=6.0,
    radio_seconds=7.0,
    initialising="+CMS ERROR: 500",
    reset_commands=("!RESET",),
    reset_unplugs=True,
    cnmi_advertised="(0,1,2),(0,1,2,3),(0,2),(0,1,2),(0,1)",
    cnmi=Cnmi(modes=(0, 1)),
    stores={"SM": 40, "ME": 23},
    pin_counter=("+CPINC", "+CPINC: {pin},3,{puk},10"),
    answers={
        '!ENTERCND="A710"': (),
        "!SELRAT?": ("!SELRAT: 00, Automatic",),
    },
)
