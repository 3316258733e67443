#pragma once

#include "apps/evergrass/group_code.hpp"
#include "apps/evergrass/group_secrets.hpp"
#include "apps/evergrass/group_service.hpp"
#include "libs/group_file/difference.hpp"

#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace evergrass::cli {

// A group file as it was read: certificates as ids, code as packages.
struct wanted_group {
    std::filesystem::path file;
    json::object group;
    std::map<std::string, code_package> code;     // by the function's key
    std::map<std::string, model_archive> models;  // by the resource's id
};
// The error begins with FILE:line:column where the file's text is at fault.
result<wanted_group> read_wanted(const std::filesystem::path& file);

// A secret of the file that apply makes at the service, or gives a new AWSCURRENT.
struct secret_change {
    file_secret of;
    std::string arn;                   // empty: it is made
    std::optional<secret_text> value;  // nullopt: asked for when it is needed, or
    std::optional<error> unknown;      // why the value is not to be had here
};

// What an apply would do.
struct group_plan {
    std::optional<service_group> current;  // nullopt: the service has no such group
    std::vector<group_file::change> changes;
    std::set<std::string> sections;                  // the families among them
    std::map<std::string, std::string> secret_arns;  // by the resource's id, where there is one
    std::vector<secret_change> secret_changes;
    std::map<std::string, std::string> models;  // the object of each model.path, by the resource
    std::set<std::string> uploads;              // those of them that are not there yet
    bool deploys = false;
    std::string why_deploys;  // of a deployment without a change

    bool nothing_to_do() const { return changes.empty() && !deploys; }
};

struct apply_options {
    bool prune = false;
    bool deploy = true;
    bool wait = false;
    std::filesystem::path certificates;  // where keys and certificates of new things go
};

// Makes a group at a service what its file says, through the public AWS APIs. Each step can be done
// again: an apply that was interrupted goes on where it was.
class group_applier {
public:
    // `tell` gets a line for each step.
    group_applier(api_client& api, std::function<void(const std::string&)> tell)
        : api_(api), reader_(api), tell_(std::move(tell)) {}

    // A secret whose variable or file is not here is planned as a change whose value is not known:
    // who looks for changes at night need not have the secrets.
    boost::asio::awaitable<result<group_plan>> plan(wanted_group wanted, apply_options options);
    // The deployment's id, or empty. A value that is not to be had, or was not typed, is an error
    // before anything changed.
    boost::asio::awaitable<result<std::string>> apply(wanted_group wanted, group_plan plan,
                                                      apply_options options);

private:
    boost::asio::awaitable<result<json::object>> call(api_call c);
    boost::asio::awaitable<result<void>> fill_code(json::object& current,
                                                   const wanted_group& wanted);
    boost::asio::awaitable<result<void>> plan_secrets(const wanted_group& wanted, group_plan& made);
    boost::asio::awaitable<result<void>> plan_secret(const wanted_group& wanted, file_secret one,
                                                     group_plan& made);
    boost::asio::awaitable<result<void>> plan_models(const wanted_group& wanted, group_plan& made);
    result<void> have_values();
    boost::asio::awaitable<result<void>> bring_secrets();
    boost::asio::awaitable<result<void>> bring_models();
    boost::asio::awaitable<result<void>> bind_functions();
    boost::asio::awaitable<result<void>> publish(const json::object& part,
                                                 const code_package& code);
    boost::asio::awaitable<result<std::string>> publish_version(std::string name);
    boost::asio::awaitable<result<void>> bind_things();
    boost::asio::awaitable<result<void>> make_certificate(std::string thing, bool is_core);
    boost::asio::awaitable<result<void>> make_definitions();
    boost::asio::awaitable<result<void>> set_rest();
    struct removals {
        std::set<std::string> things;
        std::set<std::string> functions;
    };
    boost::asio::awaitable<result<removals>> find_removals();
    boost::asio::awaitable<result<void>> write_way_back(removals gone);
    boost::asio::awaitable<result<void>> prune();
    boost::asio::awaitable<result<void>> remove_thing(std::string thing);
    boost::asio::awaitable<result<bool>> used_elsewhere(std::string section, std::string name);
    boost::asio::awaitable<result<std::string>> deploy();
    boost::asio::awaitable<result<void>> watch(std::string deployment);

    api_client& api_;
    group_reader reader_;
    std::function<void(const std::string&)> tell_;
    wanted_group wanted_;
    group_plan plan_;
    apply_options options_;
    group_file::bindings bound_;
    std::string group_id_;
    std::string group_arn_;
    std::string version_;
    json::object references_;
};

// A function's name at Lambda, and what a group refers to.
std::string qualifier_of(const json::object& part);

}  // namespace evergrass::cli
