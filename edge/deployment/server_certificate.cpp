#include "edge/deployment/server_certificate.hpp"

#include "edge/deployment/key_file.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/base/json.hpp"

#include <algorithm>

namespace evergrass::edge {
namespace {

// Clients look at the names; this is for people. A thing's name may be too long for it.
constexpr std::string_view common_name = "Evergrass core";
constexpr std::int64_t latest_second = 9'000'000'000;  // what wall_time can hold

json::array array_of(const std::vector<std::string>& texts) {
    json::array array;
    for (const auto& text : texts) {
        array.emplace_back(text);
    }
    return array;
}

}  // namespace

std::optional<std::string> renewal_reason(const std::optional<pki::certificate_info>& certificate,
                                          const std::optional<certificate_record>& made,
                                          const certificate_purpose& wanted, wall_time now) {
    if (!certificate || !made) {
        return "there is none yet";
    }
    const auto& made_for = made->purpose;
    if (made_for.authority != wanted.authority) {
        return "another authority signs now";
    }
    if (made_for.names != wanted.names) {
        return "the core's addresses changed";
    }
    if (!wanted.connectivity_version.empty() &&
        made_for.connectivity_version != wanted.connectivity_version) {
        return "the core's connectivity information changed";
    }
    if (made_for.for_a_clock_behind != wanted.for_a_clock_behind) {
        return wanted.for_a_clock_behind ? "the clock is behind" : "the clock is right again";
    }
    const auto begun = made->made_at.value_or(certificate->not_before);
    if (now >= begun + (certificate->not_after - begun) / 2 && !wanted.for_a_clock_behind) {
        return "half of its life is over";
    }
    return std::nullopt;
}

server_certificate::server_certificate(std::filesystem::path state_directory, key_source owners_key,
                                       logger log)
    : directory_(std::move(state_directory)),
      owners_key_(std::move(owners_key)),
      log_(std::move(log)),
      authority_(directory_, log_),
      seen_(directory_ / "latest-time.json") {}

result<pki::private_key> server_certificate::key() const {
    if (!owners_key_) {
        const auto pem = read_or_make_key(directory_ / "server.key");
        return pem ? pki::private_key::from_pem(*pem) : pem.error();
    }
    auto key = owners_key_();
    return key ? key : with_context(key.error(), "the key of the local MQTT server");
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
    auto key = this->key();
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
    const auto first = pki::read_certificate(*chain);
    if (!first) {
        return first.error();
    }
    identity found{{}, std::move(*key), first->not_after, {}};
    const auto rest = chain->find("-----BEGIN", 1);
    if (rest != std::string::npos) {
        if (const auto by = pki::read_certificate(std::string_view(*chain).substr(rest))) {
            found.core_signs_until = by->not_after;
        }
    }
    found.chain_pem = std::move(*chain);
    return std::optional(std::move(found));
}

result<void> server_certificate::make_keys() const {
    if (const auto made = key(); !made) {
        return made.error();
    }
    return authority_.make_key();
}

std::optional<certificate_record> server_certificate::load_record() const {
    const auto text = read_file(directory_ / "server.json", 1024 * 1024);
    const auto document = text ? parse_json(*text) : result<json::value>(text.error());
    if (!document || !document->is_object()) {
        return std::nullopt;
    }
    const auto& object = document->get_object();
    certificate_record record;
    auto& purpose = record.purpose;
    purpose.authority = string_member(object, "authority").value_or("");
    purpose.connectivity_version = string_member(object, "connectivityVersion").value_or("");
    purpose.for_a_clock_behind = bool_member(object, "clockWasBehind").value_or(false);
    if (const auto* names = array_member(object, "names")) {
        for (const auto& name : *names) {
            if (name.is_string()) {
                purpose.names.emplace_back(name.get_string());
            }
        }
    }
    const auto made_at = int_member(object, "madeAt");
    if (made_at && *made_at > 0 && *made_at < latest_second) {
        record.made_at = wall_time(std::chrono::seconds(*made_at));
    }
    return record;
}

result<server_certificate::stored> server_certificate::look() const {
    const auto has = load();
    if (!has) {
        return has.error();
    }
    stored found;
    if (*has) {
        if (auto read = pki::read_certificate((*has)->chain_pem)) {
            found.certificate = std::move(*read);
        }
    }
    found.record = load_record();
    return found;
}

result<void> server_certificate::save(const std::string& chain_pem,
                                      const certificate_record& record) const {
    json::object out{{"authority", record.purpose.authority},
                     {"connectivityVersion", record.purpose.connectivity_version},
                     {"names", array_of(record.purpose.names)}};
    if (record.made_at) {
        out["madeAt"] = to_epoch_seconds(*record.made_at);
        out["clockWasBehind"] = record.purpose.for_a_clock_behind;
    }
    // The certificate first: without its record it is only made once more.
    if (auto saved = write_file_atomically(directory_ / "server.crt", chain_pem, 0644); !saved) {
        return saved;
    }
    return write_file_atomically(directory_ / "server.json", to_pretty_json(out), 0600);
}

void server_certificate::note_time(const time_reading& at, wall_time now) {
    if (at.clock_is_behind && !told_of_clock_) {
        log_.warn(
            "The clock is behind the latest time that this core has seen. Until it is right, "
            "the local MQTT server's certificate is made to last as long as its authority.",
            {{"clock", format_iso8601(now)},
             {"seen", format_iso8601(at.time)},
             {"next", "set the clock; if it is right, remove " +
                          (directory_ / "latest-time.json").string() + " and restart"}});
    }
    told_of_clock_ = at.clock_is_behind;
}

result<bool> server_certificate::sign(const delegation& by, const certificate_wish& wanted,
                                      wall_time now) {
    const auto at = seen_.look(now, by.not_before);
    note_time(at, now);
    certificate_record record;
    record.made_at = at.time;
    record.purpose.for_a_clock_behind = at.clock_is_behind;
    record.purpose.authority = sha256_hex(by.certificate_pem);
    auto& names = record.purpose.names;
    names = wanted.local_names;
    names.insert(names.end(), by.addresses.begin(), by.addresses.end());
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    const auto has = look();
    if (!has) {
        return has.error();
    }
    const auto reason = renewal_reason(has->certificate, has->record, record.purpose, at.time);
    if (!reason) {
        return false;
    }
    const auto key = this->key();
    if (!key) {
        return key.error();
    }
    pki::certificate_request request;
    request.common_name = common_name;
    request.organization = "Evergrass";
    request.names = record.purpose.names;
    request.for_server = true;
    request.not_before = by.not_before;
    request.not_after =
        at.clock_is_behind ? by.not_after : std::min(at.time + wanted.life, by.not_after);
    const auto made = pki::issue(request, pki::public_key_of(*key), by.certificate_pem, by.key_pem);
    if (!made) {
        return made.error();
    }
    if (auto saved = save(*made + by.certificate_pem, record); !saved) {
        return saved.error();
    }
    log_.info("The local MQTT server has a new certificate, signed by the core itself.",
              {{"because", *reason}, {"until", format_iso8601(request.not_after)}});
    return true;
}

result<bool> server_certificate::renew_alone(const certificate_wish& wanted, wall_time now) {
    const auto has = authority_.load();
    if (!has) {
        return has.error();
    }
    if (!*has) {
        return false;
    }
    auto signed_one = sign(**has, wanted, now);
    if (auto kept = seen_.keep(now); !kept && signed_one) {
        return with_context(kept.error(), "the latest time that was seen");
    }
    return signed_one;
}

boost::asio::awaitable<result<bool>> server_certificate::renew(http::client& service,
                                                               certificate_wish wanted,
                                                               wall_time now) {
    auto has = authority_.load();
    if (!has) {
        co_return has.error();
    }
    const delegation_wish wish{wanted.thing, wanted.group_id, wanted.group_ca_pem,
                               wanted.connectivity_version};
    const auto reason = there_is_no_authority_ ? std::nullopt : delegation_reason(*has, wish, now);
    if (reason) {
        auto given = co_await authority_.ask(service, wish);
        if (given) {
            *has = std::move(*given);
            there_is_no_authority_ = !*has;
        } else if (given.error().code == errc::not_found) {
            there_is_no_authority_ = !*has;  // by a service that knows nothing of it
        } else {
            co_return given.error();  // what there is goes on, by renew_alone()
        }
    }
    if (!*has) {
        auto renewed = co_await let_the_service_sign(service, std::move(wanted), now);
        co_return renewed;
    }
    auto renewed = renew_alone(wanted, now);
    co_return renewed;
}

boost::asio::awaitable<result<bool>> server_certificate::let_the_service_sign(
    http::client& service, certificate_wish wanted, wall_time now) {
    certificate_record record;
    record.purpose.names = wanted.local_names;
    record.purpose.authority = sha256_hex(wanted.group_ca_pem);
    record.purpose.connectivity_version = wanted.connectivity_version;
    const auto has = look();
    if (!has) {
        co_return has.error();
    }
    const auto reason = renewal_reason(has->certificate, has->record, record.purpose, now);
    if (!reason) {
        co_return false;
    }
    const auto key = this->key();
    if (!key) {
        co_return key.error();
    }
    auto csr = pki::make_csr(common_name, wanted.local_names, *key);
    if (!csr) {
        co_return csr.error();
    }
    http::request ask;
    ask.method = "POST";
    ask.target = "/evergrass/v1/cores/" + percent_encode(wanted.thing) + "/server-certificate";
    ask.headers.set("content-type", "application/json");
    ask.body = json::serialize(json::object{
        {"groupId", wanted.group_id}, {"csr", *csr}, {"names", array_of(wanted.local_names)}});
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
    if (auto saved = save(*chain, record); !saved) {
        co_return saved.error();
    }
    log_.info("The local MQTT server has a new certificate.", {{"because", *reason}});
    co_return true;
}

}  // namespace evergrass::edge
