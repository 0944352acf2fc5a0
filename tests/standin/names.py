# SPDX-License-Identifier: Apache-2.0
"""Labels, groups and models as strangers type them: Unicode, quotes, MQTT wildcards."""

GROUPS = (
    (0, None, None),
    (167, "Main office", "FF6DDC"),
    (168, "S\u00fcd/Nord +#", "00AA33"),
    (169, 'The "B" team', "1122FF"),
    (170, "\u0421\u043a\u043b\u0430\u0434 \u2116 2", "AAAAAA"),
)

MODELS = ("telfmb920", "atrack_ak11", "navixy_ngp", "queclink_gv300")

_LABELS = (
    "Truck %d",
    "\u0413\u0440\u0443\u0437\u043e\u0432\u0438\u043a \u2116%d",
    'The "old" van %d',
    "back\\slash %d",
    "depot/north/%d",
    "50+ tons #%d",
    "+/#/$SYS/%d",
    "\u51b7\u85cf\u8eca \u2603 \U0001f69a %d",
    "Crane %d \u00e9\u00e8\u00fc\u00df",
    "<b>%d</b> & 'co' {} [] ; $(id)",
    "%d",
    "Van %d",
)


def label_for(index):
    """The label of the tracker with this place in the fleet; unlike every other one's."""
    return _LABELS[index % len(_LABELS)] % (index + 1)


def group_for(index):
    return GROUPS[index % len(GROUPS)][0]


def model_for(index):
    return MODELS[index % len(MODELS)]
