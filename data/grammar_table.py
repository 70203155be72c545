"""The table of all templates that are written as text: name to template, one file for each field that they come from."""

from __future__ import annotations

from hpcraft.data.grammar_text import Template
from hpcraft.data.grammar_text_forms import TEMPLATES as FORMS
from hpcraft.data.grammar_text_images import TEMPLATES as IMAGES
from hpcraft.data.grammar_text_layers import TEMPLATES as LAYERS
from hpcraft.data.grammar_text_linear import TEMPLATES as LINEAR
from hpcraft.data.grammar_text_maps import TEMPLATES as ELEMENTS
from hpcraft.data.grammar_text_numeric import TEMPLATES as NUMERIC

TEXTS: dict[str, Template] = {**ELEMENTS, **LAYERS, **IMAGES, **LINEAR, **NUMERIC, **FORMS}
