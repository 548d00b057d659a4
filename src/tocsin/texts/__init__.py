"""What people read: one TOML per language, templates with slots, and the lint they must pass."""

from tocsin.texts.lint import channel_problems, channel_text, forbidden_in, page_count, text_problems, too_long
from tocsin.texts.load import Texts, channels, countries, forbidden_phrases, languages, texts
from tocsin.texts.render import Facts, date_text, marked, render_warning, statement_sentence

__all__ = [
    "Facts",
    "Texts",
    "channel_problems",
    "channel_text",
    "channels",
    "countries",
    "date_text",
    "forbidden_in",
    "forbidden_phrases",
    "languages",
    "marked",
    "page_count",
    "render_warning",
    "statement_sentence",
    "text_problems",
    "texts",
    "too_long",
]
