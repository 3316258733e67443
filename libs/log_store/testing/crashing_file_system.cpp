#include "libs/log_store/testing/crashing_file_system.hpp"

#include "libs/base/errors.hpp"
#include "libs/log_store/errors.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace evergrass::log_store::testing {
namespace {

constexpr std::size_t block_bytes = 512;

error no_such(const std::string& path) {
    errno = ENOENT;
    return errno_error("cannot open " + path);
}

}  // namespace

class crashing_file final : public file {
public:
    crashing_file(crashing_file_system& disk, std::shared_ptr<crashing_file_system::node> node,
                  std::string path)
        : disk_(disk), node_(std::move(node)), path_(std::move(path)), boot_(disk.boot_) {}

    result<void> append(std::span<const std::string_view> parts) override {
        std::string bytes;
        for (const auto part : parts) {
            bytes += part;
        }
        const std::lock_guard lock(disk_.mutex_);
        auto allowed = begin("append " + std::to_string(bytes.size()));
        const bool was_cut = disk_.off_ && disk_.cut_at_ == disk_.operations_;
        if (allowed) {
            disk_.bytes_written_ += bytes.size();
            if (disk_.capacity_ != 0 && disk_.used() + bytes.size() > disk_.capacity_) {
                const auto fits = disk_.capacity_ - std::min(disk_.capacity_, disk_.used());
                node_->content += bytes.substr(0, static_cast<std::size_t>(fits));
                return error{log_errc::disk_full, "cannot write " + path_};
            }
            node_->content += bytes;
        } else if (alive() && (was_cut || disk_.failing_ == fault::disk_full ||
                               disk_.failing_ == fault::io_error)) {
            node_->content += bytes.substr(0, disk_.random_() % (bytes.size() + 1));
        }
        return allowed;
    }

    result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) override {
        const std::lock_guard lock(disk_.mutex_);
        if (auto on = powered(); !on) {
            return on.error();
        }
        const auto& content = node_->content;
        if (offset >= content.size()) {
            return std::size_t{0};
        }
        return content.copy(into.data(), into.size(), static_cast<std::size_t>(offset));
    }

    result<void> sync() override {
        const std::lock_guard lock(disk_.mutex_);
        auto allowed = begin("sync");
        auto& n = *node_;
        if (!allowed) {
            // The kernel drops the pages' dirty marks: no later sync saves them.
            if (alive() && !disk_.off_ && disk_.failing_) {
                n.lost_from = std::min({n.lost_from, n.saved.size(), n.content.size()});
            }
            return allowed;
        }
        if (n.lost_from >= n.content.size()) {
            n.saved = n.content;
        } else {
            // Later bytes reach the disk, those before them do not.
            n.saved = n.content.substr(0, n.lost_from);
            n.saved.resize(n.content.size(), '\0');
        }
        return allowed;
    }

    result<void> truncate(std::uint64_t size) override {
        const std::lock_guard lock(disk_.mutex_);
        auto allowed = begin("truncate");
        if (allowed) {
            node_->content.resize(static_cast<std::size_t>(size));
        }
        return allowed;
    }

    result<std::uint64_t> size() override {
        const std::lock_guard lock(disk_.mutex_);
        if (auto on = powered(); !on) {
            return on.error();
        }
        return node_->content.size();
    }

private:
    bool alive() const { return boot_ == disk_.boot_; }
    result<void> powered() const {
        return alive() ? disk_.power(path_) : result<void>(error{errc::closed, path_});
    }
    result<void> begin(const std::string& call) {
        return alive() ? disk_.operation(call, path_) : result<void>(error{errc::closed, path_});
    }

    crashing_file_system& disk_;
    std::shared_ptr<crashing_file_system::node> node_;
    std::string path_;
    std::uint64_t boot_;
};

crashing_file_system::crashing_file_system(std::uint64_t seed) : random_(seed) {}

result<void> crashing_file_system::power(const std::string& path) const {
    return off_ ? result<void>(error{errc::unavailable, path + ": the power is off"})
                : result<void>();
}

