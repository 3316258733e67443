#include "libs/v1_core/old_shadows.hpp"

#include "libs/base/file.hpp"
#include "libs/base/json.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>

namespace evergrass::v1 {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t largest_store = 64 * 1024 * 1024;
constexpr std::size_t most_rows = 100'000;
constexpr std::string_view sqlite_magic{"SQLite format 3\0", 16};

struct close_database {
    void operator()(sqlite3* db) const { sqlite3_close(db); }
};
struct end_statement {
    void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
};

std::optional<json::object> shadow_document(std::string_view text) {
    auto parsed = parse_json(text, 16);
    if (!parsed || !parsed->is_object() ||
        object_member(parsed->get_object(), "state") == nullptr) {
        return std::nullopt;
    }
    return std::move(parsed->get_object());
}

// The thing that a cell names: itself, or a topic or path with it as a part.
std::string thing_in(std::string_view cell, const std::set<std::string>& things) {
    if (things.contains(std::string(cell))) {
        return std::string(cell);
    }
    std::string_view rest = cell;
    while (!rest.empty()) {
        const auto end = rest.find_first_of("/:");
        if (const std::string part(rest.substr(0, end)); things.contains(part)) {
            return part;
        }
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    }
    return {};
}

std::string quoted(const std::string& name) {
    std::string out = "\"";
    for (const char c : name) {
        out += c;
        if (c == '"') {
            out += c;
        }
    }
    return out + "\"";
}

class database_reader {
public:
    database_reader(sqlite3* db, std::string where, const std::set<std::string>& things,
                    std::vector<old_shadow>& out, findings& found)
        : db_(db), where_(std::move(where)), things_(things), out_(out), found_(found) {}

    void read() {
        std::vector<std::string> tables;
        each_row("SELECT name FROM sqlite_master WHERE type = 'table'",
                 [&](sqlite3_stmt* row) { tables.push_back(text(row, 0)); });
        for (const auto& table : tables) {
            read_table(table);
        }
    }

private:
    static std::string text(sqlite3_stmt* row, int column) {
        const auto* bytes = static_cast<const char*>(sqlite3_column_blob(row, column));
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(row, column));
        return bytes != nullptr ? std::string(bytes, size) : std::string();
    }

    template <class Row>
    void each_row(const std::string& sql, Row row) {
        sqlite3_stmt* raw = nullptr;
        if (sqlite3_prepare_v2(db_, sql.c_str(), -1, &raw, nullptr) != SQLITE_OK) {
            found_.warn(where_, std::string("cannot be read: ") + sqlite3_errmsg(db_));
            return;
        }
        const std::unique_ptr<sqlite3_stmt, end_statement> statement(raw);
        for (std::size_t n = 0; n < most_rows && sqlite3_step(raw) == SQLITE_ROW; ++n) {
            row(raw);
        }
    }

    void read_table(const std::string& table) {
        std::size_t rows = 0;
        std::size_t matched = 0;
        each_row("SELECT * FROM " + quoted(table), [&](sqlite3_stmt* row) {
            ++rows;
            matched += take(row, table) ? 1 : 0;
        });
        if (matched == 0) {
            found_.note(where_, "table '" + table + "' with " + std::to_string(rows) +
                                    " rows: no shadow of a known thing in it");
        }
    }

    bool take(sqlite3_stmt* row, const std::string& table) {
        std::string thing;
        std::string document;
        for (int i = 0; i < sqlite3_column_count(row); ++i) {
            auto cell = text(row, i);
            if (document.empty() && shadow_document(cell)) {
                document = std::move(cell);
            } else if (thing.empty() && cell.size() < 1024) {
                thing = thing_in(cell, things_);
            }
        }
        if (thing.empty() || document.empty()) {
            return false;
        }
        found_.guess("shadow of " + thing, "", where_ + " table " + table);
        out_.push_back({thing, std::move(document), where_ + " table " + table});
        return true;
    }

    sqlite3* db_;
    std::string where_;
    const std::set<std::string>& things_;
    std::vector<old_shadow>& out_;
    findings& found_;
};

void read_database(const fs::path& file, const std::set<std::string>& things,
                   std::vector<old_shadow>& out, findings& found) {
    auto pattern = (fs::temp_directory_path() / "evergrass-adopt-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
        found.warn(file.string(), "cannot be copied to a private folder");
        return;
    }
    const fs::path folder = pattern;
    std::error_code failed;
    fs::copy_file(file, folder / "copy", failed);
    for (const auto* tail : {"-wal", "-journal"}) {
        std::error_code none;
        fs::copy_file(file.string() + tail, folder / (std::string("copy") + tail), none);
    }
    {
        sqlite3* raw = nullptr;
        const int opened = failed ? SQLITE_CANTOPEN
                                  : sqlite3_open_v2((folder / "copy").c_str(), &raw,
                                                    SQLITE_OPEN_READWRITE, nullptr);
        const std::unique_ptr<sqlite3, close_database> db(raw);
        if (opened != SQLITE_OK) {
            found.warn(file.string(), "is an SQLite file that cannot be opened");
        } else {
            database_reader(raw, file.string(), things, out, found).read();
        }
    }
    fs::remove_all(folder, failed);
}

}  // namespace

std::vector<old_shadow> read_old_shadows(const fs::path& state, const std::set<std::string>& things,
                                         findings& found) {
    std::vector<old_shadow> out;
    std::error_code failed;
    std::vector<fs::path> files;
    for (fs::recursive_directory_iterator each(state, failed), end; !failed && each != end;
         each.increment(failed)) {
        const auto name = each->path().filename();
        if (each.depth() > 8 ||
            (each->is_directory(failed) && (name == "server" || name == "stream_manager"))) {
            each.disable_recursion_pending();
            continue;
        }
        if (!each->is_symlink(failed) && each->is_regular_file(failed) &&
            each->file_size(failed) <= largest_store) {
            files.push_back(each->path());
        }
    }
    std::ranges::sort(files);
    for (const auto& file : files) {
        const auto content = read_file(file, largest_store);
        if (!content) {
            continue;
        }
        if (content->starts_with(sqlite_magic)) {
            read_database(file, things, out, found);
        } else if (const auto thing = file.stem().string();
                   things.contains(thing) && shadow_document(*content)) {
            found.guess("shadow of " + thing, "", file.string());
            out.push_back({thing, *content, file.string()});
        }
    }
    return out;
}

}  // namespace evergrass::v1
