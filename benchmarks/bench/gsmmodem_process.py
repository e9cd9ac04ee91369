"""python-gsmmodem-new as a gateway: lines `NUMBER TEXT` on standard input, ports as arguments."""

import queue
import sys
import threading

from gsmmodem import GsmModem


def work(modem: GsmModem, waiting: "queue.Queue[str]") -> None:
    while True:
        to, _, text = waiting.get().partition(" ")
        modem.sendSms(to, text)


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
