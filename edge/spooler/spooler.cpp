#include "edge/spooler/spooler.hpp"

#include "edge/spooler/spool_record.hpp"
#include "libs/base/errors.hpp"
#include "libs/log_store/group_committer.hpp"
#include "libs/log_store/log.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/errc.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <set>
#include <span>
#include <utility>
#include <vector>

namespace evergrass::edge {
namespace {

namespace asio = boost::asio;

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;
// Beside the log, while messages wait in memory alone.
constexpr std::string_view memory_mark = "memory";
// Files that have no message any more, but a count, are made so small again.
constexpr std::uint64_t empty_bytes = 64 * kib;
// Of what damage cost, so many are told one by one: file names, which say it, may be forged.
constexpr std::uint64_t most_told = 100'000;

log_store::options log_options(const spool_settings& settings) {
    log_store::options options;
    options.segment_bytes = std::clamp(settings.max_bytes / 16, 64 * kib, 4 * mib);
    return options;
}

}  // namespace

class spooler::implementation : public std::enable_shared_from_this<spooler::implementation> {
public:
    implementation(spooler& owner, asio::any_io_executor executor, log_store::file_system& disk,
                   std::string directory, const clock& time, logger log, spooler_limits limits)
        : owner_(&owner),
          executor_(executor),
          disk_(disk),
          directory_(std::move(directory)),
          time_(time),
          log_(std::move(log)),
          limits_(limits),
          removal_(executor),
          read_retry_(executor) {}

    void abandon() {
        owner_ = nullptr;
        removal_.cancel();
        read_retry_.cancel();
        committer_.reset();
    }

    result<void> open(const spool_settings& settings);
    result<void> use(const spool_settings& settings);
    bool push(std::string topic, std::shared_ptr<const std::string> payload,
              std::shared_ptr<void> receipt);
    std::optional<spooled_message> next();
    void put_back();
    void done(std::uint64_t number);
    void stop();
    bool stopped() const { return stopped_; }
    spooler_numbers numbers() const;

private:
    struct content {
        std::string topic;
        std::shared_ptr<const std::string> payload;
    };
    struct entry {
        std::uint64_t saved_as = 0;     // the log's number; 0: in memory alone
        wall_time at;                   // when it came
        std::uint32_t bytes = 0;        // topic and payload
        bool done = false;              // waits for older ones to be
        std::unique_ptr<content> held;  // null: in the log alone
    };
    struct held_receipt {
        std::uint64_t saved_as;
        std::shared_ptr<void> receipt;
    };

    std::string log_directory() const { return directory_ + "/messages"; }
    std::string mark_path() const { return directory_ + "/" + std::string(memory_mark); }
    bool on_files() const { return settings_.storage == spool_storage::file_system; }

    std::uint64_t end() const { return first_ + queue_.size(); }
    entry& at(std::uint64_t number) { return queue_[static_cast<std::size_t>(number - first_)]; }
    const entry& at(std::uint64_t number) const {
        return queue_[static_cast<std::size_t>(number - first_)];
    }

    // Durable, or will be: after stop() nothing more is.
    bool is_saved(const entry& e) const {
        return e.saved_as != 0 &&
               (!stopped_ || (committer_ && e.saved_as <= committer_->durable()));
    }

    result<bool> has_log() const;
    result<void> open_log();
    result<void> load(const log_store::log& store);
    void close_empty_log();
    void note_memory_mark();
    void set_memory_mark(bool wanted);

    void save(entry& e);
    void make_room(std::uint64_t wanted);
    void pop_front();
    void lose(loss why, std::string_view topic) {
        if (owner_ != nullptr && owner_->on_loss) {
            owner_->on_loss(why, topic);
        }
    }
    void note_overwritten();

    bool keeps_in_memory(std::uint64_t bytes) const {
        return read_end_ == end() && (!on_files() || memory_bytes_ + bytes <= limits_.memory_bytes);
    }
    void read_ahead();
    void take_read(std::uint64_t from, std::uint64_t upto,
                   const result<std::vector<log_store::record>>& found);
    void lost_on_disk(std::uint64_t number);

