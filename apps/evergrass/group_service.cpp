#include "apps/evergrass/group_service.hpp"

#include "apps/evergrass/service_info.hpp"
#include "libs/base/arn.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/rt/tls.hpp"

#include <boost/asio/this_coro.hpp>

#include <utility>

namespace evergrass::cli {

namespace asio = boost::asio;

namespace {

constexpr std::size_t most_pages = 10'000;
constexpr std::size_t max_package_bytes = 260U * 1024 * 1024;  // Lambda's 250 MiB, and a zip's own

std::string text_of(const json::object& in, std::string_view name) {
    return string_member(in, name).value_or("");
}

// "arn:…:/greengrass/definition/cores/ID/versions/V" -> what follows the account.
std::string path_of(const std::string& version_arn) {
    const auto parsed = parse_arn(version_arn);
    return parsed ? parsed->resource : std::string();
}

}  // namespace

asio::awaitable<result<std::optional<json::object>>> group_reader::find(api_call c) {
    auto answer = co_await api_.call(std::move(c));
    if (answer) {
        co_return std::optional(std::move(*answer));
    }
    if (answer.error().code == errc::not_found) {
        co_return std::optional<json::object>();
    }
    co_return answer.error();
}

asio::awaitable<result<std::vector<json::object>>> group_reader::list() {
    std::vector<json::object> groups;
    std::string token;
    for (std::size_t page = 0; page < most_pages; ++page) {
        const auto target =
            "/greengrass/groups" + (token.empty() ? "" : "?NextToken=" + percent_encode(token));
        api_call ask{"ListGroups", "greengrass", "GET", target};
        auto answer = co_await api_.call(std::move(ask));
        if (!answer) {
            co_return answer.error();
        }
        if (const auto* found = array_member(*answer, "Groups")) {
            for (const auto& each : *found) {
                if (each.is_object()) {
                    groups.push_back(each.get_object());
                }
            }
        }
        token = text_of(*answer, "NextToken");
        if (token.empty()) {
            break;
        }
    }
    co_return groups;
}

asio::awaitable<result<std::optional<service_group>>> group_reader::load(std::string id_or_name) {
    auto groups = co_await list();
    if (!groups) {
        co_return groups.error();
    }
    const json::object* found = nullptr;
    for (const auto& each : *groups) {
        if (text_of(each, "Id") == id_or_name) {
            found = &each;
            break;
        }
        if (text_of(each, "Name") == id_or_name) {
            if (found != nullptr) {
                co_return error{errc::conflict, "several groups are called '" + id_or_name +
                                                    "': name it by its id, " +
                                                    text_of(*found, "Id") + " or " +
                                                    text_of(each, "Id")};
            }
            found = &each;
        }
    }
    if (found == nullptr) {
        co_return std::optional<service_group>();
    }
    service_group group;
    group.id = text_of(*found, "Id");
    group.arn = text_of(*found, "Arn");
    group.name = text_of(*found, "Name");
    group.version = text_of(*found, "LatestVersion");
    if (const auto arn = parse_arn(group.arn)) {
        group.whose = {arn->partition, arn->region, arn->account};
    }
    auto read = co_await read_definitions(group);
    if (read) {
        read = co_await read_rest(group);
    }
    if (!read) {
        co_return read.error();
    }
    group.group = group_file::from_api(group.api, group.whose, &group.notes);
    co_return std::optional(std::move(group));
}

asio::awaitable<result<void>> group_reader::read_definitions(service_group& group) {
    group.api["Name"] = group.name;
    if (group.version.empty()) {
        co_return result<void>();
    }
    api_call ask{"GetGroupVersion", "greengrass", "GET",
                 "/greengrass/groups/" + group.id + "/versions/" + group.version};
    auto version = co_await api_.call(std::move(ask));
    if (!version) {
        co_return version.error();
    }
    if (const auto* definition = object_member(*version, "Definition")) {
        group.references = *definition;
    }
    for (const auto& family : group_file::families()) {
        const auto arn = text_of(group.references, family.reference);
        if (arn.empty()) {
            continue;
        }
        json::array members;
        std::string token;
        for (std::size_t page = 0; page < most_pages; ++page) {
            api_call get{
                "Get" + std::string(family.reference.substr(0, family.reference.size() - 3)),
                "greengrass", "GET",
                path_of(arn) + (token.empty() ? "" : "?NextToken=" + percent_encode(token))};
            auto answer = co_await api_.call(std::move(get));
            if (!answer) {
                co_return answer.error();
            }
            if (const auto* definition = object_member(*answer, "Definition")) {
                if (const auto* list = array_member(*definition, family.members)) {
                    members.insert(members.end(), list->begin(), list->end());
                }
                if (const auto* defaults = object_member(*definition, "DefaultConfig")) {
                    group.api["DefaultConfig"] = *defaults;
                }
            }
            token = text_of(*answer, "NextToken");
            if (token.empty()) {
                break;
            }
        }
        group.api[family.members] = std::move(members);
    }
    co_return result<void>();
}

asio::awaitable<result<void>> group_reader::read_rest(service_group& group) {
    const auto path = "/greengrass/groups/" + group.id;
    api_call role{"GetAssociatedRole", "greengrass", "GET", path + "/role"};
    auto its_role = co_await find(std::move(role));
    if (!its_role) {
        co_return its_role.error();
    }
    if (*its_role) {
        group.api["RoleArn"] = text_of(**its_role, "RoleArn");
    }
    api_call tags{"ListTagsForResource", "greengrass", "GET", "/tags/" + percent_encode(group.arn)};
    auto its_tags = co_await find(std::move(tags));
    if (!its_tags) {
        co_return its_tags.error();
    }
    if (*its_tags) {
        if (const auto* found = object_member(**its_tags, "tags")) {
            group.api["Tags"] = *found;
        }
    }
    api_call expiry{"GetGroupCertificateConfiguration", "greengrass", "GET",
                    path + "/certificateauthorities/configuration/expiry"};
    auto configuration = co_await find(std::move(expiry));
    if (!configuration) {
        co_return configuration.error();
    }
    if (*configuration) {
        auto text = text_of(**configuration, "CertificateExpiryInMilliseconds");
        std::int64_t number = 0;
        for (const char digit : text) {
            number = digit >= '0' && digit <= '9' && number < 1'000'000'000'000
                         ? number * 10 + (digit - '0')
                         : number;
        }
        if (number > 0) {
            group.api["CertificateExpiryInMilliseconds"] = number;
        }
    }
    api_call deployments{"ListDeployments", "greengrass", "GET", path + "/deployments"};
    auto listed = co_await find(std::move(deployments));
    if (!listed) {
        co_return listed.error();
    }
    const auto* list = *listed ? array_member(**listed, "Deployments") : nullptr;
    std::string newest;
    for (const auto& each : list != nullptr ? *list : json::array()) {
        const auto* one = each.if_object();
        if (one != nullptr && text_of(*one, "CreatedAt") > newest) {
            newest = text_of(*one, "CreatedAt");
            const auto arn = text_of(*one, "GroupArn");
            const auto at = arn.find("/versions/");
            group.deployed_version = at == arn.npos ? "" : arn.substr(at + 10);
            api_call status{"GetDeploymentStatus", "greengrass", "GET",
                            path + "/deployments/" + text_of(*one, "DeploymentId") + "/status"};
            auto told = co_await find(std::move(status));
            if (!told) {
                co_return told.error();
            }
            group.deployment_status = *told ? text_of(**told, "DeploymentStatus") : "";
        }
    }
    co_return result<void>();
}

asio::awaitable<result<std::optional<service_function>>> group_reader::function(
    std::string name, std::string qualifier) {
    api_call get{"GetFunction", "lambda", "GET",
                 "/2015-03-31/functions/" + percent_encode(name) +
                     (qualifier.empty() ? "" : "?Qualifier=" + percent_encode(qualifier))};
    auto answer = co_await find(std::move(get));
    if (!answer) {
        co_return answer.error();
    }
    if (!*answer) {
        co_return std::optional<service_function>();
    }
    service_function found;
    if (const auto* configuration = object_member(**answer, "Configuration")) {
        found.digest = text_of(*configuration, "CodeSha256");
        found.runtime = text_of(*configuration, "Runtime");
        found.handler = text_of(*configuration, "Handler");
        found.version = text_of(*configuration, "Version");
    }
    if (const auto* code = object_member(**answer, "Code")) {
        found.location = text_of(*code, "Location");
    }
    co_return std::optional(std::move(found));
}

asio::awaitable<result<std::string>> group_reader::package(std::string location) {
    const auto address = parse_host_port(location);
    if (!address) {
        co_return address.error();
    }
    http::client_options options;
    options.host = address->host;
    options.port = address->port;
    options.max_body_bytes = max_package_bytes;
    if (location.starts_with("https://")) {
        auto tls =
            rt::make_client_context({.ca_pem = api_.options().ca_pem, .identity = {}, .alpn = {}});
        if (!tls) {
            co_return tls.error();
        }
        options.tls = *tls;
    }
    http::client client(co_await asio::this_coro::executor, std::move(options));
    http::request get;
    get.method = "GET";
    get.target = location.substr(location.find('/', location.find("//") + 2));
    auto answer = co_await client.send(std::move(get));
    if (!answer) {
        co_return answer.error();
    }
    if (answer->status != 200) {
        co_return error_of("The package's address", *answer);
    }
    co_return std::move(answer->body);
}

asio::awaitable<result<std::string>> group_reader::account() {
    api_call ask{"GetCallerIdentity", "sts", "POST", "/"};
    ask.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
    ask.bytes = "Action=GetCallerIdentity&Version=2011-06-15";
    auto answer = co_await api_.send(std::move(ask));
    if (!answer) {
        co_return answer.error();
    }
    constexpr std::string_view open = "<Account>";
    const auto begin = answer->body.find(open);
    if (answer->status != 200 || begin == std::string::npos) {
        co_return error_of("GetCallerIdentity", *answer);
    }
    const auto from = begin + open.size();
    co_return answer->body.substr(from, answer->body.find('<', from) - from);
}

asio::awaitable<result<std::optional<std::vector<std::string>>>> group_reader::certificates(
    std::string thing) {
    api_call list{"ListThingPrincipals", "iot", "GET",
                  "/things/" + percent_encode(thing) + "/principals"};
    auto answer = co_await find(std::move(list));
    if (!answer) {
        co_return answer.error();
    }
    if (!*answer) {
        co_return std::optional<std::vector<std::string>>();
    }
    std::vector<std::string> ids;
    if (const auto* principals = array_member(**answer, "principals")) {
        for (const auto& each : *principals) {
            const auto id = each.is_string() ? certificate_id_of(std::string(each.get_string()))
                                             : result<std::string>(error{});
            if (id) {
                ids.push_back(*id);
            }
        }
    }
    co_return std::optional(std::move(ids));
}

}  // namespace evergrass::cli
