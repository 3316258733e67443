#include "apps/evergrass/identity_undo.hpp"

#include "apps/evergrass/group_edit.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/rt/stream.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace evergrass::cli {

namespace asio = boost::asio;

namespace {

using kind = made_item::kind;

constexpr std::size_t longest_shown = 40;

// Done, or gone already.
result<void> gone(const result<json::object>& answer) {
    if (!answer && answer.error().code != errc::not_found) {
        return answer.error();
    }
    return {};
}

asio::awaitable<result<void>> detach_policies(api_client& api, std::string certificate_arn) {
    api_call ask{"ListAttachedPolicies", "iot", "POST",
                 "/attached-policies/" + percent_encode(certificate_arn), json::object{}};
    const auto listed = co_await api.call(std::move(ask));
    if (!listed) {
        co_return gone(listed);
    }
    const auto* policies = array_member(*listed, "policies");
    if (policies == nullptr) {
        co_return result<void>();
    }
    for (const auto& each : *policies) {
        const auto* policy = each.if_object();
        const auto name =
            policy == nullptr ? "" : string_member(*policy, "policyName").value_or("");
        api_call detach{"DetachPolicy", "iot", "POST", "/target-policies/" + percent_encode(name),
                        json::object{{"target", certificate_arn}}};
        if (auto done = gone(co_await api.call(std::move(detach))); !done) {
            co_return done;
        }
    }
    co_return result<void>();
}

asio::awaitable<result<void>> detach_things(api_client& api, std::string certificate_arn) {
    api_call ask{"ListPrincipalThings", "iot", "GET", "/principals/things"};
    ask.headers.emplace_back("x-amzn-principal", certificate_arn);
    const auto listed = co_await api.call(std::move(ask));
    if (!listed) {
        co_return gone(listed);
    }
    const auto* things = array_member(*listed, "things");
    if (things == nullptr) {
        co_return result<void>();
    }
    for (const auto& each : *things) {
        const auto* name = each.if_string();
        if (name == nullptr) {
            continue;
        }
        api_call detach{"DetachThingPrincipal", "iot", "DELETE",
                        "/things/" + std::string(*name) + "/principals"};
        detach.headers.emplace_back("x-amzn-principal", certificate_arn);
        if (auto done = gone(co_await api.call(std::move(detach))); !done) {
            co_return done;
        }
    }
    co_return result<void>();
}

asio::awaitable<result<void>> remove_certificate(api_client& api, std::string id, std::string arn) {
    auto done = co_await detach_policies(api, arn);
    if (done) {
        done = co_await detach_things(api, arn);
    }
    if (done) {
        api_call deactivate{"UpdateCertificate", "iot", "PUT",
                            "/certificates/" + id + "?newStatus=INACTIVE"};
        done = gone(co_await api.call(std::move(deactivate)));
    }
    if (done) {
        api_call remove{"DeleteCertificate", "iot", "DELETE", "/certificates/" + id};
        done = gone(co_await api.call(std::move(remove)));
    }
    co_return done;
}

// A group that was deployed has to be reset first; by force, since its core may be gone.
asio::awaitable<result<void>> remove_group(api_client& api, std::string id) {
    const auto path = "/greengrass/groups/" + id;
    api_call remove{"DeleteGroup", "greengrass", "DELETE", path};
    auto done = gone(co_await api.call(std::move(remove)));
    if (done || done.error().code != errc::invalid_input) {
        co_return done;
    }
    api_call reset{"ResetDeployments", "greengrass", "POST", path + "/deployments/$reset",
                   json::object{{"Force", true}}};
    if (auto was_reset = gone(co_await api.call(std::move(reset))); !was_reset) {
        co_return was_reset;
    }
    api_call again{"DeleteGroup", "greengrass", "DELETE", path};
    co_return gone(co_await api.call(std::move(again)));
}

asio::awaitable<result<void>> remove_item(api_client& api, made_item item) {
    switch (item.what) {
        case kind::certificate:
            co_return co_await remove_certificate(api, item.id, item.of);
        case kind::group:
            co_return co_await remove_group(api, item.id);
        case kind::membership: {
            const auto done = co_await remove_device(api, item.id, item.of);
            co_return done ? result<void>() : result<void>(done.error());
        }
        case kind::definition: {
            api_call remove{"Delete definition of " + item.of, "greengrass", "DELETE",
                            "/greengrass/definition/" + item.of + "/" + item.id};
            co_return gone(co_await api.call(std::move(remove)));
        }
        case kind::policy: {
            api_call remove{"DeletePolicy", "iot", "DELETE",
                            "/policies/" + percent_encode(item.id)};
            co_return gone(co_await api.call(std::move(remove)));
        }
        case kind::thing: {
            api_call remove{"DeleteThing", "iot", "DELETE", "/things/" + item.id};
            co_return gone(co_await api.call(std::move(remove)));
        }
    }
    co_return result<void>();
}

std::string say(const made_item& item) {
    switch (item.what) {
        case kind::thing:
            return "delete the thing " + item.id;
        case kind::certificate:
            return "detach, deactivate and delete the certificate " + item.id;
        case kind::policy:
            return "delete the policy " + item.id;
        case kind::definition:
            return "delete the definition of " + item.of + " " + item.id;
        case kind::group:
            return "reset the deployments of the group " + item.of + " and delete it (" + item.id +
                   ")";
        case kind::membership:
            return "make a version of the group " + item.id + " without the device " + item.of;
    }
    return {};
}

}  // namespace

std::vector<std::string> undo_plan(const identity_record& record) {
    std::vector<std::string> lines;
    for (auto item = record.made.rbegin(); item != record.made.rend(); ++item) {
        lines.push_back(say(*item));
    }
    return lines;
}

asio::awaitable<result<void>> check_is_of(api_client& api, const identity_record& record,
                                          std::string url) {
    if (record.api == url || record.made.empty()) {
        co_return result<void>();
    }
    const auto certificate =
        std::find_if(record.made.begin(), record.made.end(),
                     [](const made_item& item) { return item.what == kind::certificate; });
    api_call ask =
        certificate == record.made.end()
            ? api_call{"DescribeThing", "iot", "GET", "/things/" + record.name}
            : api_call{"DescribeCertificate", "iot", "GET", "/certificates/" + certificate->id};
    const auto known = co_await api.call(std::move(ask));
    if (known) {
        co_return result<void>();
    }
    if (known.error().code != errc::not_found) {
        co_return known.error();
    }
    co_return error{errc::conflict, record.name + " was made at " + record.api + ", and " + url +
                                        " does not know it: give that service"};
}

asio::awaitable<result<void>> undo(api_client& api, identity_record& record,
                                   std::filesystem::path record_file, progress& shown) {
    record.complete = false;  // an interrupted undo is gone on with
    while (!record.made.empty()) {
        const auto item = record.made.back();
        shown.begin(to_text(item.what), "removing it");
        auto done = co_await remove_item(api, item);
        if (!done) {
            co_return with_context(done.error(), "Could not " + say(item));
        }
        shown.done("removed " + item.id.substr(0, longest_shown));
        record.made.pop_back();
        if (auto saved = save_identity_record(record_file, record); !saved) {
            co_return saved;
        }
    }
    std::error_code failed;
    std::filesystem::remove(record_file, failed);
    if (failed) {
        co_return error{
            failed, "Everything is undone, but " + record_file.string() + " could not be removed"};
    }
    co_return result<void>();
}

}  // namespace evergrass::cli
