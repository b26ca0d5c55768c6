"""What stands on vehicles, shops and screens without being a number plate."""

import numpy as np

SHOP = (
    "APOTHEKE", "PHARMACY", "BAKERY", "Bäckerei", "HOTEL", "RESTAURANT", "PIZZA", "CAFE", "BAR",
    "SALE", "OPEN", "CLOSED", "MARKET", "SUPERMERCADO", "FARMACIA", "TABAC", "BANK", "ATM",
    "PARKING", "EXIT", "STOP", "ENTRANCE", "AUSFAHRT", "PRIVAT", "TO LET", "FOR SALE", "RENT A CAR",
    "AUTO", "SERVICE", "GARAGE", "TYRES", "CAR WASH", "DIESEL", "PETROL", "LPG", "KEBAB", "OPTIK",
    "MODE", "FOTO", "MOBILE", "ELECTRONICS", "FURNITURE", "BOOKS", "SCHOOL", "POST", "POLICE",
    "AMBULANCE", "FIRE", "TAXI", "BUS", "METRO", "CENTRAL", "STREET", "AVENUE", "ROAD", "ONE WAY",
)  # fmt: skip
VEHICLE = (
    "TURBO", "HYBRID", "TDI", "GTI", "4x4", "4WD", "AWD", "V6", "V8", "16V", "1.6", "2.0 TDI",
    "1.9 TDI", "SPORT", "LIMITED", "CLASSIC", "ELECTRIC", "PLUG-IN", "QUATTRO", "xDrive", "320d",
    "C 220", "E 350", "A4", "Q7", "X5", "GLX", "VXi", "ZXi", "LX", "EX", "SE", "S-LINE", "AMG",
    "TOYOTA", "HONDA", "SUZUKI", "TATA", "MAHINDRA", "HYUNDAI", "FORD", "RENAULT", "DACIA", "SKODA",
    "FIAT", "VOLVO", "SCANIA", "MAN", "IVECO", "KIA", "NISSAN", "MAZDA", "CHEVROLET", "JEEP",
    "LAND ROVER", "Corolla", "Swift", "Octavia", "Logan", "Transit", "Sprinter", "CIVIC", "DUSTER",
)  # fmt: skip
STICKER = (
    "BABY ON BOARD", "STUDENT DRIVER", "KEEP DISTANCE", "HOW'S MY DRIVING?", "I LOVE NY", "D", "F",
    "GB", "PL", "IND", "L", "PRESS", "ARMY", "POLICE", "DOCTOR", "HORN PLEASE", "GOODS CARRIER",
    "LONG VEHICLE", "SPEED 80", "MAX 50", "NO RISK NO FUN", "RACING", "FRAGILE", "ON DUTY",
    "WWW.CAR.COM", "www.taxi.de", "info@cars.eu", "DEALER", "AUTOHAUS", "MOTORS", "SINCE 1976",
)  # fmt: skip
STATES = (
    "CALIFORNIA", "TEXAS", "FLORIDA", "NEW YORK", "SUNSHINE STATE", "GARDEN STATE", "ONTARIO",
    "MINAS GERAIS", "SAO PAULO", "RIO DE JANEIRO", "BRASIL", "ESPAÑA", "POLSKA", "ROMANIA", "INDIA",
    "LIVE FREE OR DIE", "FIRST IN FLIGHT", "LAND OF LINCOLN", "SEP 2024", "05 26",
)  # fmt: skip
_ONSETS = ("b", "br", "c", "ch", "d", "f", "fl", "g", "k", "l", "m", "n", "p", "r", "s", "st", "t")
_NUCLEI = ("a", "e", "i", "o", "u", "ai", "ou", "er", "an", "el", "in", "or")


def draw_word(rng: np.random.Generator, words: tuple[str, ...]) -> str:
    """One of `words`, or one that does not exist: a reader must not learn a list by heart."""
    if rng.random() < 0.6:
        return words[rng.integers(len(words))]
    parts = (
        _ONSETS[rng.integers(17)] + _NUCLEI[rng.integers(12)] for _ in range(rng.integers(1, 4))
    )
    word = "".join(parts)
    case = rng.random()
    return word.upper() if case < 0.6 else word.title() if case < 0.8 else word


def draw_number(rng: np.random.Generator) -> str:
    """A time, a telephone number, a price, a house number: as on screens and walls."""
    a, b, c = (int(part) for part in rng.integers((1, 0, 0), (24, 60, 60)))
    year = int(rng.integers(1998, 2030))
    many = "".join(map(str, rng.integers(0, 10, 11)))
    forms = (
        f"{a:02}:{b:02}:{c:02}",
        f"{year}-{1 + b % 12:02}-{1 + c % 28:02} {a:02}:{b:02}:{c:02}",
        f"{1 + c % 28:02}/{1 + b % 12:02}/{year}",
        f"0{many[:3]}-{many[3:9]}",
        f"+{many[:2]} {many[2:5]} {many[5:8]} {many[8:]}",
        f"{a}.{b:02}9",
        f"{a},{b:02} EUR",
        f"{many[: 1 + b % 3]}",
        f"{a} km",
        f"{10 * (1 + a % 13)} km/h",
        f"CAM {a:02}",
        f"{b}%",
    )
    return forms[rng.integers(len(forms))]
