#include "apps/evergrass/secret_client.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/random.hpp"

#include <cstdint>
#include <utility>

namespace evergrass::cli {

namespace asio = boost::asio;

namespace {

std::string text_of(const json::object& in, std::string_view name) {
    return string_member(in, name).value_or("");
}

json::object with_value(json::object input, const secret_text& value, bool binary) {
    json::object out(std::move(input), secret_storage());
    out["ClientRequestToken"] = uuid_v4();
    if (binary) {
        auto text = base64_encode(value);
        out["SecretBinary"] = text;
        wipe(text);
    } else {
        out["SecretString"] = value.view();
    }
    return out;
}

result<edge::secret> read_answer(const json::object& answer) {
    edge::secret read;
    read.arn = text_of(answer, "ARN");
    read.name = text_of(answer, "Name");
    edge::secret_version version;
    version.id = text_of(answer, "VersionId");
    if (const auto* stages = array_member(answer, "VersionStages")) {
        for (const auto& each : *stages) {
            if (each.is_string()) {
                version.stages.emplace_back(each.get_string());
            }
        }
    }
    if (const auto* created = answer.if_contains("CreatedDate"); created && created->is_number()) {
        version.created_at_ms = static_cast<std::int64_t>(created->to_number<double>() * 1000);
    }
    const auto* text = answer.if_contains("SecretString");
    const auto* binary = answer.if_contains("SecretBinary");
    if (text != nullptr && text->is_string()) {
        version.value = std::string_view(text->get_string());
    } else if (auto raw = base64_decode(
                   binary != nullptr && binary->is_string() ? binary->get_string() : "")) {
        version.is_binary = true;
        version.value = secret_text::from(*raw);
    }
    if (read.arn.empty() || read.name.empty() || version.id.empty() || version.value.empty()) {
        return error{errc::invalid_input, "GetSecretValue answered without a value"};
    }
    read.versions.push_back(std::move(version));
    return read;
}

}  // namespace

asio::awaitable<result<std::optional<json::value>>> secret_client::call(std::string operation,
                                                                        json::value input) {
    api_call c{operation, "secretsmanager", "POST", "/"};
    c.headers = {{"X-Amz-Target", "secretsmanager." + operation},
                 {"Content-Type", "application/x-amz-json-1.1"}};
    c.bytes = std::string(to_secret_json(input).view());
    auto answer = co_await api_.send(std::move(c));
    if (!answer) {
        co_return answer.error();
    }
    if (answer->status >= 300) {
        // 400 as all of this API's: told by its type.
        if (answer->body.find("ResourceNotFoundException") != std::string::npos) {
            co_return std::optional<json::value>();
        }
        co_return error_of(operation, *answer);
    }
    auto body = parse_secret_json(answer->body);
    wipe(answer->body);
    if (!body || !body->is_object()) {
        co_return error{errc::invalid_input, operation + " answered without a JSON object"};
    }
    co_return std::optional(std::move(*body));
}

asio::awaitable<result<std::optional<std::string>>> secret_client::arn(std::string name_or_arn) {
    json::object input{{"SecretId", name_or_arn}};
    auto answer = co_await call("DescribeSecret", std::move(input));
    if (!answer) {
        co_return answer.error();
    }
    const auto* deleted = *answer ? (*answer)->get_object().if_contains("DeletedDate") : nullptr;
    if (!*answer || (deleted != nullptr && !deleted->is_null())) {
        co_return std::optional<std::string>();
    }
    co_return std::optional(text_of((*answer)->get_object(), "ARN"));
}

asio::awaitable<result<std::optional<edge::secret>>> secret_client::value(std::string name_or_arn,
                                                                          std::string label) {
    json::object input{{"SecretId", name_or_arn}, {"VersionStage", label}};
    auto answer = co_await call("GetSecretValue", std::move(input));
    if (!answer) {
        co_return answer.error();
    }
    if (!*answer) {
        co_return std::optional<edge::secret>();
    }
    auto read = read_answer((*answer)->get_object());
    if (!read) {
        co_return with_context(read.error(), "the secret '" + name_or_arn + "'");
    }
    co_return std::optional(std::move(*read));
}

asio::awaitable<result<std::string>> secret_client::create(std::string name, secret_text value,
                                                           bool binary) {
    auto input = with_value(json::object{{"Name", name}}, value, binary);
    auto answer = co_await call("CreateSecret", std::move(input));
    if (!answer) {
        co_return answer.error();
    }
    auto arn = *answer ? text_of((*answer)->get_object(), "ARN") : std::string();
    if (arn.empty()) {
        co_return error{errc::invalid_input, "CreateSecret answered without ARN"};
    }
    co_return arn;
}

asio::awaitable<result<void>> secret_client::put(std::string arn, secret_text value, bool binary) {
    auto input = with_value(json::object{{"SecretId", arn}}, value, binary);
    auto answer = co_await call("PutSecretValue", std::move(input));
    if (!answer) {
        co_return answer.error();
    }
    if (!*answer) {
        co_return error{errc::not_found, "the service has no secret " + arn + " any more"};
    }
    co_return result<void>();
}

}  // namespace evergrass::cli
