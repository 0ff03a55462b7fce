"""What columns are commonly called, by the column of ours that they hold, in some languages of incident desks.

Compared without case, accents, blanks and signs. English, French, Spanish, Portuguese, German, Ukrainian, Russian,
Arabic and Turkish; the first column that fits a name earlier in the list is taken.
"""

import re
import unicodedata

HEADINGS: dict[str, tuple[str, ...]] = {
    "source_id": (
        "source_id", "incident id", "event id", "id", "incident no", "incident number", "incident", "event no", "case id",
        "case no", "record id", "reference", "ref", "serial", "no", "number", "numero", "nr", "n°", "identifiant", "codigo",
        "kennung", "номер", "رقم", "الرقم",
    ),
    "occurred_on": (
        "occurred_on", "date of incident", "incident date", "event date", "date", "day", "start date", "date start", "when",
        "datum", "fecha", "data", "jour", "tag", "datetime", "timestamp", "дата", "التاريخ", "تاريخ", "tarih",
    ),
    "occurred_until": (
        "occurred_until", "end date", "date end", "until", "date de fin", "fecha fin", "enddatum",
    ),
    "country": (
        "country", "country name", "pays", "pais", "land", "країна", "страна", "الدولة", "البلد", "ulke",
    ),
    "admin1": (
        "admin1", "adm1", "governorate", "province", "state", "region", "oblast", "gouvernorat", "provincia", "estado",
        "provinz", "bundesland", "departement", "область", "регион", "المحافظة", "محافظة", "il", "department",
        "departamento",
    ),
    "admin2": (
        "admin2", "adm2", "district", "county", "raion", "cercle", "distrito", "municipio", "landkreis", "район", "القضاء",
        "قضاء", "ilce",
    ),
    "location": (
        "location", "place", "city", "town", "village", "site", "lieu", "localite", "ville", "lugar", "ciudad", "local",
        "ort", "место", "місце", "الموقع", "المكان",
    ),
    "latitude": (
        "latitude", "lat", "y", "latitud", "breite", "breitengrad", "широта", "خط العرض",
    ),
    "longitude": (
        "longitude", "lon", "lng", "long", "x", "longitud", "lange", "langengrad", "laenge", "долгота", "довгота",
        "خط الطول",
    ),
    "event_type": (
        "event_type", "type of incident", "incident type", "type", "category", "categorie", "tipo", "categoria", "art",
        "тип", "النوع", "نوع الحادث",
    ),
    "tactic": (
        "tactic", "method", "attack type", "weapon", "modus operandi", "methode", "tactica", "taktik", "тактика",
    ),
    "actor1": (
        "actor1", "perpetrator", "attacker", "actor", "group", "side a", "auteur", "perpetrador", "tater", "taeter",
        "الجاني",
    ),
    "actor2": (
        "actor2", "side b", "victim", "opponent", "victime", "victima", "opfer",
    ),
    "target": (
        "target", "target type", "cible", "objetivo", "alvo", "ziel", "цель", "ціль", "الهدف",
    ),
    "killed": (
        "killed", "fatalities", "deaths", "dead", "kia", "number killed", "death toll", "morts", "tues", "muertos",
        "mortos", "tote", "getotet", "убито", "погибшие", "загиблі", "قتلى", "القتلى", "olu",
    ),
    "wounded": (
        "wounded", "injured", "injuries", "wia", "number wounded", "blesses", "heridos", "feridos", "verletzte", "ранено",
        "поранені", "جرحى", "الجرحى", "yarali",
    ),
    "killed_civilians": (
        "killed_civilians", "civilians killed", "civilian deaths", "civils tues", "civiles muertos",
    ),
    "killed_security": (
        "killed_security", "security forces killed", "soldiers killed", "police killed",
    ),
    "killed_attackers": (
        "killed_attackers", "attackers killed", "militants killed", "perpetrators killed",
    ),
    "source_name": (
        "source_name", "source", "reported by", "quelle", "fuente", "fonte", "источник", "джерело", "المصدر",
    ),
    "source_url": (
        "source_url", "url", "link", "lien", "enlace", "ссылка", "الرابط",
    ),
    "notes": (
        "notes", "note", "description", "summary", "details", "comment", "comments", "remarks", "narrative", "resume",
        "descripcion", "descricao", "beschreibung", "описание", "опис", "الوصف", "ملاحظات",
    ),
}  # fmt: skip


def folded(name: str) -> str:
    """A heading as it is compared: letters and digits only, without case and accents."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return re.sub(r"[\W_]+", "", "".join(mark for mark in plain if not unicodedata.combining(mark)))


def guessed(columns: list[str]) -> dict[str, str]:
    """Ours -> theirs for the columns whose heading says what they hold; each column is taken once."""
    left = {folded(column): column for column in reversed(columns)}
    found: dict[str, str] = {}
    for ours, names in HEADINGS.items():
        if name := next((one for one in map(folded, names) if one in left), None):
            found[ours] = left.pop(name)
    return found
