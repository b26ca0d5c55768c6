"""How the plates of many countries and of the American states look, as far as a reader cares.

Sizes, colours, rows and the order of letters and digits are facts about public signs, written
down from general knowledge and simplified: what is invented is every text.

In patterns `A` is a letter, `9` a digit, `*` either, `/` begins a new row, `@` is a seal or
picture, `|` a line, `<A9^AA>` two short rows, one above the other, within a row; blank, hyphen
and dot are printed and not read.
"""

from dataclasses import dataclass

import numpy as np

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
FEW = "ABCDEFGHJKLMNPRSTUVWXYZ"
"""Without I, O and Q, as most countries that mix letters and digits have it."""
CYRILLIC = "ABEKMHOPCTYX"
"""What Cyrillic and Latin letters have in common."""

ONE = (520, 110)
TWO = (280, 200)
BROAD = (340, 220)
US = (305, 152)
SOUTH = (400, 130)


@dataclass(frozen=True, slots=True)
class Design:
    """One kind of plate: `size` in mm, and colours as keys: w white, y yellow, k black, g green,
    b blue, r red, s silver, o orange, l light green, c cream; each `paper` with its `ink`.

    `band` draws the strip of a country (left, both or none), `words` small words above or below,
    `busy` a picture behind the text, `letters` those that occur.
    """

    country: str
    patterns: tuple[str, ...]
    size: tuple[int, int] = ONE
    colours: tuple[str, ...] = ("wk",)
    band: str = ""
    above: tuple[str, ...] = ()
    below: tuple[str, ...] = ()
    busy: bool = False
    letters: str = LETTERS
    weight: float = 1.0


def _d(country: str, patterns: str, **more: object) -> Design:
    return Design(country, tuple(patterns.split(",")), **more)  # type: ignore[arg-type]


_PK = ("ISLAMABAD", "ICT-ISLAMABAD", "SINDH", "PUNJAB", "LAHORE", "GOVT OF SINDH", "KPK")
_GULF = ("DUBAI", "QATAR", "KUWAIT", "OMAN", "BAHRAIN", "U.A.E", "KSA", "ABU DHABI")

