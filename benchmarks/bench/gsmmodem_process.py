"""python-gsmmodem-new as a gateway: lines `NUMBER TEXT` on standard input, ports as arguments."""

import queue
import sys
import threading

from gsmmodem import GsmModem  # type: ignore[import-untyped]
from gsmmodem.exceptions import GsmModemException  # type: ignore[import-untyped]


def work(modem: GsmModem, waiting: "queue.Queue[str]") -> None:
    while True:
        line = waiting.get()
        to, _, text = line.partition(" ")
        try:
            modem.sendSms(to, text)
        except GsmModemException as error:
            print(repr(error), file=sys.stderr, flush=True)
            waiting.put(line)


def main() -> None:
    waiting: queue.Queue[str] = queue.Queue()
    for port in sys.argv[1:]:
        modem = GsmModem(port, 115200)
        modem.connect()
        threading.Thread(target=work, args=(modem, waiting), daemon=True).start()
    print("ready", flush=True)
    for line in sys.stdin:
        waiting.put(line.rstrip("\n"))


main()
