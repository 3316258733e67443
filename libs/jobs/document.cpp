#include "libs/jobs/document.hpp"

#include "libs/jobs/errors.hpp"

namespace evergrass::jobs {
namespace {

constexpr std::string_view placeholder = "${aws:iot:s3-presigned-url:";

error invalid(std::string why) {
    return {errc::invalid_request, std::move(why)};
}

result<void> replace_in(json::string& text, const presigner& presign) {
    std::string out;
    std::string_view rest(text);
    for (auto at = rest.find(placeholder); at != std::string_view::npos;
         at = rest.find(placeholder)) {
        out.append(rest.substr(0, at));
        rest.remove_prefix(at + placeholder.size());
        const auto end = rest.find('}');
        if (end == std::string_view::npos) {
            return invalid("the placeholder " + std::string(placeholder) + "… has no '}'");
        }
        const auto url = presign(rest.substr(0, end));
        if (!url) {
            return url.error();
        }
        out.append(*url);
        rest.remove_prefix(end + 1);
    }
    out.append(rest);
    text = out;
    return {};
}

// The depth is bounded by check_document().
result<void> replace_all(json::value& in, const presigner& presign) {
    if (auto* const text = in.if_string()) {
        return replace_in(*text, presign);
    }
    if (auto* const array = in.if_array()) {
        for (auto& each : *array) {
            if (auto done = replace_all(each, presign); !done) {
                return done;
            }
        }
    }
    if (auto* const object = in.if_object()) {
        for (auto& member : *object) {
            if (auto done = replace_all(member.value(), presign); !done) {
                return done;
            }
        }
    }
    return {};
}

}  // namespace

result<void> check_document(std::string_view text) {
    if (text.size() > max_document_bytes) {
        return invalid("document is over 32768 bytes");
    }
    const auto parsed = parse_json(text);
    if (!parsed) {
        return invalid("document is not JSON: " + parsed.error().context);
    }
    if (!parsed->is_object() && !parsed->is_array()) {
        return invalid("document must be a JSON object");
    }
    if (has_presigned_urls(text)) {
        const auto tried = with_presigned_urls(
            text, [](std::string_view) -> result<std::string> { return std::string(); });
        if (!tried) {
            return invalid("document: " + tried.error().context);
        }
    }
    return {};
}

bool has_presigned_urls(std::string_view document) {
    return document.find(placeholder) != std::string_view::npos;
}

result<std::string> with_presigned_urls(std::string_view document, const presigner& presign) {
    auto parsed = parse_json(document);
    if (!parsed) {
        return parsed.error();
    }
    if (auto done = replace_all(*parsed, presign); !done) {
        return done.error();
    }
    return json::serialize(*parsed);
}

}  // namespace evergrass::jobs