WORLD: tuple[Design, ...] = (
    _d("AT", "A@99999A,AA@999AA,A@9999AA,AA@999A", band="left"),
    _d("BE", "9-AAA-999,AAA-999,999-AAA", colours=("wr",), band="left"),
    _d("BG", "A 9999 AA,AA 9999 AA", band="left", letters=CYRILLIC),
    _d("CH", "AA@999999,AA@99999,AA 9999"),
    _d("CZ", "9A9 9999,9A@9999,9AA 9999,9A9@9999", band="left"),
    _d("DE", "A@AA 9999,AA@AA 999,AAA@A 99,A@A 9999,AA@A 9999,AAA@AA 999,AA@AA 9999,AA@A 9A",
       band="left", weight=4),
    _d("DE2", "AA@/AA 999,A@/A 9999,AAA/@A 99", size=BROAD, band="left"),
    _d("DK", "AA 99 999", band="left"),
    _d("EE", "999 AAA", band="left"),
    _d("ES", "9999 AAA,A 9999 AA", band="left", letters="BCDFGHJKLMNPRSTVWXYZ", weight=2),
    _d("FI", "AAA-999,AA-999", band="left"),
    _d("FR", "AA-999-AA,9999 AA 99,999 AAA 99", band="both", letters=FEW,
       colours=("wk", "wk", "yk"), weight=3),
    _d("GB", "AA99 AAA,A999 AAA,AAA 999A,AA99AAA", colours=("wk", "yk"), band="maybe", weight=5,
       below=("", "", "HARROGATE LAND ROVER", "WWW.CARS.CO.UK")),
    _d("GB2", "AA99/AAA,A999/AAA", size=TWO, colours=("wk", "yk"), weight=1.5),
    _d("GBold", "AAA 999A,AAA 99,A 9999,9 AAA", colours=("ks",)),
    _d("GR", "AAA-9999,AA-9999", band="left", letters="ABEZHIKMNOPTYX"),
    _d("HR", "AA@999-AA,AA@9999-A,AA@999-A", band="maybe"),
    _d("HU", "AAA-999,AA AA-999", band="left"),
    _d("IE", "99-A-99999,999-A-9999,99-AA-9999,99-A-999999", band="left",
       above=("BAILE ATHA CLIATH", "CORCAIGH", "GAILLIMH", "")),
    _d("IT", "AA 999AA,AA@999AA,AA 999 AA", band="both", letters=FEW, weight=2),
    _d("IT2", "AA 999/AA,AA/999 AA", size=BROAD, band="left", letters=FEW),
    _d("LT", "AAA 999,AAA@999", band="left"),
    _d("LV", "AA-9999,AA-999", band="left"),
    _d("LU", "AA 9999,9999,99999", band="left", colours=("yk",)),
    _d("MT", "AAA 999", band="left"),
    _d("MC", "A999,9999,9A99", colours=("wb",), band="left"),
    _d("ME", "AA@AA999,AA@A999", band="left"),
    _d("MK", "AA@9999-AA", band="left"),
    _d("NL", "99-AA-AA,AA-99-AA,99-AAA-9,9-AAA-99,AA-999-A,A-999-AA,AAA-99-A,AA-AA-99",
       colours=("yk",), band="left", weight=3),
    _d("NO", "AA 99999", band="maybe"),
    _d("PL", "AA 99999,AAA 99999,AA 9999A,AAA AA99,AA@99999,AAA@99AA,AAA 9AA9,AAA@9999",
       band="left", weight=3),
    _d("PL2", "AA/9999A,AAA/99AA", size=TWO, band="left"),
    _d("PT", "99-99-AA,99-AA-99,AA-99-99,AA 99 AA,AA-99-AA", band="left"),
    _d("RO", "AA 99 AAA,A 999 AAA,A 99 AAA", band="left", weight=2),
    _d("RS", "AA@999-AA,AA@9999-AA", band="left"),
    _d("SE", "AAA 999,AAA 99A", band="left"),
    _d("SI", "AA@AA-999,AA@99-9AA", band="left", colours=("wg", "wk")),
    _d("SK", "AA@999AA,AA 999AA", band="left"),
    _d("TR", "99 A 9999,99 AA 999,99 AAA 99,99 AA 9999,99 AAA 999", band="left", weight=2),
    _d("TR2", "99 AA/9999,99 A/9999", size=BROAD, band="left"),
    _d("RU", "A999AA|99,A999AA|999", letters=CYRILLIC, weight=3),
    _d("RU2", "A999/AA|99,AA999|99", size=BROAD, letters=CYRILLIC),
    _d("BY", "9999 AA-9,AA 9999-9", letters=CYRILLIC + "I"),
    _d("UA", "AA 9999 AA,AA9999AA", letters=CYRILLIC + "I", band="left", weight=1.5),
    _d("KZ", "999 AAA|99,A 999 AAA,999AAA|99", band="maybe"),
    _d("GE", "AA-999-AA,AAA-999", band="left"),
    _d("AM", "99 AA 999,999 AA 99", band="left"),
    _d("AZ", "99-AA-999", band="left"),
    _d("IN", "AA 99 AA 9999,AA99AA9999,AA 99 A 9999,AA-99-AA-9999,AA 9A AA 9999,AA9A9999,"
       "99 AA 9999 AA,AA 99 AA 999,AA.99.AA.9999",
       colours=("wk", "wk", "wk", "yk", "ky", "gw"), band="maybe", weight=6),
    # For some weeks after a sale: red, often painted by hand.
    _d("INt", "AA 99 AAA 999,AA 99 AA 9999,AA-99-AA-9999,AA-99-AAA-999,AA.99.AA.999 A,"
       "AA 99/AAA 999,AA 99/AA 9999", colours=("rw",), weight=1.5),
    _d("INs", "<AA 99^AA> 9999,<AA99^AA>9999,<AA^99> AA 9999,<AA^99> AA9999,<AA 99^A> 9999",
       colours=("wk", "yk"), band="maybe", weight=1.5),
    _d("IN2", "AA 99/AA 9999,AA 99 A/9999,AA99/A 9999,AA 9A/AA9999", size=TWO,
       colours=("wk", "wk", "yk"), weight=3),
    _d("PK", "AAA-999,AA-999,AAA 9999,AA 9999,AAA-99", size=(330, 160),
       colours=("wk", "wk", "ks", "yk"), below=_PK, above=("", "ICT", ""), band="maybe", weight=5),
    _d("PK2", "AAA 99/9999,AAA-99/9999,AA 99/9999,AAA/999,AAA/9999", size=BROAD, band="left",
       colours=("wk", "ck", "yk"), weight=3),
    _d("BD", "99-9999", size=TWO),
    _d("LK", "AA AAA-9999,AAA-9999", colours=("wk", "yk")),
    _d("NP", "A AA 9999", colours=("wk", "rw")),
    _d("AE", "A 99999,A9999,99 9999,99999,A 999", colours=("wk",), above=_GULF, below=_GULF,
       weight=2),
    _d("AE2", "A/99999,99/9999", size=(330, 160), below=_GULF, weight=1),
    _d("QA", "999999,99999,999", above=_GULF, band="left"),
    _d("SA", "9999 AAA,999 AAA", size=(330, 160)),
    _d("IL", "99-999-99,999-99-999,99.999.99", colours=("yk",), band="left", weight=1.5),
    _d("EG", "9999,999 99", size=SOUTH, above=("EGYPT",)),
    _d("MA", "99999|A|9,9999|9"),
    _d("ZA", "AA 99 AA AA,AAA 999 AA,AA 999-999", size=(440, 120),
       below=("GAUTENG", "WESTERN CAPE")),
    _d("NG", "AAA 999AA,AA 999 AAA", size=(330, 160), colours=("wb", "wk"),
       above=("LAGOS", "ABUJA"), below=("CENTRE OF EXCELLENCE", "NIGERIA")),
    _d("KE", "AAA 999A,AAA 999", colours=("wk", "yk")),
    _d("KE2", "AAA/999A", size=BROAD, colours=("wk", "yk")),
    _d("GH", "AA 9999-99,AA 999 A", colours=("wk", "yk")),
    _d("MY", "AAA 9999,AA 9999 A,A 9999,AAA 999", colours=("kw",), weight=1.5),
    _d("SG", "AAA 9999 A,AAA9999A,AAA 999A", colours=("kw", "wk", "yk")),
    _d("ID", "A 9999 AAA,AA 9999 AA,A 9999 AA", size=(430, 135), colours=("kw", "wk"),
       below=("05.28", "11 26"), weight=1.5),
    _d("TH", "9999,999", size=BROAD, below=("BANGKOK",)),
    _d("VN", "99A-999.99,99A 99999,99A/999.99", colours=("wk", "yk")),
    _d("VN2", "99-A9/999.99,99A/999.99", size=TWO),
    _d("PH", "AAA 9999,AAA 999", size=(390, 140), below=("PILIPINAS", "MATATAG NA REPUBLIKA")),
    _d("CN", "A*99999,A@*9999", size=(440, 140), colours=("bw", "lk", "yk")),
    _d("KR", "99 9999,999 9999"),
    _d("HK", "AA 9999,AA 999", colours=("wk", "yk"), letters=FEW),
    _d("TW", "AAA-9999,9999-AA,AA-9999", size=(380, 160)),
    _d("AU", "AAA 999,AAA-99A,999 AAA,9AA 9AA,AA-99-AA", size=(372, 134),
       colours=("wb", "yk", "wk", "wg", "yb"),
       below=("NEW SOUTH WALES", "VICTORIA - STATE OF PLAY", "QUEENSLAND", "THE EDUCATION STATE"),
       weight=2),
    _d("NZ", "AAA999,AA9999", size=(360, 125)),
    _d("BR", "AAA-9999,AAA 9999,AAA@9999", size=SOUTH, colours=("sk", "sk", "rw", "wk"),
       above=("PR-CURITIBA", "SP-SAO PAULO", "RJ-RIO DE JANEIRO", "MG-BELO HORIZONTE"), weight=5),
    _d("BRm", "AAA9A99", size=SOUTH, band="top", above=("BRASIL",), weight=2.5),
    _d("BRb", "AAA/9999,AAA/9A99", size=(200, 170), colours=("sk", "rw", "wk"),
       above=("PR-CURITIBA", "BRASIL")),
    _d("AR", "AA 999 AA,AAA 999", size=SOUTH, band="top", above=("REPUBLICA ARGENTINA",)),
    _d("ARo", "AAA 999", size=(294, 129), colours=("kw",), below=("ARGENTINA",)),
    _d("CL", "AAAA-99,AA@AA@99,AA-9999", size=(360, 130), below=("CHILE",)),
    _d("CO", "AAA 999,AAA-999", size=(330, 160), colours=("yk", "wk"),
       below=("BOGOTA D.C.", "CALI")),
    _d("PE", "A9A-999,AAA-999", size=(300, 150), above=("PERU",)),
    _d("EC", "AAA-9999", size=(400, 150), above=("ECUADOR",)),
    _d("UY", "AAA 9999", size=SOUTH, band="top", above=("URUGUAY",)),
    _d("MX", "AAA-99-99,AAA-999-A,AA-99-999,999-AAA", size=(300, 150), colours=("wk", "wg", "wr"),
       above=("JALISCO", "DISTRITO FEDERAL", "NUEVO LEON"), below=("MEXICO",), busy=True,
       weight=1.5),
    _d("CU", "A 999 999,AAA 999", band="left", colours=("wk", "yk")),
)  # fmt: skip

