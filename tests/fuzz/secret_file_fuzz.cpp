// A stored secret as anybody may have edited it, those of a deployment, sealed or not, new values
// of a service, and what a function asks of it.

#include "edge/secrets/deployed_secrets.hpp"
#include "edge/secrets/new_secrets.hpp"
#include "edge/secrets/own_secret.hpp"
#include "edge/secrets/sealed_secrets.hpp"
#include "edge/secrets/secret_service.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/json.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace evergrass;

// Whatever is asked for by this name is this secret.
class one_secret final : public edge::secret_store {
public:
    explicit one_secret(const edge::secret* s) : secret_(s) {}
    const edge::secret* find(std::string_view) const override { return secret_; }
    std::vector<const edge::secret*> all() const override { return {}; }
    result<void> put(edge::secret) override { return error{errc::unsupported, ""}; }
    result<void> remove(std::string_view) override { return error{errc::unsupported, ""}; }

private:
    const edge::secret* secret_;
};

// Its key is known, so that what is behind the wrapping is reached too.
class no_wrapper final : public edge::data_key_wrapper {
public:
    std::string_view method() const override { return "RSA-PKCS1-v1_5"; }
    result<std::string> wrap(std::string_view key) const override { return std::string(key); }
    result<secret_text> unwrap(std::string_view) const override {
        return secret_text(std::string(32, 'k'));
    }
};

void ask(const edge::secret* stored, std::string_view body) {
    const one_secret store(stored);
    edge::secret_service service(store);
    contract::function f;
    f.arn = "f";
    f.resources = {{"r", "ro"}};
    const auto arn = stored == nullptr ? std::string("arn") : stored->arn;
    service.grant({f}, {json::object{{"Id", "r"},
                                     {"ResourceDataContainer",
                                      {{"SecretsManagerSecretResourceData", {{"ARN", arn}}}}}}});
    const auto answer = parse_json(service.answer("f", body));
    if (!answer || !answer->is_object()) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    ask(nullptr, text);
    static_cast<void>(edge::parse_deployed_secrets(text));
    static_cast<void>(edge::parse_new_secrets(text));
    const no_wrapper known_key;
    if (const auto opened = edge::open_sealed_secrets(text, "d", known_key); opened) {
        for (const auto& each : *opened) {
            if (each.versions.empty()) {
                std::abort();
            }
        }
    }
    static_cast<void>(edge::open_own_secret(text, nullptr));
    if (const auto own = edge::open_own_secret(text, &known_key)) {
        const edge::data_key same{known_key.unwrap("").value(), "key",
                                  std::string(known_key.method())};
        const auto sealed = edge::seal_own_secret(own->content, same);
        const auto again = edge::open_own_secret(sealed, &known_key);
        if (!again || edge::to_json_text(again->content) != edge::to_json_text(own->content)) {
            std::abort();
        }
    }
    if (const auto secret = edge::parse_secret(text)) {
        const auto again = edge::parse_secret(edge::to_json_text(*secret));
        if (!again || edge::to_json_text(*again) != edge::to_json_text(*secret)) {
            std::abort();
        }
        ask(&*secret, text);
        ask(&*secret, R"({"SecretId":"s"})");
    }
    return 0;
}
