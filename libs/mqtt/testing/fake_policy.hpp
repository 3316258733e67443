#pragma once

#include "libs/mqtt/policy.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// For tests of the broker: a policy whose answers a test sets, and which remembers what it was
// told.
namespace evergrass::mqtt::testing {

// Keeps what it is given, and the receipts while `slow`.
class fake_target final : public external_target {
public:
    void deliver(const publication& message, const receipt& pending) override;

    bool slow = false;
    std::vector<std::string> got;  // "topic payload"
    std::vector<receipt> receipts;
};

class fake_policy final : public policy {
public:
    // A row of a table: what `source` ("*": anybody) publishes to topics that `filter` covers is
    // for `target`, a client or the name of an external target.
    struct entry {
        std::string source;
        std::string target;
        std::string filter;
    };
    using right =
        std::function<bool(std::string_view who, std::string_view source, std::string_view topic)>;

    // With a table, it says who gets what; without, whoever subscribed to it and may_receive().
    void use_table(std::vector<entry> rows);
    void set_rights(right receive);
    void set_rights_by_info(std::function<bool(const client_info&)> receive);
    std::shared_ptr<fake_target> external(const std::string& name);

    std::function<admission(std::string_view, const connect_packet&)> admits;
    std::function<publish_verdict(std::string_view, const publish_view&)> publishes;
    std::function<reason(std::string_view, std::string_view, qos)> subscribes;
    std::function<reason(std::string_view source)> nobody;  // success: nothing is said

    std::map<std::string, int> losses;     // "queue full: topic for client", and how often
    std::map<std::string, int> losses_of;  // by client id
    // "connected c", "connected c again", "goodbye of c", "lost c"
    std::vector<std::string> events;
    std::size_t routed_clients = 0;
    std::vector<std::uint32_t> routed_marks;  // of all that went to somebody; by row of the table

    admission admit(const client_identity& who, std::string_view client_id,
                    const connect_packet& packet) override;
    void connected(const client_info& who, bool session_present) override;
    void disconnected(const client_info& who, bool clean, std::string_view why) override;
    publish_verdict may_publish(const client_info& from, const publish_view& message) override;
    reason may_subscribe(const client_info& who, std::string_view filter,
                         const subscription_options& wanted, bool shared) override;
    bool may_receive(const client_info& who, std::string_view source,
                     std::string_view topic) override;
    void resolve(const client_info* from, std::string_view source, std::string_view topic,
                 route_builder& to) override;
    std::uint64_t generation() const override { return generation_; }
    void lost(loss why, std::string_view source, std::string_view topic,
              std::string_view client_id) override;
    void routed(std::string_view source, const client_info* from, std::size_t clients,
                std::span<const std::uint32_t> marks) override;

private:
    bool has_table_ = false;
    std::vector<entry> table_;
    right may_receive_;
    std::function<bool(const client_info&)> may_receive_by_info_;
    std::map<std::string, std::shared_ptr<fake_target>> externals_;
    std::uint64_t generation_ = 0;
};

}  // namespace evergrass::mqtt::testing
