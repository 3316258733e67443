// How the spooler comes to its files, takes other settings, and leaves files that have no message.
#include "edge/spooler/spool_recovery.hpp"
#include "edge/spooler/spooler_implementation.hpp"
#include "libs/base/errors.hpp"
#include "libs/log_store/group_committer.hpp"
#include "libs/log_store/log.hpp"

#include <boost/asio/post.hpp>
#include <boost/system/errc.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace evergrass::edge {
namespace {

namespace asio = boost::asio;

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;
// Of what damage cost, so many are told one by one: file names, which say it, may be forged.
constexpr std::uint64_t most_told = 100'000;

log_store::options log_options(const spool_settings& settings) {
    log_store::options options;
    options.segment_bytes = std::clamp(settings.max_bytes / 16, 64 * kib, 4 * mib);
    return options;
}

}  // namespace

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
    if (on_files() && !files_) {
        opened = open_log();
        if (!opened) {
            disk_error_ = opened.error().message();
        }
    }
    // What the files have is older, unless they could not be read until now: then the order in them
    // would not be that of the queue.
    if (on_files() && before.storage == spool_storage::memory && files_ && queue_.is_in_order()) {
        for (auto number = queue_.first(); number < queue_.end(); ++number) {
            const auto& e = queue_.at(number);
            if (e.saved_as == 0 && !e.done && e.held) {
                queue_.note_saved(number, saved(e));
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
    const auto newest_count = load(*store);
    if (!newest_count) {
        return newest_count.error();
    }
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
    files_.emplace(std::move(*store), *newest_count,
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

// How many messages had given way by the newest record.
result<std::uint64_t> spooler::implementation::load(const log_store::log& store) {
    for (const auto& damage : store.recovery().damaged) {
        log_.error("Messages for the cloud are lost on the disk.", {{"directory", log_directory()},
                                                                    {"file", damage.file},
                                                                    {"what", damage.what},
                                                                    {"offset", damage.offset},
                                                                    {"bytes", damage.bytes}});
    }
    auto left =
        read_spool_leftovers(store, log_directory(), queue_.is_all_held(), limits_.memory_bytes);
    if (!left) {
        return left.error();
    }
    damaged_ += left->lost;
    for (auto told = std::min(left->lost, most_told); told != 0; --told) {
        lose(loss::damaged, "");
    }
    const auto messages = left->messages.size();
    for (auto& e : left->messages) {
        queue_.push(std::move(e));
    }
    gave_way_ += left->gave_way;
    if (messages != 0) {
        log_.info("Messages for the cloud that an earlier run left are sent first.",
                  {{"messages", messages}, {"bytes", queue_.bytes()}});
    }
    if (left->gave_way != 0) {
        log_.info("Messages for the cloud gave way to newer ones before this start.",
                  {{"overwrittenEver", left->gave_way}});
    }
    return left->gave_way;
}

// Memory, and nothing left in the files: they go.
void spooler::implementation::close_empty_log() {
    if (!files_ || queue_.oldest_saved() != UINT64_MAX) {
        return;
    }
    remove_delivered();
    const auto flushed = files_->flush_and_stop();
    files_.reset();
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
    const auto marked = mark_.look();
    if (!marked) {
        log_.warn("The spooler has no directory.", {{"reason", marked.error()}});
        return;
    }
    if (*marked) {
        unknown_loss_ = true;
        log_.warn(
            "The core was killed while messages for the cloud were kept in memory: how many are "
            "lost is not known. GG_CONFIG_STORAGE_TYPE=FileSystem keeps them.");
    }
}

void spooler::implementation::set_memory_mark(bool wanted) {
    if (const auto set = mark_.set(wanted); !set) {
        log_.warn("The spooler cannot note that messages are in memory.",
                  {{"reason", set.error()}});
    }
}

}  // namespace evergrass::edge
