"""What the simulated records are shaped like: Iraq's governorates, where their incidents fall, and of what kind."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Place:
    """A district: its centre in degrees, and its share of its governorate's incidents (relative to the others')."""

    name: str
    latitude: float
    longitude: float
    weight: float


@dataclass(frozen=True, kw_only=True)
class Governorate:
    """How often and in what way incidents happen in one governorate when nothing unusual happens."""

    region_id: str
    name: str
    latitude: float
    longitude: float
    rate: float
    """Mean incidents a week in 2016."""
    decline: float
    """Yearly rate of decline since 2017, on the log scale."""
    season: float
    """Amplitude of the yearly season, on the log scale."""
    manner: str
    """Key of `TACTIC_SHARES` and `ACTOR_SHARES`."""
    places: tuple[Place, ...]


def _governorate(
    region_id: str,
    name: str,
    centre: tuple[float, float],
    rhythm: tuple[float, float, float],
    manner: str,
    places: dict[str, tuple[float, float, float]],
) -> Governorate:
    return Governorate(
        region_id=region_id,
        name=name,
        latitude=centre[0],
        longitude=centre[1],
        rate=rhythm[0],
        decline=rhythm[1],
        season=rhythm[2],
        manner=manner,
        places=tuple(
            Place(name=place, latitude=where[0], longitude=where[1], weight=where[2]) for place, where in places.items()
        ),
    )


GOVERNORATES: tuple[Governorate, ...] = (
    _governorate(
        "IQ-AN",
        "Anbar",
        (33.2, 42.2),
        (3.0, 0.05, 0.15),
        "insurgency",
        {
            "Ramadi": (33.43, 43.25, 5),
            "Fallujah": (33.33, 43.72, 5),
            "Hit": (33.64, 42.78, 3),
            "Haditha": (34.14, 42.35, 2),
            "Rutba": (33.04, 40.25, 3),
            "Al-Qaim": (34.25, 41.20, 2),
        },
    ),
    _governorate(
        "IQ-AR",
        "Erbil",
        (36.19, 44.05),
        (0.30, 0.05, 0.10),
        "north",
        {"Erbil": (36.19, 44.05, 3), "Makhmur": (35.75, 43.70, 4), "Soran": (36.63, 44.52, 2)},
    ),
    _governorate(
        "IQ-BA",
        "Basra",
        (30.40, 47.60),
        (0.70, 0.0, 0.10),
        "south",
        {"Basra": (30.50, 47.75, 6), "Az-Zubair": (30.35, 47.55, 3), "Al-Qurna": (30.95, 47.43, 2)},
    ),
    _governorate(
        "IQ-BB",
        "Babil",
        (32.60, 44.50),
        (0.70, 0.15, 0.15),
        "insurgency",
        {"Hilla": (32.47, 44.45, 3), "Al-Musayab": (32.78, 44.33, 5), "Al-Mahawil": (32.65, 44.50, 2)},
    ),
    _governorate(
        "IQ-BG",
        "Baghdad",
        (33.31, 44.37),
        (4.2, 0.32, 0.15),
        "capital",
        {
            "Karkh": (33.31, 44.34, 4),
            "Rusafa": (33.34, 44.42, 4),
            "Adhamiya": (33.40, 44.38, 3),
            "Kadhimiya": (33.38, 44.32, 2),
            "Mahmudiya": (33.10, 44.33, 3),
            "Abu Ghraib": (33.29, 44.10, 3),
            "Al-Mada'in": (33.15, 44.58, 2),
        },
    ),
    _governorate(
        "IQ-DA",
        "Duhok",
        (36.95, 43.15),
        (0.18, -0.05, 0.10),
        "north",
        {"Duhok": (36.88, 42.99, 1), "Amedi": (37.12, 43.45, 3), "Zakho": (37.08, 42.78, 2)},
    ),
    _governorate(
        "IQ-DI",
        "Diyala",
        (33.95, 44.95),
        (3.4, 0.14, 0.20),
        "insurgency",
        {
            "Baqubah": (33.75, 44.64, 4),
            "Muqdadiya": (33.98, 44.94, 4),
            "Khanaqin": (34.25, 45.20, 4),
            "Kifri": (34.60, 44.98, 2),
            "Al-Khalis": (33.84, 44.56, 3),
            "Baladruz": (33.72, 45.12, 2),
        },
    ),
    _governorate(
        "IQ-DQ",
        "Dhi Qar",
        (31.15, 46.25),
        (0.30, 0.0, 0.10),
        "south",
        {"Nasiriyah": (31.05, 46.25, 4), "Al-Shatra": (31.40, 46.17, 2), "Suq al-Shuyukh": (30.87, 46.47, 1)},
    ),
    _governorate(
        "IQ-KA",
        "Karbala",
        (32.52, 43.85),
        (0.12, 0.05, 0.10),
        "south",
        {"Karbala": (32.58, 44.00, 3), "Ain al-Tamur": (32.55, 43.48, 1)},
    ),
    _governorate(
        "IQ-KI",
        "Kirkuk",
        (35.35, 44.15),
        (2.1, 0.06, 0.20),
        "insurgency",
        {
            "Kirkuk": (35.46, 44.36, 4),
            "Hawija": (35.33, 43.80, 4),
            "Daquq": (35.16, 44.42, 3),
            "Dibis": (35.65, 44.08, 2),
        },
    ),
    _governorate(
        "IQ-MA",
        "Maysan",
        (31.90, 47.05),
        (0.30, 0.0, 0.10),
        "south",
        {"Amara": (31.84, 47.14, 4), "Al-Majar al-Kabir": (31.57, 47.15, 2), "Ali al-Gharbi": (32.35, 46.75, 1)},
    ),
    _governorate(
        "IQ-MU",
        "Muthanna",
        (30.40, 45.35),
        (0.02, 0.0, 0.0),
        "south",
        {"Samawa": (31.25, 45.28, 2), "Al-Rumaitha": (31.50, 45.20, 1)},
    ),
    _governorate(
        "IQ-NA",
        "Najaf",
        (31.30, 43.85),
        (0.03, 0.0, 0.0),
        "south",
        {"Najaf": (31.95, 44.28, 2), "Kufa": (32.03, 44.40, 1)},
    ),
    _governorate(
        "IQ-NI",
        "Nineveh",
        (36.05, 42.50),
        (4.0, 0.32, 0.20),
        "insurgency",
        {
            "Mosul": (36.32, 43.10, 6),
            "Sinjar": (36.32, 41.90, 2),
            "Tel Afar": (36.36, 42.42, 2),
            "Al-Hamdaniya": (36.25, 43.35, 1),
            "Hatra": (35.60, 42.70, 3),
            "Al-Baaj": (36.02, 41.75, 2),
        },
    ),
    _governorate(
        "IQ-QA",
        "Qadisiyah",
        (31.90, 45.05),
        (0.03, 0.0, 0.0),
        "south",
        {"Diwaniya": (31.97, 44.92, 2), "Afaq": (32.05, 45.25, 1)},
    ),
    _governorate(
        "IQ-SD",
        "Salah al-Din",
        (34.55, 43.70),
        (2.2, 0.12, 0.20),
        "insurgency",
        {
            "Tikrit": (34.61, 43.66, 3),
            "Samarra": (34.20, 43.85, 3),
            "Balad": (34.00, 44.12, 2),
            "Baiji": (34.92, 43.45, 3),
            "Shirqat": (35.45, 43.20, 2),
            "Tuz Khurmatu": (34.88, 44.60, 4),
        },
    ),
    _governorate(
        "IQ-SU",
        "Sulaymaniyah",
        (35.55, 45.30),
        (0.15, 0.0, 0.10),
        "north",
        {"Sulaymaniyah": (35.55, 45.40, 2), "Chamchamal": (35.52, 44.87, 2), "Kalar": (34.71, 45.33, 2)},
    ),
    _governorate(
        "IQ-WA",
        "Wasit",
        (32.65, 45.75),
        (0.16, 0.05, 0.10),
        "south",
        {"Kut": (32.50, 45.80, 3), "As-Suwaira": (32.92, 44.80, 2), "Al-Aziziyah": (32.90, 45.05, 1)},
    ),
)

DISPUTED = frozenset(
    {
        "Khanaqin",
        "Kifri",
        "Tuz Khurmatu",
        "Kirkuk",
        "Hawija",
        "Daquq",
        "Dibis",
        "Makhmur",
        "Sinjar",
        "Tel Afar",
        "Al-Hamdaniya",
    }
)
"""Districts where Peshmerga are among the targets; a manner of speaking of this simulation, not a boundary."""


@dataclass(frozen=True, kw_only=True)
class Tactic:
    """What a tactic is called by type of event, and how deadly it is."""

    name: str
    event_type: str
    toll: float
    """Median of the lognormal whose whole part is the number of target members killed."""
    attackers: float
    """Chance that attackers are killed, too."""


TACTICS: tuple[Tactic, ...] = (
    Tactic(name="hit-and-run", event_type="armed attack", toll=1.1, attackers=0.10),
    Tactic(name="IED", event_type="explosion", toll=0.8, attackers=0.01),
    Tactic(name="checkpoint attack", event_type="armed attack", toll=1.1, attackers=0.15),
    Tactic(name="assassination", event_type="armed attack", toll=1.2, attackers=0.02),
    Tactic(name="indirect fire", event_type="shelling", toll=0.5, attackers=0.0),
    Tactic(name="suicide bombing", event_type="explosion", toll=3.5, attackers=1.0),
    Tactic(name="kidnapping", event_type="abduction", toll=0.3, attackers=0.0),
    Tactic(name="armed clash", event_type="armed clash", toll=1.0, attackers=0.5),
)

TACTIC_SHARES: dict[str, tuple[float, ...]] = {
    "insurgency": (0.34, 0.28, 0.12, 0.08, 0.06, 0.02, 0.05, 0.05),
    "capital": (0.10, 0.42, 0.06, 0.22, 0.06, 0.03, 0.07, 0.04),
    "north": (0.25, 0.20, 0.10, 0.10, 0.25, 0.00, 0.03, 0.07),
    "south": (0.08, 0.20, 0.05, 0.35, 0.08, 0.00, 0.08, 0.16),
}
"""Share of each of `TACTICS`, by manner."""

ACTORS = ("ISIS", "Unknown armed group", "Militia (unnamed)")

ACTOR_SHARES: dict[str, tuple[float, ...]] = {
    "insurgency": (0.78, 0.20, 0.02),
    "capital": (0.45, 0.40, 0.15),
    "north": (0.40, 0.50, 0.10),
    "south": (0.04, 0.56, 0.40),
}
"""Share of each of `ACTORS`, by manner."""

TARGETS = ("Peshmerga", "Iraqi army", "Police", "Tribal force", "Civilians")

TARGET_SHARES: dict[str, tuple[float, ...]] = {
    "disputed": (0.34, 0.20, 0.14, 0.07, 0.25),
    "insurgency": (0.00, 0.32, 0.22, 0.16, 0.30),
    "capital": (0.00, 0.18, 0.27, 0.07, 0.48),
    "north": (0.45, 0.00, 0.20, 0.00, 0.35),
    "south": (0.00, 0.08, 0.27, 0.10, 0.55),
}
"""Share of each of `TARGETS`, by manner, or of disputed districts."""
