#include "edge/deployment/local_authority.hpp"

#include "edge/deployment/key_file.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/base/json.hpp"
#include "libs/base/random.hpp"
#include "libs/pki/pki.hpp"

#include <utility>

namespace evergrass::edge {
namespace {

constexpr std::size_t most_bytes = 1024 * 1024;

// Group CAs of the service live 20 years (spec/cloud.md §1); a device's clock may be behind.
constexpr std::chrono::hours own_authority_before{24 * 365};
constexpr std::chrono::hours own_authority_life{24 * 365 * 20};

std::vector<std::string> texts_of(const json::object& in, std::string_view name) {
    std::vector<std::string> texts;
    if (const auto* list = array_member(in, name)) {
        for (const auto& each : *list) {
            if (each.is_string()) {
                texts.emplace_back(each.get_string());
            }
        }
    }
    return texts;
}

// The certificate with its key, when they are what a core can sign with.
result<delegation> read_delegation(std::string certificate_pem, std::string key_pem) {
    const auto info = pki::read_certificate(certificate_pem);
    if (!info) {
        return info.error();
    }
    if (!info->is_ca) {
        return error{errc::invalid_input, "it is not the certificate of an authority"};
    }
    const auto together = pki::matches(certificate_pem, key_pem);
    if (!together || !*together) {
        return error{errc::invalid_input, "it does not belong to the key"};
    }
    delegation read;
    read.certificate_pem = std::move(certificate_pem);
    read.key_pem = std::move(key_pem);
    read.not_before = info->not_before;
    read.not_after = info->not_after;
    return read;
}

}  // namespace

std::optional<std::string> delegation_reason(const std::optional<delegation>& has,
                                             const delegation_wish& wanted, wall_time now) {
    if (!has) {
        return "there is none yet";
    }
    if (has->group_ca != sha256_hex(wanted.group_ca_pem)) {
        return "the group has another certificate authority";
    }
    if (!wanted.connectivity_version.empty() &&
        has->connectivity_version != wanted.connectivity_version) {
        return "the core's connectivity information changed";
    }
    if (now >= has->not_before + (has->not_after - has->not_before) / 2) {
        return "half of its life is over";
    }
    return std::nullopt;
}

result<std::string> local_authority::key_pem() const {
    return read_or_make_key(directory_ / "authority.key");
}

result<void> local_authority::make_key() const {
    const auto key = key_pem();
    return key ? result<void>() : key.error();
}

result<std::optional<delegation>> local_authority::load() {
    std::error_code missing;
    if (!std::filesystem::exists(directory_ / "authority.json", missing)) {
        return std::optional<delegation>();
    }
    auto read = read_files();
    if (!read) {
        if (auto reason = read.error().message(); reason != trouble_) {
            log_.warn(
                "The core's own authority cannot be used. The service is asked for a new one.",
                {{"directory", directory_.string()}, {"reason", reason}});
            trouble_ = std::move(reason);
        }
        return std::optional<delegation>();
    }
    return std::optional(std::move(*read));
}

result<delegation> local_authority::read_files() const {
    const auto text = read_file(directory_ / "authority.json", most_bytes);
    if (!text) {
        return text.error();
    }
    const auto document = parse_json(*text);
    const auto* told = document ? document->if_object() : nullptr;
    if (told == nullptr) {
        return error{errc::corrupt, "authority.json is not a JSON object"};
    }
    auto key = read_file(directory_ / "authority.key", most_bytes);
    if (!key) {
        return key.error();
    }
    auto read = read_delegation(string_member(*told, "certificate").value_or(""), std::move(*key));
    if (read) {
        read->group_ca = string_member(*told, "groupCa").value_or("");
        read->connectivity_version = string_member(*told, "connectivityVersion").value_or("");
        read->addresses = texts_of(*told, "addresses");
    }
    return read;
}

result<void> local_authority::save(const delegation& given) const {
    json::array addresses;
    for (const auto& address : given.addresses) {
        addresses.emplace_back(address);
    }
    const json::object told{{"addresses", std::move(addresses)},
                            {"certificate", given.certificate_pem},
                            {"connectivityVersion", given.connectivity_version},
                            {"groupCa", given.group_ca}};
    return write_file_atomically(directory_ / "authority.json", to_pretty_json(told), 0600);
}

result<std::optional<std::string>> local_authority::own_or_make(wall_time now) {
    const auto has = load();
    if (!has) {
        return has.error();
    }
    if (!*has) {
        auto made = make_own(now);
        return made ? result<std::optional<std::string>>(std::move(*made)) : made.error();
    }
    const auto& pem = (*has)->certificate_pem;
    const auto own = pki::is_signed_by(pem, pem);
    return own && *own ? std::optional(pem) : std::nullopt;
}

result<std::string> local_authority::make_own(wall_time now) {
    const auto has = load();
    if (!has) {
        return has.error();
    }
    if (*has) {
        const auto& pem = (*has)->certificate_pem;
        if (const auto own = pki::is_signed_by(pem, pem); own && *own) {
            return pem;
        }
    }
    const auto key = key_pem();
    if (!key) {
        return key.error();
    }
    pki::certificate_request request;
    request.common_name = "Evergrass core CA " + uuid_v4();
    request.organization = "Evergrass";
    request.is_ca = true;
    request.path_length = 0;
    request.not_before = now - own_authority_before;
    request.not_after = now + own_authority_life;
    auto made = pki::make_self_signed(request, *key);
    if (!made) {
        return made.error();
    }
    delegation own;
    own.certificate_pem = *made;
    own.group_ca = sha256_hex(*made);
    if (auto saved = save(own); !saved) {
        return saved.error();
    }
    log_.info("The core made a certificate authority of its own for its group.",
              {{"until", format_iso8601(request.not_after)}});
    return made;
}

void local_authority::remove() const {
    std::error_code ignored;
    std::filesystem::remove(directory_ / "authority.json", ignored);
}

result<std::optional<delegation>> local_authority::take(const std::string& answer,
                                                        const delegation_wish& wanted,
                                                        std::string key) const {
    const auto document = parse_json(answer);
    const auto* object = document ? document->if_object() : nullptr;
    if (object == nullptr) {
        return error{errc::invalid_input, "the service's answer is not a JSON object"};
    }
    if (bool_member(*object, "delegated") == false) {
        remove();
        return std::optional<delegation>();
    }
    auto given =
        read_delegation(string_member(*object, "certificate").value_or(""), std::move(key));
    if (!given) {
        return with_context(given.error(), "the authority that the service sent");
    }
    const auto signed_by_group = pki::is_signed_by(given->certificate_pem, wanted.group_ca_pem);
    if (!signed_by_group || !*signed_by_group) {
        return error{errc::invalid_input,
                     "the authority that the service sent is not signed by the group's CA"};
    }
    given->group_ca = sha256_hex(wanted.group_ca_pem);
    given->connectivity_version = wanted.connectivity_version;
    given->addresses = texts_of(*object, "addresses");
    if (auto saved = save(*given); !saved) {
        return saved.error();
    }
    log_.info("The core has an authority of its own and signs its server's certificates itself.",
              {{"until", format_iso8601(given->not_after)}});
    return std::optional(std::move(*given));
}

boost::asio::awaitable<result<std::optional<delegation>>> local_authority::ask(
    http::client& service, delegation_wish wanted) {
    auto key = key_pem();
    if (!key) {
        co_return key.error();
    }
    auto csr = pki::make_csr("Evergrass core", {}, *key);
    if (!csr) {
        co_return csr.error();
    }
    http::request question;
    question.method = "POST";
    question.target = "/evergrass/v1/cores/" + percent_encode(wanted.thing) + "/local-authority";
    question.headers.set("content-type", "application/json");
    question.body = json::serialize(json::object{{"groupId", wanted.group_id}, {"csr", *csr}});
    auto answer = co_await service.send(std::move(question));
    if (!answer) {
        co_return answer.error();
    }
    if (answer->status != 200) {
        const auto code = answer->status == 404   ? errc::not_found
                          : answer->status >= 500 ? errc::unavailable
                                                  : errc::denied;
        co_return error{code, "the service did not give the core an authority of its own (HTTP " +
                                  std::to_string(answer->status) + ", " + answer->body + ")"};
    }
    auto taken = take(answer->body, wanted, std::move(*key));
    co_return taken;
}

}  // namespace evergrass::edge
