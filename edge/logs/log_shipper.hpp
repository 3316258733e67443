#pragma once

#include "contract/manifest.hpp"
#include "edge/deployment/service_client.hpp"
#include "edge/logs/log_tail.hpp"
#include "libs/base/log.hpp"
#include "libs/base/time.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace evergrass::edge {

// What is shipped: by the group's loggers of type AWSCloudWatch.
struct shipping {
    std::optional<log_level> system;     // least level of GreengrassSystem
    std::optional<log_level> functions;  // of Lambda
    std::string account;
    std::string group_id;
    std::string core;

    bool wanted() const { return system || functions; }
};
shipping shipping_of(const contract::manifest& m);

// Reads what the core's log files get and makes a batch of it; pure but for the files. The files
// are the buffer while the service is out of reach: what they rotate away is lost, and how often
// that was is in the batch's text. How far it came is in var/state/log-shipping.json
// (docs/formats/log-shipping.md): after a power cut lines may be told twice, none is left out. A
// log that is there when shipping begins is shipped from its end on.
class log_collector {
public:
    explicit log_collector(std::filesystem::path ggc);

    struct batch {
        std::string body;  // of the request; empty: nothing new
        std::map<std::string, log_place> places;
        bool more = false;
    };
    // Logs that are there now and were not shipped before are shipped from their end on; those that
    // come later from their beginning.
    void begin(const shipping& what);
    // `now_ms` is the time of lines that have none before them.
    batch collect(const shipping& what, std::int64_t now_ms);
    // The batch has been taken: goes on behind it.
    result<void> commit(const batch& taken);

private:
    std::vector<std::filesystem::path> logs(const shipping& what) const;
    void load();

    std::filesystem::path directory_;  // <ggc>/var/log
    std::filesystem::path state_;
    std::mutex mutex_;
    std::map<std::string, log_place> places_;  // by path below `directory_`
};

// Sends the batches to the service. Runs on one executor; files are read on `disk`.
class log_shipper {
public:
    log_shipper(std::filesystem::path ggc, service_client service,
                boost::asio::any_io_executor disk, const clock& time, logger log,
                std::chrono::milliseconds interval = std::chrono::milliseconds(2000));

    // From the next batch on. Looks at the log files that are there.
    void configure(shipping what);

    // Until it is cancelled.
    boost::asio::awaitable<void> run();

private:
    boost::asio::awaitable<result<bool>> ship();

    log_collector collector_;
    service_client service_;
    boost::asio::any_io_executor disk_;
    const clock& time_;
    logger log_;
    std::chrono::milliseconds interval_;
    shipping what_;
    std::string trouble_;  // the last reason that was logged; empty while all is well
};

}  // namespace evergrass::edge
