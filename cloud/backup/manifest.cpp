#include "cloud/backup/manifest.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/json.hpp"

#include <algorithm>
#include <set>

namespace evergrass::cloud {
namespace {

constexpr std::string_view fixed_names[] = {"service.db", "ca.pem", "device-ca.pem", "keys.sealed"};

error damaged(const std::string& what) {
    return {errc::corrupt, "the backup's list of files is damaged: " + what};
}

bool is_sha256(std::string_view text) {
    return text.size() == 64 &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_name(const backup_manifest::file& file) {
    if (std::ranges::find(fixed_names, file.name) != std::end(fixed_names)) {
        return true;
    }
    return file.name == "objects/" + file.sha256.substr(0, 2) + "/" + file.sha256;
}

result<backup_manifest::file> read_entry(const json::value& entry) {
    const auto* const members = entry.if_object();
    if (members == nullptr) {
        return damaged("an element of 'files' is no object");
    }
    backup_manifest::file file{string_member(*members, "name").value_or(""),
                               int_member(*members, "size").value_or(-1),
                               string_member(*members, "sha256").value_or("")};
    if (!is_sha256(file.sha256) || !is_name(file) || file.size < 0) {
        return damaged("'files' has '" + file.name + "' with a wrong name, size or sha256");
    }
    return file;
}

}  // namespace

std::string to_text(const backup_manifest& manifest) {
    json::array files;
    for (const auto& file : manifest.files) {
        files.push_back(
            json::object{{"name", file.name}, {"size", file.size}, {"sha256", file.sha256}});
    }
    return json::serialize(json::object{{"format", backup_format},
                                        {"schema", manifest.schema},
                                        {"version", manifest.version},
                                        {"created", manifest.created},
                                        {"files", std::move(files)}}) +
           "\n";
}

result<backup_manifest> parse_backup_manifest(std::string_view text) {
    const auto parsed = parse_json(text);
    const auto* const members = parsed ? parsed->if_object() : nullptr;
    if (members == nullptr) {
        return damaged("it is no JSON object");
    }
    const auto format = int_member(*members, "format");
    if (!format || *format < 1) {
        return damaged("'format' must be a number");
    }
    if (*format > backup_format) {
        return error{errc::unsupported,
                     "the backup is of a later build (format " + std::to_string(*format) +
                         ", this one knows " + std::to_string(backup_format) +
                         "); restore it with the build that wrote it or a later one"};
    }
    backup_manifest manifest;
    manifest.schema = int_member(*members, "schema").value_or(0);
    manifest.version = string_member(*members, "version").value_or("");
    manifest.created = string_member(*members, "created").value_or("");
    const auto* const files = array_member(*members, "files");
    if (manifest.schema < 1 || files == nullptr) {
        return damaged("'schema' must be a number and 'files' a list");
    }
    std::set<std::string> names;
    for (const auto& entry : *files) {
        auto file = read_entry(entry);
        if (!file) {
            return file.error();
        }
        if (!names.insert(file->name).second) {
            return damaged("'" + file->name + "' is there twice");
        }
        manifest.files.push_back(std::move(*file));
    }
    for (const auto name : fixed_names) {
        if (!names.contains(std::string(name))) {
            return damaged("'" + std::string(name) + "' is missing");
        }
    }
    return manifest;
}

}  // namespace evergrass::cloud
