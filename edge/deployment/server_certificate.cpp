#include "edge/deployment/server_certificate.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/base/json.hpp"

#include <algorithm>

namespace evergrass::edge {

std::optional<std::string> renewal_reason(const std::optional<pki::certificate_info>& certificate,
                                          const std::optional<certificate_purpose>& made_for,
                                          const certificate_purpose& wanted, wall_time now) {
    if (!certificate || !made_for) {
        return "there is none yet";
    }
    if (made_for->authority != wanted.authority) {
        return "the group has another certificate authority";
    }
    if (made_for->names != wanted.names) {
        return "the core's addresses changed";
    }
    if (made_for->connectivity_version != wanted.connectivity_version) {
        return "the core's connectivity information changed";
    }
    const auto life = certificate->not_after - certificate->not_before;
    if (now >= certificate->not_before + life / 2) {
        return "half of its life is over";
    }
    return std::nullopt;
}

server_certificate::server_certificate(std::filesystem::path state_directory,
                                       std::optional<std::filesystem::path> owners_key, logger log)
    : directory_(std::move(state_directory)),
      owners_key_(std::move(owners_key)),
      log_(std::move(log)) {}

result<std::string> server_certificate::key_pem() const {
    const auto path = owners_key_.value_or(directory_ / "server.key");
    std::error_code missing;
    if (owners_key_ || std::filesystem::exists(path, missing)) {
        auto key = read_file(path, 64 * 1024);
        return key ? key : with_context(key.error(), "the key of the local MQTT server");
    }
    if (auto made = make_directories(directory_, 0700); !made) {
        return made.error();
    }
    auto key = pki::generate_rsa_key();
    if (auto written = write_file_atomically(path, key, 0600); !written) {
        return written.error();
    }
    return key;
}

result<std::optional<server_certificate::identity>> server_certificate::load() const {
    const auto path = directory_ / "server.crt";
    std::error_code missing;
    if (!std::filesystem::exists(path, missing)) {
        return std::optional<identity>();
    }
    auto chain = read_file(path, 1024 * 1024);
    if (!chain) {
        return chain.error();
    }
    auto key = key_pem();
    if (!key) {
        return key.error();
    }
    const auto together = pki::matches(*chain, *key);
    if (!together || !*together) {
        // The owner's key was exchanged or the file is damaged: a new one will be asked for.
        log_.warn("The local MQTT server's certificate does not fit its key and is not used.",
                  {{"file", path.string()}});
        return std::optional<identity>();
    }
    return std::optional(identity{std::move(*chain), std::move(*key)});
}

std::optional<certificate_purpose> server_certificate::load_purpose() const {
    const auto text = read_file(directory_ / "server.json", 1024 * 1024);
    const auto document = text ? parse_json(*text) : result<json::value>(text.error());
    if (!document || !document->is_object()) {
        return std::nullopt;
    }
    const auto& object = document->get_object();
    certificate_purpose purpose;
    purpose.authority = string_member(object, "authority").value_or("");
    purpose.connectivity_version = string_member(object, "connectivityVersion").value_or("");
    if (const auto* names = array_member(object, "names")) {
        for (const auto& name : *names) {
            if (name.is_string()) {
                purpose.names.emplace_back(name.get_string());
            }
        }
    }
    return purpose;
}

result<void> server_certificate::save(const std::string& chain_pem,
                                      const certificate_purpose& purpose) const {
    json::array names;
    for (const auto& name : purpose.names) {
        names.emplace_back(name);
    }
    const json::object out{{"authority", purpose.authority},
                           {"connectivityVersion", purpose.connectivity_version},
                           {"names", std::move(names)}};
    // The certificate first: without its purpose it is only asked for once more.
    if (auto saved = write_file_atomically(directory_ / "server.crt", chain_pem, 0644); !saved) {
        return saved;
    }
    return write_file_atomically(directory_ / "server.json", to_pretty_json(out), 0600);
}

boost::asio::awaitable<result<bool>> server_certificate::renew_if_due(http::client& service,
                                                                      std::string thing,
                                                                      std::string group_id,
                                                                      certificate_purpose wanted,
                                                                      wall_time now) {
    auto stored = load();
    if (!stored) {
        co_return stored.error();
    }
    std::optional<pki::certificate_info> certificate;
    if (*stored) {
        if (auto read = pki::read_certificate((*stored)->chain_pem)) {
            certificate = *read;
        }
    }
    const auto reason = renewal_reason(certificate, load_purpose(), wanted, now);
    if (!reason) {
        co_return false;
    }
    auto key = key_pem();
    if (!key) {
        co_return key.error();
    }
    auto csr = pki::make_csr(thing, wanted.names, *key);
    if (!csr) {
        co_return csr.error();
    }
    json::array names;
    for (const auto& name : wanted.names) {
        names.emplace_back(name);
    }
    http::request ask;
    ask.method = "POST";
    ask.target = "/evergrass/v1/cores/" + percent_encode(thing) + "/server-certificate";
    ask.headers.set("content-type", "application/json");
    ask.body = json::serialize(
        json::object{{"groupId", group_id}, {"csr", *csr}, {"names", std::move(names)}});
    auto answer = co_await service.send(std::move(ask));
    if (!answer) {
        co_return answer.error();
    }
    const auto document = parse_json(answer->body);
    const auto* object = document ? document->if_object() : nullptr;
    const auto chain = object != nullptr ? string_member(*object, "chain") : std::nullopt;
    if (answer->status != 200 || !chain) {
        const auto why =
            object != nullptr ? string_member(*object, "message").value_or("") : std::string();
        co_return error{answer->status >= 500 ? errc::unavailable : errc::denied,
                        "the service did not give the local MQTT server a certificate (HTTP " +
                            std::to_string(answer->status) + (why.empty() ? "" : ", " + why) + ")"};
    }
    const auto fits = pki::matches(*chain, *key);
    if (!fits || !*fits) {
        co_return error{errc::invalid_input,
                        "the certificate that the service sent is not for this core's key"};
    }
    if (auto saved = save(*chain, wanted); !saved) {
        co_return saved.error();
    }
    log_.info("The local MQTT server has a new certificate.", {{"because", *reason}});
    co_return true;
}

}  // namespace evergrass::edge
