#include "edge/config/reading.hpp"
#include "edge/config/uri.hpp"
#include "libs/base/errors.hpp"

namespace evergrass::edge {

std::string key_place::shown() const {
    return object ? "the key '" + object->object.value_or("(by its id)") + "' in the token"
                  : file.string();
}

namespace {

const std::vector<std::string_view> crypto_members = {"caPath", "PKCS11", "principals",
                                                      "deploymentSigningKeyPath"};
const std::vector<std::string_view> principals_known = {"IoTCertificate", "MQTTServerCertificate",
                                                        "SecretsManager"};
const std::vector<std::string_view> token_members = {"OpenSSLEngine", "P11Provider", "slotLabel",
                                                     "slotUserPin"};

std::string place_of(std::string_view principal, std::string_view member) {
    return "crypto.principals." + std::string(principal) + "." + std::string(member);
}

error missing(const std::string& member) {
    return {errc::invalid_input, "'" + member + "' is missing in config.json"};
}

std::optional<std::string> uri_in(const json::object& principals, std::string_view principal,
                                  std::string_view member) {
    const auto* object = object_member(principals, principal);
    return object != nullptr ? string_member(*object, member) : std::nullopt;
}

result<pkcs11::uri> object_named(const std::string& member, const std::string& text) {
    auto named = pkcs11::parse_uri(text);
    if (!named) {
        return with_context(named.error(), "'" + member + "' in config.json");
    }
    const auto wrong = [&](const std::string& why) {
        return error{errc::invalid_input, "'" + member + "' in config.json " + why};
    };
    if (!named->object && !named->id) {
        return wrong("names no key: write pkcs11:object=LABEL;type=private");
    }
    if (named->type.value_or("private") != "private") {
        return wrong("is of another type than a private key: write type=private");
    }
    if (named->pin_value || named->pin_source || named->module_path || named->module_name) {
        return wrong(
            "has a PIN or a module, which belong in 'crypto.PKCS11' (slotUserPin, "
            "P11Provider)");
    }
    return named;
}

result<key_place> read_key(const json::object& principals, std::string_view principal) {
    const auto member = place_of(principal, "privateKeyPath");
    const auto text = uri_in(principals, principal, "privateKeyPath");
    if (!text) {
        return missing(member);
    }
    key_place place;
    if (pkcs11::is_uri(*text)) {
        auto named = object_named(member, *text);
        if (!named) {
            return named.error();
        }
        place.object = std::move(*named);
        return place;
    }
    auto path = parse_key_uri(member, *text);
    if (!path) {
        return path.error();
    }
    place.file = std::move(*path);
    return place;
}

result<void> read_token(const json::object& crypto, core_config& config) {
    const auto* object = object_member(crypto, "PKCS11");
    if (object == nullptr) {
        return error{errc::invalid_input,
                     "'crypto.PKCS11' is missing in config.json, and a key is in a token "
                     "(pkcs11:): write P11Provider, slotLabel and slotUserPin there"};
    }
    note_unknown(*object, "crypto.PKCS11", token_members, config);
    token_setting token;
    for (const auto& [name, into] :
         {std::pair("P11Provider", &token.provider), std::pair("slotLabel", &token.slot_label),
          std::pair("slotUserPin", &token.user_pin)}) {
        auto text = string_member(*object, name);
        if (!text || text->empty()) {
            return error{errc::invalid_input, "'crypto.PKCS11." + std::string(name) +
                                                  "' in config.json is missing, or no text"};
        }
        *into = std::move(*text);
    }
    if (!token.provider.starts_with('/')) {
        return error{errc::invalid_input,
                     "'crypto.PKCS11.P11Provider' in config.json is '" + token.provider +
                         "': write the absolute path of the PKCS#11 library, without file://"};
    }
    config.token = std::move(token);
    return {};
}

result<void> read_keys(const json::object& principals, core_config& config) {
    auto own = read_key(principals, "IoTCertificate");
    if (!own) {
        return own.error();
    }
    config.private_key = std::move(*own);
    config.secrets_key = config.private_key;
    if (uri_in(principals, "SecretsManager", "privateKeyPath")) {
        auto key = read_key(principals, "SecretsManager");
        if (!key) {
            return key.error();
        }
        config.secrets_key = std::move(*key);
    }
    if (const auto padding = uri_in(principals, "SecretsManager", "padding")) {
        config.secrets_by_oaep = *padding == "OAEP";
        const bool fits = *padding == "PKCS1" || (*padding == "OAEP" && !config.secrets_key.object);
        if (!fits) {
            return error{errc::invalid_input,
                         "'" + place_of("SecretsManager", "padding") +
                             "' in config.json is neither \"PKCS1\" nor, for a key in a file, "
                             "\"OAEP\""};
        }
    }
    if (uri_in(principals, "MQTTServerCertificate", "privateKeyPath")) {
        auto key = read_key(principals, "MQTTServerCertificate");
        if (!key) {
            return key.error();
        }
        config.server_key = std::move(*key);
    }
    return {};
}

}  // namespace

result<void> read_crypto(const json::object& crypto, core_config& config) {
    note_unknown(crypto, "crypto", crypto_members, config);
    const auto* principals = object_member(crypto, "principals");
    const auto ca = string_member(crypto, "caPath");
    if (principals == nullptr || !ca) {
        return missing(ca ? "crypto.principals" : "crypto.caPath");
    }
    note_unknown(*principals, "crypto.principals", principals_known, config);
    auto ca_path = parse_key_uri("crypto.caPath", *ca);
    if (!ca_path) {
        return ca_path.error();
    }
    config.ca_path = std::move(*ca_path);
    const auto member = place_of("IoTCertificate", "certificatePath");
    const auto certificate = uri_in(*principals, "IoTCertificate", "certificatePath");
    if (!certificate) {
        return missing(member);
    }
    auto certificate_path = parse_key_uri(member, *certificate);
    if (!certificate_path) {
        return certificate_path.error();
    }
    config.certificate_path = std::move(*certificate_path);
    if (auto read = read_keys(*principals, config); !read) {
        return read;
    }
    const bool in_token = config.private_key.object || config.secrets_key.object ||
                          (config.server_key && config.server_key->object);
    if (in_token) {
        if (auto read = read_token(crypto, config); !read) {
            return read;
        }
    }
    if (const auto uri = string_member(crypto, "deploymentSigningKeyPath")) {
        auto path = parse_key_uri("crypto.deploymentSigningKeyPath", *uri);
        if (!path) {
            return path.error();
        }
        config.signing_key_path = std::move(*path);
    }
    return {};
}

}  // namespace evergrass::edge
