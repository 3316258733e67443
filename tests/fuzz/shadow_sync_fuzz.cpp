// What comes from the cloud's shadow service, and what is posted to the core's socket: each line is
// one, a cloud message with its topic before a blank. Whatever it says, the core's documents stay
// documents and the engine ends.

#include "edge/shadows/admin_request.hpp"
#include "edge/shadows/sync_model.hpp"
#include "libs/shadow/test_invariants.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

namespace edge = evergrass::edge;
namespace shadow = evergrass::shadow;

void demand(bool holds) {
    if (!holds) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    const shadow::shadow_id thing{"T", ""};
    edge::testing_sync::memory_store store;
    edge::sync_engine engine({}, store);
    evergrass::mono_time now{std::chrono::hours(1)};
    engine.follow({{thing, edge::sync_direction::both}}, now);
    engine.link_up(now);
    while (!rest.empty()) {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        if (const auto asked = edge::read_shadow_request(line)) {
            demand(asked->what == edge::shadow_admin_request::kind::list ||
                   shadow::is_thing_name(asked->which.thing));
        }
        const auto blank = line.find(' ');
        if (blank == std::string_view::npos) {
            std::optional<std::string> token;
            if (const auto update = shadow::parse_update(line, token)) {
                if (auto after = shadow::apply(store.documents[thing], *update, 1)) {
                    store.documents[thing] = std::move(*after);
                    engine.local_changed(thing, now);
                }
            }
            continue;
        }
        // A token that fits whatever was asked last.
        auto said = edge::parse_cloud_message(line.substr(0, blank), line.substr(blank + 1));
        for (const auto& sent : engine.take_messages()) {
            const auto body = evergrass::parse_json(sent.payload);
            demand(body && body->is_object());
            if (said && said->token == "mine") {
                said->token =
                    evergrass::string_member(body->get_object(), "clientToken").value_or("");
            }
        }
        if (said) {
            engine.hear(*said, now);
        }
        if (const auto next = engine.next_deadline()) {
            now = *next;
            engine.tick(now);
        }
        demand(engine.take_errors().empty());
        if (const auto& of = store.documents[thing]; of.exists) {
            demand(shadow::mirrors(of.metadata, of.state, edge::testing_sync::epoch));
        }
    }
    return 0;
}
