// Records of the MQTT session journal with any bytes in them, as a hostile hand leaves them: damage
// that a disk does is found by checksums before. What they amount to can be written and read again
// and stays the same; so does what is told of changes that were held back; times of any kind expire
// in one go.
//
// The input is records, each with its length in two bytes before it. The first byte says how many
// of them are not held back.

#include "libs/mqtt/session_journal_held.hpp"
#include "libs/mqtt/session_journal_records.hpp"
#include "libs/mqtt/session_model.hpp"
#include "libs/mqtt/test_journal_state.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace evergrass::mqtt::journal {
namespace {

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

std::string bytes_of(const record& r) {
    std::string head;
    const auto payload = encode(r, head);
    return head.append(payload);
}

// A model, and the places of what it is told.
class told_model {
public:
    session_model model;

    void apply(const record& r) {
        const std::uint64_t bytes = 24;
        model.apply(r, {++number_, number_ * bytes, bytes});
    }
    void read(std::string_view bytes) {
        decoder in;
        for (const auto part : split_several(bytes)) {
            check(in.read(part) == decoder::outcome::record);
            apply(in.what());
        }
    }
    std::string text() const { return to_text(model.sessions(), model.retained()); }

    std::vector<std::string> written() {
        std::vector<std::string> records;
        model.for_each_record([&](const record& r) { records.push_back(bytes_of(r)); });
        return records;
    }
    void drop_incomplete() {
        std::vector<session_id> ids;
        for (const auto* s : model.incomplete()) {
            ids.push_back(s->id);
        }
        for (const auto id : ids) {
            apply(session_ended_record{id});
        }
        check(model.incomplete().empty());
    }

private:
    std::uint64_t number_ = 0;
};

std::vector<std::string> undamaged_records(std::string_view input) {
    std::vector<std::string> records;
    decoder in;
    while (input.size() >= 2) {
        const auto length = static_cast<std::size_t>(static_cast<std::uint8_t>(input[0])) |
                            static_cast<std::size_t>(static_cast<std::uint8_t>(input[1])) << 8U;
        input.remove_prefix(2);
        const auto bytes = input.substr(0, length);
        input.remove_prefix(bytes.size());
        for (const auto part : split_several(bytes)) {
            if (in.read(part) == decoder::outcome::record) {
                records.push_back(bytes_of(in.what()));
                check(in.read(records.back()) == decoder::outcome::record);
                check(bytes_of(in.what()) == records.back());
            }
        }
    }
    return records;
}

// Can this be held back? Messages are refused then; and no live journal says anything of a session
// that is not there, or uses its identifier again, for this client or another.
bool can_be_held(const record& r, const session_model& before) {
    if (const auto* header = std::get_if<session_record>(&r)) {
        const auto* known = before.find(header->id);
        return header->id >= before.next_session() ||
               (known != nullptr && known->known && known->client_id == header->client_id);
    }
    const auto key = key_of(r);
    return key && !std::holds_alternative<retained_record>(r) &&
           !std::holds_alternative<received_record>(r) &&
           (key->what == object_key::kind::retained || before.find(key->session) != nullptr);
}

void check_held(const std::vector<std::string>& records, std::size_t not_held) {
    told_model log;  // what the log says
    told_model now;
    held_changes held;
    decoder in;
    for (std::size_t i = 0; i < records.size(); ++i) {
        check(in.read(records[i]) == decoder::outcome::record);
        if (i < not_held) {
            log.apply(in.what());
            now.apply(in.what());
        } else if (can_be_held(in.what(), now.model)) {
            held.note(in.what(), now.model);
            now.apply(in.what());
        }
    }
    std::string all;
    begin_several(all);
    for (const auto& key : held.all()) {
        if (const auto told = now.model.tell(key)) {
            std::string head;
            const auto payload = encode(told->what, head);
            add_to_several(all, head, payload);
        }
    }
    log.read(all);
    check(log.text() == now.text());
}

void check_expiry(told_model& all, wall_time now) {
    if (all.model.clock_was_set(now)) {
        all.apply(clock_record{now});
        check(!all.model.clock_was_set(now));
    }
    for (const auto& end : all.model.expired(now)) {
        all.apply(end);
    }
    check(all.model.expired(now).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto records = undamaged_records(input);
    check_held(records, std::min<std::size_t>(data[0], records.size()));

    told_model first;
    for (const auto& bytes : records) {
        first.read(bytes);
    }
    first.drop_incomplete();
    told_model second;
    for (const auto& bytes : first.written()) {
        second.read(bytes);
    }
    check(second.model.incomplete().empty());
    check(second.text() == first.text());
    check(second.written().size() == first.written().size());

    for (const auto seconds : {0, 1'000'000'000, 1'704'067'200, 2'000'000'000}) {
        check_expiry(first, wall_time(std::chrono::seconds(seconds)));
    }
    return 0;
}

}  // namespace evergrass::mqtt::journal
