#include "libs/mqtt/client_session.hpp"

#include <cstdlib>

namespace {

using namespace evergrass::mqtt;

class owner : public client_session_owner {
public:
    void on_connected() override {}
    void on_message(const publish_view& m) override {
        if (!check_topic_name(m.topic)) {
            std::abort();  // the session promises well-formed topics
        }
    }
};

}  // namespace

// What a hostile server answers to a client that has everything under way. The first byte says how
// the rest is cut into reads.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::size_t step = data[0] == 0 ? size : data[0];
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    const evergrass::mono_time now{};
    client_session_options options;
    options.client_id = "fuzz";
    options.max_inflight = 2;
    owner answers;
    client_session session(options, answers);
    for (int i = 0; i < 3; ++i) {
        session.publish(
            "t", std::make_shared<const std::string>("x"), qos::at_least_once,
            [](const evergrass::result<void>&) {}, now);
    }
    session.subscribe(
        "a/#", qos::at_least_once, [](evergrass::result<qos>) {}, now);
    session.opened(now);
    std::string pending;
    for (std::size_t at = 0; at < input.size() && !session.failed(); at += step) {
        pending += input.substr(at, step);
        const auto used = session.receive(std::string(pending), now);
        if (used > pending.size()) {
            std::abort();
        }
        pending.erase(0, used);
        if (!session.output().begin_write().empty()) {
            session.written(now);
        }
    }
    session.lost("the input has ended");
    session.opened(now);
    session.stop();
    return 0;
}
