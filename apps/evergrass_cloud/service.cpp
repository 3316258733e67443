#include "apps/evergrass_cloud/service.hpp"

#include "apps/evergrass_cloud/doors.hpp"
#include "apps/evergrass_cloud/host_names.hpp"
#include "apps/evergrass_cloud/parts.hpp"
#include "apps/evergrass_cloud/ready_file.hpp"
#include "apps/evergrass_cloud/server_identity.hpp"
#include "libs/base/open_files.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <csignal>
#include <malloc.h>
#include <memory>

namespace evergrass::cloud {
namespace {

// Waits for a signal, closes the doors and lets io.run() end. A second signal ends the process at
// once.
boost::asio::awaitable<void> stop_on_signal(boost::asio::io_context* io,
                                            std::unique_ptr<boost::asio::signal_set> signals,
                                            doors* open, logger log) {
    const int signal = co_await signals->async_wait(boost::asio::use_awaitable);
    signals.reset();
    log.info("Stopping.", {{"signal", signal}});
    co_await open->stop();
    io->stop();
}

// Each connection is an open file; so are the database, objects and what answers are sent from.
void allow_connections(const service_options& options, const logger& log) {
    constexpr std::uint64_t others = 4'096;
    const std::uint64_t wanted = 2 * std::uint64_t{options.device_connections} + others;
    if (const auto allowed = allow_open_files(wanted); allowed < wanted) {
        log.warn("There may not be as many open files as --device-connections needs.",
                 {{"allowed", static_cast<std::int64_t>(allowed)},
                  {"needed", static_cast<std::int64_t>(wanted)},
                  {"next", "raise the hard limit (ulimit -Hn), or lower the option"}});
    }
}

// The C library gives the free end of its heap back to the system from 128 KiB on. The answers to a
// few dozen connections are more: under load the same pages would be given back and had anew, by
// several page faults for each long list.
void keep_freed_memory() {
#ifdef __GLIBC__
    ::mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
    ::mallopt(M_MMAP_THRESHOLD, 512 * 1024);  // else it would stay at 128 KiB once the other is set
#endif
}

}  // namespace

result<void> run_service(const service_options& options, logger log) {
    keep_freed_memory();
    allow_connections(options, log);
    boost::asio::io_context io(1);
    auto parts = service_parts::make(options, log);
    if (!parts) {
        return parts.error();
    }
    remove_ready_files(options);  // a killed predecessor's
    server_identity identity((*parts)->keys().authority, certificate_names(options), log);
    auto open = doors::open(io.get_executor(), options, **parts, identity, log);
    if (!open) {
        return open.error();
    }
    const auto ports = (*open)->ports();
    (*parts)->set_endpoints(advertise(options, ports), advertise_api(options, ports));
    // Before anybody can know that we are ready, and send one.
    auto signals = std::make_unique<boost::asio::signal_set>(io, SIGTERM, SIGINT);
    boost::asio::co_spawn(io, stop_on_signal(&io, std::move(signals), open->get(), log),
                          boost::asio::detached);
    if (auto written = write_ready_files(options, ports); !written) {
        return written;
    }
    const auto host = local_host(options);
    log.info("Ready.", {{"api", "https://" + host_and_port(host, ports.api)},
                        {"mqtt", host_and_port(host, ports.mqtt)},
                        {"iotHttps", host_and_port(host, ports.iot_https)},
                        {"http", host_and_port(plain_http_address(options), ports.http)},
                        {"data", options.data.string()}});
    io.run();
    remove_ready_files(options);
    log.info("Stopped.");
    return {};
}

}  // namespace evergrass::cloud
