"""The words by which people opt out, opt in and ask for help, by language; and what is answered.

They are data: [opt_out.language.XX] of the configuration replaces or adds to them. Left out are
words that people also send as answers to something else (YES, INFO, numbers). Each text fits into
one SMS.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Language(NamedTuple):
    """Words and answers in one language."""

    stop: tuple[str, ...]
    start: tuple[str, ...]
    help: tuple[str, ...]
    stopped: str
    """What is answered to who has just opted out."""
    started: str
    """What is answered to who has just opted in."""
    helped: str
    """What is answered to who asks for help."""


SHIPPED: Mapping[str, Language] = {
    "en": Language(
        ("STOP", "STOP ALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPT OUT"),
        ("START", "UNSTOP", "SUBSCRIBE", "OPT IN"),
        ("HELP",),
        "You will get no more advertising from this number. Reply START to get it again.",
        "You will get messages from this number again. Reply STOP to get no more.",
        "Reply STOP to get no more advertising from this number, START to get it again.",
    ),
    "fr": Language(
        ("STOP", "ARRET", "ARRETER", "DESABONNER", "DESABONNEMENT", "DESINSCRIRE"),
        ("START", "REPRENDRE", "ABONNER", "REABONNER"),
        ("AIDE",),
        "Vous ne recevrez plus de publicité de ce numéro. Répondez START pour en recevoir à "
        "nouveau.",
        "Vous recevrez à nouveau les messages de ce numéro. Répondez STOP pour ne plus en "
        "recevoir.",
        "Répondez STOP pour ne plus recevoir de publicité de ce numéro, START pour en recevoir à "
        "nouveau.",
    ),
    "de": Language(
        ("STOP", "STOPP", "ABMELDEN", "ABMELDUNG", "ABBESTELLEN", "AUSTRAGEN", "WIDERRUF"),
        ("START", "ANMELDEN", "FORTSETZEN"),
        ("HILFE",),
        "Sie erhalten keine Werbung mehr von dieser Nummer. Mit START erhalten Sie sie wieder.",
        "Sie erhalten wieder Nachrichten von dieser Nummer. Mit STOP erhalten Sie keine mehr.",
        "Mit STOP erhalten Sie keine Werbung mehr von dieser Nummer, mit START wieder.",
    ),
    "es": Language(
        ("STOP", "ALTO", "BAJA", "PARAR", "DETENER", "CANCELAR", "CANCELAR SUSCRIPCION"),
        ("START", "ALTA", "INICIAR", "REANUDAR"),
        ("AYUDA",),
        "Baja confirmada. Responda START para volver a recibir publicidad.",
        "Alta confirmada. Responda STOP para no recibir mensajes de este remitente.",
        "Responda STOP para no recibir publicidad de este remitente, START para volver a "
        "recibirla.",
    ),
    "it": Language(
        ("STOP", "CANCELLA", "ANNULLA", "DISATTIVA", "DISISCRIVI", "DISISCRIVIMI"),
        ("START", "ATTIVA", "ISCRIVI", "ISCRIVIMI", "RIPRENDI"),
        ("AIUTO",),
        "Non riceverà più pubblicità da questo numero. Risponda START per riceverla di nuovo.",
        "Riceverà di nuovo i messaggi da questo numero. Risponda STOP per non riceverne più.",
        "Risponda STOP per non ricevere più pubblicità da questo numero, START per riceverla di "
        "nuovo.",
    ),
    "pt": Language(
        ("STOP", "PARAR", "SAIR", "CANCELAR", "DESCADASTRAR", "REMOVER"),
        ("START", "INICIAR", "REATIVAR", "CADASTRAR"),
        ("AJUDA",),
        "Cancelamento confirmado. Responda START para voltar a receber publicidade.",
        "Cadastro confirmado. Responda STOP para cancelar.",
        "Responda STOP para cancelar a publicidade, START para voltar a receber.",
    ),
    "nl": Language(
        ("STOP", "STOPPEN", "AFMELDEN", "UITSCHRIJVEN", "OPZEGGEN"),
        ("START", "AANMELDEN", "INSCHRIJVEN"),
        ("HELP", "HULP"),
        "U krijgt geen reclame meer van dit nummer. Antwoord START om die weer te krijgen.",
        "U krijgt weer berichten van dit nummer. Antwoord STOP om er geen meer te krijgen.",
        "Antwoord STOP om geen reclame meer te krijgen van dit nummer, START om die weer te "
        "krijgen.",
    ),
    "sv": Language(
        ("STOP", "STOPP", "SLUTA", "AVSLUTA", "AVREGISTRERA", "AVPRENUMERERA"),
        ("START", "STARTA", "PRENUMERERA"),
        ("HJÄLP",),
        "Du får ingen mer reklam från det här numret. Svara START för att få den igen.",
        "Du får meddelanden från det här numret igen. Svara STOPP för att inte få fler.",
        "Svara STOPP för att inte få mer reklam från det här numret, START för att få den igen.",
    ),
    "da": Language(
        ("STOP", "AFMELD", "AFMELDING", "FRAMELD"),
        ("START", "TILMELD", "TILMELDING"),
        ("HJÆLP",),
        "Du får ikke flere reklamer fra dette nummer. Svar START for at få dem igen.",
        "Du får igen beskeder fra dette nummer. Svar STOP for ikke at få flere.",
        "Svar STOP for ikke at få flere reklamer fra dette nummer, START for at få dem igen.",
    ),
    "nb": Language(
        ("STOP", "STOPP", "AVMELD", "MELD AV", "AVSLUTT"),
        ("START", "PÅMELD", "MELD PÅ"),
        ("HJELP",),
        "Du får ikke mer reklame fra dette nummeret. Svar START for å få den igjen.",
        "Du får igjen meldinger fra dette nummeret. Svar STOPP for ikke å få flere.",
        "Svar STOPP for ikke å få mer reklame fra dette nummeret, START for å få den igjen.",
    ),
    "fi": Language(
        ("STOP", "LOPETA", "PERUUTA"),
        ("START", "ALOITA", "JATKA", "TILAA"),
        ("APUA", "OHJE"),
        "Et saa enää mainoksia tästä numerosta. Vastaa START, niin saat niitä taas.",
        "Saat taas viestejä tästä numerosta. Vastaa STOP, niin et saa niitä enää.",
        "Vastaa STOP, niin et saa enää mainoksia tästä numerosta, START, niin saat niitä taas.",
    ),
    "pl": Language(
        ("STOP", "WYPISZ", "ANULUJ", "REZYGNUJĘ", "ZATRZYMAJ"),
        ("START", "ZAPISZ", "WZNÓW"),
        ("POMOC",),
        "Reklamy z tego numeru nie beda przychodzic. Odpowiedz START, by znow je otrzymywac.",
        "Wiadomosci z tego numeru znow beda przychodzic. Odpowiedz STOP, by ich nie otrzymywac.",
        "Odpowiedz STOP, by nie otrzymywac reklam z tego numeru, START, by znow je otrzymywac.",
    ),
    "cs": Language(
        ("STOP", "ODHLÁSIT", "ODHLÁSIT ODBĚR", "ZRUŠIT"),
        ("START", "PŘIHLÁSIT", "OBNOVIT"),
        ("POMOC", "NÁPOVĚDA"),
        "Reklamu z tohoto cisla uz nedostanete. Odpovedi START ji budete dostavat znovu.",
        "Zpravy z tohoto cisla budete opet dostavat. Odpovedi STOP uz zadne nedostanete.",
        "Odpovedi STOP uz nedostanete reklamu z tohoto cisla, odpovedi START ji dostanete znovu.",
    ),
    "hu": Language(
        ("STOP", "ÁLLJ", "LEÁLLÍTÁS", "LEIRATKOZÁS", "LEIRATKOZOM"),
        ("START", "FELIRATKOZÁS", "FELIRATKOZOM"),
        ("SEGÍTSÉG", "SÚGÓ"),
        "Errol a szamrol tobb reklamot nem kap. Valaszoljon START szoval, ha ujra kerne.",
        "Errol a szamrol ujra kap uzeneteket. Valaszoljon STOP szoval, ha tobbet nem ker.",
        "Valaszoljon STOP szoval, ha errol a szamrol nem ker tobb reklamot, START szoval, ha ujra "
        "kerne.",
    ),
    "ro": Language(
        ("STOP", "OPREȘTE", "DEZABONARE", "DEZABONEAZĂ", "RENUNȚ"),
        ("START", "ABONARE", "ABONEAZĂ"),
        ("AJUTOR",),
        "Nu veti mai primi reclame de la acest numar. Raspundeti START pentru a le primi din nou.",
        "Veti primi din nou mesaje de la acest numar. Raspundeti STOP pentru a nu mai primi.",
        "Raspundeti STOP pentru a nu mai primi reclame de la acest numar, START pentru a le primi "
        "din nou.",
    ),
    "el": Language(
        ("STOP", "ΣΤΟΠ", "ΔΙΑΓΡΑΦΗ", "ΔΙΑΚΟΠΗ"),
        ("START", "ΕΝΑΡΞΗ", "ΕΓΓΡΑΦΗ"),
        ("ΒΟΗΘΕΙΑ",),
        "Δεν θα λαμβάνετε πια διαφημίσεις. Με START τις λαμβάνετε ξανά.",
        "Θα λαμβάνετε ξανά μηνύματα. Με STOP δεν θα λαμβάνετε άλλα.",
        "STOP: όχι άλλες διαφημίσεις από εδώ. START: ξανά.",
    ),
    "tr": Language(
        ("STOP", "DURDUR", "İPTAL", "RET"),
        ("START", "BAŞLA", "BAŞLAT"),
        ("YARDIM",),
        "Bu numaradan artik reklam almayacaksiniz. Yeniden almak icin START yazin.",
        "Bu numaradan yeniden mesaj alacaksiniz. Almamak icin STOP yazin.",
        "Bu numaradan reklam almamak icin STOP, yeniden almak icin START yazin.",
    ),
    "ru": Language(
        ("STOP", "СТОП", "ОТПИСАТЬСЯ", "ОТПИСКА", "ОТКАЗ", "ОТМЕНА"),
        ("START", "СТАРТ", "ПОДПИСАТЬСЯ", "ПОДПИСКА"),
        ("ПОМОЩЬ", "СПРАВКА"),
        "Реклама с этого номера отключена. СТАРТ — включить снова.",
        "Сообщения с этого номера включены. СТОП — отключить.",
        "СТОП — отключить рекламу с этого номера. СТАРТ — включить.",
    ),
    "uk": Language(
        ("STOP", "СТОП", "ВІДПИСАТИСЯ", "ВІДПИСКА", "ВІДМОВА"),
        ("START", "СТАРТ", "ПІДПИСАТИСЯ", "ПІДПИСКА"),
        ("ДОПОМОГА", "ДОВІДКА"),
        "Рекламу з цього номера вимкнено. СТАРТ — увімкнути знову.",
        "Повідомлення з цього номера увімкнено. СТОП — вимкнути.",
        "СТОП — вимкнути рекламу з цього номера. СТАРТ — увімкнути.",
    ),
    "ar": Language(
        ("STOP", "إيقاف", "قف", "توقف", "إلغاء", "إلغاء الاشتراك"),
        ("START", "ابدأ", "بدء", "اشتراك", "تفعيل"),
        ("مساعدة",),
        "لن تصلك إعلانات من هذا الرقم. أرسل START لاستقبالها مجددا.",
        "ستصلك الرسائل من هذا الرقم مجددا. أرسل STOP لإيقافها.",
        "أرسل STOP لإيقاف الإعلانات من هذا الرقم، وSTART لاستقبالها.",
    ),
    "hi": Language(
        ("STOP", "रोकें", "बंद", "बंद करें", "स्टॉप"),
        ("START", "शुरू", "शुरू करें", "चालू", "स्टार्ट"),
        ("मदद", "सहायता"),
        "इस नंबर से अब विज्ञापन नहीं आएंगे। फिर पाने के लिए START भेजें।",
        "इस नंबर से संदेश फिर आएंगे। रोकने के लिए STOP भेजें।",
        "विज्ञापन रोकने के लिए STOP, फिर पाने के लिए START भेजें।",
    ),
    "id": Language(
        ("STOP", "BERHENTI", "BATAL", "KELUAR"),
        ("START", "MULAI", "DAFTAR"),
        ("BANTUAN",),
        "Anda tidak akan menerima iklan lagi dari nomor ini. Balas START untuk menerimanya lagi.",
        "Anda akan menerima pesan lagi dari nomor ini. Balas STOP untuk berhenti.",
        "Balas STOP untuk tidak menerima iklan dari nomor ini, START untuk menerimanya lagi.",
    ),
}
"""By ISO 639 code. A word that is in several is taken to be of the first of them; see
modemgw.gateway.incoming.keywords for which that is."""
