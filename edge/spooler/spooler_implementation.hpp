#pragma once

#include "edge/spooler/memory_mark.hpp"
#include "edge/spooler/spool_log.hpp"
#include "edge/spooler/spool_queue.hpp"
#include "edge/spooler/spool_receipts.hpp"
#include "edge/spooler/spooler.hpp"

#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The inside of the spooler, for its own files.
namespace evergrass::edge {

// The pieces, and what is told of them. Invariants: a message is in queue_ until it is delivered or
// gives way; its receipt is in receipts_ until it is safe; files_ is there as long as it has a
// message of queue_, and with FileSystem while the disk lets it be opened.
class spooler::implementation : public std::enable_shared_from_this<spooler::implementation> {
public:
    implementation(spooler& owner, boost::asio::any_io_executor executor,
                   log_store::file_system& disk, std::string directory, const clock& time,
                   logger log, spooler_limits limits)
        : owner_(&owner),
          executor_(executor),
          disk_(disk),
          directory_(std::move(directory)),
          time_(time),
          log_(std::move(log)),
          limits_(limits),
          mark_(disk_, directory_),
          queue_(limits_.memory_bytes),
          removal_(executor),
          read_retry_(executor) {}

    void abandon() {
        owner_ = nullptr;
        removal_.cancel();
        read_retry_.cancel();
        files_.reset();
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
    using entry = spool_queue::entry;

    std::string log_directory() const { return directory_ + "/messages"; }
    bool on_files() const { return settings_.storage == spool_storage::file_system; }

    // Durable, or will be: after stop() nothing more is.
    bool is_saved(const entry& e) const {
        return e.saved_as != 0 && (!stopped_ || (files_ && e.saved_as <= files_->durable()));
    }

    result<bool> has_log() const;
    result<void> open_log();
    result<std::uint64_t> load(const log_store::log& store);
    void close_empty_log();
    void note_memory_mark();
    void set_memory_mark(bool wanted);

    std::uint64_t saved(const entry& e);
    void make_room(std::uint64_t wanted);
    void pop_front();
    void lose(loss why, std::string_view topic) {
        if (owner_ != nullptr && owner_->on_loss) {
            owner_->on_loss(why, topic);
        }
    }
    void note_overwritten();

    void read_ahead();
    void take_read(std::uint64_t from, std::uint64_t upto,
                   const result<std::vector<log_store::record>>& found);
    void lost_on_disk(std::uint64_t number);

    void remove_delivered();
    void remove_delivered_later();
    void durable(std::uint64_t upto);
    void failed(const error& why);

    spooler* owner_;  // null once it is gone
    boost::asio::any_io_executor executor_;
    log_store::file_system& disk_;
    const std::string directory_;
    const clock& time_;
    const logger log_;
    const spooler_limits limits_;

    spool_settings settings_;
    memory_mark mark_;
    spool_queue queue_;
    spool_receipts receipts_;
    bool reading_ = false;
    bool stopped_ = false;

    boost::asio::steady_timer removal_;
    boost::asio::steady_timer read_retry_;
    bool removal_armed_ = false;

    std::uint64_t gave_way_ = 0;                  // spooler_numbers::overwritten_ever
    std::set<std::uint64_t> gave_way_in_flight_;  // by number: their fate is not known yet

    bool unknown_loss_ = false;
    std::uint64_t overwritten_ = 0;
    std::uint64_t overwritten_logged_ = 0;
    std::uint64_t damaged_ = 0;
    std::optional<std::string> disk_error_;

    std::optional<spool_log> files_;  // last: its thread posts to this
};

}  // namespace evergrass::edge
