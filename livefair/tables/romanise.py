"""English names of places, made once when the region table is built.

The rule: the specific part in pinyin without tones, the generic part translated (阳高县 → Yanggao County), as the
spelling rules for Chinese place names join them; a specific part of one syllable keeps its generic (应县 → Yingxian
County). Names that come from Mongolian, Tibetan or Uyghur are given in the pinyin of their Chinese form, which is
not their official romanisation.
"""

from __future__ import annotations

import re

PROVINCES = {
    "11": "Beijing", "12": "Tianjin", "13": "Hebei", "14": "Shanxi", "15": "Inner Mongolia", "21": "Liaoning",
    "22": "Jilin", "23": "Heilongjiang", "31": "Shanghai", "32": "Jiangsu", "33": "Zhejiang", "34": "Anhui",
    "35": "Fujian", "36": "Jiangxi", "37": "Shandong", "41": "Henan", "42": "Hubei", "43": "Hunan", "44": "Guangdong",
    "45": "Guangxi", "46": "Hainan", "50": "Chongqing", "51": "Sichuan", "52": "Guizhou", "53": "Yunnan", "54": "Tibet",
    "61": "Shaanxi", "62": "Gansu", "63": "Qinghai", "64": "Ningxia", "65": "Xinjiang", "71": "Taiwan",
    "81": "Hong Kong", "82": "Macao",
}  # fmt: skip

_GENERIC = (
    ("自治县", "Autonomous County"), ("自治旗", "Autonomous Banner"), ("自治州", "Autonomous Prefecture"),
    ("群岛", "Islands"), ("地区", "Prefecture"),
    ("矿区", "Mining District"), ("特区", "Special District"), ("新区", "New Area"),
    ("区", "District"), ("县", "County"), ("市", "City"), ("旗", "Banner"), ("盟", "League"),
)  # fmt: skip

_PEOPLES = {
    "满": "Manchu", "回": "Hui", "蒙古": "Mongol", "朝鲜": "Korean", "土家": "Tujia", "苗": "Miao", "侗": "Dong",
    "布依": "Buyei", "壮": "Zhuang", "瑶": "Yao", "仡佬": "Gelao", "水": "Sui", "毛南": "Maonan", "仫佬": "Mulao",
    "黎": "Li", "羌": "Qiang", "藏": "Tibetan", "彝": "Yi", "哈尼": "Hani", "傣": "Dai", "拉祜": "Lahu", "佤": "Va",
    "布朗": "Blang", "景颇": "Jingpo", "傈僳": "Lisu", "纳西": "Naxi", "独龙": "Derung", "怒": "Nu", "普米": "Pumi",
    "白": "Bai", "土": "Tu", "撒拉": "Salar", "东乡": "Dongxiang", "保安": "Bonan", "裕固": "Yugur",
    "哈萨克": "Kazakh", "柯尔克孜": "Kyrgyz", "塔吉克": "Tajik", "锡伯": "Xibe", "达斡尔": "Daur",
    "鄂温克": "Ewenki", "鄂伦春": "Oroqen", "畲": "She", "各": "Multi-ethnic",
}  # fmt: skip

_WHOLE = {
    "神农架林区": "Shennongjia Forestry District",
    "中沙群岛的岛礁及其海域": "Zhongsha Islands",
    "大柴旦行政委员会": "Dachaidan Administrative Committee",
}

_CHARACTERS = {"都": "du", "长": "chang", "什": "shi", "佛": "fo", "乐": "le", "伽": "jia", "柏": "bai"}
"""How these are read in almost every place name, whatever a dictionary of words says."""

_READINGS = {
    "六安": "lu an", "蔚": "yu", "洪洞": "hong tong", "繁峙": "fan shi", "铅山": "yan shan", "番禺": "pan yu",
    "东阿": "dong e", "浚": "xun", "莘": "shen", "单": "shan", "枞阳": "zong yang", "涡阳": "guo yang",
    "乐清": "yue qing", "乐亭": "lao ting", "乐陵": "lao ling", "井陉": "jing xing", "长子": "zhang zi",
    "尉犁": "yu li", "泌阳": "bi yang", "郫都": "pi du", "犍为": "qian wei", "荥经": "ying jing",
    "荥阳": "xing yang", "大埔": "da bu", "吴堡": "wu bu", "鄠邑": "hu yi", "隰": "xi", "大城": "dai cheng",
    "宕昌": "tan chang", "称多": "chen duo", "闵行": "min hang", "龙圩": "long xu", "泊头": "bo tou",
    "崆峒": "kong tong", "行唐": "xing tang",
}  # fmt: skip
"""Names that are read otherwise than their characters usually are."""


def _syllables(stem: str, whole: str) -> list[str]:
    if stem in _READINGS:
        return _READINGS[stem].split()
    from pypinyin import lazy_pinyin

    read = lazy_pinyin(whole, v_to_u=True)
    return [_CHARACTERS.get(character, syllable) for character, syllable in zip(stem, read, strict=False)]


def _joined(syllables: list[str]) -> str:
    text = "".join(("'" if i and s[0] in "aoe" else "") + s for i, s in enumerate(syllables))
    return text[:1].upper() + text[1:]


def _without_peoples(stem: str) -> tuple[str, list[str]]:
    found: list[str] = []
    names = "|".join(sorted(_PEOPLES, key=len, reverse=True))
    while match := re.search(rf"({names})族$|(蒙古|哈萨克|柯尔克孜|塔吉克|锡伯)$", stem):
        found.insert(0, _PEOPLES[match[1] or match[2]])
        stem = stem[: match.start()]
    return stem, found


def english(name: str) -> str:
    """The English name of a county or city; `name` is its full Chinese name."""
    if name in _WHOLE:
        return _WHOLE[name]
    fitting = [pair for pair in _GENERIC if name.endswith(pair[0]) and len(name) >= 2 * len(pair[0])]
    if not fitting:
        return _joined(_syllables(name, name))
    generic, translated = fitting[0]
    stem = name.removesuffix(generic)
    peoples: list[str] = []
    if generic.startswith("自治"):
        stem, peoples = _without_peoples(stem)
    if len(generic) == 1 and len(stem) == 1:
        proper = _joined([*_syllables(stem, name), *_syllables(generic, generic)])
    else:
        proper = _joined(_syllables(stem, name)) if stem else ""
    return " ".join(part for part in (proper, *peoples, translated) if part)
