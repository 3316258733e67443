#include "libs/mqtt/session_journal_disk.hpp"

#include "libs/base/errors.hpp"
#include "libs/log_store/errors.hpp"

#include <algorithm>
#include <array>
#include <utility>

// The disk's side of the session journal: reading, writing, keeping the log small.
namespace evergrass::mqtt::journal {
namespace {

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;
// How many unreadable records are logged one by one.
constexpr std::size_t most_logged = 10;
constexpr std::size_t most_told_at_once = 16 * mib;
// While the log is too large, so much is written again for each byte that is added.
constexpr std::uint64_t rewritten_per_byte = 4;

}  // namespace

budget::budget(std::uint64_t max)
    : live(max / 2),
      most(max / 3 * 2),
      slack(std::clamp(max / 16, 16 * kib, 16 * mib)),
      segment(std::clamp(max / 32, 64 * kib, 4 * mib)),
      waiting(std::clamp(max / 8, 64 * kib, 32 * mib)) {}

std::uint64_t budget::wanted(std::uint64_t live_bytes) const {
    const auto always = live_bytes + live_bytes / 8 + slack;
    return std::min(2 * live_bytes + slack, std::max(most, always));
}

// --- Opening -------------------------------------------------------------------------------------

result<void> disk_journal::start(log_store::file_system& disk) {
    log_store::options options;
    options.segment_bytes = budget_.segment;
    auto store = log_store::log::open(disk, settings_.directory, options);
    if (!store) {
        return with_context(store.error(), "the MQTT sessions in " + settings_.directory);
    }
    const std::lock_guard lock(mutex_);
    report_damage(store->recovery());
    if (auto read = replay(*store); !read) {
        return read;
    }
    last_ = store->last();
    saved_ = store->durable();
    durable_ = saved_;
    log_store::group_committer::settings waiting;
    waiting.max_waiting_bytes = budget_.waiting;
    committer_.emplace(
        std::move(*store),
        log_store::group_committer::handlers{[this](std::uint64_t number) { saved(number); },
                                             [this](const error& why) { failed(why); }},
        waiting);
    settle_after_restart();
    return {};
}

void disk_journal::report_damage(const log_store::recovery_report& found) const {
    for (const auto& damage : found.damaged) {
        log_.error("Records of MQTT sessions are lost.", {{"directory", settings_.directory},
                                                          {"file", damage.file},
                                                          {"what", damage.what},
                                                          {"offset", damage.offset},
                                                          {"bytes", damage.bytes}});
    }
}

result<void> disk_journal::replay(const log_store::log& store) {
    decoder in;
    std::uint64_t later = 0;
    std::size_t damaged = 0;
    const auto read = store.for_each(0, [&](std::uint64_t number, std::string_view bytes) {
        for (const auto part : split_several(bytes)) {
            switch (in.read(part)) {
                case decoder::outcome::record:
                    model_.apply(in.what(), {number, end_, log_store::frame_bytes(part.size())});
                    break;
                case decoder::outcome::later_version:
                    later = later == 0 ? number : later;
                    break;
                case decoder::outcome::damaged:
                    if (++damaged <= most_logged) {
                        log_.error("A record of MQTT sessions cannot be read.",
                                   {{"directory", settings_.directory},
                                    {"record", number},
                                    {"bytes", part.size()}});
                    }
                    break;
            }
        }
        end_ += log_store::frame_bytes(bytes.size());
    });
    if (!read) {
        return with_context(read.error(), "the MQTT sessions in " + settings_.directory);
    }
    if (later != 0) {
        return error{errc::unsupported,
                     "record " + std::to_string(later) + " in " + settings_.directory +
                         " is of a later version of Evergrass; run that, or move the directory "
                         "away to begin without the kept sessions"};
    }
    if (damaged > most_logged) {
        log_.error("More records of MQTT sessions cannot be read.",
                   {{"directory", settings_.directory}, {"records", damaged}});
    }
    return {};
}

// What is not as it was kept any more is said in the log too, so that it goes on telling all.
void disk_journal::settle_after_restart() {
    std::vector<std::uint64_t> ended;
    std::size_t unknown = 0;
    for (const auto* s : model_.incomplete()) {
        ended.push_back(s->id);
        if (s->known) {
            log_.error("A session is ended, because records of its subscriptions are lost.",
                       {{"directory", settings_.directory}, {"clientId", s->client_id}});
        } else {
            ++unknown;
        }
    }
    if (unknown > 0) {
        log_.error("Sessions are ended, because the records that say whose they are are lost.",
                   {{"directory", settings_.directory}, {"sessions", unknown}});
    }
    for (const auto id : ended) {
        save(session_ended_record{id});
    }
    const auto now = time_.now();
    if (model_.clock_was_set(now)) {
        save(clock_record{now});
        log_.warn("The clock was set. What expires later counts from now on.",
                  {{"directory", settings_.directory}});
    }
    for (const auto& end : model_.expired(now)) {
        save(end);
    }
}

// --- Writing -------------------------------------------------------------------------------------

// Into head_ and payload_; what it takes in the log.
std::uint64_t disk_journal::encoded(const record& r) {
    head_.clear();
    payload_ = encode(r, head_);
    return log_store::frame_bytes(head_.size() + payload_.size());
}

result<std::uint64_t> disk_journal::append() {
    const std::array<std::string_view, 2> parts{head_, payload_};
    return committer_->append(parts);
}

sequence disk_journal::took(const record& r, std::uint64_t number, std::uint64_t bytes) {
    model_.apply(r, {number, end_, bytes});
    last_ = number;
    end_ += bytes;
    ++counted_.records;
    keep_small(bytes);
    return number;
}

// The sequence of what was changed last.
std::uint64_t disk_journal::newest() const {
    return sequences_.holding() ? sequences_.held() : last_;
}

// A change that happens whatever the disk does.
sequence disk_journal::save(const record& r) {
    if (stopped_) {
        return newest() + 1;  // never durable
    }
    const auto bytes = encoded(r);
    if (!sequences_.holding()) {
        if (const auto number = append()) {
            return took(r, *number, bytes);
        }
        sequences_.hold(last_);
    }
    held_.note(r, model_);
    model_.apply(r, {last_ + 1, end_, bytes});
    return newest();
}

std::optional<error> disk_journal::refusal() const {
    if (stopped_) {
        return error{errc::closed, "the MQTT sessions are not saved any more"};
    }
    if (sequences_.holding()) {
        return failing_ ? *failing_ : error{errc::unavailable, "changes wait for the disk"};
    }
    return std::nullopt;
}

result<sequence> disk_journal::save_or_refuse(const record& r, std::uint64_t replaced_bytes) {
    const auto bytes = encoded(r);
    if (model_.live_bytes() - replaced_bytes + bytes > budget_.live) {
        return error{log_store::log_errc::log_full,
                     "the MQTT sessions in " + settings_.directory + " take " +
                         std::to_string(model_.live_bytes()) + " of " +
                         std::to_string(budget_.live) + " bytes"};
    }
    const auto number = append();
    if (!number) {
        return number.error();
    }
    return took(r, *number, bytes);
}

// Tells the log what was held back, when it takes records again: all at once, so that nothing of
// it is there without the rest. (Far more than there ever is goes by groups of whole sessions.)
void disk_journal::tell_held() {
    while (sequences_.holding()) {
        std::string all;
        begin_several(all);
        std::vector<std::pair<const live_entry*, std::uint64_t>> entries;
        const auto& keys = held_.all();
        auto key = keys.begin();
        for (auto before = key; key != keys.end(); before = key++) {
            if (all.size() > most_told_at_once && before->session != key->session) {
                break;
            }
            if (const auto now = model_.tell(*key)) {
                const auto bytes = encoded(now->what);
                add_to_several(all, head_, payload_);
                if (now->entry != nullptr) {
                    entries.emplace_back(now->entry, bytes);
                }
            }
        }
        const auto number = committer_->append(all);
        if (!number) {
            return;  // as soon as the disk has answered again
        }
        for (const auto& [entry, bytes] : entries) {
            model_.moved(*entry, {*number, end_, bytes});
        }
        last_ = *number;
        end_ += log_store::frame_bytes(all.size());
        ++counted_.records;
        held_.drop_before(key);
        if (held_.empty()) {
            sequences_.release(last_);
        }
    }
}

bool disk_journal::write_again(const live_entry& entry) {
    const auto bytes = encoded(model_.again(entry, parts_));
    const auto number = append();
    if (!number) {
        return false;
    }
    model_.moved(entry, {*number, end_, bytes});
    last_ = *number;
    end_ += bytes;
    ++counted_.rewritten;
    credit_ -= std::min(credit_, bytes);
    return true;
}

// Bounded work for each record that is added: the oldest ones that count are written again at the
// end, so that the front can go.
void disk_journal::keep_small(std::uint64_t added) {
    truncate();
    if (failing_) {
        return;
    }
    credit_ += rewritten_per_byte * added;
    for (;;) {
        const auto* oldest = model_.oldest();
        if (oldest == nullptr ||
            end_ - oldest->at().position <= budget_.wanted(model_.live_bytes())) {
            credit_ = 0;
            break;
        }
        if (oldest->at().bytes > credit_ || !write_again(*oldest)) {
            break;
        }
    }
}

void disk_journal::truncate() {
    if (truncation_ && saved_ >= truncation_->safe_at) {
        committer_->truncate_front(truncation_->number);
        begin_ = truncation_->position;
        truncation_.reset();
    }
    const auto* oldest = model_.oldest();
    const auto number = oldest != nullptr ? oldest->at().number : last_ + 1;
    const auto position = oldest != nullptr ? oldest->at().position : end_;
    if (!truncation_ && position - begin_ >= budget_.segment) {
        // Not before all is durable that makes the front void: a power cut could take the one and
        // leave the other.
        truncation_ = truncation{number, position, last_};
    }
}

// --- The committer's thread ----------------------------------------------------------------------

void disk_journal::saved(std::uint64_t number) {
    std::shared_ptr<const std::function<void(sequence)>> tell;
    sequence now = 0;
    bool back = false;
    {
        const std::lock_guard lock(mutex_);
        saved_ = number;
        back = std::exchange(failing_, std::nullopt).has_value();
        ++counted_.syncs;
        if (!stopped_) {
            tell_held();
        }
        now = sequences_.durable(number);
        if (now > durable_) {
            durable_ = now;
            tell = tell_durable_;
        }
        ++answers_;
    }
    moved_.notify_all();
    if (back) {
        log_.info("MQTT sessions are saved again.", {{"directory", settings_.directory}});
    }
    if (tell) {
        (*tell)(now);
    }
}

void disk_journal::failed(const error& why) {
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        first = !failing_;
        failing_ = why;
        ++answers_;
    }
    moved_.notify_all();
    if (first) {
        log_.error("MQTT sessions cannot be saved; tried again until they can.",
                   {{"directory", settings_.directory}, {"error", why}});
    }
}

result<void> disk_journal::stop() {
    {
        std::unique_lock lock(mutex_);
        if (!committer_) {
            return {};
        }
        // What was held back gets its place in the log, if the disk takes anything.
        while (!stopped_ && sequences_.holding()) {
            const auto seen = answers_;
            committer_->retry();
            moved_.wait(lock, [&] { return answers_ != seen; });
            if (failing_) {
                break;
            }
        }
        stopped_ = true;
    }
    auto flushed = committer_->flush_and_stop();
    const std::lock_guard lock(mutex_);
    if (flushed && sequences_.holding()) {
        return failing_ ? *failing_ : error{errc::unavailable, "changes still waited for the disk"};
    }
    return flushed;
}

}  // namespace evergrass::mqtt::journal