    std::uint64_t oldest_saved() const;
    result<std::uint64_t> append(std::span<const std::string_view> parts);
    void remove_delivered();
    void save_count();
    void remove_delivered_later();
    void durable(std::uint64_t upto);
    void failed(const error& why);

    spooler* owner_;  // null once it is gone
    asio::any_io_executor executor_;
    log_store::file_system& disk_;
    const std::string directory_;
    const clock& time_;
    const logger log_;
    const spooler_limits limits_;

    spool_settings settings_;
    std::deque<entry> queue_;
    std::uint64_t first_ = 1;     // the number of queue_.front()
    std::uint64_t next_ = 1;      // that next() gives
    std::uint64_t read_end_ = 1;  // all before it are in memory, as far as they wait
    std::uint64_t bytes_ = 0;
    std::uint64_t memory_bytes_ = 0;
    std::map<std::uint64_t, held_receipt> receipts_;  // by number
    // Of messages that gave way before they were on the disk: they go with that of the next one,
    // whose record counts them.
    std::vector<std::shared_ptr<void>> uncounted_;
    bool starved_ = false;  // next() waits for a read
    bool reading_ = false;
    bool stopped_ = false;

    std::uint64_t last_saved_ = 0;  // the log's newest number
    std::uint64_t removed_to_ = 0;  // what the log was told: all before it are delivered
    std::uint64_t unremoved_bytes_ = 0;
    asio::steady_timer removal_;
    asio::steady_timer read_retry_;
    bool removal_armed_ = false;

    // spooler_numbers::overwritten_ever, and of it what the newest record says, if one does.
    std::uint64_t gave_way_ = 0;
    std::optional<std::uint64_t> gave_way_saved_ = 0;
    std::set<std::uint64_t> gave_way_in_flight_;  // by number: their fate is not known yet
    std::uint64_t appended_bytes_ = 0;            // to the files since they were small

    bool unknown_loss_ = false;
    bool memory_marked_ = false;
    std::uint64_t overwritten_ = 0;
    std::uint64_t overwritten_logged_ = 0;
    std::uint64_t damaged_ = 0;
    std::optional<std::string> disk_error_;