_STATE_WORDS = (
    ("Alabama", "Heart of Dixie"), ("Alaska", "The Last Frontier"),
    ("Arizona", "GRAND CANYON STATE"), ("Arkansas", "The Natural State"),
    ("California", "dmv.ca.gov"), ("Colorado", ""),
    ("Connecticut", "Constitution State"), ("Delaware", "THE FIRST STATE"),
    ("MYFLORIDA.COM", "SUNSHINE STATE"), ("GEORGIA", "PEACH STATE"), ("HAWAII", "ALOHA STATE"),
    ("IDAHO", "FAMOUS POTATOES"), ("Illinois", "Land of Lincoln"), ("Indiana", "In God We Trust"),
    ("IOWA", "POLK"), ("KANSAS", "JO"), ("Kentucky", "UNBRIDLED SPIRIT"),
    ("Louisiana", "SPORTSMAN'S PARADISE"), ("Maine", "Vacationland"),
    ("Maryland", "www.maryland.gov"),
    ("Massachusetts", "The Spirit of America"), ("MICHIGAN", "Great Lakes Splendor"),
    ("Minnesota", "10,000 lakes"), ("MISSISSIPPI", "TATE"), ("MISSOURI", "SHOW-ME STATE"),
    ("Montana", "Treasure State"), ("Nebraska", ""), ("NEVADA", "THE SILVER STATE"),
    ("NEW HAMPSHIRE", "LIVE FREE OR DIE"), ("New Jersey", "Garden State"),
    ("NEW MEXICO", "Land of Enchantment"), ("NEW YORK", "EMPIRE STATE"),
    ("North Carolina", "First in Flight"), ("NORTH DAKOTA", "Peace Garden State"),
    ("OHIO", "BIRTHPLACE OF AVIATION"), ("OKLAHOMA", "NATIVE AMERICA"), ("Oregon", "TRAIL"),
    ("PENNSYLVANIA", "visitPA.com"), ("Rhode Island", "Ocean State"),
    ("South Carolina", "While I Breathe I Hope"), ("South Dakota", "GREAT FACES. GREAT PLACES."),
    ("Tennessee", "The Volunteer State"), ("TEXAS", "THE LONE STAR STATE"),
    ("UTAH", "LIFE ELEVATED"), ("Vermont", "Green Mountain State"), ("VIRGINIA", ""),
    ("Washington", "EVERGREEN STATE"), ("WASHINGTON, DC", "TAXATION WITHOUT REPRESENTATION"),
    ("West Virginia", "Wild, Wonderful"), ("WISCONSIN", "America's Dairyland"), ("WYOMING", ""),
    ("Ontario", "YOURS TO DISCOVER"), ("Quebec", "Je me souviens"),
    ("British Columbia", "BEAUTIFUL"), ("Alberta", "WILD ROSE COUNTRY"),
    ("MANITOBA", "FRIENDLY"), ("Nova Scotia", "CANADA'S OCEAN PLAYGROUND"),
)  # fmt: skip

