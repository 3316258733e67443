#include "tests/fuzz/mqtt_client_check.hpp"

#include <memory>

namespace {

using namespace evergrass::mqtt;
using fuzz::must;

class owner : public client_session_owner {
public:
    void on_connected() override {}
    void on_message(const publish_view& m) override {
        must(check_topic_name(m.topic).has_value());
        read_properties(m.properties);
    }
};

void begin_everything(client_session& session, fuzz::answer_book& answers,
                      evergrass::mono_time now) {
    const auto payload = std::make_shared<const std::string>("x");
    for (const auto level : {qos::at_least_once, qos::exactly_once, qos::exactly_once}) {
        publish_options o;
        o.level = level;
        session.publish("topic", payload, o, answers.expect<evergrass::result<acknowledgement>>(),
                        now);
    }
    session.subscribe("a/#", {}, answers.expect<evergrass::result<qos>>(), now);
    session.unsubscribe("b", answers.expect<evergrass::result<void>>(), now);
}

}  // namespace

// What a hostile server answers to a client that has everything under way. The first byte says
// which version the client speaks (its highest bit: 5.0) and how the rest is cut into reads.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::size_t step = (data[0] & 0x7FU) == 0 ? size : data[0] & 0x7FU;
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    const evergrass::mono_time now{};
    client_session_options options;
    options.version = data[0] >= 0x80 ? protocol_version::v5 : protocol_version::v3_1_1;
    options.client_id = "fuzz";
    options.clean_start = false;
    options.max_inflight = 2;
    owner receiver;
    fuzz::answer_book answers;
    client_session session(options, receiver);
    begin_everything(session, answers, now);
    session.opened(now);
    std::string pending;
    std::string sent;
    for (std::size_t at = 0; at < input.size() && !session.failed(); at += step) {
        pending += input.substr(at, step);
        const auto used = session.receive(std::string(pending), now);
        must(used <= pending.size());
        pending.erase(0, used);
        sent += fuzz::take_output(session, now);
    }
    must(!session.failed() || !session.failure().empty());
    // Whatever came, what we sent is whole packets.
    for (std::string_view rest = sent; !rest.empty();) {
        const auto next = next_frame(rest, SIZE_MAX);
        must(next && *next);
        rest.remove_prefix((*next)->size);
    }
    session.lost("the input has ended");
    session.opened(now);
    session.stop();
    answers.all_told();
    return 0;
}
