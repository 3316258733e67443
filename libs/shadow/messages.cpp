#include "libs/shadow/messages.hpp"

#include "libs/shadow/metadata.hpp"
#include "libs/shadow/print.hpp"

#include <string_view>
#include <utility>

namespace evergrass::shadow {
namespace {

// An object as text, member by member: a document is large, and is not copied to be printed.
class object_text {
public:
    object_text& add(std::string_view name, std::string_view json_text) {
        text_ += text_.empty() ? "{\"" : ",\"";
        text_.append(name).append("\":").append(json_text);
        return *this;
    }
    object_text& add(std::string_view name, std::int64_t number) {
        return add(name, std::to_string(number));
    }
    std::string finish(std::int64_t now, const client_token& token) {
        add("timestamp", now);
        if (token) {
            add("clientToken", print(json::value(*token)));
        }
        return std::move(text_) + "}";
    }
    std::string finish() { return std::move(text_) + "}"; }

private:
    std::string text_;
};

std::string as_member(const document& of) {
    return object_text()
        .add("state", print(of.state))
        .add("metadata", print(of.metadata))
        .add("version", of.version)
        .finish();
}

std::string state_with_delta(const document& of) {
    auto text = print(of.state);
    if (const auto delta = delta_of(of); !delta.empty()) {
        text.pop_back();
        text.append(of.state.empty() ? "\"delta\":" : ",\"delta\":");
        text.append(print(delta.state)).append("}");
    }
    return text;
}

}  // namespace

std::string get_accepted(const document& found, std::int64_t now, const client_token& token) {
    return object_text()
        .add("state", state_with_delta(found))
        .add("metadata", print(found.metadata))
        .add("version", found.version)
        .finish(now, token);
}

std::string update_accepted(const update_request& update, const document& after, std::int64_t now,
                            const client_token& token) {
    return object_text()
        .add("state", print(update.state))
        .add("metadata", print(stamp(update.state, now)))
        .add("version", after.version)
        .finish(now, token);
}

std::string update_delta(const difference& found, const document& after, std::int64_t now,
                         const client_token& token) {
    return object_text()
        .add("version", after.version)
        .add("state", print(found.state))
        .add("metadata", print(found.metadata))
        .finish(now, token);
}

std::string update_documents(const document& before, const document& after, std::int64_t now,
                             const client_token& token) {
    return object_text()
        .add("previous", as_member(before))
        .add("current", as_member(after))
        .finish(now, token);
}

std::string delete_accepted(const document& removed, std::int64_t now, const client_token& token) {
    return object_text().add("version", removed.version).finish(now, token);
}

std::string rejected(const error& why, std::int64_t now, const client_token& token) {
    const auto said = to_refusal(why);
    return object_text()
        .add("code", said.code)
        .add("message", print(json::value(said.message)))
        .finish(now, token);
}

}  // namespace evergrass::shadow
