#include "cloud/gateway/refusal.hpp"

#include <cctype>
#include <string>

namespace evergrass::cloud {
namespace {

std::string unreadable_text(const violation& v) {
    return v.path.empty() ? "The request body cannot be read: " + v.rule
                          : "The value of " + v.path + " cannot be read: " + v.rule;
}

// Lambda shows its members with a small first letter.
std::string shown_path(std::string_view service, std::string path) {
    if (service == "lambda" && !path.empty()) {
        path[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(path[0])));
    }
    return path;
}

// The text that AWS's services share.
std::string constraint_text(std::string_view service, const std::vector<violation>& violations) {
    std::string text = std::to_string(violations.size()) + " validation error" +
                       (violations.size() == 1 ? "" : "s") + " detected: ";
    for (const auto& v : violations) {
        text += &v == &violations.front() ? "" : "; ";
        text += v.kind == violation_kind::missing ? "Value null" : "Value '" + v.value + "'";
        text += " at '" + shown_path(service, v.path) + "' failed to satisfy constraint: " + v.rule;
    }
    return text;
}

// "InitialVersion.DeploymentType" -> "deployment type"
std::string words_of(std::string_view path) {
    const auto dot = path.rfind('.');
    const auto name = dot == std::string_view::npos ? path : path.substr(dot + 1);
    std::string words;
    for (const char c : name) {
        const bool upper = std::isupper(static_cast<unsigned char>(c)) != 0;
        if (upper && !words.empty()) {
            words += ' ';
        }
        words += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return words;
}

std::string joined(const std::vector<std::string>& texts) {
    std::string all;
    for (const auto& text : texts) {
        all += (all.empty() ? "" : ",") + text;
    }
    return all;
}

api_error greengrass_refusal(const std::vector<violation>& violations) {
    std::vector<std::string> missing;
    for (const auto& v : violations) {
        if (v.kind == violation_kind::missing) {
            missing.push_back(v.path);
        }
    }
    if (!missing.empty()) {
        return {400, "InvalidInputException",
                "Your request is missing the following required parameter(s): {" + joined(missing) +
                    "}."};
    }
    const auto& first = violations.front();
    if (first.kind == violation_kind::not_a_choice) {
        const auto words = words_of(first.path);
        // Two blanks before "Please", as the service has it (spec/cloud.md §1.6).
        return {400, "InvalidInputException",
                "That " + words + " is not valid.  Please specify one of the following " +
                    words.substr(words.rfind(' ') + 1) + "s: {" + joined(first.choices) + "}."};
    }
    return {400, "BadRequestException", constraint_text("greengrass", violations)};
}

}  // namespace

api_error refusal(std::string_view service, const std::vector<violation>& violations) {
    const auto& first = violations.front();
    const bool unreadable = first.kind == violation_kind::unreadable;
    if (service == "lambda") {
        if (unreadable && first.path.empty()) {
            return {400, "InvalidRequestContentException",
                    "Could not parse request body into json: " + first.rule};
        }
        return {400, "ValidationException",
                unreadable ? unreadable_text(first) : constraint_text(service, violations)};
    }
    if (service == "greengrass") {
        return unreadable ? api_error{400, "BadRequestException", unreadable_text(first)}
                          : greengrass_refusal(violations);
    }
    if (service == "secretsmanager" || service == "logs") {
        return {400,
                unreadable && first.path.empty() ? "SerializationException"
                : service == "logs"              ? "InvalidParameterException"
                                                 : "ValidationException",
                unreadable ? unreadable_text(first) : constraint_text(service, violations)};
    }
    if (service == "iam" || service == "sts") {
        return {400, "ValidationError",
                unreadable ? unreadable_text(first) : constraint_text(service, violations)};
    }
    return {400, "InvalidRequestException",
            unreadable ? unreadable_text(first) : constraint_text(service, violations)};
}

std::string_view internal_code(std::string_view service) {
    if (service == "greengrass") {
        return "InternalServerErrorException";
    }
    if (service == "secretsmanager") {
        return "InternalServiceError";
    }
    if (service == "logs") {
        return "ServiceUnavailableException";
    }
    if (service == "iam" || service == "sts") {
        return "ServiceFailure";
    }
    return service == "lambda" ? "ServiceException" : "InternalFailureException";
}

// A status that no client tries again.
api_error served_elsewhere(std::string_view service, std::string_view url) {
    return {421, "MisdirectedRequestException",
            "The API of " + std::string(service) + " is not served here but at " +
                std::string(url) + " (--upstream): send the request there."};
}

}  // namespace evergrass::cloud
