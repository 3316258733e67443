#include "edge/config/secrets_settings.hpp"

#include "edge/config/reading.hpp"

namespace evergrass::edge {

result<void> read_secrets(const json::object& top, core_config& config) {
    contract::field_reader in(top, "");
    const auto* secrets = in.object("secrets");
    if (secrets == nullptr) {
        return in.outcome();
    }
    note_unknown(*secrets, "secrets", {"refreshSeconds"}, config);
    contract::field_reader inner(*secrets, "secrets");
    constexpr std::int64_t longest = 7 * 86'400;
    const auto seconds = read_in_range(inner, "refreshSeconds", 0, 0, longest);
    config.secrets.refresh = std::chrono::seconds(seconds);
    return inner.outcome();
}

}  // namespace evergrass::edge