result<void> crashing_file_system::operation(const std::string& call, const std::string& path) {
    failing_.reset();
    if (auto on = power(path); !on) {
        return on;
    }
    ++operations_;
    calls_.push_back(call);
    if (cut_at_ == operations_) {
        off_ = true;
        return power(path);
    }
    const auto kind = call.substr(0, call.find(' '));
    for (auto& f : faults_) {
        const bool counted = f.call.empty() ? operations_ >= f.first : f.call == kind;
        if (!counted || f.count == 0 || (f.call.empty() && kind == "remove")) {
            continue;
        }
        const bool no_bytes = kind == "sync" || kind == "truncate" || kind == "remove";
        if (f.call.empty()) {
            if (operations_ >= f.first + f.count) {
                continue;
            }
            if (f.what == fault::disk_full && no_bytes) {
                continue;
            }
        } else {
            --f.count;
        }
        failing_ = f.what;
        const auto code = f.what == fault::disk_full   ? log_errc::disk_full
                          : f.what == fault::read_only ? log_errc::read_only
                                                       : log_errc::io_failed;
        return error{code, "cannot " + kind + " " + path};
    }
    return {};
}

void crashing_file_system::inject(fault what, std::uint64_t first, std::uint64_t count) {
    faults_.push_back({"", what, first, count});
}

void crashing_file_system::inject_at_next(const std::string& call, fault what,
                                          std::uint64_t count) {
    const std::lock_guard lock(mutex_);
    faults_.push_back({call, what, 0, count});
}

void crashing_file_system::clear_faults() {
    const std::lock_guard lock(mutex_);
    faults_.clear();
}

std::vector<std::string> crashing_file_system::calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
}

void crashing_file_system::clear_calls() {
    const std::lock_guard lock(mutex_);
    calls_.clear();
}

std::uint64_t crashing_file_system::used() const {
    std::uint64_t total = 0;
    for (const auto& [path, n] : now_) {
        total += n->content.size();
    }
    return total;
}

// --- Power ---------------------------------------------------------------------------------------

void crashing_file_system::lose_unsaved(node& n) {
    const auto& wanted = n.content;
    if (wanted == n.saved) {
        return;
    }
    // A file shortened and not saved has its old or its new length.
    if (wanted.size() <= n.saved.size()) {
        if (random_() % 2 == 0) {
            n.saved.resize(wanted.size());
        }
        return;
    }
    const auto kept = std::min(n.saved.size(), wanted.size());
    const auto unsaved_from = std::min(kept, n.lost_from);
    const auto unsaved = wanted.size() - unsaved_from;
    std::string left = wanted;
    switch (random_() % 4) {
        case 0:
            return;  // nothing of it arrived
        case 1:
            left.resize(unsaved_from + random_() % (unsaved + 1));
            break;
        case 2: {
            left.resize(unsaved_from + random_() % (unsaved + 1));
            const auto block = left.size() / block_bytes * block_bytes;
            for (auto i = std::max(block, unsaved_from); i < left.size(); ++i) {
                if (random_() % 4 == 0) {
                    left[i] = static_cast<char>(random_());
                }
            }
            break;
        }
        case 3:
            left.resize(unsaved_from + random_() % (unsaved + 1));
            for (auto at = unsaved_from / block_bytes * block_bytes; at < left.size();
                 at += block_bytes) {
                if (random_() % 2 == 0) {
                    const auto from = std::max(at, unsaved_from);
                    const auto to = std::min(at + block_bytes, left.size());
                    std::fill(left.begin() + static_cast<std::ptrdiff_t>(from),
                              left.begin() + static_cast<std::ptrdiff_t>(to), '\0');
                }
            }
            break;
    }
    // What was saved stays, whatever happens to the bytes after it.
    left.replace(0, std::min(kept, left.size()), n.saved, 0, std::min(kept, left.size()));
    n.saved = left.size() < n.saved.size() ? n.saved : left;
}

void crashing_file_system::apply(const change& c, entries& to) {
    switch (c.what) {
        case change::kind::create:
            to[c.name] = c.made;
            break;
        case change::kind::rename:
            if (const auto it = to.find(c.name); it != to.end()) {
                to[c.to] = it->second;
                to.erase(c.name);
            }
            break;
        case change::kind::remove:
            to.erase(c.name);
            break;
    }
}

void crashing_file_system::restart() {
    const std::lock_guard lock(mutex_);
    // A journal keeps the changes' order; a disk without one may keep any of them.
    const bool in_order = random_() % 2 == 0;
    for (const auto& c : unsaved_) {
        if (random_() % 3 != 0) {
            apply(c, saved_);
        } else if (in_order) {
            break;
        }
    }
    for (auto& [path, n] : saved_) {
        lose_unsaved(*n);
        auto fresh = std::make_shared<node>();
        fresh->content = fresh->saved = n->saved;
        n = fresh;
    }
    now_ = saved_;
    unsaved_.clear();
    faults_.clear();
    calls_.clear();
    cut_at_ = 0;
    off_ = false;
    ++boot_;
}

