"""Countries people and stores are in: cities, postal codes, streets, phone numbers, time zones.

Here: the tables. Not here: who lives where (``people``) and how a number is written down
(``identifiers``). Every phone prefix followed by any seven digits is valid under phonenumbers.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Country:
    """One country. ``street_form`` holds ``{s}`` for the street and ``{n}`` for the number.

    ``cities`` maps a city to its postal codes; the ``#`` at their end are any digits.
    """

    code: str
    zone: str
    dial: str
    trunk: str
    mobile_prefixes: tuple[str, ...]
    street_form: str
    cities: dict[str, str]
    streets: tuple[str, ...]


COUNTRIES = (
    Country(
        "DE", "Europe/Berlin", "49", "0", ("1511", "1512", "1522", "1573", "1601", "1701"),
        "{s} {n}",
        {"Berlin": "10###", "Hamburg": "20###", "München": "80###", "Köln": "50###",
         "Frankfurt am Main": "60###", "Leipzig": "04###", "Dresden": "01###", "Münster": "48###",
         "Nürnberg": "90###", "Freiburg im Breisgau": "79###"},
        ("Hauptstraße", "Bahnhofstraße", "Gartenstraße", "Schulstraße", "Lindenallee", "Am Markt",
         "Kirchgasse", "Goethestraße", "Schillerplatz", "Mühlweg", "Rosenweg", "Bergstraße",
         "Waldstraße", "Ringstraße", "Königsallee", "Dorfstraße", "Birkenweg", "Seestraße"),
    ),
    Country(
        "AT", "Europe/Vienna", "43", "0", ("664", "660", "676"), "{s} {n}",
        {"Wien": "10##", "Graz": "80##", "Linz": "40##", "Salzburg": "50##", "Innsbruck": "60##"},
        ("Hauptplatz", "Landstraße", "Mariengasse", "Wiener Straße", "Feldgasse", "Donaulände",
         "Mozartgasse", "Bachweg", "Sonnenhang", "Am Graben", "Neubaugasse", "Kärntner Straße"),
    ),
    Country(
        "FR", "Europe/Paris", "33", "0", ("61", "62", "66", "76"), "{n} {s}",
        {"Paris": "750##", "Lyon": "690##", "Marseille": "130##", "Toulouse": "310##",
         "Nantes": "440##", "Lille": "590##", "Strasbourg": "670##", "Saint-Étienne": "420##"},
        ("rue de la Paix", "avenue Victor Hugo", "rue des Écoles", "boulevard Voltaire",
         "rue du Moulin", "place de l'Église", "allée des Tilleuls", "rue Pasteur",
         "rue de la Gare", "chemin des Vignes", "rue du Château", "quai des Brumes",
         "impasse des Lilas", "rue Molière", "avenue Jean Jaurès", "rue Nationale"),
    ),
    Country(
        "BE", "Europe/Brussels", "32", "0", ("47", "48", "49"), "{s} {n}",
        {"Bruxelles": "10##", "Liège": "40##", "Namur": "50##", "Charleroi": "60##",
         "Gent": "90##"},
        ("rue Neuve", "Grand-Place", "avenue Louise", "rue du Midi", "Kerkstraat", "rue Haute",
         "chaussée de Wavre", "rue des Fripiers", "Stationsstraat", "rue Royale"),
    ),
    Country(
        "ES", "Europe/Madrid", "34", "", ("61", "62", "65", "66"), "{s}, {n}",
        {"Madrid": "280##", "Barcelona": "080##", "València": "460##", "Sevilla": "410##",
         "Zaragoza": "500##", "Málaga": "290##", "A Coruña": "150##"},
        ("Calle Mayor", "Avenida de la Constitución", "Calle del Sol", "Paseo del Prado",
         "Calle Real", "Plaza de España", "Calle de la Iglesia", "Camino Viejo", "Calle Nueva",
         "Ronda Norte", "Calle San José", "Calle Cervantes", "Avenida de América"),
    ),
    Country(
        "PL", "Europe/Warsaw", "48", "", ("50", "51", "60", "66", "78", "79"), "{s} {n}",
        {"Warszawa": "00-###", "Kraków": "30-###", "Łódź": "90-###", "Wrocław": "50-###",
         "Poznań": "60-###", "Gdańsk": "80-###", "Rzeszów": "35-###"},
        ("ul. Długa", "ul. Polna", "ul. Leśna", "ul. Słoneczna", "ul. Ogrodowa", "ul. Lipowa",
         "al. Jerozolimskie", "ul. Szkolna", "ul. Kościuszki", "ul. Mickiewicza", "os. Zielone",
         "ul. Łąkowa", "ul. Brzozowa", "ul. Żeromskiego"),
    ),
    Country(
        "GR", "Europe/Athens", "30", "", ("694", "697", "698", "693"), "{s} {n}",
        {"Αθήνα": "105 ##", "Θεσσαλονίκη": "546 ##", "Πάτρα": "262 ##", "Ηράκλειο": "713 ##"},
        ("Ερμού", "Σταδίου", "Πανεπιστημίου", "Αθηνάς", "Αγίου Νικολάου", "Βενιζέλου",
         "Μεγάλου Αλεξάνδρου", "Κηφισίας", "Τσιμισκή", "Ρήγα Φεραίου", "Κολοκοτρώνη"),
    ),
    Country(
        "IE", "Europe/Dublin", "353", "0", ("85", "86", "87"), "{n} {s}",
        {"Dublin": "D04 X###", "Cork": "T12 Y###", "Galway": "H91 K###", "Limerick": "V94 E###"},
        ("Main Street", "Church Road", "Station Road", "Castle Avenue", "Seaview Terrace",
         "Parnell Street", "Oak Park", "Riverside Drive", "O'Connell Street", "Mill Lane",
         "College Green", "Harbour View"),
    ),
)  # fmt: skip
COUNTRY_CODES = tuple(country.code for country in COUNTRIES)

# People from elsewhere often keep the number of the country they came from, and always write its
# dialling code: (dialling code, what they put in front, prefixes).
HOME_NUMBERS = {
    "uk": ("380", "+380", ("50", "67", "93")),
    "tr": ("90", "+90", ("532", "542", "505")),
}
