#pragma once

#include "cloud/bus/bus.hpp"
#include "libs/base/log.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace evergrass::cloud {

struct nats_settings {
    // nats://[USER:PASSWORD@]HOST[:PORT], several with commas between. tls:// of the first one: TLS
    // with all of them, whose certificates have to be for their HOST.
    std::string url;
    std::string ca_file;  // PEM of who signed them; empty: the system's CAs
    std::string fleet;    // bus_subjects.hpp
    std::string node;     // this service's name; of its own at each start
    // How long the stream keeps what it has, where it is not there yet: one that is, is used as
    // its owner has made it.
    std::chrono::seconds keep_for{3'600};
};

// The bus over NATS 2.9 or later with JetStream. Acknowledged is what JetStream has acknowledged:
// it survives the end of every service and of the NATS server, and the loss of a machine where the
// stream has three replicas (docs/scale.md).
//
// It reconnects by itself, for ever. Meanwhile what is to be kept waits here, up to 64 MiB.
class nats_bus final : public bus {
public:
    // Connects, and makes the stream where there is none. errc::unavailable: the library, the
    // server or JetStream is not there; the text says which.
    static result<std::unique_ptr<nats_bus>> connect(const nats_settings& settings, logger log);
    ~nats_bus() override;

    result<void> begin(position after, hearer hear) override;
    void keep(const std::string& subject, std::string bytes, kept call,
              std::string id = {}) override;
    void say(const std::string& subject, std::string_view bytes) override;
    result<void> share(const std::string& filter, bool kept, turn_hearer hear) override;
    void unshare(const std::string& filter) override;
    result<void> keep_shares(const std::vector<std::string>& filters) override;
    result<std::vector<record>> read(position after, position upto,
                                     const std::string& subject_filter) override;
    result<extent> ends() override;
    bool is_connected() const override;
    void stop() override;

private:
    struct implementation;
    explicit nats_bus(std::unique_ptr<implementation> implementation);
    std::unique_ptr<implementation> implementation_;
};

// Without passwords, for logs and errors.
std::string shown_nats(const std::string& url);

}  // namespace evergrass::cloud
