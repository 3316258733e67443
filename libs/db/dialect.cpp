#include "libs/db/dialect.hpp"

#include "libs/base/errors.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <utility>

namespace evergrass::db {
namespace {

bool is_space(char c) {
    return c == ' ' || c == '\n' || c == '\t';
}

bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

bool same_word(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        return std::toupper(static_cast<unsigned char>(x)) ==
               std::toupper(static_cast<unsigned char>(y));
    });
}

// A word, a parameter, a quoted text, or one character; the blanks before it belong to it.
struct token {
    std::string_view blanks;
    std::string_view text;
};

std::vector<token> split(std::string_view sql) {
    std::vector<token> found;
    std::size_t at = 0;
    while (at < sql.size()) {
        const auto from = at;
        while (at < sql.size() && is_space(sql[at])) {
            ++at;
        }
        const auto begin = at;
        if (at == sql.size()) {
            break;
        }
        const char first = sql[at++];
        if (first == '\'' || first == '"') {
            const auto end = sql.find(first, at);
            at = end == std::string_view::npos ? sql.size() : end + 1;
        } else if (is_word(first) || first == '?') {
            while (at < sql.size() && is_word(sql[at])) {
                ++at;
            }
        } else if (first == '-' && at < sql.size() && sql[at] == '-') {
            at = std::min(sql.find('\n', at), sql.size());  // a comment
        }
        found.push_back({sql.substr(from, begin - from), sql.substr(begin, at - begin)});
    }
    return found;
}

bool is_comment(const token& each) {
    return each.text.starts_with("--");
}

class translation {
public:
    translation(std::string_view sql, const primary_key_of& primary_key)
        : tokens_(split(sql)), primary_key_(primary_key) {}

    result<postgres_statement> take() {
        for (const auto& each : tokens_) {
            made_.parameters = std::max(made_.parameters, number_of(each));
        }
        for (at_ = 0; at_ < tokens_.size(); ++at_) {
            if (auto done = one(); !done) {
                return done.error();
            }
        }
        made_.sql += at_the_end_;
        for (int number = 1; number <= made_.parameters; ++number) {
            if (named_.count(number) == 0) {
                made_.not_named.insert(number);
            }
        }
        made_.only_reads = is(0, "SELECT");
        return std::move(made_);
    }

private:
    // N of ?N; 0: another token.
    static int number_of(const token& each) {
        return each.text.size() > 1 && each.text[0] == '?'
                   ? std::stoi(std::string(each.text.substr(1)))
                   : 0;
    }

    bool is(std::size_t index, std::string_view word) const {
        return index < tokens_.size() && same_word(tokens_[index].text, word);
    }

    bool are(std::initializer_list<std::string_view> words) const {
        auto index = at_;
        return std::all_of(words.begin(), words.end(),
                           [&](std::string_view word) { return is(index++, word); });
    }

    void put(std::string_view text) { made_.sql.append(tokens_[at_].blanks).append(text); }

    result<void> one() {
        const auto text = tokens_[at_].text;
        if (const int number = number_of(tokens_[at_]); number > 0) {
            made_.sql.append(tokens_[at_].blanks).append(parameter(number));
        } else if (are({"PRAGMA"})) {
            return error{errc::unsupported, "a PRAGMA is SQLite's alone"};
        } else if (are({"INSERT", "OR", "IGNORE"})) {
            put(text);
            at_ += 2;
            at_the_end_ = " ON CONFLICT DO NOTHING";
        } else if (are({"INSERT", "OR", "REPLACE", "INTO"})) {
            put(text);
            at_ += 2;
            return replace(at_ + 2);
        } else if (are({"LIMIT", "-", "1"})) {
            put("LIMIT ALL");
            at_ += 2;
        } else if (is(at_, "cast") && is(at_ + 1, "(") && is(at_ + 3, "AS") &&
                   is(at_ + 4, "BLOB")) {
            put("convert_to(" + std::string(tokens_[at_ + 2].text) + ", 'UTF8')");
            at_ += 5;
        } else {
            put(text);
            note_subquery();
        }
        return {};
    }

    std::string parameter(int number) {
        if (!is(at_ + 1, "IS") || !is(at_ + 2, "NULL")) {
            named_.insert(number);
            return "$" + std::to_string(number);
        }
        made_.null_of.push_back(number);
        at_ += 2;
        return "$" + std::to_string(made_.parameters + static_cast<int>(made_.null_of.size()));
    }

    // `table` is the index of its name; the columns follow in parentheses.
    result<void> replace(std::size_t table) {
        const auto name = table < tokens_.size() ? tokens_[table].text : std::string_view();
        auto key = primary_key_(std::string(name));
        if (!key) {
            return key.error();
        }
        if (!is(table + 1, "(") || key->empty()) {
            return error{errc::unsupported, "INSERT OR REPLACE INTO " + std::string(name) +
                                                " needs names of columns and a primary key"};
        }
        std::string conflict;
        for (const auto& column : *key) {
            conflict += (conflict.empty() ? "" : ", ") + column;
        }
        std::string changes;
        for (auto index = table + 2; index < tokens_.size() && !is(index, ")"); ++index) {
            const std::string column(tokens_[index].text);
            if (column != "," && std::find(key->begin(), key->end(), column) == key->end()) {
                changes += (changes.empty() ? "" : ", ") + column + " = excluded." + column;
            }
        }
        at_the_end_ = " ON CONFLICT(" + conflict + ") DO " +
                      (changes.empty() ? "NOTHING" : "UPDATE SET " + changes);
        return {};
    }

