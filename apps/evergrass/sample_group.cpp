#include "apps/evergrass/sample_group.hpp"

#include "apps/evergrass/sample_code.hpp"
#include "apps/evergrass/zip_writer.hpp"
#include "libs/base/digest.hpp"

namespace evergrass::cli::sample {
namespace {

constexpr int nobody = 65534;
constexpr int memory_kb = 32768;

json::object statement(json::array actions, json::value resources) {
    return {
        {"Effect", "Allow"}, {"Action", std::move(actions)}, {"Resource", std::move(resources)}};
}

std::string policy(json::array statements) {
    return json::serialize(
        json::object{{"Version", "2012-10-17"}, {"Statement", std::move(statements)}});
}

std::string iot_arn(const std::string& region, const std::string& account,
                    const std::string& resource) {
    return "arn:aws:iot:" + region + ":" + account + ":" + resource;
}

json::object member(const char* id, const provisioned_thing& thing) {
    return {{"Id", id},
            {"ThingArn", thing.arn},
            {"CertificateArn", thing.certificate_arn},
            {"SyncShadow", false}};
}

json::object subscription(const char* id, std::string_view source, const char* subject,
                          std::string_view target) {
    return {{"Id", id}, {"Source", source}, {"Subject", subject}, {"Target", target}};
}

json::object logger(const char* id, const char* component) {
    return {{"Id", id},
            {"Component", component},
            {"Level", "INFO"},
            {"Type", "FileSystem"},
            {"Space", 10'240}};
}

}  // namespace

// A core's actions are many and its topics those of its group: V1's guide grants the same.
std::string core_policy() {
    return policy(
        {statement({"iot:Connect", "iot:Publish", "iot:Subscribe", "iot:Receive",
                    "iot:GetThingShadow", "iot:UpdateThingShadow", "iot:DeleteThingShadow"},
                   "*"),
         statement({"greengrass:*"}, "*")});
}

// A device of the group speaks to the core alone, and has to find it.
std::string device_policy(const std::string& region, const std::string& account) {
    return policy(
        {statement({"greengrass:Discover"},
                   json::array{iot_arn(region, account, std::string("thing/") + sensor_name),
                               iot_arn(region, account, std::string("thing/") + display_name)})});
}

std::string observer_policy(const std::string& region, const std::string& account) {
    const auto with = [&](const std::string& kind, const char* name) {
        return json::value(iot_arn(region, account, kind + "/" + name));
    };
    return policy({statement({"iot:Connect"}, with("client", observer_name)),
                   statement({"iot:Subscribe"}, with("topicfilter", cloud_topic)),
                   statement({"iot:Receive"}, with("topic", cloud_topic))});
}

result<std::string> function_zip() {
    return make_zip({{"sensor_average.py", std::string(function_source())}});
}

json::object cores(const up_state& state) {
    return {{"Cores", json::array{member("core", state.core)}}};
}

json::object devices(const up_state& state) {
    return {
        {"Devices", json::array{member("sensor", state.sensor), member("display", state.display)}}};
}

bool runs_as_root(const function_host& host) {
    return host.core_is_root && !host.isolates && !host.has_default_user;
}

// Isolated where that can be had; the sample must run everywhere.
json::object functions(const up_state& state, const function_host& host) {
    json::object execution{
        {"IsolationMode", host.isolates ? "GreengrassContainer" : "NoContainer"}};
    if (host.core_is_root && !host.has_default_user) {
        const int id = runs_as_root(host) ? 0 : nobody;
        execution["RunAs"] = json::object{{"Uid", id}, {"Gid", id}};
    }
    json::object configuration{{"Pinned", true},
                               {"Timeout", 5},
                               {"EncodingType", "json"},
                               {"Environment", json::object{{"Execution", std::move(execution)}}}};
    if (host.isolates) {
        configuration["MemorySize"] = memory_kb;
    }
    json::object average{{"Id", "average"},
                         {"FunctionArn", state.function_arn},
                         {"FunctionConfiguration", std::move(configuration)}};
    return {{"Functions", json::array{std::move(average)}}};
}

json::object subscriptions(const up_state& state) {
    return {{"Subscriptions", json::array{subscription("sensor-to-function", state.sensor.arn,
                                                       function_topic, state.function_arn),
                                          subscription("function-to-cloud", state.function_arn,
                                                       cloud_topic, "cloud"),
                                          subscription("sensor-to-display", state.sensor.arn,
                                                       display_topic, state.display.arn)}}};
}

json::object loggers() {
    return {
        {"Loggers", json::array{logger("system", "GreengrassSystem"), logger("user", "Lambda")}}};
}

std::string digest(std::string_view zip, const function_host& host) {
    up_state names;
    names.core.arn = core_name;
    names.sensor.arn = sensor_name;
    names.display.arn = display_name;
    names.function_arn = std::string(function_name) + ":" + alias_name;
    std::string all(zip);
    for (const auto& part :
         {cores(names), devices(names), functions(names, host), subscriptions(names), loggers()}) {
        all += json::serialize(part);
    }
    return sha256_hex(all);
}

}  // namespace evergrass::cli::sample
