"""What the words of a column's name say, in English, German, French and Spanish.

A name is a hint and never a proof; every finding that rests on one says so.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_MIN_CONTAINED: Final = 6
"""Characters of a target's name from which it may stand inside a longer word."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


#: Things that are known only when the answer is.
_AFTERWARDS: Final = _set(
    """
    outcome outcomes result results final finally closed closing resolved resolution settled
    settlement payout refund refunded refunds chargeback recovered recovery recoveries discharge
    discharged death died deceased verdict churned terminated termination cancellation
    cancelled canceled cancelation completed completion realized realised actual post afterwards
    ergebnis ergebnisse abschluss abgeschlossen geschlossen gekundigt kundigung entlassung
    entlassen verstorben erstattung storniert stornierung
    resultat resultats cloture cloturee resilie resiliation sortie deces decede rembourse
    remboursement annule annulation
    resultado resultados cierre cerrado cancelado cancelacion fallecido fallecimiento alta
    reembolso devolucion baja
    """
)

#: What identifies a person, by the words of a name; each tuple is found as a whole.
_PERSONAL: Final[Mapping[str, tuple[str, ...]]] = {
    "e-mail address": ("email", "e mail", "mail address", "courriel", "correo", "email adresse"),
    "phone number": (
        "phone", "telephone", "mobile", "mobile number", "cell phone", "cellphone", "telefon",
        "handy", "handynummer", "telefonnummer", "portable", "telefono", "movil", "fax",
    ),
    "name of a person": (
        "first name", "firstname", "last name", "lastname", "surname", "full name", "fullname",
        "given name", "family name", "maiden name", "middle name", "forename", "customer name",
        "patient name", "employee name", "client name", "user name", "username", "person name",
        "passenger name", "contact name", "vorname", "nachname", "familienname", "prenom",
        "nom de famille", "nom complet", "apellido", "apellidos", "nombre completo",
    ),
    "date of birth": (
        "birth date", "birthdate", "birthday", "date of birth", "dob", "geburtsdatum",
        "geburtstag", "date de naissance", "date naissance", "fecha de nacimiento",
        "fecha nacimiento",
    ),
    "national or tax number": (
        "ssn", "social security", "social security number", "national id", "national insurance",
        "nino", "passport", "passport number", "driver license", "drivers license",
        "licence number",
        "tax id", "tin", "steuernummer", "steuer id", "personalausweis", "ausweisnummer",
        "sozialversicherungsnummer", "svnr", "nir", "insee", "numero de securite sociale", "dni",
        "nie", "nif", "pasaporte", "cpf", "pesel", "bsn", "codice fiscale",
    ),
    "bank account": (
        "iban", "bic", "swift", "account number", "bank account", "kontonummer", "kontonr",
        "compte bancaire", "rib", "cuenta bancaria",
    ),
    "payment card": (
        "card number", "credit card", "creditcard", "credit card number", "cc number", "pan",
        "kreditkarte", "kartennummer", "carte bancaire", "numero de carte", "tarjeta",
    ),
    "IP address": ("ip", "ip address", "ipaddress", "ip addr", "ip adresse"),
    "address": (
        "address", "street", "street address", "home address", "adresse", "strasse", "anschrift",
        "hausnummer", "rue", "direccion", "calle", "domicilio",
    ),
}  # fmt: skip

#: Abbreviations that are part of other words' names as well, unless they end the name.
_ABBREVIATIONS: Final = _set("ssn tin nir nie nif dni cpf bsn pan bic rib ip dob rue fax mail")
_LAST_WORDS: Final = _set("number no nr num id hash code key")

#: What the law or decency guards, by single words of a name.
_SENSITIVE: Final[Mapping[str, str]] = {
    word: topic
    for topic, words in {
        "sex or gender": """
            sex gender geschlecht sexe genre sexo genero female male woman women weiblich mannlich
            femme homme mujer hombre is_female""",
        "ethnic origin": """
            race ethnicity ethnic ethnie ethnizitat herkunft etnia raza origine hautfarbe""",
        "nationality": """
            nationality citizenship nationalitat staatsangehorigkeit nationalite citoyennete
            nacionalidad ciudadania immigrant foreigner foreign auslander migrant""",
        "religion": """
            religion religious faith church konfession glaube religiose eglise confession
            religioso iglesia""",
        "health": """
            health disease illness diagnosis disability disabled hiv aids cancer diabetes diabetic
            pregnant pregnancy medication symptom symptoms smoker smoking gesundheit krankheit
            diagnose behinderung schwanger schwangerschaft raucher sante maladie handicap
            enceinte fumeur salud enfermedad discapacidad embarazo fumador""",
        "age": "age alter edad agegroup altersgruppe",
        "sexual orientation": "sexuality sexualitat sexualite sexualidad orientation",
        "political views": """
            politics political party partei politique parti politico partido union
            gewerkschaft syndicat sindicato""",
        "family status": """
            marital marriage married divorced civil familienstand verheiratet matrimonial marie
            estadocivil casado""",
        "criminal record": "criminal conviction convicted arrest arrested prison vorstrafe penal",
    }.items()
    for word in words.split()
}  # fmt: skip
#: Beside these words "age", "sex" and the like do not speak of people.
_THINGS: Final = _set(
    """
    account animal apartment battery building bridge car company device engine equipment firm
    flat furnace garage house image item loan machine motor page pipe product property roof tire
    tree tyre vehicle website building_age days months
    """
)
_ONLY_PEOPLE: Final = frozenset(("age", "sex or gender", "political views", "family status"))

