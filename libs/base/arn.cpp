#include "libs/base/arn.hpp"

#include "libs/base/errors.hpp"

#include <algorithm>
#include <array>

namespace evergrass {

std::string arn::to_string() const {
    return "arn:" + partition + ":" + service + ":" + region + ":" + account + ":" + resource;
}

result<arn> parse_arn(std::string_view text) {
    std::array<std::string_view, 5> head;
    auto rest = text;
    for (auto& part : head) {
        const auto colon = rest.find(':');
        if (colon == std::string_view::npos) {
            return error{errc::invalid_input,
                         "'" + std::string(text) +
                             "' is not an ARN (arn:partition:service:region:account:resource)"};
        }
        part = rest.substr(0, colon);
        rest.remove_prefix(colon + 1);
    }
    if (head[0] != "arn" || head[1].empty() || head[2].empty() || rest.empty()) {
        return error{errc::invalid_input,
                     "'" + std::string(text) +
                         "' is not an ARN (arn:partition:service:region:account:resource)"};
    }
    return arn{std::string(head[1]), std::string(head[2]), std::string(head[3]),
               std::string(head[4]), std::string(rest)};
}

std::string function_arn::unqualified() const {
    return "arn:" + partition + ":lambda:" + region + ":" + account + ":function:" + name;
}

std::string function_arn::to_string() const {
    return qualifier.empty() ? unqualified() : unqualified() + ":" + qualifier;
}

result<function_arn> parse_function_arn(std::string_view text) {
    constexpr std::string_view kind = "function:";
    auto parsed = parse_arn(text);
    if (!parsed) {
        return parsed.error();
    }
    if (parsed->service != "lambda" || !parsed->resource.starts_with(kind)) {
        return error{errc::invalid_input, "'" + std::string(text) + "' is not a function's ARN"};
    }
    const auto tail = parsed->resource.substr(kind.size());
    const auto colon = tail.find(':');
    function_arn f{parsed->partition, parsed->region, parsed->account, tail.substr(0, colon),
                   colon == std::string::npos ? "" : tail.substr(colon + 1)};
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
    };
    const bool qualifier_ok =
        f.qualifier == "$LATEST" || std::all_of(f.qualifier.begin(), f.qualifier.end(), allowed);
    if (f.name.empty() || !std::all_of(f.name.begin(), f.name.end(), allowed) || !qualifier_ok ||
        (colon != std::string::npos && f.qualifier.empty())) {
        return error{errc::invalid_input, "'" + std::string(text) + "' is not a function's ARN"};
    }
    return f;
}

namespace {

result<std::string> iot_resource(std::string_view text, std::string_view kind) {
    auto parsed = parse_arn(text);
    if (!parsed || parsed->service != "iot" || !parsed->resource.starts_with(kind) ||
        parsed->resource.size() == kind.size()) {
        return error{errc::invalid_input, "'" + std::string(text) +
                                              "' is not of the form arn:aws:iot:REGION:ACCOUNT:" +
                                              std::string(kind) + "…"};
    }
    return parsed->resource.substr(kind.size());
}

}  // namespace

result<std::string> thing_name_of(std::string_view thing_arn) {
    return iot_resource(thing_arn, "thing/");
}

result<std::string> certificate_id_of(std::string_view certificate_arn) {
    auto id = iot_resource(certificate_arn, "cert/");
    if (id && (id->size() != 64 || id->find_first_not_of("0123456789abcdef") != id->npos)) {
        return error{errc::invalid_input, "'" + std::string(certificate_arn) +
                                              "' does not end in 64 hexadecimal digits"};
    }
    return id;
}

}  // namespace evergrass
