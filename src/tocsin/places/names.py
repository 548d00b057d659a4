"""Place names made comparable: accents, case and the Turkish dotless i fall away."""

from __future__ import annotations

import functools
import re
import unicodedata

_LETTERS = str.maketrans({"ı": "i", "İ": "i", "ʻ": "", "ʼ": "", "'": "", "’": "", "ʿ": "", "ʾ": "", "ə": "e", "Ə": "e"})
_ARTICLE = re.compile(r"^(al|el|as|ash|ar|at|an|az|ad)[ -]")


@functools.lru_cache(maxsize=2048)  # provinces come again and again
def fold(name: str) -> str:
    """Lower case, without accents or marks, words one space apart: ``İskenderun`` -> ``iskenderun``."""
    if name.isascii() and name.isalpha():
        return name.lower()
    plain = unicodedata.normalize("NFKD", name.translate(_LETTERS))
    letters = "".join(c if c.isalnum() else " " for c in plain.casefold() if not unicodedata.combining(c))
    return " ".join(letters.split())


def without_article(folded: str) -> str:
    """A folded Arabic name without its article: ``al qamishli`` -> ``qamishli``."""
    return _ARTICLE.sub("", folded)
