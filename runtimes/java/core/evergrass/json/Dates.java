package evergrass.json;

import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Date;

/** Dates, from ms since 1970 or ISO-8601. */
final class Dates {
    private Dates() {}

    static Date bind(Object value, String at) throws JsonException {
        if (value instanceof Number) {
            return new Date(((Number) value).longValue());
        }
        if (value instanceof String) {
            try {
                return new Date(parsed((String) value));
            } catch (DateTimeException | ArithmeticException wrong) {
                // Told below.
            }
        }
        throw JsonBinder.mismatch(at, "a date as 2020-01-31T12:00:00Z or ms since 1970", value);
    }

    private static long parsed(String text) {
        if (text.indexOf('T') < 0) {
            return LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant().toEpochMilli();
        }
        // Jackson writes +0000.
        String zoned = text.replaceFirst("([+-]\\d\\d)(\\d\\d)$", "$1:$2");
        return OffsetDateTime.parse(zoned, DateTimeFormatter.ISO_OFFSET_DATE_TIME).toInstant()
                .toEpochMilli();
    }
}
