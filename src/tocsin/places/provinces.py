"""The 81 provinces of Türkiye: GeoNames admin1 code, plate number and name.

GeoNames admin1 codes are neither plate numbers nor ISO 3166-2 codes: Adana is 81 there, and 81 is
Düzce's plate. ISO 3166-2:TR uses the plate number, so ``TR-01`` is Adana. The plates 01 to 67 follow
the alphabet as it stood when they were given out (Afyon, İçel, Maraş, Urfa); 68 to 81 the years in
which later provinces were founded. The table is written out because no rule gives one from the other.
"""

from __future__ import annotations

from typing import NamedTuple


class Province(NamedTuple):
    """One province: GeoNames admin1 code, plate number, name."""

    geonames: str
    plate: int
    name: str

    @property
    def iso(self) -> str:
        """ISO 3166-2 code, such as ``TR-31``."""
        return f"TR-{self.plate:02d}"


_ROWS = """
81 01 Adana|02 02 Adıyaman|03 03 Afyonkarahisar|04 04 Ağrı|05 05 Amasya|68 06 Ankara|07 07 Antalya|08 08 Artvin
09 09 Aydın|10 10 Balıkesir|11 11 Bilecik|12 12 Bingöl|13 13 Bitlis|14 14 Bolu|15 15 Burdur|16 16 Bursa
17 17 Çanakkale|82 18 Çankırı|19 19 Çorum|20 20 Denizli|21 21 Diyarbakır|22 22 Edirne|23 23 Elazığ|24 24 Erzincan
25 25 Erzurum|26 26 Eskişehir|83 27 Gaziantep|28 28 Giresun|69 29 Gümüşhane|70 30 Hakkâri|31 31 Hatay|33 32 Isparta
32 33 Mersin|34 34 İstanbul|35 35 İzmir|84 36 Kars|37 37 Kastamonu|38 38 Kayseri|39 39 Kırklareli|40 40 Kırşehir
41 41 Kocaeli|71 42 Konya|43 43 Kütahya|44 44 Malatya|45 45 Manisa|46 46 Kahramanmaraş|72 47 Mardin|48 48 Muğla
49 49 Muş|50 50 Nevşehir|73 51 Niğde|52 52 Ordu|53 53 Rize|54 54 Sakarya|55 55 Samsun|74 56 Siirt
57 57 Sinop|58 58 Sivas|59 59 Tekirdağ|60 60 Tokat|61 61 Trabzon|62 62 Tunceli|63 63 Şanlıurfa|64 64 Uşak
65 65 Van|66 66 Yozgat|85 67 Zonguldak|75 68 Aksaray|77 69 Bayburt|78 70 Karaman|79 71 Kırıkkale|76 72 Batman
80 73 Şırnak|87 74 Bartın|86 75 Ardahan|88 76 Iğdır|92 77 Yalova|89 78 Karabük|90 79 Kilis|91 80 Osmaniye|93 81 Düzce
"""


def provinces() -> tuple[Province, ...]:
    """All 81, by plate number."""
    rows = (row.split(" ", 2) for line in _ROWS.split("\n") for row in line.split("|") if row)
    return tuple(Province(geonames, int(plate), name) for geonames, plate, name in rows)