_US_PATTERNS = (
    "AAA 999", "AAA-999", "AAA@999", "999 AAA", "999-AAA", "999@AAA", "AAA 9999", "AAA-9999",
    "AAA@9999", "9AAA999", "9AAA 999", "9AA999", "AA9 A99", "AA9A999", "99A 9A9", "A99-99A",
    "9A99999", "99A 999", "AA 99999", "AA-9999", "A 99999", "999 999", "999@999", "99999",
    "AA99 AA", "9 99999", "AAA 99A", "A99 AAA", "AAAA99", "999A99", "99-9999", "9AA 999",
    "AA9 99A", "AAA9A",
    "999999", "A999999", "AA9A", "AAAAAA", "AAAAAAA", "AAAAA", "AAAA", "AAAAA9", "AA AAAA", "****",
    "<A^A>9999", "<AA^A>9999", "<A^A> 99999", "9999<A^A>", "99999 <A^A>", "<9^9>AAA 99",
    "******", "*******", "AAA@AAA", "A9A@9A9", "99*-***", "AA99999", "A9 9999",
)  # fmt: skip

STATES = tuple(
    Design(f"US {name}", _US_PATTERNS, US, ("wb", "wk", "wr", "wg", "wb", "bw", "yk", "yb", "gw"),
           "", (name, name.upper(), slogan), (slogan, name, ""), True)
    for name, slogan in _STATE_WORDS
)  # fmt: skip