#: Amounts of living bodies, years and places, of which nought is no measurement.
NEVER_ZERO: Final = _set(
    """
    age height weight bmi glucose insulin cholesterol pulse heartrate systolic diastolic
    bloodpressure hemoglobin haemoglobin creatinine year yr latitude lat longitude lon lng
    alter grosse gewicht jahr taille poids annee edad altura peso anio
    """
)
#: Words of whole numbers that are names rather than amounts.
_CODES: Final = _set(
    """
    code codes class subclass zip zipcode postal postcode postalcode plz pin flight naics sic icd
    fips category type cluster region district ward
    """
)
_WEIGHTS: Final = _set("weight weights wt wgt fnlwgt pweight sampleweight")


def words_of(name: str) -> list[str]:
    """Words of a name, without accents and capitals.

    >>> words_of("ageOFocc"), words_of("Date d’Échéance"), words_of("MS.SubClass2")
    (['age', 'o', 'focc'], ['date', 'd', 'echeance'], ['ms', 'sub', 'class', '2'])
    """
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss").replace("ẞ", "SS"))
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return [word.lower() for word in _WORDS.findall(plain)]


def names_target(name: str, target: str) -> bool:
    """Tell whether a column is named after the target.

    >>> names_target("price_per_m2", "price"), names_target("is_churned", "churned")
    (True, True)
    >>> names_target("deadline", "dead"), names_target("x_mean", "x")
    (False, False)
    """
    own, wanted = words_of(name), words_of(target)
    joined = "".join(wanted)
    if len(joined) < 4 or own == wanted:
        return False
    spans = range(len(own) - len(wanted) + 1)
    if any(own[i : i + len(wanted)] == wanted for i in spans):
        return True
    return len(joined) >= _MIN_CONTAINED and joined in "".join(own)


def after_the_fact(name: str) -> str | None:
    """The word of a name that speaks of the time after the answer, or None.

    >>> after_the_fact("date_closed"), after_the_fact("finalGrade"), after_the_fact("size")
    ('closed', 'final', None)
    """
    return next((word for word in words_of(name) if word in _AFTERWARDS), None)


def personal_name(name: str) -> str | None:
    """What personal data a name announces, or None.

    >>> personal_name("Customer E-Mail"), personal_name("lastName"), personal_name("name")
    ('e-mail address', 'name of a person', None)
    >>> personal_name("ip_address"), personal_name("ship_mode"), personal_name("X3Ssn.Porch")
    ('IP address', None, None)
    """
    words = words_of(name)
    while len(words) > 1 and (words[-1] in _LAST_WORDS or words[-1].isdecimal()):
        words = words[:-1]
    spoken = f" {' '.join(words_of(name))} "
    for kind, phrases in _PERSONAL.items():
        for phrase in phrases:
            if phrase in _ABBREVIATIONS:
                if words[-1:] == [phrase]:
                    return kind
            elif f" {phrase} " in spoken:
                return kind
    return None


def sensitive_topic(name: str) -> str | None:
    """What a column may say about people that needs care, or None.

    >>> sensitive_topic("Geschlecht"), sensitive_topic("ageOFocc"), sensitive_topic("house_age")
    ('sex or gender', 'age', None)
    >>> sensitive_topic("mileage"), sensitive_topic("stage"), sensitive_topic("situation_familiale")
    (None, None, 'family status')
    """
    words = words_of(name)
    if {"situation", "familiale"} <= set(words) or {"estado", "civil"} <= set(words):
        return "family status"
    topic = next((_SENSITIVE[word] for word in words if word in _SENSITIVE), None)
    if topic in _ONLY_PEOPLE and _THINGS & set(words):
        return None
    return topic


def never_zero(name: str) -> bool:
    """Tell whether the name speaks of an amount that is never nought.

    >>> never_zero("BMI"), never_zero("patient_age"), never_zero("price"), never_zero("age_gap")
    (True, True, False, False)
    """
    words = words_of(name)
    return words != [] and (words[-1] in NEVER_ZERO or "".join(words) in NEVER_ZERO)


def names_a_code(name: str) -> bool:
    """Tell whether whole numbers of this name are likely codes.

    >>> names_a_code("zip_code"), names_a_code("MS.SubClass"), names_a_code("flight")
    (True, True, True)
    >>> names_a_code("flight_hours"), names_a_code("class_size")
    (False, False)
    """
    words = words_of(name)
    return words != [] and (words[-1] in _CODES or "".join(words) in _CODES)


def names_a_weight(name: str) -> bool:
    """Tell whether a column may weigh the rows of a survey.

    >>> names_a_weight("fnlwgt"), names_a_weight("sampling_weight"), names_a_weight("height")
    (True, True, False)
    """
    words = words_of(name)
    return words != [] and words[-1] in _WEIGHTS
