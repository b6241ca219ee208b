"""Cells that identify people: e-mail, phone, card, bank account, national numbers, IP.

A number with a check digit is believed only if it checks. What is told is a share of the
values; no value leaves this module.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Final

_EMAIL: Final = re.compile(r"[\w.+%-]{1,64}@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,24}")
_PHONE: Final = re.compile(
    r"(?:\+|00(?=.*[ ./()-]))[1-9]\d{0,2}[ ./()-]{0,2}(?:\(0\)[ ]?)?\d(?:[ ./()-]{0,2}\d){6,12}"
    r"|\(?0[1-9]\d{0,4}\)?[ ./-]{1,3}\d(?:[ ./-]?\d){4,10}"
    r"|\(?[2-9]\d{2}\)?[ .-]{1,2}\d{3}[ .-]\d{4}"
)
_MIN_PHONE_DIGITS: Final = 9
"""With an area code; a date has eight."""
_CARD: Final = re.compile(
    r"(?:4\d{12}(?:\d{3})?(?:\d{3})?|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"
    r"|3[47]\d{13}|6(?:011|5\d\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11})"
)
_IBAN: Final = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_SSN: Final = re.compile(r"(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}")
_NINO: Final = re.compile(r"(?![DFIQUV])[A-Z](?![DFIQUVO])[A-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]")
_DNI: Final = re.compile(r"([XYZ]?)(\d{7,8})-?([A-Z])")
_FISCAL: Final = re.compile(r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]")
_NIR: Final = re.compile(r"[12]\d{2}(?:0[1-9]|1[0-2])(?:\d{2}|2[AB])\d{6}\d{2}")
_AHV: Final = re.compile(r"756\.?\d{4}\.?\d{4}\.?\d{2}")
_IP: Final = re.compile(r"[0-9.]{7,15}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]+")
_MARKS: Final = re.compile(r"[0-9@:]")
MAX_LENGTH: Final = 100
"""No number and hardly an address is longer; documents are not looked into here."""
_SEPARATORS: Final = str.maketrans("", "", " -.")


def kinds_of(cell: str) -> list[str]:
    """Kinds of personal data that a whole cell may be.

    >>> kinds_of("ada@example.org"), kinds_of("DE89 3704 0044 0532 0130 00")
    (['e-mail address'], ['bank account (IBAN)'])
    >>> kinds_of("4111 1111 1111 1111"), kinds_of("4111 1111 1111 1112"), kinds_of("red")
    (['payment card'], [], [])
    """
    text = cell.strip()
    if not 7 <= len(text) <= MAX_LENGTH or _MARKS.search(text) is None:
        return []
    return [kind for kind, is_kind in KINDS.items() if is_kind(text)]


def holds_email(cell: str) -> bool:
    """Tell whether there is an e-mail address somewhere in a text."""
    return "@" in cell and _EMAIL.search(cell) is not None


def passes_luhn(digits: str) -> bool:
    """Check the last digit of a card's number (ISO/IEC 7812-1).

    >>> passes_luhn("79927398713"), passes_luhn("79927398710")
    (True, False)
    """
    total = 0
    for i, char in enumerate(reversed(digits)):
        digit = int(char) * (1 + i % 2)
        total += digit - 9 if digit > 9 else digit
    return total % 10 == 0


def _email(text: str) -> bool:
    return "@" in text and _EMAIL.fullmatch(text) is not None


def _phone(text: str) -> bool:
    if not _MIN_PHONE_DIGITS <= len(text) <= 24 or _PHONE.fullmatch(text) is None:
        return False
    return sum(map(str.isdigit, text)) >= _MIN_PHONE_DIGITS


def _card(text: str) -> bool:
    digits = text.replace(" ", "").replace("-", "")
    return _CARD.fullmatch(digits) is not None and passes_luhn(digits)


def _iban(text: str) -> bool:
    """Remainder 1 by 97 with the first four characters last and letters as 10 to 35 (ISO 13616)."""
    packed = text.replace(" ", "").upper()
    if _IBAN.fullmatch(packed) is None:
        return False
    turned = packed[4:] + packed[:4]
    return int("".join(str(int(char, 36)) for char in turned)) % 97 == 1


def _ip(text: str) -> bool:
    if _IP.fullmatch(text) is None or text.count(":") == 1 or text.count(".") not in {0, 3}:
        return False
    if ":" in text and text.count(":") < 3 and "::" not in text:
        return False
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _social_security(text: str) -> bool:
    return _SSN.fullmatch(text) is not None


def _national_insurance(text: str) -> bool:
    return _NINO.fullmatch(text.upper()) is not None


def _spanish(text: str) -> bool:
    """DNI and NIE: the letter at 23's remainder."""
    match = _DNI.fullmatch(text.upper())
    if match is None:
        return False
    first, digits, letter = match.groups()
    if len(digits) != (7 if first else 8):
        return False
    number = int(str("XYZ".index(first)) + digits if first else digits)
    return "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23] == letter