ANY = Design(
    "any", ("******", "*******", "********", "*** ***", "** ** ***", "***-****", "** **-****",
            "*****", "****/****", "***/***", "** **/****", "*/******", "AAA/999", "9999",
            "*********", "**********", "AA 99/AA 9999"),
    colours=("wk", "wk", "yk", "kw", "wb", "wr", "wg", "bw", "gw", "rw", "ok", "sk", "ck", "lk"),
    band="maybe", above=("", "", "STATE", "CITY"), below=("", "", "2019", "REGION"),
)  # fmt: skip
"""Whatever else there may be: so that no country's order of letters is taken for granted."""

_PARTS = ((WORLD, 0.55), (STATES, 0.25), ((ANY,), 0.2))
_WEIGHTS = np.array([one.weight for one in WORLD])


def draw_design(rng: np.random.Generator) -> Design:
    """A kind of plate at random: countries, American states, and none that exists."""
    part = int(rng.choice(3, p=[share for _, share in _PARTS]))
    designs = _PARTS[part][0]
    odds = _WEIGHTS / _WEIGHTS.sum() if part == 0 else None
    return designs[int(rng.choice(len(designs), p=odds))]


def draw_text(rng: np.random.Generator, design: Design) -> str:
    """An invented plate after one of the design's patterns, with all that is printed."""
    pattern = design.patterns[int(rng.integers(len(design.patterns)))]
    return "".join(_sign(rng, one, design.letters) for one in pattern)


def _sign(rng: np.random.Generator, kind: str, letters: str) -> str:
    if kind == "*":
        kind = "A" if rng.random() < 0.5 else "9"
    if kind == "A":
        return letters[int(rng.integers(len(letters)))]
    return str(rng.integers(10)) if kind == "9" else kind
