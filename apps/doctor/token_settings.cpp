#include "apps/doctor/token_facts.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/json.hpp"
#include "libs/pkcs11/uri.hpp"

namespace evergrass::doctor {

result<std::optional<token_settings>> read_token_settings(std::string_view config) {
    const auto document = parse_json(config);
    if (!document) {
        return document.error();
    }
    const auto* top = document->if_object();
    if (top == nullptr) {
        return error{errc::invalid_input, "config.json does not hold a JSON object"};
    }
    const auto* crypto = object_member(*top, "crypto");
    const auto* principals = crypto ? object_member(*crypto, "principals") : nullptr;
    token_settings settings;
    for (const auto* name : {"IoTCertificate", "MQTTServerCertificate", "SecretsManager"}) {
        const auto* principal = principals ? object_member(*principals, name) : nullptr;
        const auto uri = principal ? string_member(*principal, "privateKeyPath") : std::nullopt;
        if (uri && pkcs11::is_uri(*uri)) {
            settings.principals.push_back({name, *uri});
        }
    }
    if (settings.principals.empty()) {
        return std::optional<token_settings>{};
    }
    if (const auto* token = object_member(*crypto, "PKCS11")) {
        settings.provider = string_member(*token, "P11Provider").value_or("");
        settings.slot_label = string_member(*token, "slotLabel").value_or("");
        settings.pin = string_member(*token, "slotUserPin").value_or("");
    }
    return std::optional(std::move(settings));
}

}  // namespace evergrass::doctor
