#include "contract/fields.hpp"
#include "contract/manifest.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"

namespace evergrass::contract {

result<signed_manifest> parse_signed_manifest(std::string_view text) {
    auto document = parse_json(text);
    if (!document) {
        return with_context(document.error(), "the signed manifest");
    }
    const auto* object = document->if_object();
    if (object == nullptr) {
        return error{errc::invalid_input, "the signed manifest is not a JSON object"};
    }
    field_reader in(*object, "");
    const auto manifest = base64_decode(in.required_text("manifest"));
    const auto signature = base64_decode(in.required_text("signature"));
    auto key_id = in.required_text("keyId");
    if (!manifest) {
        in.fail("manifest", "is not base64");
    }
    if (!signature || signature->size() != 64) {
        in.fail("signature", "is not 64 bytes in base64");
    }
    if (!in.outcome()) {
        return with_context(in.outcome().error(), "the signed manifest");
    }
    return signed_manifest{*manifest, *signature, std::move(key_id)};
}

std::string to_json_text(const signed_manifest& m) {
    return json::serialize(json::object{{"manifest", base64_encode(m.manifest_text)},
                                        {"signature", base64_encode(m.signature)},
                                        {"keyId", m.key_id}});
}

}  // namespace evergrass::contract