    std::optional<log_store::group_committer> committer_;  // last: its thread posts to this
};

// --- Opening -------------------------------------------------------------------------------------

result<void> spooler::implementation::open(const spool_settings& settings) {
    note_memory_mark();
    settings_ = settings;
    const auto old = has_log();
    auto opened = old ? result<void>() : result<void>(old.error());
    if (old && (*old || on_files())) {
        opened = open_log();
    }
    if (!opened) {
        disk_error_ = opened.error().message();
    }
    if (!on_files()) {
        close_empty_log();
    }
    set_memory_mark(!on_files());
    return opened;
}

result<void> spooler::implementation::use(const spool_settings& settings) {
    const auto before = std::exchange(settings_, settings);
    result<void> opened;
    if (on_files() && !committer_) {
        opened = open_log();
        if (!opened) {
            disk_error_ = opened.error().message();
        }
    }
    // What the files have is older, unless they could not be read until now: then the order in them
    // would not be that of the queue.
    const bool in_order = std::is_partitioned(queue_.begin(), queue_.end(),
                                              [](const entry& e) { return e.saved_as != 0; });
    if (on_files() && before.storage == spool_storage::memory && committer_ && in_order) {
        for (auto& e : queue_) {
            if (e.saved_as == 0 && !e.done && e.held) {
                save(e);
            }
        }
    }
    if (!on_files()) {
        close_empty_log();
    }
    set_memory_mark(!on_files());
    make_room(0);
    remove_delivered_later();
    return opened;
}

result<bool> spooler::implementation::has_log() const {
    const auto found = disk_.list(log_directory());
    if (!found) {
        return found.error().code == boost::system::errc::no_such_file_or_directory
                   ? result<bool>(false)
                   : result<bool>(found.error());
    }
    return !found->empty();
}

result<void> spooler::implementation::open_log() {
    auto store = log_store::log::open(disk_, log_directory(), log_options(settings_));
    if (!store) {
        return with_context(store.error(), "the messages for the cloud in " + log_directory());
    }
    if (auto loaded = load(*store); !loaded) {
        return loaded;
    }
    last_saved_ = store->last();
    removed_to_ = store->first();
    log_store::group_committer::settings waiting;
    waiting.retry_delay = limits_.retry_delay;
    waiting.max_waiting_bytes = static_cast<std::size_t>(settings_.max_bytes + mib);
    const auto on_executor = [weak = weak_from_this(), executor = executor_](auto call) {
        asio::post(executor, [weak, call = std::move(call)] {
            if (const auto self = weak.lock(); self && self->owner_ != nullptr) {
                call(*self);
            }
        });
    };
    committer_.emplace(std::move(*store),
                       log_store::group_committer::handlers{
                           [on_executor](std::uint64_t upto) {
                               on_executor([upto](implementation& self) { self.durable(upto); });
                           },
                           [on_executor](const error& why) {
                               on_executor([why](implementation& self) { self.failed(why); });
                           }},
                       waiting);
    disk_error_.reset();
    return {};
}

result<void> spooler::implementation::load(const log_store::log& store) {
    for (const auto& damage : store.recovery().damaged) {
        log_.error("Messages for the cloud are lost on the disk.", {{"directory", log_directory()},
                                                                    {"file", damage.file},
                                                                    {"what", damage.what},
                                                                    {"offset", damage.offset},
                                                                    {"bytes", damage.bytes}});
    }
    std::uint64_t later = 0;
    auto expected = store.first();
    std::uint64_t lost = 0;
    std::uint64_t in_memory = 0;
    bool all_in_memory = read_end_ == end();
    std::vector<entry> found;
    std::uint64_t gave_way = 0;
    const auto read = store.for_each(store.first(), [&](std::uint64_t number,
                                                        std::string_view bytes) {
        lost += number - expected;
        expected = number + 1;
        const auto [record, fault] = read_spool_record(bytes);
        if (!record) {
            later = fault == spool_record_fault::later_version && later == 0 ? number : later;
            ++lost;
            return;
        }
        gave_way = record->gave_way;
        if (record->topic.empty()) {
            return;
        }
        const auto size = record->topic.size() + record->payload.size();
        entry e{number, record->at, static_cast<std::uint32_t>(size), false, nullptr};
        all_in_memory = all_in_memory && in_memory + size <= limits_.memory_bytes;
        if (all_in_memory) {
            e.held = std::make_unique<content>(content{
                std::string(record->topic), std::make_shared<const std::string>(record->payload)});
            in_memory += size;
        }
        found.push_back(std::move(e));
    });
    if (!read) {
        return with_context(read.error(), "the messages for the cloud in " + log_directory());
    }
    if (later != 0) {
        return error{errc::unsupported,
                     "record " + std::to_string(later) + " in " + log_directory() +
                         " is of a later version of Evergrass; run that until its messages are "
                         "delivered, or move the directory away to begin without them"};
    }
    lost += store.last() + 1 - std::min(expected, store.last() + 1);
    damaged_ += lost;
    for (auto told = std::min(lost, most_told); told != 0; --told) {
        lose(loss::damaged, "");
    }
    for (auto& e : found) {
        read_end_ += e.held ? 1 : 0;
        bytes_ += e.bytes;
        queue_.push_back(std::move(e));
    }
    memory_bytes_ += in_memory;
    gave_way_ += gave_way;
    gave_way_saved_ = gave_way;
    appended_bytes_ = store.bytes();
    if (!found.empty()) {
        log_.info("Messages for the cloud that an earlier run left are sent first.",
                  {{"messages", found.size()}, {"bytes", bytes_}});
    }
    if (gave_way != 0) {
        log_.info("Messages for the cloud gave way to newer ones before this start.",
                  {{"overwrittenEver", gave_way}});
    }
    return {};
}

// Memory, and nothing left in the files: they go.
void spooler::implementation::close_empty_log() {
    const bool any =
        std::any_of(queue_.begin(), queue_.end(), [](const entry& e) { return e.saved_as != 0; });
    if (any || !committer_) {
        return;
    }
    remove_delivered();
    const auto flushed = committer_->flush_and_stop();
    committer_.reset();
    const auto files = disk_.list(log_directory());
    if (flushed && files) {
        for (const auto& name : *files) {
            (void)disk_.remove(log_directory() + "/" + name);
        }
    }
    removal_.cancel();
    disk_error_.reset();
}

// A run that kept messages in memory leaves its mark when it is killed.
void spooler::implementation::note_memory_mark() {
    if (const auto made = disk_.make_directory(directory_); !made) {
        log_.warn("The spooler has no directory.", {{"reason", made.error()}});
        return;
    }
    const auto found = disk_.list(directory_);
    memory_marked_ = found && std::find(found->begin(), found->end(), memory_mark) != found->end();
    if (memory_marked_) {
        unknown_loss_ = true;
        log_.warn(
            "The core was killed while messages for the cloud were kept in memory: how many are "
            "lost is not known. GG_CONFIG_STORAGE_TYPE=FileSystem keeps them.");
    }
}

void spooler::implementation::set_memory_mark(bool wanted) {
    if (wanted == memory_marked_) {
        return;
    }
    result<void> done;
    if (!wanted) {
        done = disk_.remove(mark_path());
    } else if (const auto made = disk_.open(mark_path(), log_store::open_mode::create); !made) {
        done = made.error();
    }
    if (done) {
        memory_marked_ = wanted;
        done = disk_.sync_directory(directory_);
    }
    if (!done) {
        log_.warn("The spooler cannot note that messages are in memory.",
                  {{"reason", done.error()}});
    }
}

// --- Coming in -----------------------------------------------------------------------------------

bool spooler::implementation::push(std::string topic, std::shared_ptr<const std::string> payload,
                                   std::shared_ptr<void> receipt) {
    const auto size = topic.size() + payload->size();
    if (stopped_ || size > settings_.max_bytes) {
        return false;
    }
    make_room(size);
    if (!on_files()) {
        receipt.reset();
    }
    const bool keeps = keeps_in_memory(size);
    entry e{0, time_.now(), static_cast<std::uint32_t>(size), false, nullptr};
    e.held = std::make_unique<content>(content{std::move(topic), std::move(payload)});
    if (on_files()) {
        save(e);
    }
    // What the disk did not take is in memory whatever the limit is.
    if (keeps || e.saved_as == 0) {
        memory_bytes_ += size;
    } else {
        e.held.reset();
    }
    if (on_files() && !uncounted_.empty()) {
        uncounted_.push_back(std::move(receipt));
        receipt = std::make_shared<std::vector<std::shared_ptr<void>>>(std::move(uncounted_));
    }
    uncounted_.clear();
    if (receipt) {
        receipts_.emplace(end(), held_receipt{e.saved_as, std::move(receipt)});
    }
    read_end_ += keeps ? 1 : 0;
    bytes_ += size;
    queue_.push_back(std::move(e));
    return true;
}

void spooler::implementation::save(entry& e) {
    if (!committer_) {
        return;
    }
    const auto head = spool_record_head(e.at, e.held->topic, gave_way_);
    const auto number =
        append(std::array<std::string_view, 3>{head, e.held->topic, *e.held->payload});
    if (number) {
        e.saved_as = last_saved_ = *number;
    } else if (number.error().code != errc::too_large) {  // no connection takes such a one
        failed(number.error());
    }
}

void spooler::implementation::make_room(std::uint64_t wanted) {
    while (!queue_.empty() && bytes_ + wanted > settings_.max_bytes) {
        auto& oldest = queue_.front();
        if (!oldest.done) {
            ++gave_way_;
            if (first_ >= next_) {
                ++overwritten_;
                lose(loss::overwritten, oldest.held ? std::string_view(oldest.held->topic) : "");
            } else {
                // What is on its way to the cloud is known to who sent it, and may arrive yet: but
                // not after a kill, so the files count it until then.
                gave_way_in_flight_.insert(first_);
            }
            if (const auto held = receipts_.find(first_); held != receipts_.end()) {
                uncounted_.push_back(std::move(held->second.receipt));
            }
        }
        pop_front();
    }
    note_overwritten();
}

// The first loss of a run is said, then each thousandth.
void spooler::implementation::note_overwritten() {
    if (overwritten_ != overwritten_logged_ &&
        (overwritten_logged_ == 0 || overwritten_ - overwritten_logged_ >= 1000)) {
        log_.warn("The queue for the cloud is full: the oldest messages are overwritten.",
                  {{"lost", overwritten_}, {"queueBytes", settings_.max_bytes}});
        overwritten_logged_ = overwritten_;
    }
}

void spooler::implementation::pop_front() {
    const auto& oldest = queue_.front();
    bytes_ -= oldest.bytes;
    if (oldest.held) {
        memory_bytes_ -= oldest.bytes;
    }
    if (oldest.saved_as != 0) {
        unremoved_bytes_ += oldest.bytes;
    }
    receipts_.erase(first_);
    queue_.pop_front();
    ++first_;
    next_ = std::max(next_, first_);
    read_end_ = std::max(read_end_, first_);
}

// --- Going out -----------------------------------------------------------------------------------

std::optional<spooled_message> spooler::implementation::next() {
    while (next_ < end() && at(next_).done) {  // the disk lost it
        ++next_;
    }
    starved_ = next_ < end() && !at(next_).held;
    if (next_ == end() || starved_ || stopped_) {
        read_ahead();
        return std::nullopt;
    }
    const auto& e = at(next_);
    spooled_message m{next_, e.held->topic, e.held->payload};
    ++next_;
    read_ahead();
    return m;
}

void spooler::implementation::put_back() {
    if (next_ > first_) {
        --next_;
    }
}

void spooler::implementation::done(std::uint64_t number) {
    if (number < first_ || number >= end()) {  // it gave way while it was on its way
        if (gave_way_in_flight_.erase(number) != 0) {
            --gave_way_;
            remove_delivered_later();
        }
        return;
    }
    at(number).done = true;
    receipts_.erase(number);
    while (!queue_.empty() && queue_.front().done) {
        pop_front();
    }
    if (!committer_) {
        return;
    }
    if (!on_files() && !stopped_) {
        close_empty_log();
    }
    if (unremoved_bytes_ >= limits_.removal_bytes) {
        remove_delivered();
    } else {
        remove_delivered_later();
    }
    read_ahead();
}

void spooler::implementation::remove_delivered_later() {
    if (!committer_ || (unremoved_bytes_ == 0 && gave_way_saved_ == gave_way_)) {
        return;
    }
    if (std::exchange(removal_armed_, true)) {
        return;
    }
    removal_.expires_after(limits_.removal_delay);
    removal_.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
        if (const auto self = weak.lock()) {
            self->removal_armed_ = false;
            if (!cancelled) {
                self->remove_delivered();
            }
        }
    });
}

