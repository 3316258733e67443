#pragma once

#include "edge/spooler/spool_settings.hpp"
#include "edge/spooler/spooled_message.hpp"
#include "libs/base/log.hpp"
#include "libs/base/result.hpp"
#include "libs/base/time.hpp"
#include "libs/log_store/file_system.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace evergrass::edge {

// How a spooler shares out memory and time. The defaults are the core's; tests have others.
struct spooler_limits {
    // FileSystem: topics and payloads that are in memory too; what comes behind is read when its
    // turn comes.
    std::size_t memory_bytes = 4 * 1024 * 1024;
    // That something was delivered is written with the next message, or so long afterwards, or when
    // so much was: a write of its own for each would wear out flash.
    std::chrono::milliseconds removal_delay{1'000};
    std::uint64_t removal_bytes = 256 * 1024;
    std::chrono::milliseconds retry_delay{1'000};  // after the disk failed
};

struct spooler_numbers {
    spool_settings settings;
    std::size_t messages = 0;  // waiting, those in flight too
    std::uint64_t bytes = 0;   // their topics and payloads
    std::size_t unsaved = 0;   // of them, in memory alone
    std::optional<wall_time> oldest;
    std::uint64_t overwritten = 0;  // since the start
    // Since the files were made: it outlives kill -9 and power cuts as messages do. Those that gave
    // way in flight are among it until the cloud has them after all; after a kill for good, as
    // nobody knows their fate then. Memory: since the start.
    std::uint64_t overwritten_ever = 0;
    std::uint64_t damaged = 0;  // that the disk lost; since the start
    // The run before this one was killed while it kept messages in memory alone: how many it lost
    // nobody knows.
    bool unknown_loss = false;
    std::optional<std::string> disk_error;  // while the disk does not take messages
};

// What waits for the cloud: first in, first out, bounded in bytes; when a new message does not fit,
// the oldest give way (spec/core.md §10). A message is taken off when the cloud has acknowledged
// it. Files: docs/formats/spool.md.
//
// Memory: what waits is lost with the process. stop() counts it; after a kill the next start says
// that nobody knows how much it was. FileSystem: a message survives a power cut from the moment
// that its receipt is let go, until it is delivered or overwritten. While the disk does not take
// messages they wait in memory, their receipts are held until the cloud has them, and the disk is
// tried again.
//
// One executor; a thread of its own writes.
class spooler {
public:
    enum class loss {
        overwritten,  // by newer messages
        damaged,      // the disk lost it; its topic is not known
        stopped,      // in memory when the process ended in order
    };

    // `disk` and `time` must outlive this. `directory` is made when missing.
    spooler(boost::asio::any_io_executor executor, log_store::file_system& disk,
            std::string directory, const clock& time, logger log, spooler_limits limits = {});
    ~spooler();
    spooler(const spooler&) = delete;
    spooler& operator=(const spooler&) = delete;

    // Set before open(). on_loss: `topic` is empty where it is not in memory. on_ready: next() has
    // something again which it did not have when it was asked.
    std::function<void(loss why, std::string_view topic)> on_loss;
    std::function<void()> on_ready;

    // Reads what an earlier run left, which may take a second for each 100 MB, and sends it first,
    // whatever the settings are. On an error, which names the directory, messages wait in memory as
    // while the disk fails.
    result<void> open(const spool_settings& settings);
    // Other settings from now on; nothing is lost but what a smaller size overwrites. Memory in
    // place of FileSystem: what is in files stays there until it is delivered. An error as of
    // open().
    result<void> use(const spool_settings& settings);

    // Takes one message. False when it alone is larger than the spool, which then changes nothing,
    // or after stop(). `receipt` (may be null) is let go when the message is safe: see above.
    bool push(std::string topic, std::shared_ptr<const std::string> payload,
              std::shared_ptr<void> receipt);

    // The oldest that was not taken yet. None: all is taken, or its turn has come while it is read.
    std::optional<spooled_message> next();
    // The last one that next() gave is given again.
    void put_back();
    // The cloud has it, or refused it for good.
    void done(std::uint64_t number);
    // Saves what FileSystem promises and counts what is lost, with what was taken and is not done.
    // Waits for the disk.
    void stop();
    bool stopped() const;

    spooler_numbers numbers() const;

private:
    class implementation;
    std::shared_ptr<implementation> implementation_;
};

}  // namespace evergrass::edge
