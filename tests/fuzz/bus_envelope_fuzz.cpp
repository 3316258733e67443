#include "cloud/bus/bus_subjects.hpp"
#include "cloud/bus/envelope.hpp"
#include "cloud/bus/keep_answer.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

// What comes from the bus: what services tell each other, and JetStream's answers. What is read is
// the same when it is written again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace evergrass::cloud;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    static_cast<void>(parse_keep_answer(bytes));
    const auto read = decode_envelope(bytes);
    if (!read) {
        return 0;
    }
    const auto again = decode_envelope(encode_envelope(*read));
    if (!again || again->what != read->what || again->origin != read->origin ||
        again->name != read->name || again->number != read->number) {
        std::abort();
    }
    if (read->message) {
        const auto& before = *read->message;
        const auto& after = *again->message;
        if (before.topic != after.topic || *before.payload != *after.payload ||
            before.properties != after.properties || before.expires_at != after.expires_at) {
            std::abort();
        }
        static_cast<void>(message_subject("f", before.topic));
    }
    return 0;
}
