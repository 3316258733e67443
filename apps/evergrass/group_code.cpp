#include "apps/evergrass/group_code.hpp"

#include "apps/evergrass/zip_writer.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/group_file/group.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace evergrass::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_bytes = 250U * 1024 * 1024;
constexpr std::array<std::string_view, 5> left_out = {".git", ".hg", ".svn", "__pycache__",
                                                      ".DS_Store"};

bool is_left_out(const fs::path& path) {
    const auto name = path.filename().string();
    return path.extension() == ".pyc" ||
           std::find(left_out.begin(), left_out.end(), name) != left_out.end();
}

result<std::string> zip_of(const fs::path& folder) {
    std::vector<fs::path> files;
    std::error_code code;
    for (fs::recursive_directory_iterator entry(folder, code), end; !code && entry != end;
         entry.increment(code)) {
        std::error_code ignored;
        if (is_left_out(entry->path())) {
            entry.disable_recursion_pending();
        } else if (entry->is_regular_file(ignored)) {
            files.push_back(entry->path());
        }
    }
    if (code) {
        return error{code, "cannot read " + folder.string()};
    }
    if (files.empty()) {
        return error{errc::invalid_input, folder.string() + " has no files"};
    }
    std::sort(files.begin(), files.end());
    std::vector<zip_entry> entries;
    std::size_t left = max_bytes;
    for (const auto& path : files) {
        auto content = read_file(path, left);
        if (!content) {
            return content.error();
        }
        left -= content->size();
        std::error_code ignored;
        const auto mode = fs::status(path, ignored).permissions();
        entries.push_back({path.lexically_relative(folder).generic_string(), std::move(*content),
                           (mode & fs::perms::owner_exec) != fs::perms::none});
    }
    return make_zip(entries);
}

}  // namespace

result<code_package> read_code(const fs::path& zip_or_folder) {
    std::error_code missing;
    auto zip = fs::is_directory(zip_or_folder, missing) ? zip_of(zip_or_folder)
                                                        : read_file(zip_or_folder, max_bytes);
    if (!zip) {
        return zip.error();
    }
    if (!zip->starts_with("PK")) {
        return error{errc::invalid_input,
                     zip_or_folder.string() + " is neither a folder nor a zip"};
    }
    code_package read;
    read.digest = base64_encode(sha256(*zip));
    read.zip = std::move(*zip);
    return read;
}

result<model_archive> model_of(std::string bytes, const std::string& whose) {
    model_archive read;
    if (bytes.starts_with("PK")) {
        read.extension = ".zip";
    } else if (bytes.starts_with("\x1f\x8b")) {
        read.extension = ".tar.gz";
    } else {
        return error{errc::invalid_input, whose + " is neither a folder nor a zip nor a tar.gz"};
    }
    read.sha256 = sha256_hex(bytes);
    read.bytes = std::move(bytes);
    return read;
}

result<model_archive> read_model(const fs::path& archive_or_folder) {
    std::error_code missing;
    auto bytes = fs::is_directory(archive_or_folder, missing)
                     ? zip_of(archive_or_folder)
                     : read_file(archive_or_folder, max_bytes);
    return bytes ? model_of(std::move(*bytes), archive_or_folder.string())
                 : result<model_archive>(bytes.error());
}

result<std::map<std::string, model_archive>> read_all_models(const json::object& group,
                                                             const fs::path& base) {
    std::map<std::string, model_archive> models;
    for (const auto* part : group_file::parts_of(group, "resources")) {
        const auto* model = object_member(*part, "model");
        const auto path = model != nullptr ? string_member(*model, "path") : std::nullopt;
        if (!path) {
            continue;
        }
        const auto id = group_file::key_of("resources", *part);
        auto read = read_model(base / *path);
        if (!read) {
            return with_context(read.error(), "model.path of resource " + id);
        }
        models[id] = std::move(*read);
    }
    return models;
}

result<std::map<std::string, code_package>> read_all_code(const json::object& group,
                                                          const fs::path& base) {
    std::map<std::string, code_package> packages;
    for (const auto* part : group_file::parts_of(group, "functions")) {
        const auto path = string_member(*part, "code");
        if (!path) {
            continue;
        }
        const auto key = group_file::key_of("functions", *part);
        auto read = read_code(base / *path);
        if (!read) {
            return with_context(read.error(), "the code of function " + key);
        }
        packages[key] = std::move(*read);
    }
    return packages;
}

}  // namespace evergrass::cli
