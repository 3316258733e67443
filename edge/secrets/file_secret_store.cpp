#include "edge/secrets/file_secret_store.hpp"

#include "libs/base/digest.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <algorithm>
#include <chrono>
#include <sys/stat.h>

namespace evergrass::edge {
namespace {

// More than 20 versions of 64 KiB in base64.
constexpr std::size_t max_file_bytes = 4 * 1024 * 1024;
constexpr mode_t owner_only = 0600;

result<void> check_private(const std::filesystem::path& file) {
    struct stat status {};
    if (::lstat(file.c_str(), &status) != 0) {
        return errno_error(file.string());
    }
    if (!S_ISREG(status.st_mode)) {
        return error{errc::invalid_input, file.string() + " is not a regular file"};
    }
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return error{errc::denied,
                     file.string() + " may be read by others than its owner; chmod 600 it"};
    }
    return {};
}

}  // namespace

file_secret_store::file_secret_store(std::filesystem::path directory)
    : directory_(std::move(directory)) {}

std::vector<error> file_secret_store::load() {
    by_arn_.clear();
    arn_by_name_.clear();
    std::error_code failed;
    std::vector<std::filesystem::path> files;
    for (std::filesystem::directory_iterator at(directory_, failed), end; !failed && at != end;
         at.increment(failed)) {
        if (at->path().extension() == ".json") {
            files.push_back(at->path());
        }
    }
    std::vector<error> faults;
    if (failed && failed != std::errc::no_such_file_or_directory) {
        faults.push_back({failed, "cannot list " + directory_.string()});
    }
    std::sort(files.begin(), files.end());
    for (const auto& file : files) {
        if (auto taken = take(file); !taken) {
            faults.push_back(taken.error());
        }
    }
    return faults;
}

result<void> file_secret_store::take(const std::filesystem::path& file) {
    if (auto alone = check_private(file); !alone) {
        return alone;
    }
    const auto text = read_secret_file(file, max_file_bytes);
    if (!text) {
        return text.error();
    }
    auto read = parse_secret(*text);
    if (!read) {
        return error{errc::corrupt, file.string() + ": " + read.error().message() +
                                        ". Put the secret anew, or remove the file"};
    }
    const auto known = arn_by_name_.find(read->name);
    if (by_arn_.contains(read->arn) || known != arn_by_name_.end()) {
        const auto& other = by_arn_.at(known != arn_by_name_.end() ? known->second : read->arn);
        return error{errc::conflict, file.string() + " and " + other.file.string() +
                                         " hold a secret of the same name or ARN; remove one"};
    }
    arn_by_name_[read->name] = read->arn;
    auto arn = read->arn;
    by_arn_.emplace(std::move(arn), stored{std::move(*read), file});
    return {};
}

// Of writes that a power cut or a kill interrupted: they hold values in the clear that nobody
// reads. One that was written a moment ago may be another process's, on its way.
void file_secret_store::remove_leftovers() {
    const auto past = std::filesystem::file_time_type::clock::now() - std::chrono::minutes(1);
    std::error_code failed;
    std::vector<std::filesystem::path> left;
    for (std::filesystem::directory_iterator at(directory_, failed), end; !failed && at != end;
         at.increment(failed)) {
        const bool is_new = at->path().filename().string().find(".json.new-") != std::string::npos;
        std::error_code unknown;
        if (is_new && std::filesystem::last_write_time(at->path(), unknown) < past && !unknown) {
            left.push_back(at->path());
        }
    }
    for (const auto& file : left) {
        std::filesystem::remove(file, failed);  // one that stays is no worse than before
    }
}

const secret* file_secret_store::find(std::string_view name_or_arn) const {
    auto found = by_arn_.find(name_or_arn);
    if (const auto named = arn_by_name_.find(name_or_arn);
        found == by_arn_.end() && named != arn_by_name_.end()) {
        found = by_arn_.find(named->second);
    }
    return found == by_arn_.end() ? nullptr : &found->second.content;
}

std::vector<const secret*> file_secret_store::all() const {
    std::vector<const secret*> secrets;
    for (const auto& [arn, kept] : by_arn_) {
        secrets.push_back(&kept.content);
    }
    return secrets;
}

result<void> file_secret_store::put(secret s) {
    const secret_text text = [&] {
        auto plain = to_json_text(s);
        return secret_text::from(plain);
    }();
    // What could not be read back must not get in.
    if (const auto good = parse_secret(text); !good) {
        return with_context(good.error(), "the secret");
    }
    if (const auto named = arn_by_name_.find(s.name);
        named != arn_by_name_.end() && named->second != s.arn) {
        return error{errc::conflict, "the name '" + s.name + "' belongs to " + named->second};
    }
    if (auto made = make_directories(directory_, 0700); !made) {
        return made;
    }
    remove_leftovers();
    const auto known = by_arn_.find(s.arn);
    const auto file =
        known != by_arn_.end() ? known->second.file : directory_ / (sha256_hex(s.arn) + ".json");
    if (auto written = write_file_atomically(file, text, owner_only); !written) {
        return written;
    }
    if (known != by_arn_.end()) {
        arn_by_name_.erase(known->second.content.name);
    }
    arn_by_name_[s.name] = s.arn;
    auto arn = s.arn;
    by_arn_.insert_or_assign(std::move(arn), stored{std::move(s), file});
    return {};
}

result<void> file_secret_store::remove(std::string_view arn) {
    const auto known = by_arn_.find(arn);
    if (known == by_arn_.end()) {
        return {};
    }
    remove_leftovers();
    std::error_code failed;
    std::filesystem::remove(known->second.file, failed);
    if (failed) {
        return error{failed, "cannot remove " + known->second.file.string()};
    }
    arn_by_name_.erase(known->second.content.name);
    by_arn_.erase(known);
    return sync_directory(directory_);
}

}  // namespace evergrass::edge
