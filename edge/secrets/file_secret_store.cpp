#include "edge/secrets/file_secret_store.hpp"

#include "edge/secrets/own_secret.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <algorithm>
#include <chrono>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

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

result<held_store> lock(const std::filesystem::path& directory, int how) {
    const int opened = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0) {
        return errno_error("cannot open " + directory.string());
    }
    held_store held(opened);
    while (::flock(opened, how) != 0) {
        if (errno != EINTR) {
            return errno == EWOULDBLOCK
                       ? error{errc::unavailable, "another process changes " + directory.string()}
                       : errno_error("cannot lock " + directory.string());
        }
    }
    return held;
}

}  // namespace

held_store::~held_store() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

file_secret_store::file_secret_store(std::filesystem::path directory,
                                     const data_key_wrapper* wrapper)
    : directory_(std::move(directory)), wrapper_(wrapper) {}

result<held_store> file_secret_store::hold() const {
    if (auto made = make_directories(directory_, 0700); !made) {
        return made.error();
    }
    return lock(directory_, LOCK_EX);
}

file_secret_store::stamp file_secret_store::stamp_of(const std::filesystem::path& file) {
    struct stat status {};
    if (::lstat(file.c_str(), &status) != 0) {
        return {};
    }
    constexpr std::int64_t ns_per_s = 1'000'000'000;
    return {status.st_dev, status.st_ino, status.st_ctim.tv_sec * ns_per_s + status.st_ctim.tv_nsec,
            status.st_size};
}

const file_secret_store::stored* file_secret_store::of_file(const secrets_by_arn& all,
                                                            const std::filesystem::path& file) {
    const auto found =
        std::ranges::find_if(all, [&](const auto& each) { return each.second.file == file; });
    return found == all.end() ? nullptr : &found->second;
}

std::vector<error> file_secret_store::load() {
    const auto before = std::exchange(by_arn_, {});
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
        if (auto taken = take(file, before); !taken) {
            faults.push_back(taken.error());
        }
    }
    return faults;
}

result<std::vector<error>> file_secret_store::seal_anew() {
    std::error_code unreadable;
    if (!std::filesystem::exists(directory_, unreadable)) {
        return load();
    }
    const auto held = lock(directory_, LOCK_EX | LOCK_NB);
    auto faults = load();
    if (!held) {
        return held.error();
    }
    if (by_arn_.empty() || wrapper_ == nullptr) {
        return faults;
    }
    const auto fresh = make_data_key(*wrapper_);
    if (!fresh) {
        return fresh.error();
    }
    remove_leftovers();
    for (auto& [arn, each] : by_arn_) {
        if (auto written = write(each, *fresh); !written) {
            return written.error();
        }
    }
    return faults;
}

result<void> file_secret_store::write(stored& s, const data_key& with) const {
    auto written = write_file_atomically(s.file, seal_own_secret(s.content, with), owner_only);
    s.seen = stamp_of(s.file);
    return written;
}

result<secret> file_secret_store::read(const std::filesystem::path& file) const {
    const auto text = read_secret_file(file, max_file_bytes);
    if (!text) {
        return text.error();
    }
    auto opened = open_own_secret(*text, wrapper_);
    if (opened) {
        return std::move(opened->content);
    }
    const auto& why = opened.error();
    if (why.code == errc::denied) {
        return error{errc::denied, file.string() + " " + why.context +
                                       ". Put the secret anew (evergrass secrets put), or put the "
                                       "former key back"};
    }
    if (why.code != errc::invalid_input) {
        return with_context(why, file.string());
    }
    return error{errc::corrupt, file.string() + ": " + why.message() +
                                    ". Put the secret anew, or remove the file"};
}

result<void> file_secret_store::take(const std::filesystem::path& file,
                                     const secrets_by_arn& before) {
    if (auto alone = check_private(file); !alone) {
        return alone;
    }
    const auto seen = stamp_of(file);
    const auto* had = of_file(before, file);
    auto read =
        had != nullptr && had->seen == seen ? result<secret>(had->content) : this->read(file);
    if (!read && had != nullptr && read.error().code != errc::corrupt) {
        read = had->content;  // the key was changed, or its token is out
    }
    if (!read) {
        auto why = read.error();
        if (why.code == errc::unavailable) {
            why.code = {};  // of the key, whose reason is whole as it is
        } else if (why.code == errc::denied) {
            why.code = errc::corrupt;
        }
        return why;
    }
    const auto known = arn_by_name_.find(read->name);
    if (by_arn_.contains(read->arn) || known != arn_by_name_.end()) {
        const auto& other = by_arn_.at(known != arn_by_name_.end() ? known->second : read->arn);
        return error{errc::conflict, file.string() + " and " + other.file.string() +
                                         " hold a secret of the same name or ARN; remove one"};
    }
    arn_by_name_[read->name] = read->arn;
    auto arn = read->arn;
    by_arn_.emplace(std::move(arn), stored{std::move(*read), file, seen});
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
    // What could not be read back must not get in.
    if (const auto good = read_secret(json::value(to_json(s))); !good) {
        return with_context(good.error(), "the secret");
    }
    if (wrapper_ == nullptr) {
        return error{errc::unsupported, "the store was opened without a key to seal values"};
    }
    if (const auto named = arn_by_name_.find(s.name);
        named != arn_by_name_.end() && named->second != s.arn) {
        return error{errc::conflict, "the name '" + s.name + "' belongs to " + named->second};
    }
    const auto fresh = make_data_key(*wrapper_);
    if (!fresh) {
        return with_context(fresh.error(), "the secret cannot be sealed");
    }
    if (auto made = make_directories(directory_, 0700); !made) {
        return made;
    }
    remove_leftovers();
    const auto known = by_arn_.find(s.arn);
    const auto file =
        known != by_arn_.end() ? known->second.file : directory_ / (sha256_hex(s.arn) + ".json");
    stored made{std::move(s), file, {}};
    if (auto written = write(made, *fresh); !written) {
        return written;
    }
    if (known != by_arn_.end()) {
        arn_by_name_.erase(known->second.content.name);
    }
    auto arn = made.content.arn;
    arn_by_name_[made.content.name] = arn;
    by_arn_.insert_or_assign(std::move(arn), std::move(made));
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