// Of a message; the greatest number when none is in the files.
std::uint64_t spooler::implementation::oldest_saved() const {
    const auto oldest =
        std::find_if(queue_.begin(), queue_.end(), [](const entry& e) { return e.saved_as != 0; });
    return oldest == queue_.end() ? UINT64_MAX : oldest->saved_as;
}

// A record that says how many gave way, and, behind it in the same write, what the log need not
// keep: the count is never younger than the loss.
result<std::uint64_t> spooler::implementation::append(std::span<const std::string_view> parts) {
    const auto from = unremoved_bytes_ != 0 ? oldest_saved() : 0;
    auto number = committer_->append(parts, from);
    if (number) {
        removed_to_ = std::max(removed_to_, std::min(from, *number));
        unremoved_bytes_ = 0;
        gave_way_saved_ = gave_way_;
        for (const auto& part : parts) {
            appended_bytes_ += part.size();
        }
    }
    return number;
}

// Tells the log what it need not keep. Its newest record says how many messages gave way: when that
// has changed, or the last message goes, it gets a record that is no message.
void spooler::implementation::remove_delivered() {
    if (!committer_) {
        return;
    }
    const auto oldest = oldest_saved();
    const bool emptied = oldest == UINT64_MAX && unremoved_bytes_ != 0 && gave_way_ != 0;
    if (emptied || gave_way_saved_ != gave_way_) {
        save_count();
        return;
    }
    if (std::exchange(unremoved_bytes_, 0) == 0) {
        return;
    }
    if (const auto from = std::min(oldest, last_saved_ + 1); from > removed_to_) {
        removed_to_ = from;
        committer_->truncate_front(from);
    }
}