def _italian(text: str) -> bool:
    """Codice fiscale: the control letter of 15 characters."""
    code = text.upper()
    if _FISCAL.fullmatch(code) is None:
        return False
    odd = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)  # fmt: skip # noqa: E501
    values = [int(char) if char.isdigit() else ord(char) - 65 for char in code[:15]]
    total = sum(odd[value] if i % 2 == 0 else value for i, value in enumerate(values))
    return chr(65 + total % 26) == code[15]


def _french(text: str) -> bool:
    """NIR: key of two digits, 97 less the remainder; Corsica writes 2A and 2B."""
    packed = text.translate(_SEPARATORS).upper()
    if _NIR.fullmatch(packed) is None:
        return False
    number = packed[:13].replace("2A", "19").replace("2B", "18")
    return int(packed[13:]) == 97 - int(number) % 97


def _german(text: str) -> bool:
    """Tax number of eleven digits (ISO 7064, mod 11,10); one digit comes two or three times."""
    digits = text.replace(" ", "")
    if len(digits) != 11 or not digits.isdecimal() or digits[0] == "0":
        return False
    if max(digits[:10].count(char) for char in set(digits[:10])) not in {2, 3}:
        return False
    product = 10
    for char in digits[:10]:
        product = 2 * ((int(char) + product) % 10 or 10) % 11
    return (11 - product) % 10 == int(digits[10])


def _swiss(text: str) -> bool:
    """AHV number: the control digit of EAN-13."""
    digits = text.replace(".", "")
    if _AHV.fullmatch(text) is None:
        return False
    total = sum(int(char) * (1 + 2 * (i % 2)) for i, char in enumerate(digits[:12]))
    return (10 - total % 10) % 10 == int(digits[12])


def _dutch(text: str) -> bool:
    """BSN: the weighted sum is a multiple of eleven."""
    if len(text) != 9 or not text.isdecimal() or text == "0" * 9:
        return False
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return sum(int(char) * weight for char, weight in zip(text, weights, strict=True)) % 11 == 0


def _polish(text: str) -> bool:
    """PESEL: birth date and a weighted control digit."""
    if len(text) != 11 or not text.isdecimal():
        return False
    if not 1 <= int(text[2:4]) % 20 <= 12 or not 1 <= int(text[4:6]) <= 31:
        return False
    weights = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
    total = sum(int(char) * weight for char, weight in zip(text[:10], weights, strict=True))
    return (10 - total % 10) % 10 == int(text[10])


def _brazilian(text: str) -> bool:
    """CPF: two control digits."""
    digits = text.translate(_SEPARATORS)
    if len(digits) != 11 or not digits.isdecimal() or len(set(digits)) == 1:
        return False
    for n in (9, 10):
        total = sum(int(char) * (n + 1 - i) for i, char in enumerate(digits[:n]))
        if total * 10 % 11 % 10 != int(digits[n]):
            return False
    return True


KINDS: Final[Mapping[str, Callable[[str], bool]]] = {
    "e-mail address": _email,
    "payment card": _card,
    "bank account (IBAN)": _iban,
    "IP address": _ip,
    "US social security number": _social_security,
    "UK national insurance number": _national_insurance,
    "Spanish DNI or NIE": _spanish,
    "Italian codice fiscale": _italian,
    "French social security number": _french,
    "German tax number": _german,
    "Swiss AHV number": _swiss,
    "Dutch BSN": _dutch,
    "Polish PESEL": _polish,
    "Brazilian CPF": _brazilian,
    "phone number": _phone,
}
"""Each kind with its check; the first that most values pass is told."""