void crashing_file_system::kill_process() {
    const std::lock_guard lock(mutex_);
    faults_.clear();
    calls_.clear();
    ++boot_;
}

// --- Damage --------------------------------------------------------------------------------------

std::vector<std::string> crashing_file_system::files(const std::string& directory) {
    std::vector<std::string> found;
    const auto names = list(directory).value();
    for (const auto& name : names) {
        found.push_back(directory + "/" + name);
    }
    return found;
}

std::string crashing_file_system::content(const std::string& path) {
    const std::lock_guard lock(mutex_);
    return now_.at(path)->content;
}

std::uint64_t crashing_file_system::bytes_in(const std::string& directory) {
    const std::lock_guard lock(mutex_);
    std::uint64_t sum = 0;
    for (const auto& [path, n] : now_) {
        if (path.starts_with(directory + "/")) {
            sum += n->content.size();
        }
    }
    return sum;
}

void crashing_file_system::flip(const std::string& path, std::size_t at) {
    const std::lock_guard lock(mutex_);
    auto& n = *now_.at(path);
    constexpr char one_bit = 0x40;
    n.content.at(at) ^= one_bit;
    if (at < n.saved.size()) {
        n.saved[at] ^= one_bit;
    }
}

void crashing_file_system::replace(const std::string& path, std::string content) {
    const std::lock_guard lock(mutex_);
    auto n = std::make_shared<node>();
    n->content = n->saved = std::move(content);
    now_[path] = saved_[path] = n;
}

void crashing_file_system::erase(const std::string& path) {
    const std::lock_guard lock(mutex_);
    now_.erase(path);
    saved_.erase(path);
}

// --- The file system -----------------------------------------------------------------------------

result<std::unique_ptr<file>> crashing_file_system::open(const std::string& path, open_mode mode) {
    const std::lock_guard lock(mutex_);
    if (mode == open_mode::create) {
        if (auto allowed = operation("create", path); !allowed) {
            return allowed.error();
        }
        if (now_.contains(path)) {
            errno = EEXIST;
            return errno_error("cannot make " + path);
        }
        now_[path] = std::make_shared<node>();
        unsaved_.push_back({change::kind::create, path, "", now_[path]});
    } else if (auto on = power(path); !on) {
        return on.error();
    }
    const auto it = now_.find(path);
    if (it == now_.end()) {
        return no_such(path);
    }
    return std::unique_ptr<file>(std::make_unique<crashing_file>(*this, it->second, path));
}

result<void> crashing_file_system::rename(const std::string& from, const std::string& to) {
    const std::lock_guard lock(mutex_);
    if (auto allowed = operation("rename", from); !allowed) {
        return allowed;
    }
    if (!now_.contains(from)) {
        return no_such(from);
    }
    unsaved_.push_back({change::kind::rename, from, to, nullptr});
    apply(unsaved_.back(), now_);
    return {};
}

result<void> crashing_file_system::remove(const std::string& path) {
    const std::lock_guard lock(mutex_);
    if (auto allowed = operation("remove", path); !allowed) {
        return allowed;
    }
    if (!now_.contains(path)) {
        return no_such(path);
    }
    unsaved_.push_back({change::kind::remove, path, "", nullptr});
    apply(unsaved_.back(), now_);
    return {};
}

result<std::vector<std::string>> crashing_file_system::list(const std::string& directory) {
    const std::lock_guard lock(mutex_);
    if (auto on = power(directory); !on) {
        return on.error();
    }
    std::vector<std::string> names;
    for (const auto& [path, n] : now_) {
        if (path.starts_with(directory + "/")) {
            names.push_back(path.substr(directory.size() + 1));
        }
    }
    return names;
}

result<void> crashing_file_system::make_directory(const std::string& path) {
    const std::lock_guard lock(mutex_);
    return power(path);
}

result<void> crashing_file_system::sync_directory(const std::string& path) {
    const std::lock_guard lock(mutex_);
    auto allowed = operation("sync_directory", path);
    if (allowed) {
        for (const auto& c : unsaved_) {
            apply(c, saved_);
        }
        unsaved_.clear();
    }
    return allowed;
}

}  // namespace evergrass::log_store::testing