void spooler::implementation::save_count() {
    const auto record = spool_record_head(time_.now(), "", gave_way_);
    const std::string_view part = record;
    const bool shrinks = oldest_saved() == UINT64_MAX && appended_bytes_ > empty_bytes;
    const auto number = shrinks ? committer_->rewrite({record}) : append({&part, 1});
    if (!number) {
        failed(number.error());
        return;
    }
    last_saved_ = *number;
    if (shrinks) {
        unremoved_bytes_ = 0;
        gave_way_saved_ = gave_way_;
        appended_bytes_ = 0;
    }
}

// --- The disk ------------------------------------------------------------------------------------

void spooler::implementation::read_ahead() {
    if (reading_ || !committer_ || stopped_) {
        return;
    }
    while (read_end_ < end() && (at(read_end_).held || at(read_end_).done)) {
        ++read_end_;
    }
    if (read_end_ == end() || (memory_bytes_ > limits_.memory_bytes / 2 && !starved_)) {
        return;
    }
    reading_ = true;
    const auto from = at(read_end_).saved_as;
    committer_->post([weak = weak_from_this(), executor = executor_, from, upto = last_saved_,
                      bytes = limits_.memory_bytes / 2](const log_store::log& store) {
        log_store::position where{from, 0, 0};
        auto found = store.read(where, bytes);
        asio::post(executor, [weak, from, upto, found = std::move(found)] {
            if (const auto self = weak.lock(); self && self->owner_ != nullptr) {
                self->take_read(from, upto, found);
            }
        });
    });
}

