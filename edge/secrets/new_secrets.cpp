#include "edge/secrets/new_secrets.hpp"

#include "contract/fields.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"

namespace evergrass::edge {

result<new_secrets> parse_new_secrets(std::string_view text) {
    const auto document = parse_json(text);
    const auto* object = document ? document->if_object() : nullptr;
    if (object == nullptr) {
        return error{errc::invalid_input, "the new secrets are not a JSON object"};
    }
    contract::field_reader in(*object, "");
    new_secrets read;
    read.deployment_id = in.required_text("secretsOfDeployment");
    read.version = in.required_text("secretsVersion");
    auto sealed = base64_decode(in.required_text("sealedSecrets"));
    if (!in.outcome()) {
        return in.outcome().error();
    }
    if (!sealed) {
        return error{errc::invalid_input, "'sealedSecrets' is not base64"};
    }
    read.sealed = std::move(*sealed);
    return read;
}

}  // namespace evergrass::edge
