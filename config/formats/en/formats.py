"""Date formats: short, with the zone. DATETIME_FORMAT is Django's setting."""

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y, H:i T"