    // A ")" that ends a subquery of FROM gets a name after it where it has none.
    void note_subquery() {
        if (is(at_, "(")) {
            open_.push_back(at_ > 0 && (is(at_ - 1, "FROM") || is(at_ - 1, "JOIN")));
        } else if (is(at_, ")") && !open_.empty()) {
            const bool is_table = open_.back();
            open_.pop_back();
            if (is_table && !is_named(at_ + 1)) {
                made_.sql += " AS unnamed_" + std::to_string(at_);
            }
        }
    }

    bool is_named(std::size_t next) const {
        static constexpr std::string_view others[] = {"WHERE", "ORDER", "GROUP", "LIMIT", "JOIN",
                                                      "LEFT",  "ON",    "UNION", "USING"};
        return next < tokens_.size() && is_word(tokens_[next].text[0]) &&
               std::none_of(std::begin(others), std::end(others),
                            [&](std::string_view word) { return is(next, word); });
    }

    std::vector<token> tokens_;
    const primary_key_of& primary_key_;
    std::size_t at_ = 0;
    std::vector<bool> open_;  // parentheses; whether each is a subquery of FROM
    std::set<int> named_;
    std::string at_the_end_;
    postgres_statement made_;
};

}  // namespace

result<postgres_statement> to_postgres(std::string_view sql, const primary_key_of& primary_key) {
    return translation(sql, primary_key).take();
}

std::string schema_to_postgres(std::string_view migration) {
    std::string made;
    const auto tokens = split(migration);
    for (std::size_t at = 0; at < tokens.size(); ++at) {
        const auto is = [&](std::size_t index, std::string_view word) {
            return index < tokens.size() && tokens[index].text == word;  // "blob" is a name
        };
        made += tokens[at].blanks;
        if (is_comment(tokens[at])) {
            continue;
        }
        if (is(at, "AUTOINCREMENT")) {
            made += "GENERATED BY DEFAULT AS IDENTITY";
        } else if (is(at, "WITHOUT") && is(at + 1, "ROWID")) {
            ++at;
        } else if (is(at, "INTEGER")) {
            made += "BIGINT";
        } else if (is(at, "BLOB")) {
            made += "BYTEA";
        } else {
            made += tokens[at].text;
        }
    }
    return made;
}

const std::string_view postgres_functions = R"sql(
CREATE OR REPLACE FUNCTION evergrass.print(format TEXT, given TEXT[]) RETURNS TEXT
    IMMUTABLE LANGUAGE plpgsql AS $body$
DECLARE
    made TEXT := '';
    rest TEXT := format;
    which INT := 1;
    part TEXT[];
BEGIN
    LOOP
        part := regexp_match(rest, '^([^%]*)%(?:0(\d+)d|s)(.*)$');
        EXIT WHEN part IS NULL;
        made := made || part[1] || CASE WHEN part[2] IS NULL THEN given[which]
            WHEN length(given[which]) >= part[2]::INT THEN given[which]
            ELSE lpad(given[which], part[2]::INT, '0') END;
        rest := part[3];
        which := which + 1;
    END LOOP;
    RETURN made || rest;
END $body$;
CREATE OR REPLACE FUNCTION evergrass.printf(TEXT, BIGINT) RETURNS TEXT
    IMMUTABLE LANGUAGE sql AS $body$ SELECT evergrass.print($1, ARRAY[$2::TEXT]) $body$;
CREATE OR REPLACE FUNCTION evergrass.printf(TEXT, BIGINT, TEXT) RETURNS TEXT
    IMMUTABLE LANGUAGE sql AS $body$ SELECT evergrass.print($1, ARRAY[$2::TEXT, $3]) $body$;
CREATE OR REPLACE FUNCTION evergrass.printf(TEXT, BIGINT, BIGINT) RETURNS TEXT
    IMMUTABLE LANGUAGE sql AS $body$ SELECT evergrass.print($1, ARRAY[$2::TEXT, $3::TEXT]) $body$;
CREATE OR REPLACE FUNCTION evergrass.printf(TEXT, TEXT, BIGINT) RETURNS TEXT
    IMMUTABLE LANGUAGE sql AS $body$ SELECT evergrass.print($1, ARRAY[$2, $3::TEXT]) $body$;
CREATE OR REPLACE FUNCTION evergrass.json_extract(TEXT, TEXT) RETURNS TEXT
    IMMUTABLE LANGUAGE sql AS $body$ SELECT $1::JSON ->> substr($2, 3) $body$;
CREATE OR REPLACE FUNCTION evergrass.json_each(TEXT) RETURNS TABLE(key TEXT, value TEXT)
    IMMUTABLE LANGUAGE sql AS $body$ SELECT * FROM json_each_text($1::JSON) $body$;
CREATE OR REPLACE FUNCTION evergrass.randomblob(INT) RETURNS BYTEA
    VOLATILE LANGUAGE sql AS $body$
    SELECT substr(sha256(convert_to(gen_random_uuid()::TEXT || gen_random_uuid()::TEXT, 'UTF8')), 1, $1)
    $body$;
CREATE OR REPLACE FUNCTION evergrass.hex(BYTEA) RETURNS TEXT
    IMMUTABLE LANGUAGE sql AS $body$ SELECT upper(encode($1, 'hex')) $body$;
CREATE OR REPLACE FUNCTION evergrass.min(BIGINT, BIGINT) RETURNS BIGINT
    IMMUTABLE LANGUAGE sql AS $body$ SELECT least($1, $2) $body$;
CREATE OR REPLACE FUNCTION evergrass.max(BIGINT, BIGINT) RETURNS BIGINT
    IMMUTABLE LANGUAGE sql AS $body$ SELECT greatest($1, $2) $body$;
CREATE OR REPLACE VIEW evergrass.sqlite_master AS
    SELECT 'table' AS type, tablename::TEXT AS name FROM pg_tables
    WHERE schemaname = 'evergrass' AND tablename <> 'schema_version';
)sql";

}  // namespace evergrass::db
