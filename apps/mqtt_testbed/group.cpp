#include "apps/mqtt_testbed/group.hpp"

#include "edge/devices/source_name.hpp"
#include "edge/router/group_file.hpp"
#include "libs/base/file.hpp"

namespace evergrass::testbed {
namespace {

// Where the table leads to an end that is not here.
class nowhere final : public mqtt::external_target {
public:
    nowhere(edge::router& messages, edge::endpoint target)
        : router_(messages), target_(std::move(target)) {}

    void deliver(const mqtt::publication& message, const mqtt::receipt&) override {
        router_.count_drop(edge::drop_reason::no_such_target, edge::source_end(message.source()),
                           message.topic(), &target_);
    }

private:
    edge::router& router_;
    edge::endpoint target_;
};

}  // namespace

group::group(bool certificates, const mqtt::server_options& limits, const logger& log)
    : router_(log),
      rules_(
          {certificates, limits.behaviour}, router_,
          [this](const edge::endpoint& target, std::span<const std::uint32_t>) {
              return std::make_shared<nowhere>(router_, target);
          },
          log) {
    router_.set_max_message_bytes(limits.max_packet_bytes);
}

result<std::unique_ptr<group>> group::read(const std::string& path, bool certificates,
                                           const mqtt::server_options& limits, const logger& log) {
    const auto text = read_file(path);
    if (!text) {
        return text.error();
    }
    const auto file = edge::parse_group_file(*text);
    if (!file) {
        return with_context(file.error(), path);
    }
    const auto table = edge::routing_table::build(file->subscriptions);
    if (!table) {
        return with_context(table.error(), path);
    }
    if (file->devices && file->devices->size() != file->members.size()) {
        log.warn("Devices without a certificate in the file cannot connect.",
                 {{"file", path}, {"devices", file->devices->size() - file->members.size()}});
    }
    auto made = std::unique_ptr<group>(new group(certificates, limits, log));
    made->router_.set_table(*table);
    made->rules_.admit(file->members);
    return made;
}

}  // namespace evergrass::testbed
