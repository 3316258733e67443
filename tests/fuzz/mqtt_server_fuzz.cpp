#include "libs/mqtt/server_session.hpp"

#include <cstdlib>

namespace {

using namespace evergrass::mqtt;

// Answers everything and publishes back, so that both directions run.
class owner : public server_session_owner {
public:
    std::string make_client_id() override { return "made"; }
    connect_code on_connect(const connect_info&) override { return connect_code::accepted; }
    bool on_publish(const publish_view& m) override {
        if (!check_topic_name(m.topic)) {
            std::abort();  // the session promises well-formed topics
        }
        session->publish(m.topic, std::make_shared<const std::string>(m.payload), m.level,
                         m.retain);
        return true;
    }
    std::optional<qos> on_subscribe(std::string_view filter, qos wanted) override {
        if (!check_topic_filter(filter) || wanted == qos::exactly_once) {
            std::abort();
        }
        topic_matches(filter, "a/b/c");
        return wanted;
    }
    void on_unsubscribe(std::string_view) override {}

    server_session* session = nullptr;
};

}  // namespace

// The first byte says how the rest is cut into reads.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::size_t step = data[0] == 0 ? size : data[0];
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    const evergrass::mono_time now{};
    const server_options options;
    owner answers;
    server_session session(options, answers, now);
    answers.session = &session;
    std::string pending;
    for (std::size_t at = 0; at < input.size() && !session.closed(); at += step) {
        pending += input.substr(at, step);
        const auto used = session.receive(std::string(pending), now);
        if (used > pending.size()) {
            std::abort();
        }
        pending.erase(0, used);
        if (!session.output().begin_write().empty()) {
            session.output().written();
        }
    }
    return 0;
}