void spooler::implementation::take_read(std::uint64_t from, std::uint64_t upto,
                                        const result<std::vector<log_store::record>>& found) {
    reading_ = false;
    if (!found) {
        failed(found.error());
        read_retry_.expires_after(limits_.retry_delay);
        read_retry_.async_wait(
            [weak = weak_from_this()](const boost::system::error_code& cancelled) {
                if (const auto self = weak.lock(); self && !cancelled) {
                    self->read_ahead();
                }
            });
        return;
    }
    auto number = std::max(read_end_, first_);
    const auto skip_to = [&](std::uint64_t saved_as) {
        for (; number < end(); ++number) {
            const auto& e = at(number);
            if (e.saved_as >= saved_as) {
                return;
            }
            if (!e.held && !e.done && e.saved_as >= from) {
                lost_on_disk(number);
            }
        }
    };
    for (const auto& record : *found) {
        skip_to(record.number);
        if (number >= end() || at(number).saved_as != record.number) {
            continue;  // it gave way meanwhile
        }
        const auto read = read_spool_record(record.payload).record;
        if (!read) {
            lost_on_disk(number++);
            continue;
        }
        auto& e = at(number++);
        if (!e.held && !e.done) {
            e.held = std::make_unique<content>(content{
                std::string(read->topic), std::make_shared<const std::string>(read->payload)});
            memory_bytes_ += e.bytes;
        }
    }
    if (found->empty()) {
        skip_to(upto + 1);  // what came later is not among them
    }
    read_end_ = std::max(read_end_, number);
    if (std::exchange(starved_, false) && owner_->on_ready) {
        owner_->on_ready();
    }
}

void spooler::implementation::lost_on_disk(std::uint64_t number) {
    ++damaged_;
    at(number).done = true;
    receipts_.erase(number);
    log_.error("A message for the cloud is lost on the disk.",
               {{"directory", log_directory()}, {"record", at(number).saved_as}});
    lose(loss::damaged, "");
    while (!queue_.empty() && queue_.front().done) {
        pop_front();
    }
}

void spooler::implementation::durable(std::uint64_t upto) {
    if (disk_error_) {
        log_.info("Messages for the cloud are saved again.", {{"directory", log_directory()}});
        disk_error_.reset();
    }
    for (auto it = receipts_.begin(); it != receipts_.end() && it->second.saved_as <= upto;) {
        it = it->second.saved_as != 0 ? receipts_.erase(it) : std::next(it);
    }
}

void spooler::implementation::failed(const error& why) {
    if (!disk_error_) {
        log_.error(
            "Messages for the cloud are not saved; QoS 1 publishers wait until the cloud has "
            "them. Make room on the disk, or make it writable.",
            {{"directory", log_directory()}, {"reason", why}});
    }
    disk_error_ = why.message();
    // Where a rewrite failed neither is there: the next record brings both.
    gave_way_saved_.reset();
    ++unremoved_bytes_;
}

// --- The end -------------------------------------------------------------------------------------

void spooler::implementation::stop() {
    if (stopped_) {
        return;
    }
    removal_.cancel();
    read_retry_.cancel();
    remove_delivered();
    stopped_ = true;
    if (committer_) {
        if (const auto saved = committer_->flush_and_stop(); !saved) {
            log_.error("Not all messages for the cloud could be saved.",
                       {{"directory", log_directory()}, {"reason", saved.error()}});
        }
    }
    std::size_t kept = 0;
    std::size_t lost = 0;
    for (auto number = first_; number < end(); ++number) {
        const auto& e = at(number);
        if (e.done) {
            continue;
        }
        if (is_saved(e)) {
            ++kept;
        } else {
            ++lost;
            lose(loss::stopped, e.held ? std::string_view(e.held->topic) : "");
        }
    }
    // They are in nobody's files, and who sent them hears no answer any more.
    for (; !gave_way_in_flight_.empty(); gave_way_in_flight_.erase(gave_way_in_flight_.begin())) {
        ++overwritten_;
        lose(loss::overwritten, "");
    }
    if (lost != 0) {
        log_.warn("Messages for the cloud are lost, for the core stops.", {{"messages", lost}});
    }
    if (kept != 0) {
        log_.info("Messages for the cloud wait on the disk for the next start.",
                  {{"messages", kept}, {"directory", log_directory()}});
    }
    set_memory_mark(false);
}

spooler_numbers spooler::implementation::numbers() const {
    spooler_numbers now;
    now.settings = settings_;
    now.bytes = bytes_;
    now.messages = queue_.size();
    now.unsaved = static_cast<std::size_t>(std::count_if(
        queue_.begin(), queue_.end(), [](const entry& e) { return e.saved_as == 0; }));
    if (!queue_.empty()) {
        now.oldest = queue_.front().at;
    }
    now.overwritten = overwritten_;
    now.overwritten_ever = gave_way_;
    now.damaged = damaged_;
    now.unknown_loss = unknown_loss_;
    now.disk_error = disk_error_;
    return now;
}

// --- The public face -----------------------------------------------------------------------------

spooler::spooler(asio::any_io_executor executor, log_store::file_system& disk,
                 std::string directory, const clock& time, logger log, spooler_limits limits)
    : implementation_(std::make_shared<implementation>(
          *this, std::move(executor), disk, std::move(directory), time, std::move(log), limits)) {}

spooler::~spooler() {
    implementation_->abandon();
}

result<void> spooler::open(const spool_settings& settings) {
    return implementation_->open(settings);
}

result<void> spooler::use(const spool_settings& settings) {
    return implementation_->use(settings);
}

bool spooler::push(std::string topic, std::shared_ptr<const std::string> payload,
                   std::shared_ptr<void> receipt) {
    return implementation_->push(std::move(topic), std::move(payload), std::move(receipt));
}

std::optional<spooled_message> spooler::next() {
    return implementation_->next();
}

void spooler::put_back() {
    implementation_->put_back();
}

void spooler::done(std::uint64_t number) {
    implementation_->done(number);
}

void spooler::stop() {
    implementation_->stop();
}

bool spooler::stopped() const {
    return implementation_->stopped();
}

spooler_numbers spooler::numbers() const {
    return implementation_->numbers();
}

}  // namespace evergrass::edge
